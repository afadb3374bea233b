//! Joins sightings that name no common response, by what they counted and when.
//!
//! Two sets are of one call if different instrumentations saw them, the model may be the same, both counted the same,
//! and one lies inside the other in time. Pairs are made one to one, the tightest first.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Groups;
use super::{SLACK_MICROS, Sighting, model, response};

/// The most microseconds between the ends of two sightings of one call.
pub const ENDS_APART_MICROS: i64 = 15_000_000;

/// How well two sets fit, and which.
type Edge = ((i64, i64), usize, usize);

/// How far a short call may stand out of the one around it, microseconds.
const OVERHANG_MICROS: i64 = 10_000;

/// Joins set with set, one instrumentation after the other: as many pairs as there can be.
pub(super) fn join(groups: &mut Groups<'_>) {
    let of_one_call = |set: &Vec<usize>| !groups.is_aggregate(set[0]) && groups.counts(set).is_some();
    let mut layers: BTreeMap<&str, Vec<Vec<usize>>> = BTreeMap::new();
    for set in groups.sets().into_iter().filter(of_one_call) {
        let emitter = set.iter().map(|place| groups.sightings[*place].emitter()).min();
        layers.entry(emitter.unwrap_or_default()).or_default().push(set);
    }
    let mut joined: Vec<Vec<usize>> = Vec::new();
    for layer in layers.into_values() {
        let mut edges: Vec<Edge> = Vec::new();
        for (left, one) in layer.iter().enumerate() {
            for (right, other) in joined.iter().enumerate() {
                edges.extend(fit(groups, one, other).map(|fit| (fit, left, right)));
            }
        }
        edges.sort_unstable();
        let pairs = pair(&edges, layer.len(), joined.len());
        for (set, right) in layer.into_iter().zip(pairs) {
            match right {
                Some(right) => {
                    groups.join(set[0], joined[right][0]);
                    joined[right].extend(set);
                }
                None => joined.push(set),
            }
        }
    }
}

/// Pairs each of the left with one of the right: the best fits first, then changed where that makes more pairs.
fn pair(edges: &[Edge], left: usize, right: usize) -> Vec<Option<usize>> {
    let (mut of_left, mut of_right) = (vec![None; left], vec![None; right]);
    for (_, one, other) in edges {
        if of_left[*one].is_none() && of_right[*other].is_none() {
            (of_left[*one], of_right[*other]) = (Some(*other), Some(*one));
        }
    }
    for one in 0..left {
        if of_left[one].is_none() {
            augment(edges, one, &mut of_right, &mut BTreeSet::new());
            of_left = vec![None; left];
            for (other, one) in of_right.iter().enumerate().filter_map(|(other, one)| Some((other, (*one)?))) {
                of_left[one] = Some(other);
            }
        }
    }
    of_left
}

/// Finds a partner for `one`, moving those that have another choice.
fn augment(edges: &[Edge], one: usize, of_right: &mut [Option<usize>], tried: &mut BTreeSet<usize>) -> bool {
    for (_, _, other) in edges.iter().filter(|(_, left, _)| *left == one) {
        if tried.insert(*other) && of_right[*other].is_none_or(|taken| augment(edges, taken, of_right, tried)) {
            of_right[*other] = Some(one);
            return true;
        }
    }
    false
}

/// How well two sets lie inside each other: how far the inner one stands out, then how much wider the outer one is,
/// microseconds. `None` if they are of two calls.
fn fit(groups: &Groups<'_>, one: &[usize], other: &[usize]) -> Option<(i64, i64)> {
    let counts = groups.counts(one).zip(groups.counts(other));
    if !counts.is_some_and(|(a, b)| a.equals(&b)) || !may_be_one(groups, one, other) {
        return None;
    }
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| nested(&groups.sightings[*a], &groups.sightings[*b])).min()
}

/// Whether nothing speaks against it: no instrumentation saw both, and they do not name two responses.
fn may_be_one(groups: &Groups<'_>, one: &[usize], other: &[usize]) -> bool {
    let seen = |place: &usize| &groups.sightings[*place];
    let emitters: BTreeSet<&str> = one.iter().map(|place| seen(place).emitter()).collect();
    let apart = other.iter().all(|place| !emitters.contains(seen(place).emitter()));
    let models = one.iter().any(|a| other.iter().any(|b| model::may_be_same(seen(a).event, seen(b).event)));
    apart && models && !response::contradict(groups, one, other)
}

/// How far the inner of two sightings stands out of the outer one, and how much wider that is.
fn nested(a: &Sighting<'_>, b: &Sighting<'_>) -> Option<(i64, i64)> {
    let (a, b) = (a.interval(), b.interval());
    let width = |(start, end): (i64, i64)| end.saturating_sub(start);
    let (inner, outer) = if width(a) <= width(b) { (a, b) } else { (b, a) };
    let overhang = (outer.0.saturating_sub(inner.0)).max(0).saturating_add((inner.1.saturating_sub(outer.1)).max(0));
    let apart = inner.1 < outer.0 || outer.1 < inner.0;
    // What has a length must lie inside for the most of it: calls that follow or overlap each other are two.
    let allowed =
        if width(inner) == 0 { SLACK_MICROS } else { (width(inner) / 4).clamp(OVERHANG_MICROS, SLACK_MICROS) };
    let fits = overhang <= allowed && (!apart || width(inner) == 0);
    let ends = inner.1.saturating_sub(outer.1).saturating_abs();
    (fits && ends <= ENDS_APART_MICROS).then(|| (overhang, width(outer).saturating_sub(width(inner))))
}
