//! Simulates a plan's graph under `v3`.

use purser_domain::estimate::{Estimate, Options};
use purser_domain::plan::Plan;
use purser_domain::provenance::{Hash, Record, Variant, Versions};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::simulation::v3::{SimulateError, Sources, priors, simulate};
use serde_json::Value;

use super::inputs::{self, Rested};
use super::{Recorded, catalogue_version};
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// The most draws of one request.
pub const DRAWS_MAX: u32 = 100_000;

/// A plan's graph, for `v3`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphRequest {
    /// The plan.
    pub plan: Plan,
    /// The plan as it was sent, for the record.
    pub sent: Value,
    /// Limits, draws, seed.
    pub options: Options,
    /// When the plan runs: prices are those of that time. Now, if absent.
    pub price_at: Option<Timestamp>,
    /// The run it is for: what that run is really charged is found by it.
    pub run_id: Option<String>,
}

impl Service {
    /// Simulates under `v3`, on a thread of its own.
    ///
    /// # Errors
    /// Forbidden; invalid if an option is out of range, the plan is empty, a model has no price, or it is too much work;
    /// unavailable.
    pub async fn simulate_v3(&self, who: &Principal, request: GraphRequest) -> Result<Recorded<Estimate>, Error> {
        let catalogue = self.catalogue(who).await?;
        check(&request.options)?;
        // The record is dated before prices and calibration are read, so that a replay finds those of then.
        let asked_at = self.now();
        let book = self.tenant_book(who.tenant()).await?;
        let at = request.price_at.unwrap_or(asked_at);
        let started = std::time::Instant::now();
        let version = catalogue_version(&catalogue);
        let learned = self.calibration_of(who.tenant()).await?;
        let basis = learned.clone();
        let task = tokio::task::spawn_blocking(move || {
            let priors = priors(&catalogue);
            let sources = Sources { book: &book, at, calibration: &basis.calibration, priors: &priors };
            let estimate = simulate(&request.plan, sources, &request.options, 1);
            (estimate, request)
        });
        let (estimate, request) = task.await.map_err(|error| Error::internal(&error))?;
        let estimate = estimate.map_err(|error| refused(&error))?;
        let provenance_id = self.next_record();
        if let Some(id) = provenance_id {
            let version_of = |number| Rested { number, version: learned.calibration.version.clone() };
            let calibration = learned.number.map(version_of);
            let inputs = inputs::of_graph(&request, at, calibration.as_ref());
            let (inputs, output) = (canonical(&inputs, Form::Rfc8785), canonical(&estimate, Form::Rfc8785));
            let mut record = Record::new(id, who.tenant().clone(), asked_at, inputs, output);
            record.variant = Variant::V3;
            record.seed = Some(request.options.seed);
            record.versions = Versions {
                catalogue: Some(version),
                model: Some(estimate.basis.model_version.clone()),
                price_book: price_version(&estimate.basis.price_versions),
                ..Versions::default()
            };
            record.run_id.clone_from(&request.run_id);
            record.runtime_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.keep(who, record).await;
        }
        Ok(Recorded { simulation: estimate, provenance_id })
    }
}

fn check(options: &Options) -> Result<(), Error> {
    let mut errors = Vec::new();
    options.check(&mut errors);
    if options.draws > DRAWS_MAX {
        errors.retain(|error| error.field != "draws");
        errors.push(FieldError::new("draws", &options.draws, format!("must be from 1 to {DRAWS_MAX}")));
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::invalid(errors)) }
}

/// One name for all prices that were used: their versions, or the hash of many.
pub(crate) fn price_version(versions: &[String]) -> Option<String> {
    let joined = versions.join(",");
    match joined.len() {
        0 => None,
        1..=1_024 => Some(joined),
        _ => Some(Hash::of(joined.as_bytes()).to_string()),
    }
}

/// What is wrong with the plan, under the field that can be changed.
#[must_use]
pub fn refused(error: &SimulateError) -> Error {
    let (field, value) = at_fault(error);
    Error::invalid_field(&field, &value, &error.to_string())
}

fn at_fault(error: &SimulateError) -> (String, String) {
    match error {
        SimulateError::EmptyPlan => ("plan".to_owned(), "[]".to_owned()),
        SimulateError::Unpriced { model, .. } => ("plan".to_owned(), model.clone()),
        SimulateError::TooExpensive { most } => ("plan".to_owned(), most.to_string()),
        SimulateError::TooMuchWork { draws, .. } => ("draws".to_owned(), draws.to_string()),
        SimulateError::FixedCount { node, factor } => (node.clone(), factor.to_string()),
        SimulateError::TooLong { node, work } => (node.clone(), work.to_string()),
        SimulateError::Alternative { index, model, .. } => (format!("alternatives[{index}]"), model.clone()),
        SimulateError::Sweep { index, reason } => (format!("sweep[{index}]"), at_fault(reason).1),
    }
}
