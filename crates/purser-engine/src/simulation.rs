//! Simulates a flat plan: what it would cost, how long it would take, how likely it fails.
//!
//! [`v1`] and [`v2`] keep the numbers of the reference. What they add beside them is the same for both:
//! every violated constraint with its margin, hidden risks and unknown skills.

use std::collections::BTreeSet;

use purser_domain::simulation::{Constraint, HiddenRisk, Limits, UnknownSkill, Violation};
use purser_domain::skill::{Risk, SkillId};

use crate::step::{Plan, Resolved};

pub mod model;
pub mod runtime;
pub mod scenario;
pub mod v1;
pub mod v2;
pub mod v3;

/// What decides feasibility, in the order in which the compat status names the first failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Checks {
    /// Cost within the budget; the limit itself passes.
    pub budget_sufficient: bool,
    /// Every skill allowed.
    pub has_permissions: bool,
    /// Cumulative risk within the threshold; the limit itself passes.
    pub risk_acceptable: bool,
}

/// A risk at the threshold passes although binary arithmetic may put it a little above: 1 − 0.95 > 0.05.
const RISK_NOISE: f64 = 1e-12;

impl Checks {
    /// Holds the plan's figures against the limits.
    #[must_use]
    pub fn of(limits: &Limits, cost_cents: i64, denied_steps: usize, cumulative_risk: f64) -> Self {
        Self {
            budget_sufficient: cost_cents <= limits.budget_cents,
            has_permissions: denied_steps == 0,
            risk_acceptable: cumulative_risk <= limits.risk_threshold + RISK_NOISE,
        }
    }

    /// Whether all pass.
    #[must_use]
    pub const fn feasible(self) -> bool {
        self.budget_sufficient && self.has_permissions && self.risk_acceptable
    }
}

/// How many steps call a skill that is not allowed.
fn count_denied(plan: &Plan<'_>, limits: &Limits) -> usize {
    match &limits.allowed_skills {
        None => 0,
        Some(allowed) => plan.steps.iter().filter(|step| !allowed.contains(step.skill)).count(),
    }
}

/// The skills that are not allowed, once per step.
fn denied(plan: &Plan<'_>, limits: &Limits) -> Vec<SkillId> {
    match &limits.allowed_skills {
        None => Vec::new(),
        Some(_) => plan.steps.iter().filter(|step| !limits.allows(step.skill)).map(|step| step.skill.clone()).collect(),
    }
}

/// Every constraint that failed, with its margin.
fn violations(checks: Checks, limits: &Limits, cost_cents: i64, denied: &[SkillId], risk: f64) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut violated = |constraint, limit: f64, actual: f64, skills| {
        found.push(Violation { constraint, limit, actual, margin: actual - limit, skills });
    };
    if !checks.budget_sufficient {
        violated(Constraint::Budget, limits.budget_cents as f64, cost_cents as f64, Vec::new());
    }
    if !checks.has_permissions {
        let once: BTreeSet<&SkillId> = denied.iter().collect();
        violated(Constraint::Permission, 0.0, denied.len() as f64, once.into_iter().cloned().collect());
    }
    if !checks.risk_acceptable {
        violated(Constraint::Risk, limits.risk_threshold, risk, Vec::new());
    }
    found
}

/// A plan without a step violates this alone.
fn empty_plan() -> Violation {
    Violation { constraint: Constraint::Plan, limit: 1.0, actual: 0.0, margin: 1.0, skills: Vec::new() }
}

#[inline(always)]
fn hidden_risk(plan: &Plan<'_>, step_index: usize, step: &Resolved<'_>, risk: &Risk, probability: f64) -> HiddenRisk {
    HiddenRisk {
        step_index,
        skill_id: step.skill.clone(),
        risk_type: risk.name.clone(),
        mode: risk.mode.clone(),
        class: risk.class.or_else(|| plan.modes.get(&risk.mode).map(|mode| mode.class)),
        probability,
    }
}

fn unknown_skills(plan: &Plan<'_>, is_known: impl Fn(&Resolved<'_>) -> bool) -> Vec<UnknownSkill> {
    let unknown = plan.steps.iter().enumerate().filter(|(_, step)| !is_known(step));
    unknown.map(|(step_index, step)| UnknownSkill { step_index, skill_id: step.skill.clone() }).collect()
}

/// Cost by budget; a budget of 0 counts as 1.
fn budget_utilization(cost_cents: i64, budget_cents: i64) -> f64 {
    cost_cents as f64 / budget_cents.max(1) as f64
}

#[cfg(test)]
mod tests;
