//! Which spans of one request stand inside which, and what a call learns from those around it.
//! Invariant: a fact on the call's own span stands; then the nearest span's around it; then its resource's.

use std::collections::HashMap;

use purser_domain::attribution::{Attribution, SpanContext};
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::assemble::Item;
use crate::decoded::{Decoded, EVENTS_MAX};
use crate::identity::{hex, hex_id};

/// The most spans between a call and the outermost one that it learns from.
const DEPTH_MAX: usize = 64;

type SpanId = ([u8; 16], [u8; 8]);

/// The places of a request's spans, and what its resources tell.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    spans: Vec<Place>,
    resources: Vec<Attribution>,
    /// Which resource each event has, by the event's position.
    of_events: Vec<usize>,
}

#[derive(Debug)]
struct Place {
    id: SpanId,
    parent: [u8; 8],
    what: What,
}

/// What a span is, with its position in the list of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Call(usize),
    Context(usize),
    /// It says nothing.
    Between,
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
    pub(super) fn call(&mut self, item: &Item<'_>, position: usize) {
        self.event(position);
        self.add(item, What::Call(position));
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

    /// Gives each call the facts of the spans around it and of its resource, and the call around it.
    pub(super) fn settle(self, decoded: &mut Decoded) {
        let inside = |place: &&Place| place.parent != [0; 8] && matches!(place.what, What::Call(_));
        if self.spans.len() > 1 && self.spans.iter().any(|place| inside(&place)) {
            let mut places: HashMap<SpanId, &Place, Xxh3DefaultBuilder> = HashMap::default();
            places.extend(self.spans.iter().map(|place| (place.id, place)));
            for call in self.spans.iter().filter(inside) {
                learn(call, &places, decoded);
            }
        }
        for (incoming, resource) in decoded.events.iter_mut().zip(self.of_events) {
            if let Some(attribution) = self.resources.get(resource) {
                attribution.fill(&mut incoming.event);
            }
        }
    }
}

/// Gives one call the facts of the spans around it, the nearest first.
fn learn(call: &Place, places: &HashMap<SpanId, &Place, Xxh3DefaultBuilder>, decoded: &mut Decoded) {
    let What::Call(position) = call.what else {
        return;
    };
    let mut place = call;
    for _ in 0..DEPTH_MAX {
        let Some(around) = places.get(&(call.id.0, place.parent)) else {
            return;
        };
        place = around;
        let outer = match place.what {
            What::Call(outer) if outer != position => outer,
            What::Context(context) => {
                decoded.contexts[context].attribution.fill(&mut decoded.events[position].event);
                continue;
            }
            What::Call(_) | What::Between => continue,
        };
        let attribution = Attribution::of(&decoded.events[outer].event);
        let incoming = &mut decoded.events[position];
        attribution.fill(&mut incoming.event);
        incoming.enclosing.get_or_insert_with(|| hex(&place.id.1));
    }
}
