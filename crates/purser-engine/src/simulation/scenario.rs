//! The scenario view of the catalogue: base cost of a step plus cost per repetition.
//!
//! Compat: numbers, thresholds, clamped remaining budget. Added: what is overspent, unknown kinds as a list.

use purser_domain::simulation::UnknownSkill;
use purser_domain::simulation::scenario::{BUDGET_CENTS_MAX, Level, Risk, STEPS_MAX, Simulation, Status, StepEstimate};
use purser_domain::skill::Catalogue;
use purser_domain::step::Step;
use purser_domain::usage_event::FieldError;

use crate::rounding::decimals;

/// More repetitions than this are warned of.
const REPETITIONS_ODD: u32 = 50;
/// A longer scenario is a risk, milliseconds.
const LONG_MS: i64 = 30_000;

/// Simulates a scenario of 1 to 50 steps, whose skills are its kinds.
///
/// # Errors
/// The number of steps or the budget, if out of range.
pub fn simulate(steps: &[Step], catalogue: &Catalogue, budget_cents: i64) -> Result<Simulation, Vec<FieldError>> {
    check(steps, budget_cents)?;
    let (mut step_estimates, mut unknown_skills, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cost, mut duration, mut confidence) = (0, 0, 0.0);
    let mut count = 0.0;
    for (step_index, step) in steps.iter().enumerate() {
        let skill_id = step.skill.clone();
        let row = catalogue.skills.get(&*step.skill).and_then(|row| row.scenario.as_ref());
        if row.is_none() {
            warnings.push(format!("Step {step_index} is of the unknown kind {:?}", &*skill_id));
            unknown_skills.push(UnknownSkill { step_index, skill_id: skill_id.clone() });
        }
        if step.iterations > REPETITIONS_ODD {
            warnings.push(format!("Step {step_index} repeats {} times", step.iterations));
        }
        let row = row.unwrap_or(&catalogue.unknown.scenario);
        let times = i64::from(step.iterations);
        let (cost_cents, latency_ms) = (row.base_cents + row.per_cents * times, row.latency_ms * times);
        cost += cost_cents;
        duration += latency_ms;
        confidence += row.confidence;
        count += 1.0;
        step_estimates.push(StepEstimate { step_index, skill_id, cost_cents, latency_ms, confidence: row.confidence });
    }
    Ok(Simulation {
        feasible: cost <= budget_cents,
        status: if cost <= budget_cents { Status::Feasible } else { Status::BudgetExceeded },
        estimated_cost_cents: cost,
        estimated_duration_ms: duration,
        budget_remaining_cents: (budget_cents - cost).max(0),
        overspent_cents: (cost - budget_cents).max(0),
        confidence_score: decimals(confidence / count, 3),
        step_estimates,
        risks: risks(cost, budget_cents, duration),
        warnings,
        unknown_skills,
    })
}

fn check(steps: &[Step], budget_cents: i64) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    if !(1..=STEPS_MAX).contains(&steps.len()) {
        errors.push(FieldError::new("steps", &steps.len(), format!("must be 1 to {STEPS_MAX} steps")));
    }
    if !(0..=BUDGET_CENTS_MAX).contains(&budget_cents) {
        let reason = format!("must be from 0 to {BUDGET_CENTS_MAX} cents");
        errors.push(FieldError::new("budget_cents", &budget_cents, reason));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn risks(cost: i64, budget: i64, duration_ms: i64) -> Vec<Risk> {
    let mut found = Vec::new();
    let mut add = |level, description: String| found.push(Risk { level, description });
    if cost * 10 > budget * 9 {
        add(Level::High, format!("{cost} of {budget} cents are more than 90% of the budget"));
    } else if cost * 10 > budget * 7 {
        add(Level::Medium, format!("{cost} of {budget} cents are more than 70% of the budget"));
    }
    if duration_ms > LONG_MS {
        add(Level::Medium, format!("{duration_ms} ms are more than {LONG_MS} ms"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::SHIPPED;
    use super::*;

    fn run(steps: &[Step], budget_cents: i64) -> Simulation {
        simulate(steps, &SHIPPED, budget_cents).expect("the scenario is in range")
    }

    #[test]
    fn the_table_holds() {
        for (kind, cost, latency, confidence) in [
            ("api_call", 5 + 2 * 4, 400, 0.95),
            ("data_fetch", 3 + 4, 200, 0.95),
            ("data_store", 2 + 4, 120, 0.95),
            ("llm_call", 50 + 30 * 4, 8000, 0.95),
            ("batch_process", 10 + 5 * 4, 2000, 0.95),
            ("other", 5 + 2 * 4, 400, 0.70),
            ("llm_invoke", 5 + 2 * 4, 400, 0.70),
        ] {
            let found = run(&[Step::new(kind).times(4)], 1000);
            assert_eq!((found.estimated_cost_cents, found.estimated_duration_ms), (cost, latency), "{kind}");
            assert_eq!(
                (found.confidence_score, found.unknown_skills.len()),
                (confidence, usize::from(confidence < 0.9))
            );
        }
    }

    #[test]
    fn budget_and_length_are_risks() {
        // llm_call once: 80 cents, 2 s; sixteen times: 530 cents, 32 s.
        for (times, budget, levels) in [
            (1, 200, vec![]),
            (1, 114, vec![Level::Medium]),
            (1, 88, vec![Level::High]),
            (1, 79, vec![Level::High]),
            (16, 1000, vec![Level::Medium]),
        ] {
            let found = run(&[Step::new("llm_call").times(times)], budget);
            assert_eq!(found.risks.iter().map(|risk| risk.level).collect::<Vec<_>>(), levels, "{times} {budget}");
        }
        // 70 % and 90 % themselves are no risk: 7 of 10 and 9 of 10.
        assert!(run(&[Step::new("api_call")], 10).risks.is_empty());
        assert_eq!(run(&[Step::new("api_call").times(2)], 10).risks[0].level, Level::Medium);
    }

    #[test]
    fn what_is_overspent_is_said_although_the_rest_is_clamped() {
        let found = run(&[Step::new("llm_call")], 79);
        assert_eq!((found.status, found.budget_remaining_cents, found.overspent_cents), (Status::BudgetExceeded, 0, 1));
        assert!(run(&[Step::new("llm_call")], 80).feasible);
        let found = run(&[Step::new("teleport").times(51), Step::new("api_call")], 1000);
        assert_eq!((found.warnings.len(), found.confidence_score), (2, 0.825));
    }

    #[test]
    fn a_scenario_is_bounded() {
        let faults = |steps: &[Step], budget| {
            let errors = simulate(steps, &SHIPPED, budget).expect_err("it is out of range");
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(faults(&[], -1), ["steps", "budget_cents"]);
        assert_eq!(faults(&vec![Step::new("api_call"); 51], 1_000_001), ["steps", "budget_cents"]);
        assert!(simulate(&vec![Step::new("api_call"); 50], &SHIPPED, 1_000_000).is_ok());
    }
}
