//! Counters and histograms of the server, in Prometheus' text format at `/metrics`.
//! Invariant: no label carries a tenant, a key or a value of data; only `passed_over` shows words that came from outside.

mod passed_over;

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use purser_service::ingest::Receipt;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Upper bounds of the latency histograms, seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Upper bounds of the simulator's histograms: scores, cents and milliseconds. Names and bounds are the reference's.
const COSTSIM: [(&str, &[f64]); 3] = [
    ("costsim_v2_drift_score", &[0.01, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0]),
    ("costsim_v2_cost_delta_cents", &[1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0]),
    ("costsim_v2_simulation_duration_ms", &[1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0]),
];

/// Makes this process count; once, however many routers there are.
pub(crate) fn install() {
    HANDLE.get_or_init(|| {
        let mut builder = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?;
        for (name, bounds) in COSTSIM {
            builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), bounds).ok()?;
        }
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
    describe_counter!(
        passed_over::NAME,
        "Spans, log records, calls and counts read and not charged, by emitter, operation and reason"
    );
    describe_histogram!("purser_ingest_ack_seconds", "From a request's arrival to its durable acknowledgement");
    describe_counter!("purser_http_requests_total", "Requests, by method, route and status");
    describe_histogram!("purser_http_request_seconds", "Time to answer a request, by route");
    describe_histogram!("costsim_v2_drift_score", "Drift of the candidate from the baseline, 0 to 1");
    describe_histogram!("costsim_v2_cost_delta_cents", "Candidate's cost less the baseline's, absolute, cents");
    describe_histogram!("costsim_v2_simulation_duration_ms", "Time the candidate took, milliseconds");
    describe_counter!("costsim_v2_simulations_total", "Simulations of the candidate, by status");
    describe_counter!("costsim_v2_comparison_verdict_total", "Comparisons, by verdict");
    describe_counter!("costsim_v2_schema_errors_total", "Simulations of plans without a step");
    describe_counter!("costsim_v2_provenance_logs_total", "Simulations given to provenance, by outcome");
    describe_counter!("purser_shadow_dropped_total", "Simulations that found the shadow's queue full");
    describe_counter!("purser_shadow_timeouts_total", "Simulations that the shadow gave up at their deadline");
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
    for (kind, count) in &receipt.passed_over {
        passed_over::count(receiver, kind, *count);
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
