//! The answer of the parametric model, with the wire names of the model it is compatible with.

use crate::text::Text;

use serde::{Deserialize, Serialize};

use super::Findings;
use crate::skill::SkillId;

/// What the parametric model says about a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Whether cost, permissions and risk are all within their limits.
    pub feasible: bool,
    /// Success if feasible, error if not, schema error if there is no step.
    pub status: Status,
    /// Cents, rounded half to even once over all steps.
    pub estimated_cost_cents: i64,
    /// Milliseconds, rounded half to even once over all steps.
    pub estimated_duration_ms: i64,
    /// Budget less rounded cost; negative when overspent.
    pub budget_remaining_cents: i64,
    /// Product of the steps' confidences, 4 decimals; no probability of anything.
    pub confidence_score: f64,
    /// Which coefficients answered.
    pub model_version: Text,
    /// What each step adds.
    pub step_estimates: Vec<StepEstimate>,
    /// Risks above 2 % a call.
    pub risks: Vec<Risk>,
    /// Why it is not feasible.
    pub warnings: Vec<String>,
    /// Figures about the whole plan.
    pub metadata: Metadata,
    /// How long the simulation took, whole milliseconds; set by whoever has a clock.
    pub runtime_ms: u64,
    /// What purser adds.
    pub findings: Findings,
}

/// How the simulation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The plan is feasible.
    Success,
    /// The plan is not feasible.
    Error,
    /// Never given; kept for readers of the wire.
    Timeout,
    /// The plan has no step.
    SchemaError,
}

impl Status {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::SchemaError => "schema_error",
        }
    }
}

/// What a step adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEstimate {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// Cents of all iterations, 2 decimals.
    pub cost_cents: f64,
    /// Milliseconds of all iterations, 2 decimals.
    pub latency_ms: f64,
    /// 4 decimals.
    pub confidence: f64,
}

/// A risk above 2 % a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// The model's name of the risk.
    pub risk_type: Text,
    /// Chance over all iterations, 0 to 1.
    pub probability: f64,
}

/// Figures about the whole plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// How many steps it has.
    pub plan_steps: usize,
    /// Chance that any listed risk comes true, 4 decimals.
    pub cumulative_risk: f64,
    /// Rounded cost by budget, where a budget of 0 counts as 1; 4 decimals.
    pub budget_utilization: f64,
    /// Which code answered.
    pub adapter_version: Text,
    /// From which commit it was built.
    pub commit_sha: Text,
}

/// What a result says about the code that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Which coefficients.
    pub model_version: Text,
    /// Which code.
    pub adapter_version: Text,
    /// From which commit.
    pub commit_sha: Text,
}

impl Default for Stamp {
    fn default() -> Self {
        Self { model_version: "2.0.0".into(), adapter_version: "2.0.0".into(), commit_sha: "unknown".into() }
    }
}
