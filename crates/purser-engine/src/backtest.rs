//! How good past predictions were: bias, error, pinball loss, and whether the intervals held.
//! Invariant: sums go over sorted values, so that the order of the pairs is irrelevant.

use purser_domain::backtest::{Pair, Score};
use purser_domain::calibration::Calibration;
use purser_domain::driver::Driver;
use purser_domain::plan::{Guard, Kind, Node, Plan, StepUsage};
use purser_domain::step::Step;

/// The plan of a run of which nothing is known but whose skill it is and which model it calls: one step at the cost
/// that `calibration` has learned, else at what is assumed of the skill.
#[must_use]
pub fn first_step(skill: &str, model: &str, calibration: &Calibration) -> Plan {
    let fit = calibration.find(skill, model).or_else(|| calibration.find("", ""));
    // Only the cost is predicted, and a run's cost has its failed attempts in it.
    let usage = StepUsage {
        cost_usd: fit.and_then(|fit| fit.cost_usd.clone()),
        latency_ms: Some(Driver::Constant(0.0)),
        failure: Some(0.0),
    };
    let step = Node {
        name: "run".to_owned(),
        key: "run".to_owned(),
        guard: Guard::default(),
        kind: Kind::Step(Step::new(skill), usage),
    };
    Plan { steps: vec![step] }
}

/// Scores predictions; `None` without any.
#[must_use]
pub fn score(pairs: &[Pair]) -> Option<Score> {
    if pairs.is_empty() {
        return None;
    }
    let count = pairs.len() as f64;
    let sum = |of: &dyn Fn(&Pair) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.iter().sum::<f64>()
    };
    let actual = sum(&|pair| pair.actual);
    let per_actual = |total: f64| (actual > 0.0).then(|| total / actual);
    let share = |holds: &dyn Fn(&Pair) -> bool| pairs.iter().filter(|pair| holds(pair)).count() as f64 / count;
    Some(Score {
        pairs: pairs.len() as u64,
        bias: per_actual(sum(&|pair| pair.mean - pair.actual)),
        wape: per_actual(sum(&|pair| (pair.mean - pair.actual).abs())),
        wape_p50: per_actual(sum(&|pair| (pair.p50 - pair.actual).abs())),
        pinball_p50: sum(&|pair| pinball(0.5, pair.p50, pair.actual)) / count,
        pinball_p90: sum(&|pair| pinball(0.9, pair.p90, pair.actual)) / count,
        coverage_p90: share(&|pair| pair.actual <= pair.p90),
        coverage_p10_p90: share(&|pair| pair.p10 <= pair.actual && pair.actual <= pair.p90),
    })
}

/// The loss of calling `quantile` the `p`-quantile: short by one costs `p`, long by one costs `1 − p`.
fn pinball(p: f64, quantile: f64, actual: f64) -> f64 {
    let short = actual - quantile;
    (p * short).max((p - 1.0) * short)
}

#[cfg(test)]
mod tests {
    use purser_domain::calibration::Fit;

    use super::*;

    fn pair(mean: f64, p90: f64, actual: f64) -> Pair {
        Pair { mean, p10: 1.0, p50: mean, p90, actual }
    }

    #[test]
    fn scores_are_what_hand_calculation_says() {
        let score = score(&[pair(2.0, 4.0, 1.0), pair(2.0, 4.0, 5.0), pair(3.0, 6.0, 4.0)]).expect("three pairs");
        assert_eq!(score.pairs, 3);
        // Errors +1, −3, −1 over 10.
        assert_eq!((score.bias, score.wape), (Some(-0.3), Some(0.5)));
        assert!((score.pinball_p50 - 2.5 / 3.0).abs() < 1e-12);
        // Long by 3 and 2: 0.3 and 0.2; short by 1: 0.9.
        assert!((score.pinball_p90 - 1.4 / 3.0).abs() < 1e-12);
        assert!((score.coverage_p90 - 2.0 / 3.0).abs() < 1e-12);
        assert!((score.coverage_p10_p90 - 2.0 / 3.0).abs() < 1e-12, "bounds are inside");
    }

    #[test]
    fn a_run_is_predicted_by_its_model_then_its_skill_then_all_runs() {
        let fit = |skill: &str, model: &str, cost: f64| Fit {
            skill: skill.to_owned(),
            model: model.to_owned(),
            cost_usd: Some(Driver::Constant(cost)),
            ..Fit::default()
        };
        let fits = vec![fit("", "", 1.0), fit("chat", "", 2.0), fit("chat", "gpt-4o", 3.0)];
        let calibration = Calibration { fits, ..Calibration::none() };
        let cost = |skill: &str, model: &str, calibration: &Calibration| {
            let plan = first_step(skill, model, calibration);
            match &plan.steps[0].kind {
                Kind::Step(_, usage) => usage.cost_usd.clone(),
                other => unreachable!("{other:?} is no step"),
            }
        };
        for (skill, model, expected) in [("chat", "gpt-4o", 3.0), ("chat", "other", 2.0), ("search", "gpt-4o", 1.0)] {
            assert_eq!(cost(skill, model, &calibration), Some(Driver::Constant(expected)), "{skill} {model}");
        }
        assert_eq!(cost("chat", "", &Calibration::none()), None, "nothing is known");
    }

    #[test]
    fn nothing_has_no_score_and_nothing_spent_no_ratio() {
        assert_eq!(score(&[]), None);
        assert_eq!(score(&[pair(1.0, 1.0, 0.0)]).and_then(|score| score.wape), None);
    }
}
