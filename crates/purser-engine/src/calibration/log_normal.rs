//! Log-normal quantities of groups of runs.

use purser_domain::driver::{Driver, SPREAD_MAX};

use super::PSEUDO_RUNS;
use crate::simulation::v3::math::{Z90, normal_quantile};

/// Count, mean and sum of squared deviations of logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

impl Moments {
    /// Of logarithms in ascending order, so that sums do not depend on the order of arrival.
    pub(super) fn of(logs: &[f64]) -> Self {
        let count = logs.len() as f64;
        let mean = if logs.is_empty() { 0.0 } else { logs.iter().sum::<f64>() / count };
        let squares = logs.iter().map(|log| (log - mean) * (log - mean)).sum();
        Self { count, mean, squares }
    }

    /// The same without one of the values; `None` if it was the last.
    pub(super) fn without(self, log: f64) -> Option<Self> {
        if self.count < 1.5 {
            return None;
        }
        let count = self.count - 1.0;
        let mean = (self.count * self.mean - log) / count;
        Some(Self { count, mean, squares: (self.squares - (log - self.mean) * (log - mean)).max(0.0) })
    }

    /// Location and spread, pulled towards the group above.
    fn pulled(self, above: Option<LogNormal>) -> LogNormal {
        let Self { count, mean, squares } = self;
        let Some(above) = above else {
            let variance = if count > 1.0 { squares / (count - 1.0) } else { 1.0 };
            return LogNormal { mean, variance, count };
        };
        let weight = count + PSEUDO_RUNS;
        LogNormal {
            mean: (count * mean + PSEUDO_RUNS * above.mean) / weight,
            variance: (squares + PSEUDO_RUNS * above.variance) / weight,
            count,
        }
    }
}

/// Location and variance of a logarithm, and of how many values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct LogNormal {
    mean: f64,
    variance: f64,
    count: f64,
}

/// Location and spread of the last of the groups that has values, pulled towards those before it; the widest comes first.
pub(super) fn pulled(groups: impl Iterator<Item = Option<Moments>>) -> Option<LogNormal> {
    let known = groups.flatten().filter(|moments| moments.count > 0.0);
    known.fold(None, |above, moments| Some(moments.pulled(above)))
}

impl LogNormal {
    /// How many standard deviations the logarithm of a next value would lie above the location; `None` without spread.
    pub(super) fn residual(self, log: f64) -> Option<f64> {
        let sigma = self.sigma();
        (sigma > 1e-9).then(|| (log - self.mean) / sigma)
    }

    /// The standard deviation of the next value's logarithm: wider for few values.
    fn sigma(self) -> f64 {
        (self.variance * (1.0 + 1.0 / self.count)).sqrt()
    }

    /// The distribution of the next value, with a share of zeros, its spread times `stretch`.
    pub(super) fn driver(self, zeros: f64, stretch: f64) -> Driver {
        let sigma = self.sigma() * stretch;
        let p50 = libm::exp(self.mean);
        if zeros > 0.0 {
            // A share of nothing, then the rest: told by points, for no log-normal has zeros.
            return with_zeros(zeros, p50, sigma);
        }
        let ratio = libm::exp(sigma * Z90).min(SPREAD_MAX);
        if ratio <= 1.0 + 1e-12 { Driver::Constant(p50) } else { Driver::LogNormal { p50, p90: p50 * ratio } }
    }
}

fn with_zeros(zeros: f64, p50: f64, sigma: f64) -> Driver {
    let mut points = vec![(0.0, 0.0), (zeros, 0.0)];
    for percent in 1..100 {
        let p = f64::from(percent) / 100.0;
        points.push((zeros + (1.0 - zeros) * p, p50 * libm::exp(sigma * normal_quantile(p))));
    }
    let last = points.last().map_or(0.0, |(_, value)| *value);
    points.push((1.0, last));
    Driver::Quantiles(points)
}
