//! Plans corrections: charges taken back and charged anew, events withdrawn.
//! Invariant: after a void, the totals are those of a ledger to which the event never came.

use purser_domain::entry::{Kind, Reason};
use purser_domain::sighting::Sighting;

use super::{Former, Origin, Planner, Seed};
use crate::append::{Applied, Correction};
use crate::error::Error;
use crate::index::{Keys, Standing, State, event_key};

impl Planner<'_> {
    /// Plans corrections, in order. A void is applied if its event was not withdrawn; any other correction, if the row it
    /// takes back is the event's charge in force.
    pub(crate) fn correct(&mut self, corrections: &[Correction]) -> Result<(), Error> {
        for (number, correction) in corrections.iter().enumerate() {
            let is_void = correction.reason == Reason::Void;
            let done = if is_void { self.void(number, correction)? } else { self.rerate(number, correction)? };
            self.plan.applied.push(if done { Applied::Yes } else { Applied::Stale });
        }
        Ok(())
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
    fn void(&mut self, number: usize, correction: &Correction) -> Result<bool, Error> {
        let entry = &correction.reverses;
        let (tenant, event) = (&entry.tenant, &entry.event);
        let key = event_key(&mut self.hasher, tenant, event);
        // A row from before the event was withdrawn and came again says nothing of what it is now.
        let counts = |state: &State| state.standing != Standing::Withdrawn && state.sent_at <= entry.received_at;
        let Some(mut state) = self.index.event(&self.plan.changes, &key)?.filter(counts) else { return Ok(false) };
        let is_last = state.received_at == entry.received_at;
        let origin = if is_last {
            Origin::Reversed(number)
        } else {
            let (tenant, day, received_at) = (tenant.clone(), state.day, state.received_at);
            self.formers.push(Former { tenant, day, received_at });
            Origin::Stored(received_at)
        };
        let kind = if state.is_charged() { Kind::Reversal } else { Kind::Observation };
        state.received_at = self.plan.push_part(origin, kind, number, Reason::Void);
        state.standing = Standing::Withdrawn;
        self.plan.changes.events.insert(key, state);
        let seen = Sighting { event, witness: &entry.witness };
        if let Some(keys) = Keys::of(&mut self.hasher, tenant, key, &seen) {
            for key in self.index.related(&self.plan.changes, &keys)? {
                self.seeds.push(Seed { tenant: tenant.clone(), key, request: 0 });
            }
        }
        Ok(true)
    }
}
