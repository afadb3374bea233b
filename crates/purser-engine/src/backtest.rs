//! How good past predictions were: bias, error, pinball loss, and whether the intervals held.
//! Invariant: sums go over sorted values, so that the order of the pairs is irrelevant.

use serde::Serialize;

/// A prediction and what came of it, in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The predicted mean.
    pub mean: f64,
    /// The predicted 10th percentile.
    pub p10: f64,
    /// The predicted median.
    pub p50: f64,
    /// The predicted 90th percentile.
    pub p90: f64,
    /// What came.
    pub actual: f64,
}

/// How good the predictions were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Backtest {
    /// How many.
    pub pairs: u64,
    /// Σ(mean − actual) / Σ actual: above zero if too high.
    pub bias: Option<f64>,
    /// Σ|mean − actual| / Σ actual.
    pub wape: Option<f64>,
    /// Σ|median − actual| / Σ actual: the median is the better guess by this measure.
    pub wape_p50: Option<f64>,
    /// Mean pinball loss of the median, in the pairs' unit.
    pub pinball_p50: f64,
    /// Mean pinball loss of P90.
    pub pinball_p90: f64,
    /// The share of actual values at most P90; 0.9 is right.
    pub coverage_p90: f64,
    /// The share within P10 and P90; 0.8 is right.
    pub coverage_p10_p90: f64,
}

/// Scores predictions; `None` without any.
#[must_use]
pub fn score(pairs: &[Pair]) -> Option<Backtest> {
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
    Some(Backtest {
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
    fn nothing_has_no_score_and_nothing_spent_no_ratio() {
        assert_eq!(score(&[]), None);
        assert_eq!(score(&[pair(1.0, 1.0, 0.0)]).and_then(|score| score.wape), None);
    }
}
