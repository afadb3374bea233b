//! Which of several sightings of one model call is charged.
//!
//! Sightings with the same tenant, provider and response id whose times overlap are one call; a gap of up to
//! [`SLACK_MICROS`] counts as overlap, for clocks and log delays differ. A call's times are the hull of its sightings,
//! so calls are the connected components of their sightings.
//! Invariant: the calls and their winners depend on the set of sightings only, never on the order of arrival.

use std::cmp::Reverse;

use purser_domain::usage_event::UsageEvent;

/// The gap between two sightings of one call, microseconds.
pub(crate) const SLACK_MICROS: i64 = 2_000_000;

/// A call: when it was seen, and the best sighting of it. A sighting by itself is a call that one event saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) winner: Sighting,
    /// Whether one event saw it.
    pub(crate) alone: bool,
    /// When the row was received that brought it, microseconds; of no meaning once several events saw it.
    pub(crate) since: i64,
}

/// One event that saw a call, ordered as `purser_domain::entry::observation_rank` orders: the greatest is charged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sighting {
    specificity: u32,
    id: Reverse<(String, String)>,
}

impl Sighting {
    /// Its source and event id.
    pub(crate) fn id(&self) -> (&str, &str) {
        (&self.id.0.0, &self.id.0.1)
    }
}

impl Call {
    /// The call as `event` alone saw it, by a row received at `since`.
    pub(crate) fn of(event: &UsageEvent, since: i64) -> Self {
        let end = event.occurred_at.micros();
        let latency = event.latency_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(0).saturating_mul(1_000);
        let id = Reverse((event.source.clone(), event.event_id.clone()));
        let winner = Sighting { specificity: event.usage.specificity(), id };
        Self { start: end.saturating_sub(latency), end, winner, alone: true, since }
    }

    const fn touches(&self, other: &Self) -> bool {
        self.start <= other.end.saturating_add(SLACK_MICROS) && other.start <= self.end.saturating_add(SLACK_MICROS)
    }
}

/// Adds a sighting to the calls of one response id: takes the calls it touches out of `calls`, puts in the one they
/// become, and returns those it joined and the new winner.
pub(crate) fn merge(calls: &mut Vec<Call>, mut seen: Call) -> (Vec<Call>, Sighting) {
    let mut joined = Vec::new();
    while let Some(index) = calls.iter().position(|call| call.touches(&seen)) {
        let call = calls.swap_remove(index);
        seen.start = seen.start.min(call.start);
        seen.end = seen.end.max(call.end);
        if call.winner > seen.winner {
            seen.winner = call.winner.clone();
        }
        seen.alone = false;
        joined.push(call);
    }
    let winner = seen.winner.clone();
    calls.push(seen);
    (joined, winner)
}

/// Calls as bytes, for the index.
pub(crate) fn to_bytes(calls: &[Call]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(calls.len() * 64);
    for call in calls {
        let (source, event_id) = call.winner.id();
        bytes.extend_from_slice(&call.start.to_le_bytes());
        bytes.extend_from_slice(&call.end.to_le_bytes());
        bytes.extend_from_slice(&call.since.to_le_bytes());
        bytes.push(u8::from(call.alone));
        bytes.push(u8::try_from(call.winner.specificity).unwrap_or(u8::MAX));
        for text in [source, event_id] {
            bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// Reads [`to_bytes`]; `None` if the bytes are not of that form.
pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Vec<Call>> {
    let mut calls = Vec::new();
    while !bytes.is_empty() {
        let start = i64::from_le_bytes(*take::<8>(&mut bytes)?);
        let end = i64::from_le_bytes(*take::<8>(&mut bytes)?);
        let since = i64::from_le_bytes(*take::<8>(&mut bytes)?);
        let alone = take::<1>(&mut bytes)?[0] == 1;
        let specificity = u32::from(take::<1>(&mut bytes)?[0]);
        let source = take_text(&mut bytes)?;
        let event_id = take_text(&mut bytes)?;
        let winner = Sighting { specificity, id: Reverse((source, event_id)) };
        calls.push(Call { start, end, winner, alone, since });
    }
    Some(calls)
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(head)
}

fn take_text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(u32::from_le_bytes(*take::<4>(bytes)?)).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use purser_domain::entry::observation_rank;
    use purser_domain::time::Timestamp;
    use purser_domain::usage::{Leaf, Usage};

    fn event(id: &str, end_s: i64, latency_s: u64, leaves: u64) -> UsageEvent {
        let usage = Usage::default().with(Leaf::Input, leaves & 1).with(Leaf::Output, leaves >> 1 & 1);
        UsageEvent {
            event_id: id.to_owned(),
            source: "otlp".to_owned(),
            occurred_at: Timestamp::from_micros(end_s * 1_000_000),
            latency_ms: Some(latency_s * 1_000),
            usage,
            ..UsageEvent::default()
        }
    }

    fn sorted(events: &[UsageEvent]) -> Vec<(i64, i64, String)> {
        let mut calls = Vec::new();
        for event in events {
            merge(&mut calls, Call::of(event, 0));
        }
        let mut shown: Vec<_> = calls.iter().map(|c| (c.start, c.end, c.winner.id().1.to_owned())).collect();
        shown.sort();
        shown
    }

    #[test]
    fn a_sighting_between_two_calls_joins_them() {
        let (a, b, c) = (event("a", 10, 0, 1), event("b", 13, 1, 3), event("c", 15, 0, 1));
        assert_eq!(sorted(&[a.clone(), c.clone()]).len(), 2, "five seconds apart");
        assert_eq!(sorted(&[a, c, b]), [(10_000_000, 15_000_000, "b".to_owned())]);
    }

    #[test]
    fn the_calls_joined_are_all_named() {
        let mut calls = Vec::new();
        assert_eq!(merge(&mut calls, Call::of(&event("a", 10, 0, 3), 0)).0, []);
        assert_eq!(merge(&mut calls, Call::of(&event("c", 15, 0, 1), 0)).0, []);
        let (joined, winner) = merge(&mut calls, Call::of(&event("b", 13, 1, 1), 0));
        let mut ids: Vec<&str> = joined.iter().map(|call| call.winner.id().1).collect();
        ids.sort_unstable();
        assert_eq!((ids, winner.id().1), (vec!["a", "c"], "a"));
    }

    proptest! {
        #[test]
        fn calls_do_not_depend_on_the_order_of_arrival(
            seen in prop::collection::vec((0_i64..40, 0_u64..6, 0_u64..4), 1..9),
            keys in prop::collection::vec(any::<u32>(), 9),
        ) {
            let events: Vec<UsageEvent> =
                seen.iter().enumerate().map(|(n, (end, latency, leaves))| event(&n.to_string(), *end, *latency, *leaves)).collect();
            let mut shuffled: Vec<_> = keys.iter().zip(events.clone()).collect();
            shuffled.sort_by_key(|(key, _)| **key);
            let shuffled: Vec<UsageEvent> = shuffled.into_iter().map(|(_, event)| event).collect();
            prop_assert_eq!(sorted(&events), sorted(&shuffled));
        }

        #[test]
        fn sightings_are_ordered_as_the_domain_says(a in 0_u64..4, b in 0_u64..4, x in "[ab]{1,2}", y in "[ab]{1,2}") {
            let (one, other) = (event(&x, 1, 0, a), event(&y, 1, 0, b));
            let expected = observation_rank(&one).cmp(&observation_rank(&other));
            prop_assert_eq!(Call::of(&one, 0).winner.cmp(&Call::of(&other, 0).winner), expected);
        }

        #[test]
        fn calls_survive_as_bytes(end in any::<i64>(), latency in 0_u64..9, id in ".*") {
            let calls = vec![Call::of(&event(&id, end / 4_000_000, latency, 1), 0), Call::of(&event("x", 1, 2, 3), 0)];
            prop_assert_eq!(from_bytes(&to_bytes(&calls)), Some(calls));
        }
    }
}
