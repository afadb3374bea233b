//! How far candidate and baseline are apart.

use crate::money::{Money, div_half_even};

/// Statistics of the cost deltas of the records that have both costs; all zero without any.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Drift {
    /// Records with both costs.
    pub total: u64,
    /// Their mean delta, exact but for the last digit (half-even).
    pub avg: Money,
    /// The least delta.
    pub min: Money,
    /// The greatest delta.
    pub max: Money,
    /// The sample standard deviation, US dollars; a statistic, hence a float. 0 below two records.
    pub stddev: f64,
}

impl Drift {
    /// From a count, an exact sum, bounds and a deviation.
    #[must_use]
    pub fn new(total: u64, sum: Money, min: Money, max: Money, stddev: Option<f64>) -> Self {
        if total == 0 {
            return Self::default();
        }
        let avg = Money::from_pico(div_half_even(sum.pico(), i128::from(total)));
        Self { total, avg, min, max, stddev: stddev.filter(|value| value.is_finite()).unwrap_or(0.0) }
    }
}
