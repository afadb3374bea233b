//! The calls of one log, each held until no line can change it.
//! Invariant: of the lines that tell of one call the one that counts the most output stands, whole; of equals the last.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{FieldError, UsageEvent};
use xxhash_rust::xxh3::xxh3_64;

use super::{Agent, Seen};
use crate::decoded::{Decoded, Place, Refusal};
use crate::normalise::{Accounting, Reported};
use crate::usage_object::UsageObject;

/// How many calls are held at most, some 1.5 KB each; the oldest are settled first.
pub(super) const OPEN_MAX: usize = 100_000;

/// The calls of one log.
pub(super) struct Calls {
    agent: Agent,
    template: UsageEvent,
    now: Timestamp,
    pub(super) seen: Seen,
    /// The line being read, from 1.
    pub(super) line: usize,
    /// What was read and is not handed out yet.
    pub(super) decoded: Decoded,
    /// The calls that are held, in the order of their first line.
    order: VecDeque<u64>,
    open: HashMap<u64, Call>,
}

/// The best line of a call so far.
struct Call {
    line: usize,
    output: u64,
    event: Box<UsageEvent>,
    errors: Vec<FieldError>,
    /// Usage that no table knows, by its keys.
    unknown: Vec<String>,
}

impl Calls {
    pub(super) fn new(agent: Agent, template: UsageEvent, now: Timestamp, seen: Seen) -> Self {
        Self {
            agent,
            template,
            now,
            seen,
            line: 0,
            decoded: Decoded::default(),
            order: VecDeque::new(),
            open: HashMap::new(),
        }
    }

    /// What every event starts from.
    pub(super) fn event(&self) -> UsageEvent {
        UsageEvent { operation: Some("chat".to_owned()), ..self.template.clone() }
    }

    /// Passes a line over.
    pub(super) fn pass_over(&mut self, operation: &str, reason: Reason) {
        self.decoded.pass_over(self.agent.name(), operation, reason);
    }

    /// Refuses a line, or a part of one.
    pub(super) fn refuse(&mut self, errors: Vec<FieldError>) {
        self.decoded.refused.push(Refusal { index: self.line, id: None, errors });
    }

    /// Takes a call whose usage is an object of the provider's.
    pub(super) fn offer_object(&mut self, mut event: UsageEvent, usage: &UsageObject) {
        // What no table knows is noted once the line stands.
        usage.fill(self.agent.name(), &mut event, &mut Decoded::default());
        self.put(event, usage.reported.output, usage.errors.clone(), usage.unknown.clone());
    }

    /// Takes a call whose counts are the agent's own.
    pub(super) fn offer(&mut self, mut event: UsageEvent, usage: &Reported, accounting: Accounting) {
        usage.fill(accounting, &mut event);
        self.put(event, usage.output, Vec::new(), Vec::new());
    }

    /// Takes the sums of `requests` calls.
    pub(super) fn offer_many(
        &mut self,
        mut event: UsageEvent,
        usage: &Reported,
        accounting: Accounting,
        requests: u64,
    ) {
        usage.fill(accounting, &mut event);
        event.usage.set(Leaf::Requests, requests.max(1));
        self.put(event, usage.output, Vec::new(), Vec::new());
    }

    fn put(&mut self, event: UsageEvent, output: u64, errors: Vec<FieldError>, unknown: Vec<String>) {
        if self.seen.contains(&event.event_id) {
            return self.pass_over("answer", Reason::Repeated);
        }
        let id = xxh3_64(event.event_id.as_bytes());
        let call = Call { line: self.line, output, event: Box::new(event), errors, unknown };
        match self.open.entry(id) {
            Entry::Vacant(free) => {
                free.insert(call);
                self.order.push_back(id);
            }
            Entry::Occupied(mut known) => {
                if output >= known.get().output {
                    known.insert(call);
                }
                self.pass_over("answer", Reason::Repeated);
            }
        }
        while self.order.len() > OPEN_MAX {
            self.settle_first();
        }
    }

    /// Hands out the oldest call; whether there was one.
    pub(super) fn settle_first(&mut self) -> bool {
        let Some(call) = self.order.pop_front().and_then(|id| self.open.remove(&id)) else {
            return false;
        };
        self.seen.insert(&call.event.event_id);
        for key in &call.unknown {
            self.decoded.unknown_usage(self.agent.name(), key);
        }
        self.decoded.settle(*call.event, call.errors, Place::Line(call.line), self.now);
        true
    }
}
