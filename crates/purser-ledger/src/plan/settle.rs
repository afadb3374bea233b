//! Settles which calls the events of a plan are sightings of, and what is charged for each.
//!
//! Calls are made of all sightings that are linked, new and stored, by the rules of `purser_domain::sighting`. Each
//! sighting's own row holds what it said; the charge of a call that several saw is a row of its own.
//! Invariant: what is charged follows from the set of sightings, not from the order in which they came.

use std::collections::HashSet;

use purser_domain::charge::{Charge, Match};
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::sighting::{self, Call, Sighting, Witness};
use purser_domain::tenant::TenantId;
use purser_domain::usage_event::UsageEvent;

use super::{Former, Merged, Origin, Placed, Plan, Planner, Request};
use crate::append::{Outcome, Rate};
use crate::error::Error;
use crate::index::{Hashed, Key, Keys, Standing, State};
use crate::row::Row;

/// The most events that are followed from one: so many are no sightings of one call.
const COMPONENT_MAX: usize = 2_000;

/// Events that are linked with each other, and what of them is not known yet.
#[derive(Default)]
struct Gathered {
    components: Vec<Component>,
    wanted: Vec<Former>,
}

struct Component {
    tenant: TenantId,
    request: usize,
    parts: Vec<(Key, State)>,
}

/// What a component's event is to be.
enum Verdict {
    /// It does not charge.
    Observed,
    /// It charges what its row says already.
    Stays,
    /// It charges this from now on.
    Charges(Box<Merged>),
}

impl Planner<'_> {
    /// The stored rows that are needed next; none if the plan can be settled.
    pub(crate) fn wanted(&mut self, requests: &[Request]) -> Result<Vec<Former>, Error> {
        let mut wanted = std::mem::take(&mut self.formers);
        if !self.seeds.is_empty() {
            wanted.extend(self.gather(requests)?.wanted);
        }
        wanted.sort_by_key(|former| former.received_at);
        wanted.dedup();
        Ok(wanted)
    }

    /// Takes the rows that were wanted.
    pub(crate) fn know(&mut self, entries: Vec<Entry>) {
        self.plan.stored.extend(entries.into_iter().map(|entry| (entry.received_at, entry)));
    }

    /// Settles every call that the plan touches; calls that corrections touch are rated by `rate`.
    pub(crate) fn settle(mut self, requests: &[Request], rate: Option<&Rate>) -> Result<Plan, Error> {
        if self.seeds.is_empty() {
            return Ok(self.plan);
        }
        for component in self.gather(requests)?.components {
            let rate = requests.get(component.request).map(|request| &request.rate).or(rate);
            let verdicts = self.judge(&component, requests, rate);
            for ((key, state), verdict) in component.parts.into_iter().zip(verdicts) {
                self.apply(key, state, verdict, requests);
            }
        }
        Ok(self.plan)
    }

    /// Follows the links from every seed.
    fn gather(&mut self, requests: &[Request]) -> Result<Gathered, Error> {
        let mut gathered = Gathered::default();
        let mut seen: HashSet<Key, Hashed> = HashSet::default();
        for seed in &self.seeds {
            let tenant = &seed.tenant;
            let mut component = Component { tenant: tenant.clone(), request: seed.request, parts: Vec::new() };
            let mut next = vec![seed.key];
            while let Some(key) = next.pop().filter(|_| component.parts.len() < COMPONENT_MAX) {
                if !seen.insert(key) {
                    continue;
                }
                let state = self.index.event(&self.plan.changes, &key)?;
                let Some(state) = state.filter(|state| state.standing != Standing::Withdrawn) else { continue };
                let placed = self.placed.get(&key);
                let mut rows = vec![state.facts_at];
                rows.extend(state.is_charged().then_some(state.received_at));
                let before = gathered.wanted.len();
                for received_at in rows.into_iter().filter(|at| placed.is_none() && !self.plan.stored.contains_key(at))
                {
                    gathered.wanted.push(Former { tenant: tenant.clone(), day: state.day, received_at });
                }
                if gathered.wanted.len() > before {
                    continue;
                }
                component.parts.push((key, state));
                let sighting = sighting(&self.plan, placed, &state, requests);
                if self.has_contexts
                    && let Some(event) = self.index.filled(&mut self.hasher, tenant, &sighting)?
                {
                    self.filled.insert(key, event);
                }
                if let Some(keys) = Keys::of(&mut self.hasher, tenant, key, &sighting) {
                    next.extend(self.index.related(&self.plan.changes, &keys)?);
                }
            }
            gathered.components.push(component);
        }
        Ok(gathered)
    }

    /// What each event of a component is to be.
    fn judge(&self, component: &Component, requests: &[Request], rate: Option<&Rate>) -> Vec<Verdict> {
        let parts = component.parts.iter();
        let sighting = |(key, state): &(Key, State)| {
            let seen = sighting(&self.plan, self.placed.get(key), state, requests);
            Sighting { event: self.filled.get(key).unwrap_or(seen.event), ..seen }
        };
        let sightings: Vec<Sighting<'_>> = parts.map(sighting).collect();
        let mut verdicts: Vec<Verdict> = sightings.iter().map(|_| Verdict::Observed).collect();
        for call in sighting::calls(&sightings) {
            let best = call.members[0];
            let (key, state) = &component.parts[best];
            let own = self.own(key, state, requests);
            let (event, charge) = price(&sightings, &call, own.charge, rate);
            let stays = match self.placed.get(key) {
                Some(_) => event == *own.event,
                None => state.is_charged() && self.plan.stored[&state.received_at].event == event,
            };
            let import_id = own.import_id.map(str::to_owned);
            let witness: Witness = sightings[best].witness.clone();
            verdicts[best] = if stays {
                Verdict::Stays
            } else {
                let tenant = component.tenant.clone();
                Verdict::Charges(Box::new(Merged { tenant, event, witness, charge, import_id }))
            };
        }
        verdicts
    }

    /// The row of an event that holds what it knows by itself.
    fn own<'p>(&'p self, key: &Key, state: &State, requests: &'p [Request]) -> Row<'p> {
        match self.placed.get(key) {
            Some(placed) => Row::from(&requests[placed.request].drafts[placed.item]),
            None => Row::from(&self.plan.stored[&state.facts_at]),
        }
    }

    /// Writes what `verdict` changes.
    fn apply(&mut self, key: Key, mut state: State, verdict: Verdict, requests: &[Request]) {
        let placed = self.placed.get(&key).copied();
        if matches!(verdict, Verdict::Stays) {
            return;
        }
        if let Some(event) = self.filled.get(&key).cloned() {
            // What was told of it later must survive what told it.
            let own = self.own(&key, &state, requests);
            let told = Merged {
                tenant: own.tenant.clone(),
                event,
                witness: own.witness.clone(),
                charge: own.charge.clone(),
                import_id: own.import_id.map(str::to_owned),
            };
            self.plan.merged.push(told);
            let origin = Origin::Merged(self.plan.merged.len() - 1);
            state.facts_at = self.plan.push(origin, Kind::Observation, Some(Reason::Observation));
            if !state.is_charged() || placed.is_some() {
                state.received_at = state.facts_at;
            }
        }
        match placed {
            Some(placed) => self.plan.rows[placed.row].kind = Kind::Observation,
            None if state.is_charged() => {
                let charged = Origin::Stored(state.received_at);
                state.received_at = self.plan.push(charged, Kind::Reversal, Some(Reason::Observation));
            }
            None => {}
        }
        state.standing = Standing::Observed;
        match verdict {
            Verdict::Charges(merged) => {
                self.plan.merged.push(*merged);
                let origin = Origin::Merged(self.plan.merged.len() - 1);
                state.received_at = self.plan.push(origin, Kind::Charge, Some(Reason::Observation));
                state.standing = Standing::Charged;
            }
            Verdict::Observed | Verdict::Stays => {
                if let Some(placed) = placed {
                    self.set_outcome(placed.request, placed.item, Outcome::Observation);
                }
            }
        }
        self.plan.changes.events.insert(key, state);
    }
}

/// An event of a component as a sighting: of a request, or of the stored row that holds what it knows.
fn sighting<'p>(plan: &'p Plan, placed: Option<&Placed>, state: &State, requests: &'p [Request]) -> Sighting<'p> {
    match placed {
        Some(placed) => {
            let draft = &requests[placed.request].drafts[placed.item];
            Sighting { event: &draft.event, witness: &draft.witness }
        }
        None => {
            let entry = &plan.stored[&state.facts_at];
            Sighting { event: &entry.event, witness: &entry.witness }
        }
    }
}

/// What a call is and costs: rated under the first of its names that has a price. `own` is the charge of its best
/// sighting by itself.
fn price(sightings: &[Sighting<'_>], call: &Call, own: &Charge, rate: Option<&Rate>) -> (UsageEvent, Charge) {
    let mut event = sighting::merge(sightings, call);
    let Some(rate) = rate.filter(|_| own.matched != Match::Reported) else {
        return (event, own.clone());
    };
    let mut first = None;
    for (provider, model, response_model) in sighting::names(sightings, call) {
        (event.provider, event.model, event.response_model) = (provider, model, response_model);
        let charge = rate(&event);
        if charge.rated_usd.is_some() {
            return (event, charge);
        }
        first.get_or_insert_with(|| (event.clone(), charge));
    }
    first.unwrap_or_else(|| (event, own.clone()))
}
