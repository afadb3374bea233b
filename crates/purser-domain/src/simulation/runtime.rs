//! The answer of the runtime view: a rough cost, and how each step may fail.

use crate::text::Text;

use serde::{Deserialize, Serialize};

use super::Findings;
use crate::skill::{FailureClass, SkillId};

/// What the runtime view says about a plan. Risk never decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Whether there is a step and the cost is within the budget.
    pub feasible: bool,
    /// Why not.
    pub status: Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds, all steps one after another.
    pub estimated_duration_ms: i64,
    /// Budget less cost; negative when overspent.
    pub budget_remaining_cents: i64,
    /// What each step adds.
    pub step_estimates: Vec<StepEstimate>,
    /// Failure modes above 5 % a call.
    pub risks: Vec<FailureRisk>,
    /// What is odd about the plan.
    pub warnings: Vec<String>,
    /// What purser adds.
    pub findings: Findings,
}

/// Whether a plan can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can.
    Feasible,
    /// It costs more than the budget.
    BudgetInsufficient,
    /// It has no step.
    InvalidPlan,
}

/// What a step adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEstimate {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// How often it is called.
    pub iterations: u32,
    /// Cents of all iterations.
    pub cost_cents: i64,
    /// Milliseconds of all iterations.
    pub latency_ms: i64,
}

/// A likely failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureRisk {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// The mode, upper case: `TIMEOUT`.
    pub failure_mode: String,
    /// What a retry is worth.
    pub category: Option<FailureClass>,
    /// Chance per call, 0 to 1.
    pub probability: f64,
    /// What to do about it.
    pub mitigation: Text,
}
