//! Outlined jobs that are kept and simulated, and the runtime view: thin views of the one catalogue.

use purser_domain::scenario::{Scenario, templates};
use purser_domain::simulation::{runtime, scenario};
use purser_domain::step::Step;
use purser_engine::simulation as engine;

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// The most scenarios of one tenant.
pub const SCENARIOS_MAX: usize = 1_000;

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
        self.scenario_simulate_adhoc(who, &draft.steps, draft.budget_cents).await?;
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
    pub async fn scenario_simulate(&self, who: &Principal, id: &str) -> Result<scenario::Simulation, Error> {
        let kept = self.scenario(who, id).await?;
        self.scenario_simulate_adhoc(who, &kept.steps, kept.budget_cents).await
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
    ) -> Result<scenario::Simulation, Error> {
        let catalogue = self.catalogue(who).await?;
        engine::scenario::simulate(steps, &catalogue, budget_cents).map_err(Error::invalid)
    }

    /// Simulates steps under the runtime view.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn runtime_simulate(
        &self,
        who: &Principal,
        steps: &[Step],
        budget_cents: i64,
    ) -> Result<runtime::Simulation, Error> {
        let catalogue = self.catalogue(who).await?;
        Ok(engine::runtime::simulate(steps, &catalogue, budget_cents))
    }
}
