//! Counters and histograms of the server, in Prometheus' text format at `/metrics`.
//! Invariant: no label carries a tenant, a key or anything a caller chose.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use purser_service::ingest::Receipt;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the latency histograms, seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Makes this process count; once, however many routers there are.
pub(crate) fn install() {
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?;
        let handle = builder.install_recorder().inspect_err(|error| tracing::warn!(%error, "no metrics")).ok()?;
        describe();
        Some(handle)
    });
}

fn describe() {
    describe_counter!("purser_events_accepted_total", "Usage events stored, by receiver");
    describe_counter!("purser_events_duplicate_total", "Usage events that were known already, by receiver");
    describe_counter!("purser_events_observation_total", "Further sightings of charged calls, by receiver");
    describe_counter!("purser_events_conflict_total", "Event ids that came again with another payload, by receiver");
    describe_counter!("purser_events_refused_total", "Usage events that break a rule, by receiver");
    describe_counter!("purser_events_unpriced_total", "Usage events stored without a cost, by receiver");
    describe_counter!("purser_fields_ignored_total", "Unknown fields of foreign formats, by receiver");
    describe_histogram!("purser_ingest_ack_seconds", "From a request's arrival to its durable acknowledgement");
    describe_counter!("purser_http_requests_total", "Requests, by method, route and status");
    describe_histogram!("purser_http_request_seconds", "Time to answer a request, by route");
    describe_gauge!("purser_up", "1 while the server runs");
}

/// Counts an answered request.
pub(crate) fn request(method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let status = status.as_str().to_owned();
    counter!("purser_http_requests_total", "method" => method, "route" => route.to_owned(), "status" => status)
        .increment(1);
    histogram!("purser_http_request_seconds", "route" => route.to_owned()).record(elapsed.as_secs_f64());
}

/// Counts what became of a request's events.
pub(crate) fn receipt(receiver: &'static str, receipt: &Receipt, elapsed: Duration) {
    for (name, count) in [
        ("purser_events_accepted_total", receipt.accepted),
        ("purser_events_duplicate_total", receipt.duplicates),
        ("purser_events_observation_total", receipt.observations),
        ("purser_events_conflict_total", receipt.conflicts.len() as u64),
        ("purser_events_refused_total", receipt.refused.len() as u64),
        ("purser_events_unpriced_total", receipt.unpriced),
        ("purser_fields_ignored_total", receipt.ignored),
    ] {
        counter!(name, "receiver" => receiver).increment(count);
    }
    histogram!("purser_ingest_ack_seconds", "receiver" => receiver).record(elapsed.as_secs_f64());
}

/// Counts events of a request that was refused as a whole.
pub(crate) fn refused(receiver: &'static str, conflict: bool, count: u64) {
    let name = if conflict { "purser_events_conflict_total" } else { "purser_events_refused_total" };
    counter!(name, "receiver" => receiver).increment(count);
}

/// All meters in Prometheus' text format.
pub(crate) fn render(gauges: &[(&'static str, f64)]) -> String {
    gauge!("purser_up").set(1.0);
    for (name, value) in gauges {
        gauge!(*name).set(*value);
    }
    let Some(Some(handle)) = HANDLE.get() else { return String::new() };
    handle.run_upkeep();
    handle.render()
}
