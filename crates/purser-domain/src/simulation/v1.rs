//! The answer of the flat table, with the wire names of the model it is compatible with.

use crate::text::Text;

use serde::{Deserialize, Serialize};

use super::Findings;
use crate::skill::SkillId;

/// What the flat table says about a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Whether cost, permissions and risk are all within their limits.
    pub feasible: bool,
    /// The first check that failed: budget, then permission, then risk.
    pub status: Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds, all steps one after another.
    pub estimated_duration_ms: i64,
    /// Budget less cost; negative when overspent.
    pub budget_remaining_cents: i64,
    /// Whether the cost is within the budget.
    pub budget_sufficient: bool,
    /// The skills that are not allowed, once per step.
    pub permission_gaps: Vec<SkillId>,
    /// Steps whose chance to fail is above 5 % a call.
    pub risks: Vec<Risk>,
    /// What each step adds.
    pub step_estimates: Vec<StepEstimate>,
    /// On a budget failure, one hint.
    pub alternatives: Vec<Alternative>,
    /// What is odd about the plan.
    pub warnings: Vec<String>,
    /// Figures about the whole plan; empty for an empty plan.
    pub metadata: Metadata,
    /// What purser adds.
    pub findings: Findings,
}

/// Whether a plan can be run, or the first reason why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can.
    Feasible,
    /// It costs more than the budget.
    BudgetInsufficient,
    /// It calls a skill that is not allowed.
    PermissionDenied,
    /// Never given; kept for readers of the wire.
    SkillUnavailable,
    /// It is too likely to fail.
    RiskTooHigh,
    /// It has no step.
    InvalidPlan,
}

impl Status {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Feasible => "feasible",
            Self::BudgetInsufficient => "budget_insufficient",
            Self::PermissionDenied => "permission_denied",
            Self::SkillUnavailable => "skill_unavailable",
            Self::RiskTooHigh => "risk_too_high",
            Self::InvalidPlan => "invalid_plan",
        }
    }
}

/// A step that is likely to fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// The table's name of the risk.
    pub risk_type: Text,
    /// Chance over all iterations, 0 to 1.
    pub probability: f64,
    /// In words.
    pub description: String,
    /// What to do about it.
    pub mitigation: Text,
}

/// What a step adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEstimate {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// Cents of all iterations.
    pub cost_cents: i64,
    /// Milliseconds of all iterations.
    pub latency_ms: i64,
    /// Chance to fail of one iteration, 0 to 1.
    pub risk_probability: f64,
    /// The table's name of the risk.
    pub risk_type: Text,
    /// How often it is called.
    pub iterations: u32,
    /// Cents of one iteration.
    pub base_cost_cents: i64,
    /// Milliseconds of one iteration.
    pub base_latency_ms: i64,
}

/// A way to spend less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// In words.
    pub suggestion: String,
    /// What it could save, cents.
    pub potential_savings_cents: i64,
}

/// Figures about the whole plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// How many steps it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_steps: Option<usize>,
    /// Chance that any step fails, unrounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cumulative_risk: Option<f64>,
    /// Cost by budget, where a budget of 0 counts as 1; unrounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_utilization: Option<f64>,
}
