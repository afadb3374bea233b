//! The runtime view of the catalogue: rough cost and the failure modes of each step.
//!
//! Compat: an unknown skill costs nothing and takes 100 ms, with a warning; modes above 5 % a call are listed; risk
//! never decides. Added: an empty plan is infeasible, other modes stand in the findings.

use purser_domain::simulation::runtime::{FailureRisk, Simulation, Status, StepEstimate};
use purser_domain::simulation::{Constraint, Findings, HiddenRisk, UnknownSkill, Violation};
use purser_domain::skill::Catalogue;
use purser_domain::step::Step;

use crate::rounding::{at_least_once, power};

/// A failure mode is listed above this chance per call.
pub const LISTED_ABOVE: f64 = 0.05;

/// Simulates steps that passed [`purser_domain::step::parse_plan`].
#[must_use]
pub fn simulate(steps: &[Step], catalogue: &Catalogue, budget_cents: i64) -> Simulation {
    let mut pass = Pass { catalogue, survival: 1.0, found: empty(budget_cents) };
    for (index, step) in steps.iter().enumerate() {
        pass.add(index, step);
    }
    let mut found = pass.found;
    found.findings.full_cumulative_risk = 1.0 - pass.survival;
    let cost = found.estimated_cost_cents;
    found.budget_remaining_cents = budget_cents - cost;
    if steps.is_empty() {
        found.status = Status::InvalidPlan;
        found.warnings.push("Empty plan: there is no step to simulate".to_owned());
        found.findings.violations.push(super::empty_plan());
    } else if cost > budget_cents {
        found.status = Status::BudgetInsufficient;
        found.findings.violations.push(over_budget(cost, budget_cents));
    }
    found.feasible = found.status == Status::Feasible;
    found
}

struct Pass<'a> {
    catalogue: &'a Catalogue,
    survival: f64,
    found: Simulation,
}

impl Pass<'_> {
    fn add(&mut self, step_index: usize, step: &Step) {
        let skill_id = step.skill.clone();
        let row = self.catalogue.skills.get(&*step.skill).filter(|row| row.runtime.is_some());
        let cost = row.and_then(|row| row.runtime.as_ref()).unwrap_or(&self.catalogue.unknown.runtime);
        let times = i64::from(step.iterations);
        let (cost_cents, latency_ms) = (cost.cost_cents * times, cost.latency_ms * times);
        self.found.estimated_cost_cents += cost_cents;
        self.found.estimated_duration_ms += latency_ms;
        if row.is_none() {
            self.found.warnings.push(format!("Step {step_index} calls the unknown skill {:?}", &*skill_id));
            let unknown = UnknownSkill { step_index, skill_id: skill_id.clone() };
            self.found.findings.unknown_skills.push(unknown);
        }
        for failure in row.into_iter().flat_map(|row| &row.failures) {
            self.survival *= power(1.0 - failure.probability, step.iterations);
            let mode = self.catalogue.modes.get(&failure.mode);
            if failure.probability > LISTED_ABOVE {
                self.found.risks.push(FailureRisk {
                    step_index,
                    skill_id: skill_id.clone(),
                    failure_mode: failure.mode.to_uppercase(),
                    category: mode.map(|mode| mode.class),
                    probability: failure.probability,
                    mitigation: mode.map_or_else(|| "".into(), |mode| mode.mitigation.clone()),
                });
            } else if failure.probability > 0.0 {
                self.found.findings.hidden_risks.push(HiddenRisk {
                    step_index,
                    skill_id: skill_id.clone(),
                    risk_type: failure.mode.clone(),
                    mode: failure.mode.clone(),
                    class: mode.map(|mode| mode.class),
                    probability: at_least_once(failure.probability, step.iterations),
                });
            }
        }
        let iterations = step.iterations;
        self.found.step_estimates.push(StepEstimate { step_index, skill_id, iterations, cost_cents, latency_ms });
    }
}

fn over_budget(cost: i64, budget: i64) -> Violation {
    let (limit, actual) = (budget as f64, cost as f64);
    Violation { constraint: Constraint::Budget, limit, actual, margin: actual - limit, skills: Vec::new() }
}

fn empty(budget_cents: i64) -> Simulation {
    Simulation {
        feasible: true,
        status: Status::Feasible,
        estimated_cost_cents: 0,
        estimated_duration_ms: 0,
        budget_remaining_cents: budget_cents,
        step_estimates: Vec::new(),
        risks: Vec::new(),
        warnings: Vec::new(),
        findings: Findings::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::SHIPPED;
    use super::*;

    #[test]
    fn the_table_holds() {
        for (skill, cost, latency) in [
            ("http_call", 0, 500),
            ("llm_invoke", 5, 2000),
            ("json_transform", 0, 10),
            ("fs_read", 0, 50),
            ("fs_write", 0, 100),
            ("webhook_send", 0, 300),
            ("email_send", 1, 500),
            ("kv_get", 0, 100),
            ("teleport", 0, 100),
        ] {
            let found = simulate(&[Step::new(skill).times(3)], &SHIPPED, 1000);
            assert_eq!((found.estimated_cost_cents, found.estimated_duration_ms), (cost * 3, latency * 3), "{skill}");
        }
    }

    #[test]
    fn modes_above_five_percent_are_listed_and_never_decide() {
        let found = simulate(&[Step::new("http_call").times(50), Step::new("webhook_send")], &SHIPPED, 0);
        let listed: Vec<(&str, f64)> =
            found.risks.iter().map(|risk| (risk.failure_mode.as_str(), risk.probability)).collect();
        assert_eq!(listed, [("TIMEOUT", 0.10), ("TIMEOUT", 0.10)]);
        assert_eq!(found.findings.hidden_risks.len(), 4);
        assert!(found.feasible && found.findings.full_cumulative_risk > 0.99);
    }

    #[test]
    fn the_failure_modes_hold() {
        for (skill, modes) in [
            ("http_call", "timeout 0.1, dns_failure 0.02, http_4xx 0.05, http_5xx 0.03"),
            ("llm_invoke", "rate_limited 0.05, context_overflow 0.02, timeout 0.03"),
            ("json_transform", "schema_error 0.01, transform_error 0.01"),
            ("fs_read", "not_found 0.05, permission 0.02"),
            ("fs_write", "permission 0.05, disk_full 0.01"),
            ("webhook_send", "timeout 0.1, http_5xx 0.05"),
            ("email_send", "delivery 0.05, rate_limited 0.02"),
        ] {
            let found: Vec<String> = SHIPPED.skills[skill]
                .failures
                .iter()
                .map(|failure| format!("{} {}", failure.mode, failure.probability))
                .collect();
            assert_eq!(found.join(", "), modes, "{skill}");
        }
    }

    #[test]
    fn a_budget_is_inclusive_and_unknown_skills_are_named() {
        let steps = [Step::new("llm_invoke"), Step::new("teleport")];
        assert!(simulate(&steps, &SHIPPED, 5).feasible);
        let found = simulate(&steps, &SHIPPED, 4);
        assert_eq!((found.status, found.budget_remaining_cents), (Status::BudgetInsufficient, -1));
        assert_eq!(found.warnings, ["Step 1 calls the unknown skill \"teleport\""]);
        assert_eq!(found.findings.violations[0].margin, 1.0);
        assert_eq!(simulate(&[], &SHIPPED, 4).status, Status::InvalidPlan);
    }
}
