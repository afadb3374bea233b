//! What several sightings know of a call together.

use super::{CACHE_WRITES, Call, Sighting, total_output};
use crate::attribution::Attribution;
use crate::provider;
use crate::usage::{Leaf, Usage};
use crate::usage_event::{UNKNOWN_MODEL, UsageEvent};

/// The tag of a call of which no count was sent.
const MISSING: &str = "purser.usage";

/// The best sighting's event with all that the others of `call` know.
///
/// Counts: of the same totals, the finest split of each direction and of the cache writes. Every other fact: that of the
/// best sighting that has one; who spent the call also from the sightings around it.
#[must_use]
pub fn merge(sightings: &[Sighting<'_>], call: &Call) -> UsageEvent {
    let events: Vec<&UsageEvent> = call.members.iter().map(|place| sightings[*place].event).collect();
    let around: Vec<&UsageEvent> = call.around.iter().map(|place| sightings[*place].event).collect();
    let mut merged = events[0].clone();
    refine_usage(&mut merged.usage, &events);
    for other in &events[1..] {
        add_facts(&mut merged, other);
    }
    for other in events[1..].iter().chain(&around) {
        Attribution::of(other).fill(&mut merged);
    }
    if merged.usage.total_tokens() > 0 {
        merged.tags.remove(MISSING);
    }
    if let Some((provider, model, response_model)) = names(sightings, call).into_iter().next() {
        (merged.provider, merged.model, merged.response_model) = (provider, model, response_model);
    }
    merged
}

/// A provider, a model asked for and one that answered.
type Names = (String, String, Option<String>);

/// What the sightings call the model, the most trustworthy first: a model that is named; a provider that makes the model, then one that is
/// known, then any; a model that answered; the sighting nearest to the provider, which is the shortest; the best.
#[must_use]
pub fn names(sightings: &[Sighting<'_>], call: &Call) -> Vec<Names> {
    let mut members: Vec<(usize, &Sighting<'_>)> =
        call.members.iter().map(|place| &sightings[*place]).enumerate().collect();
    members.sort_by_key(|(at, sighting)| {
        let event = sighting.event;
        let answered = event.response_model.as_deref().unwrap_or(&event.model);
        let makes = provider::maker(answered) == Some(event.provider.as_str());
        let known = provider::known(&event.provider).is_some();
        let (start, end) = sighting.interval();
        (
            answered == UNKNOWN_MODEL,
            !known,
            !makes && provider::maker(answered).is_some() && !hosts(&event.provider),
            event.response_model.is_none(),
            end - start,
            *at,
        )
    });
    let mut names: Vec<Names> = Vec::new();
    for (_, sighting) in members {
        let event = sighting.event;
        let named = (event.provider.clone(), event.model.clone(), event.response_model.clone());
        if !names.contains(&named) {
            names.push(named);
        }
    }
    names
}

/// Whether a provider serves the models of others.
fn hosts(provider: &str) -> bool {
    ["aws.", "azure.", "gcp.vertex", "openrouter", "gateway"].iter().any(|host| provider.starts_with(host))
}

/// Replaces each part of `usage` by the finest split of the same total.
fn refine_usage(usage: &mut Usage, events: &[&UsageEvent]) {
    let best = *usage;
    let of_input = |usage: &Usage| usage.total_input();
    let of_writes = |usage: &Usage| CACHE_WRITES.into_iter().map(|leaf| usage.get(leaf)).sum::<u64>();
    let plain = events.iter().filter(|event| event.contradiction.is_none());
    let usages: Vec<Usage> = plain.map(|event| event.usage).collect();
    let input = finest(&usages, Leaf::is_input, |usage| of_input(usage) == of_input(&best));
    copy(usage, input, Leaf::is_input);
    let total = |usage: &Usage| total_output(&UsageEvent { usage: *usage, ..UsageEvent::default() });
    let is_output = |leaf: Leaf| leaf.is_token() && !leaf.is_input();
    let output = finest(&usages, is_output, |usage| total(usage) == total(&best));
    copy(usage, output, is_output);
    // A lifetime that nobody told stands as five minutes: any other one was told.
    let written = of_writes(usage);
    let is_write = |leaf: Leaf| CACHE_WRITES.contains(&leaf);
    let told = |usage: &Usage| (usage.get(Leaf::CacheWrite12h), usage.get(Leaf::CacheWrite1h));
    let split = usages.iter().filter(|other| of_writes(other) == written).max_by_key(|other| told(other)).copied();
    copy(usage, split, is_write);
    for other in &usages {
        let searches = other.get(Leaf::WebSearches).max(usage.get(Leaf::WebSearches));
        usage.set(Leaf::WebSearches, searches);
    }
}

/// The usage with the most `leaves` above zero among those that `fit`, cache writes as one; the first of equals.
fn finest(usages: &[Usage], leaves: impl Fn(Leaf) -> bool, fit: impl Fn(&Usage) -> bool) -> Option<Usage> {
    let split = |usage: &Usage| {
        let parts = usage.iter().filter(|(leaf, _)| leaves(*leaf) && !CACHE_WRITES.contains(leaf)).count();
        parts + usize::from(usage.iter().any(|(leaf, _)| leaves(leaf) && CACHE_WRITES.contains(&leaf)))
    };
    usages.iter().filter(|usage| fit(usage)).rev().max_by_key(|usage| split(usage)).copied()
}

fn copy(usage: &mut Usage, from: Option<Usage>, leaves: impl Fn(Leaf) -> bool) {
    let Some(from) = from else { return };
    for leaf in Leaf::ALL.into_iter().filter(|leaf| leaves(*leaf)) {
        usage.set(leaf, from.get(leaf));
    }
}

fn fill<T: Clone>(slot: &mut Option<T>, other: &Option<T>) {
    if slot.is_none() {
        slot.clone_from(other);
    }
}

/// Gives `event` the facts of the call that it lacks and `other` has.
fn add_facts(event: &mut UsageEvent, other: &UsageEvent) {
    fill(&mut event.operation, &other.operation);
    fill(&mut event.service_tier, &other.service_tier);
    fill(&mut event.inference_geo, &other.inference_geo);
    fill(&mut event.speed, &other.speed);
    fill(&mut event.context_window, &other.context_window);
    fill(&mut event.tool, &other.tool);
    fill(&mut event.mcp_server, &other.mcp_server);
    fill(&mut event.response_id, &other.response_id);
    fill(&mut event.attempt, &other.attempt);
    fill(&mut event.latency_ms, &other.latency_ms);
    fill(&mut event.reported_usd, &other.reported_usd);
    fill(&mut event.foreign_cost, &other.foreign_cost);
    if event.trace_id.is_none() {
        event.trace_id.clone_from(&other.trace_id);
        event.span_id.clone_from(&other.span_id);
        event.parent_span_id.clone_from(&other.parent_span_id);
    }
    for (unit, quantity) in &other.units {
        event.units.entry(unit.clone()).or_insert(*quantity);
    }
}
