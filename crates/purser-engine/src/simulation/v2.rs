//! The parametric model: cost by prompt length, risk by where a call goes, a confidence that shrinks.
//!
//! Compat: coefficients, formulas, rounding, listed risks, status and output hash are the reference's; risks of 2 %
//! or less neither appear nor count in the compat cumulative risk, which decides feasibility.
//! Superseded: iterations are honoured (the reference ran every step once). Cost and latency multiply before
//! rounding, the 2 % cut tests the chance per call and what is listed then compounds, confidence counts once per step.
//! Changed: an empty allow-list allows nothing; a risk on the threshold passes in spite of binary noise.
//! Added: `findings`, whose `full_cumulative_risk` counts every factor.

use purser_domain::simulation::v2::{Metadata, Risk, Simulation, Stamp, Status, StepEstimate};
use purser_domain::simulation::{Findings, HiddenRisk, Limits};
use purser_domain::skill;
use purser_domain::skill::SkillId;
use serde_json::json;

use super::Checks;
use crate::canonical_json::{self, Form};
use crate::rounding::{at_least_once, decimals, power, whole};
use crate::step::{Plan, Resolved};

/// A risk is significant above this chance per call.
pub const SIGNIFICANT_ABOVE: f64 = 0.02;

/// What one step adds, unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Cents of all iterations.
    pub cost_cents: f64,
    /// Milliseconds of all iterations.
    pub latency_ms: f64,
    /// How far the estimate is trusted.
    pub confidence: f64,
    /// Factor on every risk of the row.
    pub risk_factor: f64,
}

/// The figures that decide, without a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Cents, rounded half to even.
    pub cost_cents: i64,
    /// Milliseconds, rounded half to even.
    pub duration_ms: i64,
    /// Chance that any significant risk comes true, unrounded.
    pub cumulative_risk: f64,
    /// Chance that any risk at all does.
    pub full_cumulative_risk: f64,
    /// Product of the steps' confidences, unrounded.
    pub confidence: f64,
    /// Whether all checks pass and there is a step.
    pub feasible: bool,
}

/// Whether a chance per call is worth listing.
#[must_use]
pub fn is_significant(probability: f64) -> bool {
    probability > SIGNIFICANT_ABOVE
}

/// What one step costs under the parametric model.
#[must_use]
pub fn estimate(step: &Resolved<'_>) -> Estimate {
    let row = step.v2;
    let (mut cost, mut latency) = (row.cost_cents, row.latency_ms);
    let (mut confidence, mut risk_factor) = (row.confidence, 1.0);
    let mut mark = |length: u64, mark: &skill::LengthMark| {
        if length > mark.over_chars {
            confidence *= mark.confidence_factor;
            risk_factor *= mark.risk_factor;
        }
    };
    if let Some(prompt) = &row.prompt {
        let sent = step.prompt_chars.unwrap_or(0);
        let answered = sent.saturating_mul(prompt.output_per_input).min(prompt.output_chars_max);
        cost = cost
            + prompt.cents_per_1k_input * float(sent) / 1000.0
            + prompt.cents_per_1k_output * float(answered) / 1000.0;
        latency += prompt.latency_ms_per_1k_input * float(sent) / 1000.0;
        prompt.marks.iter().for_each(|at| mark(sent, at));
    }
    if let Some(at) = &row.command {
        mark(step.command_chars, at);
    }
    if let Some(http) = &row.http {
        let timeout_ms = step.timeout_ms.unwrap_or(http.timeout_default_s * 1000.0);
        latency = (latency + http.latency_variance_ms).min(timeout_ms);
        if step.is_external {
            confidence *= http.external_confidence_factor;
            risk_factor *= http.external_risk_factor;
        }
    }
    let times = f64::from(step.iterations);
    Estimate { cost_cents: cost * times, latency_ms: latency * times, confidence, risk_factor }
}

const fn float(length: u64) -> f64 {
    length as f64
}

/// The chance per call of each risk of the step.
fn factors<'a>(step: &Resolved<'a>, estimate: Estimate) -> impl Iterator<Item = (&'a skill::Risk, f64)> {
    step.v2.risks.iter().map(move |risk| (risk, (risk.probability * estimate.risk_factor).min(1.0)))
}

/// Chance that any of the chances comes true; all count, however small.
#[must_use]
pub fn cumulative_risk(probabilities: impl IntoIterator<Item = f64>) -> f64 {
    1.0 - probabilities.into_iter().fold(1.0, |survival, p| survival * (1.0 - p))
}

/// What [`check_feasibility`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Feasibility {
    /// Whether all checks pass.
    pub feasible: bool,
    /// Each of them.
    pub checks: Checks,
    /// Chance that any risk comes true, however small.
    pub cumulative_risk: f64,
    /// The first check that failed, in words.
    pub reason: Option<String>,
}

/// Holds a plan against limits with every risk counted, as the reference's unused helper does.
#[must_use]
pub fn check_feasibility(plan: &Plan<'_>, limits: &Limits) -> Feasibility {
    let totals = totals(plan, limits);
    let denied = super::denied(plan, limits);
    let risk = totals.full_cumulative_risk;
    let checks = Checks::of(limits, totals.cost_cents, denied.len(), risk);
    let reason = warning(checks, limits, totals.cost_cents, &denied, risk);
    Feasibility { feasible: checks.feasible(), checks, cumulative_risk: risk, reason }
}

#[derive(Clone, Copy)]
struct Sums {
    cost: f64,
    latency: f64,
    confidence: f64,
    significant: f64,
    every: f64,
}

impl Sums {
    const ZERO: Self = Self { cost: 0.0, latency: 0.0, confidence: 1.0, significant: 1.0, every: 1.0 };

    fn add(&mut self, step: &Resolved<'_>, estimate: Estimate) {
        self.cost += estimate.cost_cents;
        self.latency += estimate.latency_ms;
        self.confidence *= estimate.confidence;
        for (_, p) in factors(step, estimate) {
            let survival = power(1.0 - p, step.iterations);
            self.every *= survival;
            if is_significant(p) {
                self.significant *= survival;
            }
        }
    }

    fn totals(self, limits: &Limits, denied_steps: usize) -> (Totals, Checks) {
        let (cost_cents, cumulative_risk) = (whole(self.cost), 1.0 - self.significant);
        let checks = Checks::of(limits, cost_cents, denied_steps, cumulative_risk);
        let totals = Totals {
            cost_cents,
            duration_ms: whole(self.latency),
            cumulative_risk,
            full_cumulative_risk: 1.0 - self.every,
            confidence: self.confidence,
            feasible: checks.feasible(),
        };
        (totals, checks)
    }
}

/// Simulates the plan and keeps only the figures that decide. Does not allocate.
#[must_use]
pub fn totals(plan: &Plan<'_>, limits: &Limits) -> Totals {
    let mut sums = Sums::ZERO;
    for step in &plan.steps {
        sums.add(step, estimate(step));
    }
    let (mut totals, _) = sums.totals(limits, super::count_denied(plan, limits));
    totals.feasible &= !plan.steps.is_empty();
    totals
}

/// Simulates the plan; `runtime_ms` is left to whoever has a clock.
#[must_use]
pub fn simulate(plan: &Plan<'_>, limits: &Limits, stamp: &Stamp) -> Simulation {
    if plan.steps.is_empty() {
        return empty(limits, stamp);
    }
    let mut sums = Sums::ZERO;
    let mut step_estimates = Vec::with_capacity(plan.steps.len());
    let (mut risks, mut hidden_risks) = (Vec::with_capacity(plan.steps.len()), Vec::with_capacity(plan.steps.len()));
    for (step_index, step) in plan.steps.iter().enumerate() {
        let estimate = estimate(step);
        sums.add(step, estimate);
        list_risks(plan, step_index, step, estimate, &mut risks, &mut hidden_risks);
        step_estimates.push(StepEstimate {
            step_index,
            skill_id: step.skill.clone(),
            cost_cents: decimals(estimate.cost_cents, 2),
            latency_ms: decimals(estimate.latency_ms, 2),
            confidence: decimals(estimate.confidence, 4),
        });
    }
    let denied = super::denied(plan, limits);
    let (totals, checks) = sums.totals(limits, denied.len());
    let warning = warning(checks, limits, totals.cost_cents, &denied, totals.cumulative_risk);
    Simulation {
        feasible: totals.feasible,
        status: if totals.feasible { Status::Success } else { Status::Error },
        estimated_cost_cents: totals.cost_cents,
        estimated_duration_ms: totals.duration_ms,
        budget_remaining_cents: limits.budget_cents - totals.cost_cents,
        confidence_score: decimals(totals.confidence, 4),
        model_version: stamp.model_version.clone(),
        step_estimates,
        risks,
        warnings: warning.into_iter().collect(),
        metadata: metadata(plan, limits, stamp, &totals),
        runtime_ms: 0,
        findings: Findings {
            violations: super::violations(checks, limits, totals.cost_cents, &denied, totals.cumulative_risk),
            hidden_risks,
            unknown_skills: super::unknown_skills(plan, |step| step.is_known_to_v2),
            full_cumulative_risk: totals.full_cumulative_risk,
        },
    }
}

fn metadata(plan: &Plan<'_>, limits: &Limits, stamp: &Stamp, totals: &Totals) -> Metadata {
    Metadata {
        plan_steps: plan.steps.len(),
        cumulative_risk: decimals(totals.cumulative_risk, 4),
        budget_utilization: decimals(super::budget_utilization(totals.cost_cents, limits.budget_cents), 4),
        adapter_version: stamp.adapter_version.clone(),
        commit_sha: stamp.commit_sha.clone(),
    }
}

fn list_risks(
    plan: &Plan<'_>,
    step_index: usize,
    step: &Resolved<'_>,
    estimate: Estimate,
    risks: &mut Vec<Risk>,
    hidden: &mut Vec<HiddenRisk>,
) {
    for (risk, p) in factors(step, estimate) {
        let probability = at_least_once(p, step.iterations);
        if is_significant(p) {
            risks.push(Risk { step_index, skill_id: step.skill.clone(), risk_type: risk.name.clone(), probability });
        } else if p > 0.0 {
            hidden.push(super::hidden_risk(plan, step_index, step, risk, probability));
        }
    }
}

/// The first failure in words; the others are in the findings.
fn warning(checks: Checks, limits: &Limits, cost_cents: i64, denied: &[SkillId], risk: f64) -> Option<String> {
    if !checks.budget_sufficient {
        let budget = limits.budget_cents;
        return Some(format!("Insufficient budget: need {cost_cents}¢, have {budget}¢"));
    }
    if !checks.has_permissions {
        return Some(format!("Permission denied for skills: {}", denied.join(", ")));
    }
    let threshold = limits.risk_threshold * 100.0;
    (!checks.risk_acceptable)
        .then(|| format!("Cumulative risk too high: {:.1}% is above {threshold:.1}%", risk * 100.0))
}

fn empty(limits: &Limits, stamp: &Stamp) -> Simulation {
    Simulation {
        feasible: false,
        status: Status::SchemaError,
        estimated_cost_cents: 0,
        estimated_duration_ms: 0,
        budget_remaining_cents: limits.budget_cents,
        confidence_score: 0.0,
        model_version: stamp.model_version.clone(),
        step_estimates: Vec::new(),
        risks: Vec::new(),
        warnings: vec!["Empty plan: there is no step to simulate".to_owned()],
        metadata: Metadata {
            plan_steps: 0,
            cumulative_risk: 0.0,
            budget_utilization: 0.0,
            adapter_version: stamp.adapter_version.clone(),
            commit_sha: stamp.commit_sha.clone(),
        },
        runtime_ms: 0,
        findings: Findings { violations: vec![super::empty_plan()], ..Findings::default() },
    }
}

/// The reference's output hash: five fields, without runtime, commit and findings, so it can be reproduced.
#[must_use]
pub fn output_hash(simulation: &Simulation) -> String {
    let output = json!({
        "feasible": simulation.feasible,
        "status": simulation.status,
        "estimated_cost_cents": simulation.estimated_cost_cents,
        "estimated_duration_ms": simulation.estimated_duration_ms,
        "step_estimates": simulation.step_estimates,
    });
    canonical_json::hash(&output, Form::Compat)
}

#[cfg(test)]
mod tests;
