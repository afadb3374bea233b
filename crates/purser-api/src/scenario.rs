//! Scenarios on the wire.

use purser_domain::scenario::Scenario;
use purser_domain::simulation::{UnknownSkill, scenario};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::costsim::PlanStep;

/// A scenario to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Nightly", "budget_cents": 500,
    "steps": [{"skill": "data_fetch", "iterations": 10}, {"skill": "llm_call", "iterations": 4}]
}))]
pub struct ScenarioDraft {
    /// Name for people.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1 to 50 steps, whose skills are kinds: `api_call`, `data_fetch`, `data_store`, `llm_call`, `batch_process`, `other`.
    #[schema(min_items = 1, max_items = 50)]
    pub steps: Vec<PlanStep>,
    /// 1000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_cents: Option<i64>,
}

/// A scenario that is not kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"steps": [{"skill": "llm_call", "iterations": 4}], "budget_cents": 200}))]
pub struct ScenarioAdhoc {
    /// 1 to 50 steps, whose skills are kinds.
    #[schema(min_items = 1, max_items = 50)]
    pub steps: Vec<PlanStep>,
    /// 1000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_cents: Option<i64>,
}

/// A kept scenario or a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioRecord {
    /// `sc_…`, or a template's name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The budget it is simulated with.
    pub budget_cents: i64,
    /// Its steps.
    #[schema(value_type = Vec<Object>)]
    pub steps: Vec<Value>,
    /// Whether it ships with purser and cannot be deleted.
    pub is_template: bool,
}

/// The templates, then the tenant's scenarios, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioList {
    /// The scenarios.
    pub scenarios: Vec<ScenarioRecord>,
}

/// What the scenario view says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScenarioAnswer {
    /// Whether the cost is within the budget.
    pub feasible: bool,
    /// `feasible` or `budget_exceeded`.
    #[schema(value_type = String, example = "feasible")]
    pub status: scenario::Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds.
    pub estimated_duration_ms: i64,
    /// Budget less cost, at least 0.
    pub budget_remaining_cents: i64,
    /// Cost less budget, at least 0.
    pub overspent_cents: i64,
    /// Mean of the steps' confidences.
    pub confidence_score: f64,
    /// What each step adds.
    #[schema(value_type = Vec<Object>)]
    pub step_estimates: Vec<scenario::StepEstimate>,
    /// What may go wrong.
    #[schema(value_type = Vec<Object>)]
    pub risks: Vec<scenario::Risk>,
    /// What is odd about the plan.
    pub warnings: Vec<String>,
    /// Steps whose kind is unknown.
    #[schema(value_type = Vec<Object>)]
    pub unknown_skills: Vec<UnknownSkill>,
    /// Where it is recorded.
    pub provenance_id: Option<String>,
}

impl From<Scenario> for ScenarioRecord {
    fn from(scenario: Scenario) -> Self {
        let steps = scenario.steps.iter().map(|step| serde_json::to_value(step).unwrap_or_default()).collect();
        let Scenario { id, name, description, budget_cents, is_template, .. } = scenario;
        Self { id, name, description, budget_cents, steps, is_template }
    }
}

impl ScenarioAnswer {
    /// What the view says, and where that is recorded.
    #[must_use]
    pub fn new(found: scenario::Simulation, provenance_id: Option<String>) -> Self {
        Self {
            feasible: found.feasible,
            status: found.status,
            estimated_cost_cents: found.estimated_cost_cents,
            estimated_duration_ms: found.estimated_duration_ms,
            budget_remaining_cents: found.budget_remaining_cents,
            overspent_cents: found.overspent_cents,
            confidence_score: found.confidence_score,
            step_estimates: found.step_estimates,
            risks: found.risks,
            warnings: found.warnings,
            unknown_skills: found.unknown_skills,
            provenance_id,
        }
    }
}
