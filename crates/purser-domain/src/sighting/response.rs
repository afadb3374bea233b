//! Joins sightings that name the same response.
//!
//! Gateways rename providers and models, so neither is asked for: an id is long enough to be unique. One that is not
//! ([`is_short`]) tells a call only together with equal counts and a model that may be the same, between two
//! instrumentations or within a trace.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Groups;
use super::{SLACK_MICROS, Sighting, model};

/// Ids below this length are made of a counter or a session's number somewhere.
const SHORT: usize = 12;

/// Whether an id may repeat: it is short, or a mere number.
pub(super) fn is_short(id: &str) -> bool {
    id.len() < SHORT || id.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether two sets name two responses: long ids of one kind (`msg_…`) that are not the same.
pub(super) fn contradict(groups: &Groups<'_>, one: &[usize], other: &[usize]) -> bool {
    let kind = |id: &str| id.split_once(['_', '-']).map(|(kind, _)| kind.to_owned()).filter(|kind| kind.len() < SHORT);
    let ids = |places: &[usize]| -> BTreeSet<&str> {
        let named = places.iter().filter_map(|place| groups.sightings[*place].response_id());
        named.filter(|id| !is_short(id)).collect()
    };
    let (ours, theirs) = (ids(one), ids(other));
    ours.is_disjoint(&theirs) && ours.iter().any(|a| theirs.iter().any(|b| kind(a) == kind(b)))
}

/// Joins what names the same response at the same time: first what counted the same, then each coarser set with the
/// nearest finer one that explains its counts.
pub(super) fn join(groups: &mut Groups<'_>) {
    let mut by_response: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for place in &groups.order {
        let sighting = &groups.sightings[*place];
        if let Some(id) = sighting.response_id().filter(|_| !sighting.event.is_aggregate()) {
            by_response.entry(id).or_default().push(*place);
        }
    }
    for (id, places) in by_response.into_iter().filter(|(_, places)| places.len() > 1) {
        let short = is_short(id);
        for (at, one) in places.iter().enumerate() {
            for other in &places[at + 1..] {
                let (a, b) = (&groups.sightings[*one], &groups.sightings[*other]);
                if gap(a, b) <= SLACK_MICROS && counted_the_same(a, b, short) {
                    groups.join(*one, *other);
                }
            }
        }
        if !short {
            join_coarser(groups, &places);
        }
    }
}

/// Microseconds between two sightings; 0 if they overlap.
fn gap(a: &Sighting<'_>, b: &Sighting<'_>) -> i64 {
    let ((a_start, a_end), (b_start, b_end)) = (a.interval(), b.interval());
    b_start.saturating_sub(a_end).max(a_start.saturating_sub(b_end)).max(0)
}

/// Whether one of two sightings lies inside the other in time.
fn is_inside(a: &Sighting<'_>, b: &Sighting<'_>) -> bool {
    let (a, b) = (a.interval(), b.interval());
    (a.0 <= b.0 && b.1 <= a.1) || (b.0 <= a.0 && a.1 <= b.1)
}

fn counted_the_same(a: &Sighting<'_>, b: &Sighting<'_>, short: bool) -> bool {
    match (a.counts(), b.counts()) {
        (Some(one), Some(other)) if !one.equals(&other) => {
            // One of two instrumentations may count the beginning of a stream twice, or leave its end out.
            let apart = !short && a.emitter() != b.emitter() && one.input == other.input;
            apart && is_inside(a, b) && model::may_be_same(a.event, b.event)
        }
        (Some(_), Some(_)) if short => {
            let apart = a.emitter() != b.emitter();
            let one_trace = a.event.trace_id.is_some() && a.event.trace_id == b.event.trace_id;
            (apart || one_trace) && model::may_be_same(a.event, b.event)
        }
        (Some(_), Some(_)) => true,
        (None, None) => !short,
        _ => false,
    }
}

/// Gives each set that counted less, or nothing, to the nearest in time that explains it and whose model may be the same.
///
/// A set is given away once, so that it never joins two calls that counted differently.
fn join_coarser(groups: &mut Groups<'_>, places: &[usize]) {
    let mut edges = Vec::new();
    for coarse in places {
        for fine in places {
            let (a, b) = (&groups.sightings[*coarse], &groups.sightings[*fine]);
            let gap = gap(a, b);
            if gap <= SLACK_MICROS && explains(b, a) {
                edges.push((gap, a.key(), b.key(), groups.root(*coarse), *fine));
            }
        }
    }
    edges.sort_unstable();
    let mut given = BTreeSet::new();
    for (_, _, _, coarse, fine) in edges {
        if given.insert(coarse) {
            groups.join(coarse, fine);
        }
    }
}

fn explains(fine: &Sighting<'_>, coarse: &Sighting<'_>) -> bool {
    let counted = match (fine.counts(), coarse.counts()) {
        (Some(_), None) => true,
        (Some(fine), Some(coarse)) => !fine.equals(&coarse) && fine.explains(&coarse),
        (None, _) => false,
    };
    counted && model::may_be_same(fine.event, coarse.event)
}
