//! Simulates plans for a tenant: with its catalogue and its prices, recorded with everything they rest on.

pub(crate) mod graph;
pub(crate) mod inputs;

use std::collections::BTreeSet;
use std::sync::Arc;

use purser_domain::money::Money;
use purser_domain::provenance::{Record, RecordId, Variant, Versions};
use purser_domain::simulation::v2::Stamp;
use purser_domain::simulation::{Limits, ModelName, v1, v2};
use purser_domain::skill::{Catalogue, SkillId, UnknownPolicy};
use purser_domain::step::Step;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::{simulation, step};
use serde::Serialize;

use crate::error::Error;
use crate::principal::Principal;
use crate::sandbox::Answer;
use crate::service::Service;

pub use graph::{DRAWS_MAX, GraphRequest, refused};

/// A flat plan, for `v1` and `v2`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The plan.
    pub steps: Vec<Step>,
    /// What it may cost, do and risk.
    pub limits: Limits,
    /// What is done with skills in no row.
    pub unknown_skills: UnknownPolicy,
    /// The run it is for: what that run is really charged is found by it.
    pub run_id: Option<String>,
    /// The workflow it is for; recorded only.
    pub workflow_id: Option<String>,
    /// The agent it is for; recorded only.
    pub agent_id: Option<String>,
}

impl Request {
    /// What the flat table says.
    pub(crate) fn v1(&self, catalogue: &Catalogue) -> Result<v1::Simulation, Error> {
        let plan = step::resolve(&self.steps, catalogue, &self.unknown_skills).map_err(Error::invalid)?;
        Ok(simulation::v1::simulate(&plan, &self.limits))
    }

    /// Everything an answer depends on beside the catalogue, for the record.
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            plan: &self.steps,
            budget_cents: self.limits.budget_cents,
            allowed_skills: self.limits.allowed_skills.as_ref(),
            risk_threshold: self.limits.risk_threshold,
            unknown_skills: &self.unknown_skills,
            run_id: self.run_id.as_deref(),
            workflow_id: self.workflow_id.as_deref(),
            agent_id: self.agent_id.as_deref(),
        }
    }
}

/// A request as it is recorded.
#[derive(Debug, Serialize)]
pub(crate) struct Inputs<'a> {
    plan: &'a [Step],
    budget_cents: i64,
    allowed_skills: Option<&'a BTreeSet<SkillId>>,
    risk_threshold: f64,
    unknown_skills: &'a UnknownPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
}

/// A simulation and where it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<T> {
    /// What the model said.
    pub simulation: T,
    /// Where it is recorded; `None` if nothing is.
    pub provenance_id: Option<RecordId>,
}

impl Service {
    /// The model that answers when a request names none.
    #[must_use]
    pub fn default_model(&self) -> ModelName {
        self.sandbox().config().model
    }

    /// Simulates under the flat table. The candidate, if it is switched on, runs in the shadow; nobody waits for it.
    ///
    /// # Errors
    /// Forbidden; invalid with every fault of the plan; unavailable.
    pub async fn simulate_v1(&self, who: &Principal, request: Request) -> Result<Recorded<v1::Simulation>, Error> {
        let (Answer { baseline, provenance_id, .. }, _) = self.run_baseline(who, request).await?;
        Ok(Recorded { simulation: baseline, provenance_id })
    }

    /// Simulates under the parametric model.
    ///
    /// # Errors
    /// As [`Service::simulate_v1`].
    pub async fn simulate_v2(&self, who: &Principal, request: &Request) -> Result<Recorded<v2::Simulation>, Error> {
        let catalogue = self.catalogue(who).await?;
        let stamp = self.sandbox().stamp();
        let started = std::time::Instant::now();
        let plan = step::resolve(&request.steps, &catalogue, &request.unknown_skills).map_err(Error::invalid)?;
        let mut simulation = simulation::v2::simulate(&plan, &request.limits, &stamp);
        let output = canonical(&simulation, Form::Rfc8785);
        simulation.runtime_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let provenance_id = self.next_record();
        if let Some(id) = provenance_id {
            let inputs = canonical(&request.inputs(), Form::Rfc8785);
            let mut record = Record::new(id, who.tenant().clone(), self.now(), inputs, output);
            record.variant = Variant::V2;
            record.status = crate::sandbox::status_of(simulation.status);
            record.versions = flat_versions(Variant::V2, &catalogue, &stamp);
            let input_hash = step::input_hash(&request.steps, request.limits.budget_cents);
            record.input_hash = input_hash.parse().unwrap_or(record.input_hash);
            record.run_id.clone_from(&request.run_id);
            record.v2_cost = money(simulation.estimated_cost_cents);
            record.runtime_ms = simulation.runtime_ms;
            self.keep(who, record).await;
        }
        Ok(Recorded { simulation, provenance_id })
    }

    /// The id under which a simulation will be recorded; `None` if nothing is.
    pub(crate) fn next_record(&self) -> Option<RecordId> {
        self.sandbox().config().provenance.then(|| self.provenance_id())
    }

    /// Records a simulation; it stands whether or not that works.
    pub(crate) async fn keep(&self, who: &Principal, record: Record) {
        let outcome = match self.provenance_record(who, record).await {
            Ok(_) => "taken",
            Err(error) => {
                tracing::error!(tenant = %who.tenant(), %error, "a simulation could not be recorded");
                "refused"
            }
        };
        metrics::counter!("costsim_v2_provenance_logs_total", "outcome" => outcome).increment(1);
    }
}

/// Names a catalogue by its version and content.
pub(crate) fn catalogue_version(catalogue: &Arc<Catalogue>) -> String {
    format!("{}+{}", catalogue.version, catalogue.hash.get(..12).unwrap_or_default())
}

/// What an answer about a flat plan depends on. The flat table is all catalogue; the candidate has versions of its own.
pub(crate) fn flat_versions(variant: Variant, catalogue: &Arc<Catalogue>, stamp: &Stamp) -> Versions {
    let versions = Versions { catalogue: Some(catalogue_version(catalogue)), ..Versions::default() };
    match variant {
        Variant::V1 | Variant::Runtime | Variant::Scenario => versions,
        _ => Versions {
            model: Some(stamp.model_version.to_string()),
            adapter: Some(stamp.adapter_version.to_string()),
            ..versions
        },
    }
}

/// Cents as a record holds them; `None` beyond what it can hold.
pub(crate) fn money(cents: i64) -> Option<Money> {
    Some(Money::from_cents(cents)).filter(|money| money.fits_charge())
}
