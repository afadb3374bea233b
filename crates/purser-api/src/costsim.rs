//! The cost simulator on the wire: the baseline `v1`, the candidate `v2` in its shadow, and their comparison.
//! Invariant: field names are the reference's; what purser adds stands beside them.

use purser_domain::comparison::{Comparison, Measures};
use purser_domain::simulation::{Findings, v1, v2};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How the sandbox is set and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostsimStatus {
    /// Whether the candidate runs beside the baseline.
    pub sandbox_enabled: bool,
    /// Whether a breaker keeps the candidate out.
    pub circuit_breaker_open: bool,
    /// Whether the disable file keeps it out.
    pub disabled_by_drift: bool,
    /// The candidate's coefficients.
    #[schema(example = "2.0.0")]
    pub model_version: String,
    /// The candidate's code.
    #[schema(example = "2.0.0")]
    pub adapter_version: String,
    /// From which commit the program was built, or its version.
    pub commit_sha: String,
    /// A drift above this counts as a breach.
    pub drift_threshold: f64,
    /// What became of the shadow's work since the server started.
    pub shadow: ShadowStatus,
}

/// What became of the shadow's work since the server started, all tenants together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShadowStatus {
    /// Simulations that wait.
    pub queued: u64,
    /// Threads that take them; 0 before the first and when all hang.
    pub workers: u64,
    /// Threads that hang in a simulation beyond its deadline.
    pub stuck: u64,
    /// Ended with an answer.
    pub answered: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Given up at their deadline.
    pub timed_out: u64,
    /// Found the queue full.
    pub dropped: u64,
}

/// A flat plan and its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "plan": [{"skill": "http_call", "params": {"url": "https://example.com"}}, {"skill": "llm_invoke", "params": {"prompt": "Sum it up"}, "iterations": 2}],
    "budget_cents": 100, "allowed_skills": ["http_call", "llm_invoke"], "risk_threshold": 0.5
}))]
pub struct CostsimRequest {
    /// At most 10,000 steps, one after the other. An empty plan is infeasible.
    pub plan: Vec<PlanStep>,
    /// The most it may cost; 1000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub budget_cents: Option<i64>,
    /// The skills it may call: all if absent, none if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_skills: Option<Vec<String>>,
    /// The highest cumulative risk; 0.5 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub risk_threshold: Option<f64>,
    /// What is done with skills that are in no row: `pessimistic` (default), `reject`, or `{"supplied": {…a row…}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub unknown_skills: Option<Value>,
    /// Must be the key's tenant, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The run it is for: what that run is charged is later held against the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Recorded only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// Recorded only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Must be false, if given: there is no memory to inject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject_memory: Option<bool>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// What it calls.
    #[schema(example = "llm_invoke")]
    pub skill: String,
    /// Its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub params: Option<Value>,
    /// How often; once by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub iterations: Option<u32>,
}

/// The baseline's answer, and the candidate's if it came in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostsimSimulation {
    /// Whether the baseline finds the plan feasible: the production answer.
    pub v1_feasible: bool,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Milliseconds of the baseline.
    pub v1_duration_ms: i64,
    /// Why it is not feasible: the first check that failed.
    #[schema(value_type = String, example = "feasible")]
    pub v1_status: v1::Status,
    /// Every violated constraint, risks that no list shows, unknown skills.
    #[schema(value_type = Object)]
    pub v1_findings: Findings,
    /// The candidate's answer; null if it is off, failed or not ready.
    pub v2_result: Option<V2Result>,
    /// Both side by side; null with `v2_result`.
    pub comparison: Option<ComparisonRecord>,
    /// Whether the candidate runs beside the baseline.
    pub sandbox_enabled: bool,
    /// Why there is no `v2_result`: `shadow_pending`, `shadow_dropped`, or words.
    pub v2_error: Option<String>,
    /// Where the simulation is recorded, the candidate's answer included once it is there; null if nothing is recorded.
    pub provenance_id: Option<String>,
    /// What the request changed beside its answer.
    pub side_effects: SideEffects,
}

/// The candidate's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct V2Result {
    /// Whether it finds the plan feasible.
    pub feasible: bool,
    /// `success`, `error` (infeasible) or `schema_error` (empty).
    #[schema(value_type = String, example = "success")]
    pub status: v2::Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds.
    pub estimated_duration_ms: i64,
    /// Budget less cost; negative when overspent.
    pub budget_remaining_cents: i64,
    /// Product of the steps' confidences; no probability of anything.
    pub confidence_score: f64,
    /// The coefficients.
    pub model_version: String,
    /// What each step adds.
    #[schema(value_type = Vec<Object>)]
    pub step_estimates: Vec<v2::StepEstimate>,
    /// Risks above 2 % a call.
    #[schema(value_type = Vec<Object>)]
    pub risks: Vec<v2::Risk>,
    /// Why it is not feasible.
    pub warnings: Vec<String>,
    /// How long the simulation took.
    pub runtime_ms: u64,
    /// Every violated constraint, risks that no list shows, unknown skills.
    #[schema(value_type = Object)]
    pub findings: Findings,
}

/// Both models side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparisonRecord {
    /// `match`, `minor_drift`, `major_drift` or `mismatch`.
    #[schema(example = "match")]
    pub verdict: String,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Cents of the candidate.
    pub v2_cost_cents: i64,
    /// Candidate less baseline.
    pub cost_delta_cents: i64,
    /// |delta| by baseline as a fraction; 0 if the baseline is 0.
    pub cost_delta_pct: f64,
    /// 0 to 1.
    pub drift_score: f64,
    /// Whether both agree on feasibility.
    pub feasibility_match: bool,
    /// Measures that see a change from free to paid.
    #[schema(value_type = Object)]
    pub measures: Measures,
}

/// What a simulation changed beside its answer: at most one record of provenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SideEffects {
    /// Whether an agent's memory was written; never.
    pub memory_write_occurred: bool,
    /// Whether it may be; never.
    pub memory_write_enabled: bool,
    /// Whether the simulation is recorded.
    pub provenance_recorded: bool,
    /// The same in words.
    pub disclaimer: String,
}

impl From<v2::Simulation> for V2Result {
    fn from(v2: v2::Simulation) -> Self {
        Self {
            feasible: v2.feasible,
            status: v2.status,
            estimated_cost_cents: v2.estimated_cost_cents,
            estimated_duration_ms: v2.estimated_duration_ms,
            budget_remaining_cents: v2.budget_remaining_cents,
            confidence_score: v2.confidence_score,
            model_version: v2.model_version.to_string(),
            step_estimates: v2.step_estimates,
            risks: v2.risks,
            warnings: v2.warnings,
            runtime_ms: v2.runtime_ms,
            findings: v2.findings,
        }
    }
}

impl From<Comparison> for ComparisonRecord {
    fn from(comparison: Comparison) -> Self {
        Self {
            verdict: comparison.verdict.name().to_owned(),
            v1_cost_cents: comparison.v1_cost_cents,
            v2_cost_cents: comparison.v2_cost_cents,
            cost_delta_cents: comparison.cost_delta_cents,
            cost_delta_pct: comparison.cost_delta_pct,
            drift_score: comparison.drift_score,
            feasibility_match: comparison.feasibility_match,
            measures: comparison.measures,
        }
    }
}

impl SideEffects {
    /// What a simulation changes.
    #[must_use]
    pub fn of(provenance_recorded: bool) -> Self {
        let disclaimer = if provenance_recorded {
            "a simulation does nothing on behalf of the plan; it is recorded as provenance"
        } else {
            "a simulation does nothing on behalf of the plan; it is not recorded"
        };
        Self {
            memory_write_occurred: false,
            memory_write_enabled: false,
            provenance_recorded,
            disclaimer: disclaimer.to_owned(),
        }
    }
}
