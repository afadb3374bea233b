//! Simulations of plans on the wire: `v3` and, through the same door, `v1` and `v2`; and the runtime view.

use purser_domain::estimate::Estimate;
use purser_domain::money::Money;
use purser_domain::simulation::{Findings, ModelName, runtime, v1, v2};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::costsim::PlanStep;

/// A plan, and which model is asked what of it. `v1` and `v2` read flat lists of steps only; they take `budget_cents`,
/// `risk_threshold` and `unknown_skills`, `v3` takes the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "plan": [
        {"id": "search", "skill": "http_call", "retry": {"attempts": 3}},
        {"id": "answer", "llm": {"model": "openai/gpt-4o", "prompt": "Sum it up", "max_tokens": 500}}
    ],
    "budget_usd": "0.05", "deadline_ms": 30000, "confidence": 0.9
}))]
pub struct SimulationRequest {
    /// A list of nodes, or `{"steps": […], "nodes": {…}}`.
    #[schema(value_type = Object)]
    pub plan: Value,
    /// `v1`, `v2` or `v3`; what the server is set to by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "v3")]
    pub model: Option<String>,
    /// The most it may cost, dollars (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.05")]
    pub budget_usd: Option<Money>,
    /// The most it may cost, cents; in place of `budget_usd`. 1000 by default for `v1` and `v2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub budget_cents: Option<i64>,
    /// The longest it may take (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// How probable it must be that budget and deadline are kept; 0.9 by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The skills it may call: all if absent, none if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_skills: Option<Vec<String>>,
    /// Draws, at most 100,000; 10,000 by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub draws: Option<u32>,
    /// Where the random numbers start; 42 by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether changes are simulated too; true by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<bool>,
    /// Models that could stand in for any other, `provider/model` (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternatives: Option<Vec<String>>,
    /// How likely two calls to one provider, or of one skill, share their fate in a run: 0 to 1, 0 by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub failure_correlation: Option<f64>,
    /// So many runs are added up, such as a month's (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub runs: Option<u64>,
    /// Settings to try at other values, one at a time, 20 at most: `model=openai/gpt-4o-mini`, `prompt=0.5`, `counts=2`,
    /// `concurrency=4` (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20, example = json!(["prompt=0.5", "counts=2"]))]
    pub sweep: Option<Vec<String>>,
    /// When it runs: prices are those of that time; now by default (`v3`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub price_at: Option<Timestamp>,
    /// The highest cumulative risk; 0.5 by default (`v1`, `v2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_threshold: Option<f64>,
    /// What is done with skills that are in no row: `pessimistic`, `reject`, or `{"supplied": {…a row…}}` (`v1`, `v2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub unknown_skills: Option<Value>,
    /// Must be the key's tenant, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The run it is for: what that run is charged is later held against the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

/// What the model said: the part under its name is there, the other two are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SimulationAnswer {
    /// The model that answered.
    #[schema(example = "v3")]
    pub model: String,
    /// Whether the plan is feasible.
    pub feasible: bool,
    /// The expected cost.
    #[schema(value_type = String, example = "0.012300000000")]
    pub cost_usd: Money,
    /// Where the simulation is recorded; null if nothing is.
    pub provenance_id: Option<String>,
    /// What the flat table said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub v1: Option<v1::Simulation>,
    /// What the parametric model said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub v2: Option<v2::Simulation>,
    /// What the plan simulator said: spreads of cost and latency, violations, drivers, advice, basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub v3: Option<Estimate>,
}

impl SimulationAnswer {
    /// Of the flat table.
    #[must_use]
    pub fn v1(said: v1::Simulation, provenance_id: Option<String>) -> Self {
        let cost_usd = Money::from_cents(said.estimated_cost_cents);
        let answer = Self::of(ModelName::V1, said.feasible, cost_usd, provenance_id);
        Self { v1: Some(said), ..answer }
    }

    /// Of the parametric model.
    #[must_use]
    pub fn v2(said: v2::Simulation, provenance_id: Option<String>) -> Self {
        let cost_usd = Money::from_cents(said.estimated_cost_cents);
        let answer = Self::of(ModelName::V2, said.feasible, cost_usd, provenance_id);
        Self { v2: Some(said), ..answer }
    }

    /// Of the plan simulator.
    #[must_use]
    pub fn v3(said: Estimate, provenance_id: Option<String>) -> Self {
        let answer = Self::of(ModelName::V3, said.feasible, said.cost_usd.mean, provenance_id);
        Self { v3: Some(said), ..answer }
    }

    fn of(model: ModelName, feasible: bool, cost_usd: Money, provenance_id: Option<String>) -> Self {
        let model = model.name().to_owned();
        Self { model, feasible, cost_usd, provenance_id, v1: None, v2: None, v3: None }
    }
}

/// A flat plan for the runtime view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"plan": [{"skill": "llm_invoke", "iterations": 3}], "budget_cents": 100}))]
pub struct RuntimeRequest {
    /// The steps.
    pub plan: Vec<PlanStep>,
    /// The most it may cost; 1000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub budget_cents: Option<i64>,
    /// Must be the key's tenant, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The agent it is for; recorded only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
}

/// What the runtime view says. Risk never decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuntimeAnswer {
    /// Whether there is a step and the cost is within the budget.
    pub feasible: bool,
    /// `feasible`, `budget_insufficient` or `invalid_plan`.
    #[schema(value_type = String, example = "feasible")]
    pub status: runtime::Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds.
    pub estimated_duration_ms: i64,
    /// Budget less cost; negative when overspent.
    pub budget_remaining_cents: i64,
    /// What each step adds.
    #[schema(value_type = Vec<Object>)]
    pub step_estimates: Vec<runtime::StepEstimate>,
    /// Failure modes above 5 % a call.
    #[schema(value_type = Vec<Object>)]
    pub risks: Vec<runtime::FailureRisk>,
    /// What is odd about the plan.
    pub warnings: Vec<String>,
    /// Violations, other failure modes, unknown skills.
    #[schema(value_type = Object)]
    pub findings: Findings,
    /// Where it is recorded.
    pub provenance_id: Option<String>,
}

impl RuntimeAnswer {
    /// What the view says, and where that is recorded.
    #[must_use]
    pub fn new(found: runtime::Simulation, provenance_id: Option<String>) -> Self {
        Self {
            feasible: found.feasible,
            status: found.status,
            estimated_cost_cents: found.estimated_cost_cents,
            estimated_duration_ms: found.estimated_duration_ms,
            budget_remaining_cents: found.budget_remaining_cents,
            step_estimates: found.step_estimates,
            risks: found.risks,
            warnings: found.warnings,
            findings: found.findings,
            provenance_id,
        }
    }
}
