//! Plans corrections: charges taken back and charged anew, events withdrawn.
//! Invariant: after a void, the totals are those of a ledger to which the event never came.

use std::collections::BTreeSet;

use purser_domain::entry::{Kind, Reason};
use purser_domain::tenant::TenantId;

use super::{Origin, Plan, Planner};
use crate::append::{Applied, Correction};
use crate::error::Error;
use crate::index::{Key, Standing, State, call_key, event_key};

/// Calls that lost a sighting.
type Touched = BTreeSet<(TenantId, Key)>;

impl Planner<'_> {
    /// Plans corrections, in order. A void is applied if its event was not withdrawn; any other correction, if the row it
    /// takes back is the event's charge in force.
    pub(crate) fn correct(mut self, corrections: &[Correction]) -> Result<Plan, Error> {
        let mut touched = Touched::new();
        for (number, correction) in corrections.iter().enumerate() {
            let is_void = correction.reason == Reason::Void;
            let done =
                if is_void { self.void(number, correction, &mut touched)? } else { self.rerate(number, correction)? };
            self.plan.applied.push(if done { Applied::Yes } else { Applied::Stale });
        }
        for (tenant, call) in touched {
            self.promote(&tenant, &call)?;
        }
        Ok(self.plan)
    }

    fn rerate(&mut self, number: usize, correction: &Correction) -> Result<bool, Error> {
        let entry = &correction.reverses;
        let key = event_key(&mut self.hasher, &entry.tenant, &entry.event);
        let state = self.index.event(&self.plan.changes, &key)?;
        let in_force = |state: &State| state.is_charged() && state.received_at == entry.received_at;
        let Some(mut state) = state.filter(in_force).filter(|_| entry.kind == Kind::Charge) else { return Ok(false) };
        self.plan.push_part(Origin::Reversed(number), Kind::Reversal, number, correction.reason);
        state.received_at = self.plan.push_part(Origin::Replacement(number), Kind::Charge, number, correction.reason);
        self.plan.changes.events.insert(key, state);
        Ok(true)
    }

    /// Withdraws an event, whether it is charged or another sighting of its call is.
    fn void(&mut self, number: usize, correction: &Correction, touched: &mut Touched) -> Result<bool, Error> {
        let entry = &correction.reverses;
        let (tenant, event) = (&entry.tenant, &entry.event);
        let key = event_key(&mut self.hasher, tenant, event);
        let payload = self.hasher.payload(event);
        let counts = |state: &State| state.standing != Standing::Withdrawn && state.payload == payload;
        let Some(mut state) = self.index.event(&self.plan.changes, &key)?.filter(counts) else { return Ok(false) };
        let is_last = state.received_at == entry.received_at;
        let origin = if is_last { Origin::Reversed(number) } else { self.plan.former(tenant, &state) };
        let kind = if state.is_charged() { Kind::Reversal } else { Kind::Observation };
        state.received_at = self.plan.push_part(origin, kind, number, Reason::Void);
        state.standing = Standing::Withdrawn;
        self.plan.changes.events.insert(key, state);
        if let Some(call) = call_key(&mut self.hasher, tenant, event) {
            let sighting = ((event.source.as_str(), event.event_id.as_str()), state.received_at.micros());
            if self.index.leave(&mut self.plan.changes, &mut self.hasher, tenant, call, sighting)? {
                touched.insert((tenant.clone(), call));
            }
        }
        Ok(true)
    }

    /// Charges the best sighting of each call that lost the one it was charged for.
    fn promote(&mut self, tenant: &TenantId, call: &Key) -> Result<(), Error> {
        for call in self.index.calls(&self.plan.changes, call)? {
            let (source, event_id) = call.winner.id();
            let key = self.hasher.texts([tenant.as_str(), source, event_id]);
            let observed = |state: &State| state.standing == Standing::Observed;
            let Some(mut state) = self.index.event(&self.plan.changes, &key)?.filter(observed) else { continue };
            let origin = self.plan.former(tenant, &state);
            state.received_at = self.plan.push(origin, Kind::Charge, Some(Reason::Observation));
            state.standing = Standing::Charged;
            self.plan.changes.events.insert(key, state);
        }
        Ok(())
    }
}
