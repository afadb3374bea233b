//! Which spans of one request stand inside or beside which, and what a call learns from those around it.
//! Invariant: a fact on the call's own span stands; then the nearest span's around it; then its resource's.

use std::collections::{BTreeMap, HashMap};

use purser_domain::attribution::{Attribution, SpanContext};
use purser_domain::passed_over::Reason;
use purser_domain::usage_event::UsageEvent;
use xxhash_rust::xxh3::{Xxh3DefaultBuilder, xxh3_64};

use super::assemble::{Item, MISSING};
use crate::decoded::{Decoded, EVENTS_MAX};
use crate::emitter::Emitter;
use crate::identity::{hex, hex_id};

/// The most spans between a call and the outermost one that it learns from.
const DEPTH_MAX: usize = 64;

type SpanId = ([u8; 16], [u8; 8]);
type Places<'s> = HashMap<SpanId, &'s Place, Xxh3DefaultBuilder>;

/// The places of a request's spans, and what its resources tell.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    spans: Vec<Place>,
    resources: Vec<Attribution>,
    /// Which resource each event has, by the event's position.
    of_events: Vec<usize>,
    /// The spans that are calls of tools, with their position among those that are charged, if they are.
    tools: Vec<Tool>,
}

#[derive(Debug)]
struct Tool {
    id: SpanId,
    parent: [u8; 8],
    resource: usize,
    /// Its position among the events, else among the tool calls.
    charged: bool,
    position: usize,
}

#[derive(Debug)]
struct Place {
    id: SpanId,
    parent: [u8; 8],
    what: What,
}

/// What a span is, with its position in the list of its kind.
#[derive(Debug, Clone, Copy)]
enum What {
    Call(usize, Call),
    Context(usize),
    /// It says nothing.
    Between,
}

/// What tells one telling of a call from another.
#[derive(Debug, Clone, Copy)]
struct Call {
    emitter: &'static Emitter,
    /// Hash of the span's name.
    name: u64,
    start: u64,
    end: u64,
}

impl Nesting {
    /// Notes what the resource of the items that follow tells.
    pub(super) fn resource(&mut self, attribution: Attribution) {
        self.resources.push(attribution);
    }

    /// Notes that the event at `position` has the current resource.
    pub(super) fn event(&mut self, position: usize) {
        self.of_events.resize(position + 1, self.resources.len().saturating_sub(1));
    }

    /// Notes the span of the event at `position`.
    pub(super) fn call(&mut self, emitter: &'static Emitter, item: &Item<'_>, position: usize) {
        self.event(position);
        let (start, end) = (item.start_nanos, item.end_nanos);
        self.add(item, What::Call(position, Call { emitter, name: xxh3_64(item.name.as_bytes()), start, end }));
    }

    /// Notes a call of a tool, at `position` among the events or, if it is not charged, among the tool calls.
    pub(super) fn tool(&mut self, item: &Item<'_>, charged: bool, position: usize) {
        if charged {
            self.event(position);
        }
        if let (Some(trace), Some(span)) = (item.trace_id, item.span_id) {
            let (parent, resource) = (item.parent_span_id.unwrap_or_default(), self.resources.len().saturating_sub(1));
            self.tools.push(Tool { id: (trace, span), parent, resource, charged, position });
        }
    }

    /// Notes a span that is no call. `surrounds` says that it may stand around calls: an agent's, a chain's.
    pub(super) fn around(
        &mut self,
        item: &Item<'_>,
        attribution: Attribution,
        surrounds: bool,
        contexts: &mut Vec<SpanContext>,
    ) {
        let (Some(trace), Some(span)) = (item.trace_id, item.span_id) else {
            return;
        };
        let parent_span_id = item.parent_span_id.and_then(|id| hex_id(&id));
        let matters = !attribution.is_empty() || (surrounds && parent_span_id.is_some());
        if !matters || contexts.len() >= EVENTS_MAX {
            return self.add(item, What::Between);
        }
        self.add(item, What::Context(contexts.len()));
        contexts.push(SpanContext { trace_id: hex(&trace), span_id: hex(&span), parent_span_id, attribution });
    }

    fn add(&mut self, item: &Item<'_>, what: What) {
        if let (Some(trace), Some(span)) = (item.trace_id, item.span_id) {
            self.spans.push(Place { id: (trace, span), parent: item.parent_span_id.unwrap_or_default(), what });
        }
    }

    /// Gives each call the facts of the spans around it and of its resource, and the call around it; takes out what
    /// only frames or repeats a call.
    pub(super) fn settle(self, decoded: &mut Decoded) {
        let inside = |place: &&Place| place.parent != [0; 8] && matches!(place.what, What::Call(..));
        let mut surplus = BTreeMap::new();
        if self.spans.len() > 1 && (!self.tools.is_empty() || self.spans.iter().any(|place| inside(&place))) {
            let mut places = Places::default();
            places.extend(self.spans.iter().map(|place| (place.id, place)));
            for call in self.spans.iter().filter(inside) {
                learn(call, &places, decoded, &mut surplus);
            }
            for tool in &self.tools {
                tool.learn(&places, decoded);
            }
            self.find_repeated(decoded, &mut surplus);
        }
        for (incoming, resource) in decoded.events.iter_mut().zip(&self.of_events) {
            if let Some(attribution) = self.resources.get(*resource) {
                attribution.fill(&mut incoming.event);
            }
        }
        for tool in self.tools.iter().filter(|tool| !tool.charged) {
            if let Some(attribution) = self.resources.get(tool.resource) {
                attribution.fill(tool.event(decoded));
            }
        }
        take_out(&surplus, decoded);
    }

    /// Finds the calls without counts that another span tells better: beside it, under another name, and one's time
    /// within the other's.
    fn find_repeated(&self, decoded: &Decoded, surplus: &mut Surplus) {
        let mut told: HashMap<SpanId, Vec<Call>, Xxh3DefaultBuilder> = HashMap::default();
        let calls = |counts: bool| {
            self.spans.iter().filter_map(move |place| match place.what {
                What::Call(position, call) if place.parent != [0; 8] => {
                    let event = &decoded.events[position].event;
                    (event.tags.contains_key(MISSING) != counts).then_some((place, position, call))
                }
                _ => None,
            })
        };
        if calls(false).next().is_none() {
            return;
        }
        for (place, _, call) in calls(true) {
            told.entry((place.id.0, place.parent)).or_default().push(call);
        }
        let within = |a: &Call, b: &Call| b.start <= a.start && a.end <= b.end;
        for (place, position, call) in calls(false) {
            let beside = told.get(&(place.id.0, place.parent)).into_iter().flatten();
            let mut same = beside.filter(|other| within(&call, other) || within(other, &call));
            if same.any(|other| other.name != call.name) {
                surplus.entry(position).or_insert((call.emitter, Reason::Repeated));
            }
        }
    }
}

/// The events that are no calls of their own, by position: whose they are, and why.
type Surplus = BTreeMap<usize, (&'static Emitter, Reason)>;

/// The spans around the one whose parent is given, the nearest first.
fn around<'s>(trace: [u8; 16], parent: [u8; 8], places: &Places<'s>) -> impl Iterator<Item = &'s Place> {
    let next = move |parent| places.get(&(trace, parent)).copied();
    std::iter::successors(next(parent), move |place: &&Place| next(place.parent)).take(DEPTH_MAX)
}

/// Gives one call the facts of the spans around it.
fn learn(call: &Place, places: &Places<'_>, decoded: &mut Decoded, surplus: &mut Surplus) {
    let What::Call(position, _) = call.what else {
        return;
    };
    for place in around(call.id.0, call.parent, places) {
        let (outer, told) = match place.what {
            What::Call(outer, told) if outer != position => (outer, told),
            What::Context(context) => {
                decoded.contexts[context].attribution.fill(&mut decoded.events[position].event);
                continue;
            }
            What::Call(..) | What::Between => continue,
        };
        let event = &decoded.events[outer].event;
        let mut attribution = Attribution::of(event);
        let counts_nothing = attribution.tags.remove(MISSING).is_some();
        // The sum of several calls, or the frame of one: nothing of it is a call.
        if counts_nothing && event.response_id.is_none() {
            surplus.insert(outer, (told.emitter, Reason::NotACall));
        }
        let incoming = &mut decoded.events[position];
        attribution.fill(&mut incoming.event);
        incoming.enclosing.get_or_insert_with(|| hex(&place.id.1));
    }
}

impl Tool {
    fn event<'d>(&self, decoded: &'d mut Decoded) -> &'d mut UsageEvent {
        if self.charged {
            &mut decoded.events[self.position].event
        } else {
            &mut decoded.tool_calls[self.position].incoming.event
        }
    }

    /// Gives a tool's call the facts of the spans around it.
    fn learn(&self, places: &Places<'_>, decoded: &mut Decoded) {
        for place in around(self.id.0, self.parent, places) {
            let mut attribution = match place.what {
                What::Call(outer, _) => Attribution::of(&decoded.events[outer].event),
                What::Context(context) => decoded.contexts[context].attribution.clone(),
                What::Between => continue,
            };
            attribution.tags.remove(MISSING);
            attribution.fill(self.event(decoded));
        }
    }
}

/// Passes over the events that are no calls of their own, and forgets that other calls stand inside them.
fn take_out(surplus: &Surplus, decoded: &mut Decoded) {
    if surplus.is_empty() {
        return;
    }
    let mut gone = Vec::new();
    let mut position = 0;
    let mut told = Vec::new();
    decoded.events.retain(|incoming| {
        let found = surplus.get(&position);
        position += 1;
        if let Some((emitter, reason)) = found {
            told.push((emitter.name, incoming.event.operation.clone().unwrap_or_default(), *reason));
            gone.extend(incoming.event.span_id.clone());
        }
        found.is_none()
    });
    for (emitter, operation, reason) in told {
        decoded.pass_over(emitter, &operation, reason);
    }
    for incoming in &mut decoded.events {
        if incoming.enclosing.as_ref().is_some_and(|span| gone.contains(span)) {
            incoming.enclosing = None;
        }
    }
}
