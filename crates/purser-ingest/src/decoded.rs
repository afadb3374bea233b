//! What every decoder returns: events, what was refused and why, and what was left aside.
//! Invariant: an item of the input ends in exactly one of `events`, `refused` and `skipped`.

use std::collections::BTreeMap;
use std::sync::Arc;

use purser_domain::attribution::SpanContext;
use purser_domain::passed_over::{PassedOver, Reason};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::field;

/// The largest body or line that a decoder reads, bytes.
pub const BYTES_MAX: usize = 64 << 20;
/// The most events of one request.
pub const EVENTS_MAX: usize = 10_000;
/// The most complaints about one item; further ones are left out.
pub const ERRORS_MAX: usize = 100;
/// The most kinds of input passed over that one body tells apart.
pub const KINDS_MAX: usize = 100;
/// The deepest nesting of JSON.
pub const DEPTH_MAX: usize = 32;

/// What is said of labels that no event may carry.
pub(crate) const UNFIT: &str = "a label that is too long, one too many or has control characters was left out";

/// The outcome of decoding one body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decoded {
    /// The events, in the order of the input.
    pub events: Vec<Incoming>,
    /// The items that break a rule, in the order of the input.
    pub refused: Vec<Refusal>,
    /// Positions in `events` of those that named no time and were given that of their arrival.
    pub undated: Vec<usize>,
    /// Unknown fields of foreign formats that were passed over.
    pub ignored: u64,
    /// Items that were not charged, and why, are counted in `passed_over`; this is how many items that were.
    pub skipped: u64,
    /// What was passed over, by kind, and how often: whole items, and single counts ([`Reason::UnknownUsage`]).
    pub passed_over: BTreeMap<PassedOver, u64>,
    /// Remarks on data that was odd but no reason to refuse.
    pub findings: Vec<Finding>,
    /// The spans that are no calls and say who spent the calls below them, in the order of the input, at most
    /// [`EVENTS_MAX`]. The calls below them in the same request have those facts already; calls that came earlier, or
    /// are still to come, find them here. An agent's, chain's or tool's span without facts is among them if it has a
    /// parent, for it may stand between a call and its context.
    pub contexts: Vec<SpanContext>,
    /// Calls of tools without a cost of their own, counted as passed over, at most [`EVENTS_MAX`]; see
    /// [`Self::charge_tools`].
    pub tool_calls: Vec<ToolCall>,
}

/// A call of a tool, which is charged only by a price that the tenant has set for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// As what it was passed over.
    pub kind: PassedOver,
    /// The event, if it is charged.
    pub incoming: Incoming,
}

/// An event and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The event; it has passed [`UsageEvent::check`].
    pub event: UsageEvent,
    /// The item's index in the request from 0, or its line in a file from 1.
    pub source_index: usize,
    /// The span id, lower-case hex, of the nearest call of a model around this one in the same trace and the same
    /// request: both tell of one call. `None` if no such span is in the request; the other may still come or have come
    /// in another one, which `event.trace_id`, `event.span_id`, `event.parent_span_id` and [`Decoded::contexts`] tell.
    pub enclosing: Option<String>,
    /// Who saw the call, where one source has several witnesses: the instrumentation scope of an OTLP item. Two items of
    /// different scopes may tell of one call, two of the same scope seldom do.
    pub emitter: Option<Arc<str>>,
}

impl Incoming {
    /// An event with no other call around it.
    #[must_use]
    #[inline]
    pub const fn new(event: UsageEvent, source_index: usize) -> Self {
        Self { event, source_index, enclosing: None, emitter: None }
    }
}

/// An item that is refused, with every reason at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The item's index in the request from 0, or its line in a file from 1.
    pub index: usize,
    /// The item's id, if it could be read.
    pub id: Option<String>,
    /// What is wrong with it; never empty.
    pub errors: Vec<FieldError>,
}

/// A remark about accepted input; equal remarks are counted, not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found, in words.
    pub message: String,
    /// How many items it concerns.
    pub count: u64,
}

/// Why a body cannot be split into items at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not the announced syntax.
    #[error("{0}")]
    Syntax(String),
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// More than [`EVENTS_MAX`] items.
    #[error("more than {EVENTS_MAX} events in one request")]
    TooMany,
    /// More than [`BYTES_MAX`] bytes.
    #[error("{0} bytes are more than {BYTES_MAX}")]
    TooLarge(usize),
}

/// Where an item of a foreign format stood.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Its index in the request, which goes before the fields of its errors.
    Item(usize),
    /// Its line in a file.
    Line(usize),
}

impl Decoded {
    /// How many items were seen.
    #[must_use]
    pub fn items(&self) -> u64 {
        (self.events.len() + self.refused.len()) as u64 + self.skipped
    }

    /// Passes an item over.
    pub fn pass_over(&mut self, emitter: &str, operation: &str, reason: Reason) {
        self.pass_over_times(emitter, operation, reason, 1);
    }

    /// Passes `count` items of one kind over.
    pub fn pass_over_times(&mut self, emitter: &str, operation: &str, reason: Reason, count: u64) {
        if count > 0 {
            self.skipped += count;
            self.note(PassedOver::new(emitter, operation, reason), count);
        }
    }

    /// Notes a count that is not zero and that no table knows; the item itself is charged.
    pub fn unknown_usage(&mut self, emitter: &str, key: &str) {
        self.note(PassedOver::new(emitter, key, Reason::UnknownUsage), 1);
    }

    /// Counts `kind`. Past [`KINDS_MAX`] kinds the rest of a reason shares one without a name.
    fn note(&mut self, kind: PassedOver, count: u64) {
        let kind = if self.passed_over.len() < KINDS_MAX || self.passed_over.contains_key(&kind) {
            kind
        } else {
            PassedOver::new("others", "", kind.reason)
        };
        *self.passed_over.entry(kind).or_insert(0) += count;
    }

    /// Notes `message`, or counts it once more. Past 100 different messages the rest share one line.
    pub fn find(&mut self, message: impl AsRef<str>) {
        self.find_times(message.as_ref(), 1);
    }

    /// Notes `message` for `count` items.
    pub fn find_times(&mut self, message: &str, count: u64) {
        const REST: &str = "further findings are not listed";
        let message = if self.findings.len() < 100 || self.findings.iter().any(|known| known.message == message) {
            message
        } else {
            REST
        };
        match self.findings.iter_mut().find(|finding| finding.message == message) {
            Some(known) => known.count += count,
            None => self.findings.push(Finding { message: message.to_owned(), count }),
        }
    }

    /// Takes an item of a foreign format in, or refuses it with `errors`.
    ///
    /// Labels that no event may carry are left out with a finding: they must not cost a charge.
    #[inline]
    pub(crate) fn settle(&mut self, mut event: UsageEvent, mut errors: Vec<FieldError>, place: Place, now: Timestamp) {
        let (Place::Item(index) | Place::Line(index)) = place;
        if errors.is_empty() {
            event.check("", now, &mut errors);
            let dropped = if errors.is_empty() { 0 } else { field::drop_unfit_labels(&mut event) };
            if dropped > 0 {
                self.find_times(UNFIT, dropped);
                errors.clear();
                event.check("", now, &mut errors);
            }
        }
        if errors.is_empty() {
            self.events.push(Incoming::new(event, index));
            return;
        }
        if let Place::Item(index) = place {
            for error in &mut errors {
                let dot = if error.field.is_empty() { "" } else { "." };
                error.field.insert_str(0, &format!("[{index}]{dot}"));
            }
        }
        let id = Some(event.event_id).filter(|id| !id.is_empty());
        self.refused.push(Refusal { index, id, errors });
    }

    /// Makes events of the calls of tools that `has_price` says have one: they are no longer passed over.
    pub fn charge_tools(&mut self, has_price: impl Fn(&UsageEvent) -> bool) {
        for call in std::mem::take(&mut self.tool_calls) {
            if !has_price(&call.incoming.event) || self.events.len() >= EVENTS_MAX {
                continue;
            }
            self.skipped -= 1;
            if let Some(count) = self.passed_over.get_mut(&call.kind) {
                *count -= 1;
            }
            self.events.push(call.incoming);
        }
        self.passed_over.retain(|_, count| *count > 0);
    }

    /// Adds another outcome of the same input to this one.
    pub fn absorb(&mut self, other: Self) {
        let before = self.events.len();
        self.undated.extend(other.undated.into_iter().map(|place| before + place));
        self.events.extend(other.events);
        self.refused.extend(other.refused);
        self.ignored += other.ignored;
        self.skipped += other.skipped;
        self.contexts.extend(other.contexts);
        self.tool_calls.extend(other.tool_calls);
        for (kind, count) in other.passed_over {
            self.note(kind, count);
        }
        for finding in other.findings {
            self.find_times(&finding.message, finding.count);
        }
    }

    /// The refusals in one sentence for `partial_success`; empty if there are none.
    #[must_use]
    pub fn refusal_message(&self) -> String {
        let mut reasons: Vec<(String, u64)> = Vec::new();
        for error in self.refused.iter().filter_map(|refusal| refusal.errors.first()) {
            let reason = format!("{}: {} (got {:?})", bare(&error.field), error.reason, error.value);
            match reasons.iter().position(|(known, _)| *known == reason) {
                Some(known) => reasons[known].1 += 1,
                None if reasons.len() < 10 => reasons.push((reason, 1)),
                None => {}
            }
        }
        let listed: Vec<String> = reasons.into_iter().map(|(reason, count)| format!("{count} × {reason}")).collect();
        listed.join("; ")
    }
}

/// The field without the item's index.
fn bare(field: &str) -> &str {
    field.strip_prefix('[').and_then(|rest| rest.split_once("].")).map_or(field, |(_, name)| name)
}
