//! Decides what a group of requests becomes: rows, outcomes and changes of the index, all or nothing per commit.
//! Invariant: a plan holds for the inbox head it was made for, and only for that.

mod correct;
mod settle;

use std::collections::{BTreeMap, HashMap};

use purser_domain::attribution::SpanContext;
use purser_domain::charge::Charge;
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::sighting::{Sighting, Witness};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;

use crate::append::{AppendError, Applied, Conflict, Correction, Draft, Mode, Outcome, Rate, Receipt};
use crate::codec::Hasher;
use crate::error::Error;
use crate::index::{Changes, Hashed, Index, Key, Keys, Standing, State, event_key};
use crate::row::{self, Row};

/// A request to append.
pub(crate) struct Request {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) mode: Mode,
    /// What calls that the drafts change are rated by.
    pub(crate) rate: Rate,
}

/// Where the parts of a planned row lie.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// An item of a request.
    Draft { request: usize, item: usize },
    /// The stored row received then.
    Stored(Timestamp),
    /// The charge that a correction takes back.
    Reversed(usize),
    /// What it charges instead.
    Replacement(usize),
    /// A call as its sightings know it together.
    Merged(usize),
}

struct PlannedRow {
    origin: Origin,
    kind: Kind,
    reason: Option<Reason>,
    /// The correction that it is part of.
    correction: Option<usize>,
}

/// A stored row that a plan needs: enough to find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) tenant: TenantId,
    pub(crate) day: i32,
    pub(crate) received_at: Timestamp,
}

/// What is charged for a call that several events saw.
struct Merged {
    tenant: TenantId,
    event: UsageEvent,
    witness: Witness,
    charge: Charge,
    import_id: Option<String>,
}

/// The rows of one commit and all that follows from it.
pub(crate) struct Plan {
    rows: Vec<PlannedRow>,
    first_received: Timestamp,
    /// What the index will have to learn.
    pub(crate) changes: Changes,
    /// Stored rows that were fetched.
    stored: BTreeMap<Timestamp, Entry>,
    merged: Vec<Merged>,
    /// The answer to each request.
    pub(crate) answers: Vec<Result<Receipt, AppendError>>,
    /// The answer to each correction.
    pub(crate) applied: Vec<Applied>,
}

impl Plan {
    fn new(first_received: Timestamp) -> Self {
        Self {
            rows: Vec::new(),
            first_received,
            changes: Changes::default(),
            stored: BTreeMap::new(),
            merged: Vec::new(),
            answers: Vec::new(),
            applied: Vec::new(),
        }
    }

    /// How many rows the commit has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// `received_at` of the first row.
    pub(crate) const fn first_received(&self) -> Timestamp {
        self.first_received
    }

    /// `received_at` of the last row.
    pub(crate) fn last_received(&self) -> Timestamp {
        self.received_at(self.rows.len().saturating_sub(1))
    }

    fn received_at(&self, row: usize) -> Timestamp {
        self.first_received.plus_micros(i64::try_from(row).unwrap_or(i64::MAX))
    }

    fn push(&mut self, origin: Origin, kind: Kind, reason: Option<Reason>) -> Timestamp {
        self.rows.push(PlannedRow { origin, kind, reason, correction: None });
        self.received_at(self.rows.len() - 1)
    }

    /// A row of a correction.
    fn push_part(&mut self, origin: Origin, kind: Kind, correction: usize, reason: Reason) -> Timestamp {
        let received_at = self.push(origin, kind, Some(reason));
        if let Some(row) = self.rows.last_mut() {
            row.correction = Some(correction);
        }
        received_at
    }

    /// The rows, put together from where their parts lie.
    pub(crate) fn rows<'a>(
        &'a self,
        requests: &'a [Request],
        corrections: &'a [Correction],
    ) -> impl ExactSizeIterator<Item = Row<'a>> {
        self.rows.iter().enumerate().map(move |(index, planned)| {
            let stored = |entry: &'a Entry| Row::from(entry);
            let parts = match planned.origin {
                Origin::Draft { request, item } => Row::from(&requests[request].drafts[item]),
                Origin::Stored(at) => stored(&self.stored[&at]),
                Origin::Reversed(index) => stored(&corrections[index].reverses),
                Origin::Replacement(index) => {
                    let correction = &corrections[index];
                    let old = stored(&correction.reverses);
                    Row { charge: correction.replacement.as_ref().unwrap_or(old.charge), ..old }
                }
                Origin::Merged(index) => Row::from(&self.merged[index]),
            };
            let note = planned.correction.and_then(|index| corrections[index].note.as_deref());
            Row { kind: planned.kind, reason: planned.reason, note, received_at: self.received_at(index), ..parts }
        })
    }
}

impl<'a> From<&'a Draft> for Row<'a> {
    fn from(draft: &'a Draft) -> Self {
        Self {
            tenant: &draft.tenant,
            event: &draft.event,
            witness: &draft.witness,
            charge: &draft.charge,
            kind: Kind::Charge,
            reason: None,
            note: None,
            import_id: draft.import_id.as_deref(),
            received_at: Timestamp::default(),
        }
    }
}

impl<'a> From<&'a Merged> for Row<'a> {
    fn from(merged: &'a Merged) -> Self {
        Self {
            tenant: &merged.tenant,
            event: &merged.event,
            witness: &merged.witness,
            charge: &merged.charge,
            kind: Kind::Charge,
            reason: None,
            note: None,
            import_id: merged.import_id.as_deref(),
            received_at: Timestamp::default(),
        }
    }
}

/// What an item of a request is, looked at alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    New,
    /// It was withdrawn and counts again.
    Again,
    Duplicate,
    Conflict,
}

/// An event whose call is to be settled, and the request whose prices apply.
struct Seed {
    tenant: TenantId,
    key: Key,
    request: usize,
}

/// Where an event of the plan stands.
#[derive(Debug, Clone, Copy)]
struct Placed {
    request: usize,
    item: usize,
    row: usize,
}

/// Makes plans against one state of the index: first what every item is by itself, then, with the stored rows that it
/// asks for, which calls the events are sightings of.
pub(crate) struct Planner<'a> {
    index: &'a Index,
    hasher: Hasher,
    plan: Plan,
    /// New events that may be sightings of a call.
    placed: HashMap<Key, Placed, Hashed>,
    seeds: Vec<Seed>,
    /// Stored rows that corrections are made of.
    formers: Vec<Former>,
    /// Whether spans around calls have told anything lately.
    has_contexts: bool,
    /// Events with what the spans around them told, where that is more than their rows say.
    filled: HashMap<Key, UsageEvent, Hashed>,
}

impl<'a> Planner<'a> {
    /// A planner whose rows are received from `first_received` on.
    pub(crate) fn new(index: &'a Index, first_received: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            index,
            hasher: index.hasher(),
            plan: Plan::new(first_received),
            placed: HashMap::default(),
            seeds: Vec::new(),
            formers: Vec::new(),
            has_contexts: index.has_contexts()?,
            filled: HashMap::default(),
        })
    }

    /// Keeps what spans around calls tell, and settles the calls below them.
    pub(crate) fn surround(&mut self, tenant: &TenantId, contexts: &[SpanContext]) -> Result<(), Error> {
        let now = self.plan.first_received;
        for key in self.index.surround(&mut self.hasher, tenant, contexts, now)? {
            self.seeds.push(Seed { tenant: tenant.clone(), key, request: 0 });
        }
        self.has_contexts = true;
        Ok(())
    }

    /// Plans appends, in order: a later one sees what an earlier one stores.
    pub(crate) fn append(&mut self, requests: &[Request]) -> Result<(), Error> {
        for (number, request) in requests.iter().enumerate() {
            let answer = self.request(number, request)?;
            // Which call a planned event saw is settled last; the answer is filled in place.
            match answer {
                Some(error) => self.plan.answers.push(Err(error)),
                None => debug_assert_eq!(self.plan.answers.len(), number + 1),
            }
        }
        Ok(())
    }

    /// Plans one request, or says why it stores nothing.
    fn request(&mut self, number: usize, request: &Request) -> Result<Option<AppendError>, Error> {
        for (index, draft) in request.drafts.iter().enumerate() {
            if let Err(reason) = row::check(draft) {
                return Ok(Some(AppendError::Unstorable { index, reason }));
            }
        }
        let looked_up = self.look_up(&request.drafts)?;
        let conflicts = conflicts(&request.drafts, &looked_up);
        if request.mode == Mode::AllOrNothing && !conflicts.is_empty() {
            return Ok(Some(AppendError::Conflicts(conflicts)));
        }
        let outcomes = looked_up.iter().map(|(_, _, known)| match known {
            Known::New | Known::Again => Outcome::Accepted,
            Known::Duplicate => Outcome::Duplicate,
            Known::Conflict => Outcome::Conflict,
        });
        self.plan.answers.push(Ok(Receipt { outcomes: outcomes.collect(), conflicts }));
        for (item, (key, payload, known)) in looked_up.into_iter().enumerate() {
            if matches!(known, Known::New | Known::Again) {
                let again = known == Known::Again;
                self.place((number, item), &request.drafts[item], (key, payload), again)?;
            }
        }
        Ok(None)
    }

    fn look_up(&mut self, drafts: &[Draft]) -> Result<Vec<(Key, u64, Known)>, Error> {
        let mut seen: HashMap<Key, u64, Hashed> = HashMap::with_capacity_and_hasher(drafts.len(), Hashed);
        let mut looked_up = Vec::with_capacity(drafts.len());
        for draft in drafts {
            self.plan.changes.note_source(&draft.tenant, &draft.event.source);
            let key = event_key(&mut self.hasher, &draft.tenant, &draft.event);
            let payload = self.hasher.payload(&draft.event);
            let known = match seen.get(&key) {
                Some(stored) if *stored == payload => Known::Duplicate,
                Some(_) => Known::Conflict,
                None => match self.index.event(&self.plan.changes, &key)? {
                    None => Known::New,
                    Some(state) if counts_again(&state, draft, payload) => Known::Again,
                    Some(state) if state.payload == payload => Known::Duplicate,
                    Some(_) => Known::Conflict,
                },
            };
            if matches!(known, Known::New | Known::Again) {
                seen.insert(key, payload);
            }
            looked_up.push((key, payload, known));
        }
        Ok(looked_up)
    }

    /// Adds the row of a new event, charged as long as no other sighting of its call is known.
    fn place(
        &mut self,
        (request, item): (usize, usize),
        draft: &Draft,
        (key, payload): (Key, u64),
        again: bool,
    ) -> Result<(), Error> {
        let row = self.plan.rows.len();
        let at = self.plan.push(Origin::Draft { request, item }, Kind::Charge, None);
        let day = draft.event.occurred_at.utc_day();
        let moved = match again {
            true => self.index.event(&self.plan.changes, &key)?.is_some_and(|state| state.moved || state.day != day),
            false => false,
        };
        let standing = Standing::Charged;
        let state = State { payload, day, standing, moved, received_at: at, sent_at: at, facts_at: at };
        self.plan.changes.events.insert(key, state);
        let seen = Sighting { event: &draft.event, witness: &draft.witness };
        let Some(keys) = Keys::of(&mut self.hasher, &draft.tenant, key, &seen) else { return Ok(()) };
        self.placed.insert(key, Placed { request, item, row });
        self.index.link(&mut self.plan.changes, &keys)?;
        let is_around = self.has_contexts && self.index.filled(&mut self.hasher, &draft.tenant, &seen)?.is_some();
        if is_around || !self.index.related(&self.plan.changes, &keys)?.is_empty() {
            self.seeds.push(Seed { tenant: draft.tenant.clone(), key, request });
        }
        Ok(())
    }

    fn set_outcome(&mut self, request: usize, item: usize, outcome: Outcome) {
        if let Some(Ok(receipt)) = self.plan.answers.get_mut(request) {
            receipt.outcomes[item] = outcome;
        }
    }
}

/// Whether an event that was withdrawn comes anew: with another payload, or by an import. What is sent again as it was
/// may be a client's retry, which must not undo a void.
fn counts_again(state: &State, draft: &Draft, payload: u64) -> bool {
    state.standing == Standing::Withdrawn && (state.payload != payload || draft.import_id.is_some())
}

fn conflicts(drafts: &[Draft], looked_up: &[(Key, u64, Known)]) -> Vec<Conflict> {
    let pairs = drafts.iter().zip(looked_up).enumerate();
    pairs
        .filter(|(_, (_, (_, _, known)))| *known == Known::Conflict)
        .map(|(index, (draft, _))| Conflict {
            index,
            source: draft.event.source.clone(),
            event_id: draft.event.event_id.clone(),
            event: Some(Box::new(draft.event.clone())),
        })
        .collect()
}
