//! Outlined jobs that are kept and simulated, and the runtime view: thin views of the one catalogue.

use std::sync::Arc;

use purser_domain::provenance::{Record, RecordId, Status, Variant};
use purser_domain::scenario::{Scenario, templates};
use purser_domain::simulation::{runtime, scenario};
use purser_domain::skill::Catalogue;
use purser_domain::step::Step;
use purser_engine::canonical_json::{Form, canonical};
use purser_engine::simulation as engine;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;
use crate::simulation::{Recorded, catalogue_version};

/// The most scenarios of one tenant.
pub const SCENARIOS_MAX: usize = 1_000;
/// The most bytes of one scenario's steps: a list of all must stay readable.
pub const STEPS_BYTES_MAX: usize = 16 << 10;

/// A scenario to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The budget it is simulated with, cents.
    pub budget_cents: i64,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Service {
    /// The templates, then the caller's own scenarios, oldest first.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn scenarios(&self, who: &Principal) -> Result<Vec<Scenario>, Error> {
        who.may_read()?;
        let own = self.store().scenario(who.tenant()).list().await?;
        Ok(templates().into_iter().chain(own).collect())
    }

    /// One scenario or template.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn scenario(&self, who: &Principal, id: &str) -> Result<Scenario, Error> {
        who.may_read()?;
        if let Some(template) = templates().into_iter().find(|template| template.id == id) {
            return Ok(template);
        }
        let found = self.store().scenario(who.tenant()).get(id).await?;
        found.ok_or_else(|| Error::not_found("scenario", id))
    }

    /// Keeps a scenario.
    ///
    /// # Errors
    /// Forbidden; invalid; conflict if the caller has [`SCENARIOS_MAX`]; unavailable.
    pub async fn scenario_create(&self, who: &Principal, draft: Draft) -> Result<Scenario, Error> {
        who.may_operate()?;
        // Whatever is kept can be simulated.
        let catalogue = self.catalogue(who).await?;
        engine::scenario::simulate(&draft.steps, &catalogue, draft.budget_cents).map_err(Error::invalid)?;
        let bytes = json!(draft.steps).to_string().len();
        if bytes > STEPS_BYTES_MAX {
            let reason = format!("must be at most {STEPS_BYTES_MAX} bytes of JSON");
            return Err(Error::invalid_field("steps", &bytes, &reason));
        }
        if self.store().scenario(who.tenant()).list().await?.len() >= SCENARIOS_MAX {
            return Err(Error::conflict("conflict", format!("a tenant keeps at most {SCENARIOS_MAX} scenarios")));
        }
        let scenario = Scenario {
            id: format!("sc_{}", random_hex::<8>()),
            name: draft.name,
            description: draft.description,
            budget_cents: draft.budget_cents,
            steps: draft.steps,
            is_template: false,
        };
        self.store().scenario(who.tenant()).create(&scenario, self.now()).await?;
        Ok(scenario)
    }

    /// Forgets a scenario.
    ///
    /// # Errors
    /// Forbidden; conflict if it is a template; not found; unavailable.
    pub async fn scenario_delete(&self, who: &Principal, id: &str) -> Result<(), Error> {
        who.may_operate()?;
        if templates().iter().any(|template| template.id == id) {
            return Err(Error::conflict("conflict", format!("the scenario {id:?} is a template and stays")));
        }
        self.store().scenario(who.tenant()).delete(id).await.map_err(|error| match error {
            purser_store::Error::NotFound(_) => Error::not_found("scenario", id),
            other => other.into(),
        })
    }

    /// Simulates a kept scenario or a template.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn scenario_simulate(&self, who: &Principal, id: &str) -> Result<Recorded<scenario::Simulation>, Error> {
        let Scenario { id, steps, budget_cents, .. } = self.scenario(who, id).await?;
        self.under_scenario(who, &steps, budget_cents, Some(&id)).await
    }

    /// Simulates a scenario that is not kept.
    ///
    /// # Errors
    /// Forbidden; invalid; unavailable.
    pub async fn scenario_simulate_adhoc(
        &self,
        who: &Principal,
        steps: &[Step],
        budget_cents: i64,
    ) -> Result<Recorded<scenario::Simulation>, Error> {
        self.under_scenario(who, steps, budget_cents, None).await
    }

    async fn under_scenario(
        &self,
        who: &Principal,
        steps: &[Step],
        budget_cents: i64,
        id: Option<&str>,
    ) -> Result<Recorded<scenario::Simulation>, Error> {
        let catalogue = self.catalogue(who).await?;
        let simulation = engine::scenario::simulate(steps, &catalogue, budget_cents).map_err(Error::invalid)?;
        let inputs = json!({ "plan": steps, "budget_cents": budget_cents, "scenario_id": id });
        let status = if simulation.feasible { Status::Success } else { Status::Error };
        let provenance_id = self.keep_view(who, Variant::Scenario, &catalogue, (&inputs, &simulation), status).await;
        Ok(Recorded { simulation, provenance_id })
    }

    /// Simulates steps under the runtime view; the agent is recorded only.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn runtime_simulate(
        &self,
        who: &Principal,
        steps: &[Step],
        budget_cents: i64,
        agent_id: Option<&str>,
    ) -> Result<Recorded<runtime::Simulation>, Error> {
        let catalogue = self.catalogue(who).await?;
        let simulation = engine::runtime::simulate(steps, &catalogue, budget_cents);
        let inputs = json!({ "plan": steps, "budget_cents": budget_cents, "agent_id": agent_id });
        let status = match simulation.status {
            runtime::Status::Feasible => Status::Success,
            runtime::Status::BudgetInsufficient => Status::Error,
            runtime::Status::InvalidPlan => Status::SchemaError,
        };
        let provenance_id = self.keep_view(who, Variant::Runtime, &catalogue, (&inputs, &simulation), status).await;
        Ok(Recorded { simulation, provenance_id })
    }

    /// Records what a view of the catalogue answered.
    async fn keep_view(
        &self,
        who: &Principal,
        variant: Variant,
        catalogue: &Arc<Catalogue>,
        (inputs, output): (&Value, &impl Serialize),
        status: Status,
    ) -> Option<RecordId> {
        let id = self.next_record()?;
        let (inputs, output) = (canonical(inputs, Form::Rfc8785), canonical(output, Form::Rfc8785));
        let mut record = Record::new(id, who.tenant().clone(), self.now(), inputs, output);
        record.variant = variant;
        record.status = status;
        record.versions.catalogue = Some(catalogue_version(catalogue));
        self.keep(who, record).await;
        Some(id)
    }
}
