//! The demo's traffic: the same from the same seed, valid, and with the shape it claims.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::time::Timestamp;
use purser_domain::usage_event::{Status, UsageEvent};

use super::traffic::{Order, Traffic, generate};
use super::workload::{GROWING_FEATURE, LOOPING_AGENT};

const DAY: i64 = 86_400_000_000;

fn order(seed: u64) -> Order {
    // A Friday noon.
    Order { seed, until: "2026-11-20T12:00:00Z".parse().expect("a literal"), events: 20_000 }
}

fn of<'a>(made: &'a [Traffic], tenant: &str) -> &'a [UsageEvent] {
    made.iter().find(|traffic| traffic.company.tenant == tenant).map_or(&[], |traffic| traffic.events.as_slice())
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_seed_others() {
    let (first, again, other) = (generate(order(7)), generate(order(7)), generate(order(8)));
    for ((a, b), c) in first.iter().zip(&again).zip(&other) {
        assert!(a.events == b.events, "{}", a.company.tenant);
        assert!(a.events != c.events, "{}", a.company.tenant);
    }
}

#[test]
fn every_event_passes_the_wires_rules_and_no_id_comes_twice() {
    let order = order(7);
    let mut ids = BTreeSet::new();
    for traffic in generate(order) {
        for event in &traffic.events {
            let mut errors = Vec::new();
            event.check("", order.until, &mut errors);
            assert!(errors.is_empty(), "{errors:?}");
            assert!(event.occurred_at < order.until);
            assert!(ids.insert((traffic.company.tenant, event.event_id.clone())));
        }
    }
    assert!((19_000..=22_000).contains(&ids.len()), "{}", ids.len());
}

#[test]
fn offices_rest_at_night_and_at_weekends() {
    let made = generate(order(7));
    let support: Vec<Timestamp> = of(&made, "acme")
        .iter()
        .filter(|event| event.feature_tag.as_deref() == Some(GROWING_FEATURE))
        .map(|event| event.occurred_at)
        .collect();
    let count = |wanted: &dyn Fn(i64) -> bool| support.iter().filter(|at| wanted(at.micros())).count();
    let hour = |micros: i64| (micros + 3_600_000_000).rem_euclid(DAY) / 3_600_000_000;
    let weekend = |micros: i64| matches!((micros + 3_600_000_000).div_euclid(DAY).rem_euclid(7), 2 | 3);
    assert!(count(&|at| (9..18).contains(&hour(at))) > 10 * count(&|at| hour(at) < 6));
    assert!(count(&|at| !weekend(at)) > 8 * count(&weekend));
}

#[test]
fn prompts_grow_by_the_day_until_they_are_mended() {
    let made = generate(order(7));
    let mut by_day: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for event in of(&made, "acme") {
        if event.feature_tag.as_deref() == Some(GROWING_FEATURE) && event.status == Status::Ok {
            let days_before = (order(7).until.micros() - event.occurred_at.micros()) / DAY;
            let sum = by_day.entry(days_before).or_default();
            *sum = (sum.0 + event.usage.total_input(), sum.1 + 1);
        }
    }
    let mean = |days_before: i64| by_day.get(&days_before).map_or(0.0, |(sum, count)| *sum as f64 / *count as f64);
    assert!(mean(2) > 3.0 * mean(11), "{} against {}", mean(2), mean(11));
    assert!(mean(1) < 1.4 * mean(11), "{} against {}", mean(1), mean(11));
}

#[test]
fn one_run_retries_for_three_hours() {
    let made = generate(order(7));
    let tries: Vec<&UsageEvent> =
        of(&made, "globex").iter().filter(|e| e.run_id.as_deref() == Some("run-that-would-not-end")).collect();
    assert_eq!(tries.len(), 250);
    assert!(tries.iter().all(|event| event.status == Status::Error && event.agent.as_deref() == Some(LOOPING_AGENT)));
    let (first, last) = (tries[0].occurred_at.micros(), tries[249].occurred_at.micros());
    assert!((last - first) / 60_000_000 > 170);
}
