//! Joins a sighting with the one that it lies inside of in its trace.
//!
//! A call seen inside a call of the same model that counted the same is that call, seen by the framework and by the SDK
//! below it; if one of them counted nothing, it is that call as well. What has several calls inside it, or counted what
//! none of them did, stands for them together (an agent taken for a call, a client that tries again): they are charged,
//! it is not.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::group::Groups;
use super::{model, response};

/// The deepest nesting that is followed.
const DEPTH_MAX: usize = 64;

/// Joins from the inside out.
pub(super) fn join(groups: &mut Groups<'_>) {
    let sightings = groups.sightings;
    let mut by_span = BTreeMap::new();
    for place in groups.order.iter().filter(|place| !sightings[**place].event.is_aggregate()) {
        if let Some(span) = sightings[*place].span() {
            by_span.entry(span).or_insert(*place);
        }
    }
    let mut outer_of = BTreeMap::new();
    for place in &groups.order {
        let outer = sightings[*place].spans_around().find_map(|span| by_span.get(&span).copied());
        if let Some(outer) = outer.filter(|outer| outer != place) {
            outer_of.insert(*place, outer);
        }
    }
    // Spans that lie inside each other are none of them inside.
    let in_circle = |place: usize| {
        let mut at = place;
        (0..DEPTH_MAX).any(|_| outer_of.get(&at).inspect(|outer| at = **outer).is_some_and(|outer| *outer == place))
    };
    let circles: Vec<usize> = outer_of.keys().copied().filter(|place| in_circle(*place)).collect();
    for place in circles {
        outer_of.remove(&place);
    }
    let depth = |mut place: usize| {
        let mut depth = 0;
        while let Some(outer) = outer_of.get(&place).filter(|_| depth < DEPTH_MAX) {
            place = *outer;
            depth += 1;
        }
        depth
    };
    let mut outers: Vec<usize> = outer_of.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
    outers.sort_by_key(|place| (Reverse(depth(*place)), sightings[*place].key()));
    for outer in outers {
        let inside = groups.order.iter().copied().filter(|place| outer_of.get(place) == Some(&outer));
        let inside: Vec<usize> = inside.filter(|place| groups.root(*place) != groups.root(outer)).collect();
        settle(groups, outer, &inside);
    }
}

/// Joins the calls inside with the one around them, or tells that it stands for them.
fn settle(groups: &mut Groups<'_>, outer: usize, inside: &[usize]) {
    let sets: BTreeSet<usize> = inside.iter().map(|place| groups.root(*place)).collect();
    let around = groups.members(groups.root(outer));
    let own = groups.counts(&around);
    let mut counted = Vec::new();
    let mut silent = Vec::new();
    for set in sets {
        let members = groups.members(set);
        let Some(best) = groups.best(&members) else { continue };
        let fits = model::may_be_same(best.event, groups.sightings[outer].event)
            && !response::contradict(groups, &around, &members);
        match groups.counts(&members) {
            Some(counts) => counted.push((set, counts, fits)),
            None => silent.push((set, fits)),
        }
    }
    let Some(own) = own else {
        // It counted nothing: it is the only call inside it, or stands for them all.
        match (counted.as_slice(), silent.as_slice()) {
            ([], []) => {}
            ([(only, _, true)], []) | ([], [(only, true)]) => groups.join(outer, *only),
            _ => groups.set_aggregate(outer, inside),
        }
        return;
    };
    let of_its_model: Vec<_> = counted.iter().filter(|(_, _, fits)| *fits).collect();
    let same = match of_its_model.as_slice() {
        [] => None,
        [(only, counts, _)] if own.equals(counts) || own.explains(counts) || counts.explains(&own) => Some(*only),
        several => several.iter().find(|(_, counts, _)| own.equals(counts)).map(|(set, _, _)| *set),
    };
    let sum =
        counted.iter().fold((0, 0), |(input, output), (_, counts, _)| (input + counts.input, output + counts.output));
    let is_sum = counted.len() > 1 && sum == (own.input, own.output);
    match same {
        Some(same) if !is_sum => groups.join(outer, same),
        None if of_its_model.is_empty() && !is_sum => {}
        _ => return groups.set_aggregate(outer, inside),
    }
    for (set, _) in silent.into_iter().filter(|(_, fits)| *fits) {
        groups.join(outer, set);
    }
}
