//! The flat table: fixed cost, latency and risk per skill, times iterations.
//!
//! Compat: cost, duration, risk, status, listed risks, alternatives and metadata are the reference's. The listing cut
//! (5 % a call, tested before compounding) is kept, so ×14 of a 5 % risk is too risky with an empty list; the list's
//! gaps stand in `findings.hidden_risks`. Added: `findings`. Changed: an empty allow-list allows nothing (the reference
//! let everything pass); a fractional `timeout` is rounded half to even to whole milliseconds (the reference leaked a
//! float); a risk on the threshold passes in spite of binary noise.

use purser_domain::simulation::v1::{Alternative, Metadata, Risk, Simulation, Status, StepEstimate};
use purser_domain::simulation::{Findings, HiddenRisk, Limits};

use super::Checks;
use crate::rounding::{at_least_once, power, whole};
use crate::skill::AMOUNT_MAX;
use crate::step::{Plan, Resolved};

/// A step is listed as a risk above this chance per call.
pub const LISTED_ABOVE: f64 = 0.05;

/// What one step adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Cents of one call.
    pub base_cost_cents: i64,
    /// Milliseconds of one call.
    pub base_latency_ms: i64,
    /// Cents of all iterations.
    pub cost_cents: i64,
    /// Milliseconds of all iterations.
    pub latency_ms: i64,
    /// Chance that no iteration fails.
    pub survival: f64,
}

/// The figures that decide, without a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Cents.
    pub cost_cents: i64,
    /// Milliseconds.
    pub duration_ms: i64,
    /// Chance that any step fails.
    pub cumulative_risk: f64,
    /// Whether all checks pass and there is a step.
    pub feasible: bool,
}

/// What one step costs under the flat table.
#[must_use]
pub fn estimate(step: &Resolved<'_>) -> Estimate {
    let row = step.v1;
    let mut base_cost_cents = row.cost_cents;
    if let (Some(per_cent), Some(chars)) = (row.prompt_chars_per_cent, step.prompt_chars) {
        base_cost_cents = base_cost_cents
            .max(i64::try_from(chars / per_cent.max(1)).map_or(AMOUNT_MAX, |cents| cents.min(AMOUNT_MAX)));
    }
    let mut base_latency_ms = row.latency_ms;
    if row.timeout_caps_latency
        && let Some(timeout_ms) = step.timeout_ms
    {
        base_latency_ms = whole(timeout_ms.min(base_latency_ms as f64));
    }
    let times = i64::from(step.iterations);
    Estimate {
        base_cost_cents,
        base_latency_ms,
        cost_cents: base_cost_cents * times,
        latency_ms: base_latency_ms * times,
        survival: power(1.0 - row.risk.probability, step.iterations),
    }
}

/// Simulates the plan and keeps only the figures that decide. Does not allocate.
#[must_use]
pub fn totals(plan: &Plan<'_>, limits: &Limits) -> Totals {
    let (mut cost_cents, mut duration_ms, mut survival) = (0, 0, 1.0);
    for step in &plan.steps {
        let estimate = estimate(step);
        cost_cents += estimate.cost_cents;
        duration_ms += estimate.latency_ms;
        survival *= estimate.survival;
    }
    let cumulative_risk = 1.0 - survival;
    let checks = Checks::of(limits, cost_cents, super::count_denied(plan, limits), cumulative_risk);
    Totals { cost_cents, duration_ms, cumulative_risk, feasible: !plan.steps.is_empty() && checks.feasible() }
}

/// Simulates the plan.
#[must_use]
pub fn simulate(plan: &Plan<'_>, limits: &Limits) -> Simulation {
    if plan.steps.is_empty() {
        return empty(limits);
    }
    let mut pass = Pass {
        plan,
        cost_cents: 0,
        duration_ms: 0,
        prompted_cents: 0,
        survival: 1.0,
        steps: Vec::with_capacity(plan.steps.len()),
        risks: Vec::new(),
        hidden: Vec::with_capacity(plan.steps.len()),
    };
    for (index, step) in plan.steps.iter().enumerate() {
        pass.add(index, step);
    }
    let cumulative_risk = 1.0 - pass.survival;
    let permission_gaps = super::denied(plan, limits);
    let checks = Checks::of(limits, pass.cost_cents, permission_gaps.len(), cumulative_risk);
    Simulation {
        feasible: checks.feasible(),
        status: status(checks),
        estimated_cost_cents: pass.cost_cents,
        estimated_duration_ms: pass.duration_ms,
        budget_remaining_cents: limits.budget_cents - pass.cost_cents,
        budget_sufficient: checks.budget_sufficient,
        alternatives: alternatives(checks, pass.prompted_cents),
        risks: pass.risks,
        step_estimates: pass.steps,
        warnings: Vec::new(),
        metadata: Metadata {
            plan_steps: Some(plan.steps.len()),
            cumulative_risk: Some(cumulative_risk),
            budget_utilization: Some(super::budget_utilization(pass.cost_cents, limits.budget_cents)),
        },
        findings: Findings {
            violations: super::violations(checks, limits, pass.cost_cents, &permission_gaps, cumulative_risk),
            hidden_risks: pass.hidden,
            unknown_skills: super::unknown_skills(plan, |step| step.is_known_to_v1),
            full_cumulative_risk: cumulative_risk,
        },
        permission_gaps,
    }
}

struct Pass<'a> {
    plan: &'a Plan<'a>,
    cost_cents: i64,
    duration_ms: i64,
    prompted_cents: i64,
    survival: f64,
    steps: Vec<StepEstimate>,
    risks: Vec<Risk>,
    hidden: Vec<HiddenRisk>,
}

impl Pass<'_> {
    fn add(&mut self, step_index: usize, step: &Resolved<'_>) {
        let estimate = estimate(step);
        self.cost_cents += estimate.cost_cents;
        self.duration_ms += estimate.latency_ms;
        self.survival *= estimate.survival;
        if step.v1.prompt_chars_per_cent.is_some() {
            self.prompted_cents += estimate.cost_cents;
        }
        self.add_risk(step_index, step);
        self.steps.push(StepEstimate {
            step_index,
            skill_id: step.skill.clone(),
            cost_cents: estimate.cost_cents,
            latency_ms: estimate.latency_ms,
            risk_probability: step.v1.risk.probability,
            risk_type: step.v1.risk.name.clone(),
            iterations: step.iterations,
            base_cost_cents: estimate.base_cost_cents,
            base_latency_ms: estimate.base_latency_ms,
        });
    }

    fn add_risk(&mut self, step_index: usize, step: &Resolved<'_>) {
        let risk = &step.v1.risk;
        let probability = at_least_once(risk.probability, step.iterations);
        if risk.probability > LISTED_ABOVE {
            let mitigation = self.plan.modes.get(&risk.mode).map(|mode| mode.mitigation.clone());
            self.risks.push(Risk {
                step_index,
                skill_id: step.skill.clone(),
                risk_type: risk.name.clone(),
                probability,
                description: description(step, whole(probability * 100.0), &risk.name),
                mitigation: mitigation.unwrap_or_else(|| "Handle errors of this step".into()),
            });
        } else if risk.probability > 0.0 {
            self.hidden.push(super::hidden_risk(self.plan, step_index, step, risk, probability));
        }
    }
}

/// `http_call (×2) has a 19% chance of timeout`; put together by hand, for formatting is slow among so little else.
fn description(step: &Resolved<'_>, percent: i64, risk: &str) -> String {
    const WORDS: usize = 48;
    let mut words = String::with_capacity(step.skill.len() + risk.len() + WORDS);
    let mut digits = itoa::Buffer::new();
    words.push_str(step.skill);
    words.push_str(" (×");
    words.push_str(digits.format(step.iterations));
    words.push_str(") has a ");
    words.push_str(digits.format(percent));
    words.push_str("% chance of ");
    words.push_str(risk);
    words
}

const fn status(checks: Checks) -> Status {
    if !checks.budget_sufficient {
        Status::BudgetInsufficient
    } else if !checks.has_permissions {
        Status::PermissionDenied
    } else if !checks.risk_acceptable {
        Status::RiskTooHigh
    } else {
        Status::Feasible
    }
}

/// On a budget failure one hint, whatever it saves.
fn alternatives(checks: Checks, prompted_cents: i64) -> Vec<Alternative> {
    if checks.budget_sufficient {
        return Vec::new();
    }
    let suggestion = "Reduce the number of LLM calls or use a cheaper model".to_owned();
    vec![Alternative { suggestion, potential_savings_cents: prompted_cents }]
}

fn empty(limits: &Limits) -> Simulation {
    Simulation {
        feasible: false,
        status: Status::InvalidPlan,
        estimated_cost_cents: 0,
        estimated_duration_ms: 0,
        budget_remaining_cents: limits.budget_cents,
        budget_sufficient: true,
        permission_gaps: Vec::new(),
        risks: Vec::new(),
        step_estimates: Vec::new(),
        alternatives: Vec::new(),
        warnings: vec!["Empty plan: there is no step to simulate".to_owned()],
        metadata: Metadata::default(),
        findings: Findings { violations: vec![super::empty_plan()], ..Findings::default() },
    }
}

#[cfg(test)]
mod tests;
