//! The answer of the scenario view: what an outlined job would cost.

use serde::{Deserialize, Serialize};

use super::UnknownSkill;
use crate::skill::SkillId;

/// The most steps of a scenario.
pub const STEPS_MAX: usize = 50;
/// The largest budget of a scenario, cents.
pub const BUDGET_CENTS_MAX: i64 = 1_000_000;

/// What the scenario view says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// Whether the cost is within the budget.
    pub feasible: bool,
    /// The same in words.
    pub status: Status,
    /// Cents.
    pub estimated_cost_cents: i64,
    /// Milliseconds, all steps one after another.
    pub estimated_duration_ms: i64,
    /// Budget less cost, at least 0; what is overspent stands in `overspent_cents`.
    pub budget_remaining_cents: i64,
    /// Cost less budget, at least 0. Added by purser.
    pub overspent_cents: i64,
    /// Mean of the steps' confidences, 3 decimals.
    pub confidence_score: f64,
    /// What each step adds.
    pub step_estimates: Vec<StepEstimate>,
    /// What may go wrong.
    pub risks: Vec<Risk>,
    /// What is odd about the plan.
    pub warnings: Vec<String>,
    /// Steps whose kind is unknown. Added by purser.
    pub unknown_skills: Vec<UnknownSkill>,
}

/// Whether a scenario can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can.
    Feasible,
    /// It costs more than the budget.
    BudgetExceeded,
}

/// What a step adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepEstimate {
    /// The step, from 0.
    pub step_index: usize,
    /// Its kind.
    pub skill_id: SkillId,
    /// Cents of all iterations.
    pub cost_cents: i64,
    /// Milliseconds of all iterations.
    pub latency_ms: i64,
    /// How far the estimate is trusted.
    pub confidence: f64,
}

/// What may go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// How bad it is.
    pub level: Level,
    /// In words.
    pub description: String,
}

/// How bad a risk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Watch it.
    Medium,
    /// Act on it.
    High,
}
