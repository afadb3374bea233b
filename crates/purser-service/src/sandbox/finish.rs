//! What follows a simulation: comparison, log, meters, record.
//! Invariant: none of it can fail the baseline; what cannot be recorded is logged and counted.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use metrics::{counter, histogram};
use purser_domain::comparison::{Comparison, Verdict};
use purser_domain::provenance::{Record, RecordId, Status, Variant};
use purser_domain::simulation::v2::Stamp;
use purser_domain::simulation::{v1, v2};
use purser_domain::skill::Catalogue;
use purser_domain::time::Timestamp;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::{comparison, step};
use serde::Serialize;

use super::worker::Job;
use crate::principal::Principal;
use crate::service::Service;
use crate::simulation::{Request, flat_versions, money};

/// The candidate's answer beside the baseline's.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The candidate's answer.
    pub v2: v2::Simulation,
    /// Both side by side.
    pub comparison: Comparison,
}

/// Everything that a simulation is recorded with.
pub(crate) struct Context {
    pub(crate) service: Service,
    pub(crate) who: Principal,
    /// `None` if nothing is recorded.
    pub(crate) id: Option<RecordId>,
    pub(crate) at: Timestamp,
    pub(crate) request: Request,
    pub(crate) baseline: v1::Simulation,
    pub(crate) baseline_ms: u64,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) stamp: Stamp,
}

/// Sets the candidate's result beside the baseline's; counts and logs it.
pub(super) fn compared(
    context: &Context,
    result: Result<v2::Simulation, String>,
    elapsed: Duration,
) -> Result<Compared, String> {
    let mut v2 = result.inspect_err(|error| {
        counter!("costsim_v2_simulations_total", "status" => "failed").increment(1);
        tracing::warn!(tenant = %context.who.tenant(), error, "the candidate failed");
    })?;
    v2.runtime_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let comparison = comparison::compare(&context.baseline, &v2);
    counter!("costsim_v2_simulations_total", "status" => v2.status.name()).increment(1);
    counter!("costsim_v2_comparison_verdict_total", "verdict" => comparison.verdict.name()).increment(1);
    if v2.status == v2::Status::SchemaError {
        counter!("costsim_v2_schema_errors_total").increment(1);
    }
    histogram!("costsim_v2_drift_score").record(comparison.drift_score);
    histogram!("costsim_v2_cost_delta_cents").record(comparison.cost_delta_cents.unsigned_abs() as f64);
    histogram!("costsim_v2_simulation_duration_ms").record(elapsed.as_secs_f64() * 1e3);
    log(context, &comparison);
    Ok(Compared { v2, comparison })
}

fn log(context: &Context, comparison: &Comparison) {
    macro_rules! say {
        ($level:ident) => {
            tracing::$level!(
                tenant = %context.who.tenant(),
                verdict = comparison.verdict.name(),
                drift_score = comparison.drift_score,
                cost_delta_cents = comparison.cost_delta_cents,
                feasibility_match = comparison.feasibility_match,
                "the candidate was compared with the baseline"
            )
        };
    }
    match comparison.verdict {
        Verdict::Match => say!(debug),
        Verdict::MinorDrift => say!(info),
        Verdict::MajorDrift => say!(warn),
        Verdict::Mismatch => say!(error),
    }
}

/// Puts the record of both answers together, or of why there is only one, and hands it to the recorder: heavy work, for
/// the background. `held` is let go once that is done.
pub(super) fn record(job: Arc<Job>, done: Option<&Result<Compared, String>>, held: impl Send + 'static) {
    let record = match done {
        Some(done) => job.context.both(done.as_ref()),
        None => job.context.expired(),
    };
    let runtime = job.runtime.clone();
    // Whatever the recorder starts belongs to the runtime that serves requests.
    let _inside = runtime.enter();
    let mut keeping = Box::pin(async move {
        job.context.keep(record).await;
        // Whoever waits for what is held may close what the job holds.
        drop(job);
        drop(held);
    });
    // As a rule there is room; else it is waited for there.
    if keeping.as_mut().now_or_never().is_none() {
        runtime.spawn(keeping);
    }
}

/// What is recorded of both answers, or of one and why there is no other.
#[derive(Debug, Serialize)]
pub(crate) struct Output<'a> {
    v1: &'a v1::Simulation,
    v2: Option<v2::Simulation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<&'a Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v2_error: Option<&'a str>,
}

impl<'a> Output<'a> {
    /// How long the candidate took stands in the record, not here: the output must come out again.
    pub(crate) fn of(v1: &'a v1::Simulation, done: Result<&'a Compared, &'a String>) -> Self {
        let compared = done.ok();
        let v2 = compared.map(|compared| v2::Simulation { runtime_ms: 0, ..compared.v2.clone() });
        let comparison = compared.map(|compared| &compared.comparison);
        Self { v1, v2, comparison, v2_error: done.err().map(String::as_str) }
    }
}

/// Records the baseline alone and hands it back.
pub(crate) async fn record_baseline(context: &Context) -> v1::Simulation {
    context.keep(context.alone()).await;
    context.baseline.clone()
}

pub(crate) const fn status_of(status: v2::Status) -> Status {
    match status {
        v2::Status::Success => Status::Success,
        v2::Status::Error => Status::Error,
        v2::Status::Timeout => Status::Timeout,
        v2::Status::SchemaError => Status::SchemaError,
    }
}

impl Context {
    /// The record of both answers, or of the baseline's and why there is no other.
    fn both(&self, done: Result<&Compared, &String>) -> Option<Record> {
        let mut record = self.record(self.id?, Variant::Comparison, &Output::of(&self.baseline, done));
        record.status = done.map_or(Status::Error, |compared| status_of(compared.v2.status));
        if let Ok(Compared { v2, .. }) = done {
            record.v2_cost = money(v2.estimated_cost_cents);
            record.runtime_ms = v2.runtime_ms;
        }
        Some(record)
    }

    /// The record of the baseline's answer, the candidate having been given up.
    pub(super) fn expired(&self) -> Option<Record> {
        let reason = "timeout".to_owned();
        let mut record = self.record(self.id?, Variant::Comparison, &Output::of(&self.baseline, Err(&reason)));
        record.status = Status::Timeout;
        Some(record)
    }

    /// The record of the baseline's answer alone.
    fn alone(&self) -> Option<Record> {
        let mut record = self.record(self.id?, Variant::V1, &self.baseline);
        record.status = match self.baseline.status {
            v1::Status::Feasible => Status::Success,
            v1::Status::InvalidPlan => Status::SchemaError,
            _ => Status::Error,
        };
        record.runtime_ms = self.baseline_ms;
        Some(record)
    }

    fn record(&self, id: RecordId, variant: Variant, output: &impl Serialize) -> Record {
        let inputs = canonical(&self.request.inputs(), Form::Rfc8785);
        let output = canonical(output, Form::Rfc8785);
        let mut record = Record::new(id, self.who.tenant().clone(), self.at, inputs, output);
        record.variant = variant;
        record.versions = flat_versions(variant, &self.catalogue, &self.stamp);
        let input_hash = step::input_hash(&self.request.steps, self.request.limits.budget_cents);
        record.input_hash = input_hash.parse().unwrap_or(record.input_hash);
        record.run_id.clone_from(&self.request.run_id);
        record.v1_cost = money(self.baseline.estimated_cost_cents);
        record
    }

    /// Hands the record to the recorder, if there is one.
    pub(super) async fn keep(&self, record: Option<Record>) {
        if let Some(record) = record {
            self.service.keep(&self.who, record).await;
        }
    }
}
