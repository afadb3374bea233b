//! The two things that go wrong in the demo: a prompt that grows, and an agent that retries without end.
//! Invariant: both happen at the same place for every seed, so that pages and tests can point at them.

use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Status, UsageEvent};

use super::random::{Random, whole};
use super::traffic::{DAY_MICROS, HOUR_MICROS, Maker, Order};
use super::workload::{Company, GROWING_FEATURE, LOOPING_AGENT};

/// From how many days before the end the prompts grow, and until when.
const GROWTH_DAYS: (i64, i64) = (9, 2);
/// How many hours before the end the loop starts.
const LOOP_HOURS: i64 = 4 * 24 - 5;

/// Adds the incidents of `company` to its events.
pub(super) fn strike(order: Order, company: &'static Company, events: &mut Vec<UsageEvent>) {
    grow_prompts(order.until, events);
    if company.workloads.iter().any(|workload| workload.agent.is_some_and(|agent| agent.name == LOOPING_AGENT)) {
        retry_without_end(order, company, events);
    }
}

/// A release that appends the whole ticket history to every prompt: each day reads more than the last.
fn grow_prompts(until: Timestamp, events: &mut [UsageEvent]) {
    let (from, to) = (until.plus_micros(-GROWTH_DAYS.0 * DAY_MICROS), until.plus_micros(-GROWTH_DAYS.1 * DAY_MICROS));
    for event in events.iter_mut().filter(|event| event.feature_tag.as_deref() == Some(GROWING_FEATURE)) {
        if event.occurred_at < from || event.occurred_at >= to || event.status == Status::Error {
            continue;
        }
        let days = (event.occurred_at.micros() - from.micros()) as f64 / DAY_MICROS as f64;
        let input = event.usage.get(Leaf::Input) as f64;
        event.usage.set(Leaf::Input, whole(input * (1.0 + 0.9 * days)));
        event.tags.insert("release".to_owned(), "2.14.0".to_owned());
    }
}

/// One run that meets a timeout, sends its whole context again, and again, for three hours.
fn retry_without_end(order: Order, company: &'static Company, events: &mut Vec<UsageEvent>) {
    let Some(workload) = company.workloads.iter().find(|workload| workload.agent.is_some()) else { return };
    let Some((_, model)) = workload.models.first() else { return };
    let mut maker = Maker { order, company, workload, random: Random::new(order.seed, 9_999) };
    let tries = (order.events / 80).clamp(60, 1_200);
    let start = order.until.plus_micros(-LOOP_HOURS * HOUR_MICROS);
    let user = maker.user();
    let trace_id = maker.random.hex(32);
    for attempt in 1..=tries {
        let after = 3 * HOUR_MICROS / i64::try_from(tries).unwrap_or(1) * i64::try_from(attempt).unwrap_or(0);
        let mut event = maker.event(start.plus_micros(after), *model, 90_000);
        event.usage = Usage::default().with(Leaf::Input, 90_000 + 40 * attempt as u64);
        event.source = "otlp".to_owned();
        event.status = Status::Error;
        event.error_type = Some("timeout".to_owned());
        event.response_id = None;
        event.agent = Some(LOOPING_AGENT.to_owned());
        event.skill = Some("run_tests".to_owned());
        event.run_id = Some("run-that-would-not-end".to_owned());
        event.session_id = Some("session-that-would-not-end".to_owned());
        event.trace_id = Some(trace_id.clone());
        event.span_id = Some(maker.random.hex(16));
        event.user_id = Some(user.clone());
        event.attempt = u32::try_from(attempt).ok();
        event.latency_ms = Some(60_000);
        events.push(event);
    }
}
