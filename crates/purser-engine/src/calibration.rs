//! Fits usage drivers from a tenant's own runs, each group pulled towards all runs of its skill, and these towards
//! all runs together.
//! Invariant: the same runs in any order give the same fit; a group below [`RUNS_MIN`] is refused.
//!
//! Quantities are log-normal. A group of n runs counts n/(n + [`PSEUDO_RUNS`]) in its own location and spread;
//! the spread is that of the next run, not of those seen, so it is wider for few runs.

use std::collections::BTreeMap;

use purser_domain::calibration::{Calibration, Fit, Refused, RunSample};
use purser_domain::driver::{Driver, SPREAD_MAX};
use purser_domain::time::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use crate::simulation::v3::math::Z90;

/// A group with fewer runs is not fitted: its skill's fit stands in, or the prior.
pub const RUNS_MIN: u64 = 5;
/// How many runs the pooled fit counts as.
pub const PSEUDO_RUNS: f64 = 4.0;

/// Fits every (skill, model), every skill over all its models (model empty), and all runs together (both empty),
/// as of `now`.
#[must_use]
pub fn calibrate(runs: &[RunSample], now: Timestamp) -> Calibration {
    let mut groups: BTreeMap<(&str, &str), Vec<&RunSample>> = BTreeMap::new();
    for run in runs {
        if !run.skill.is_empty() {
            groups.entry((&run.skill, "")).or_default().push(run);
        }
        if !run.skill.is_empty() && !run.model.is_empty() {
            groups.entry((&run.skill, &run.model)).or_default().push(run);
        }
    }
    let all: Vec<&RunSample> = runs.iter().collect();
    let pooled = Pooled::of(&all, None);
    let mut calibration = Calibration { fitted_at: now, ..Calibration::none() };
    if runs.len() as u64 >= RUNS_MIN {
        calibration.fits.push(pooled.fit("", "", runs.len() as u64));
    }
    let mut of_skill = pooled.clone();
    for ((skill, model), runs) in groups {
        if model.is_empty() {
            of_skill = Pooled::of(&runs, Some(&pooled));
        }
        let count = runs.len() as u64;
        if count < RUNS_MIN {
            let refused = Refused { skill: skill.to_owned(), model: model.to_owned(), runs: count, required: RUNS_MIN };
            calibration.refused.push(refused);
            continue;
        }
        let own = if model.is_empty() { of_skill.clone() } else { Pooled::of(&runs, Some(&of_skill)) };
        calibration.fits.push(own.fit(skill, model, count));
    }
    if !calibration.fits.is_empty() {
        calibration.version = version(&calibration);
    }
    calibration
}

/// The content id of what was fitted, its date aside.
fn version(calibration: &Calibration) -> String {
    let content = serde_json::to_vec(&(&calibration.fits, &calibration.refused)).unwrap_or_default();
    format!("{:032x}", xxh3_128(&content))
}

/// The quantities of a run that are fitted, in the order of [`Pooled`].
const QUANTITIES: [fn(&RunSample) -> Option<f64>; 5] =
    [|run| run.cost_usd, |run| run.latency_ms, |run| run.turns, |run| run.output_tokens, |run| run.tool_calls];

/// One group, pulled towards the one above it.
#[derive(Debug, Clone)]
struct Pooled {
    quantities: [Option<LogNormal>; QUANTITIES.len()],
    failure: Option<f64>,
}

/// Location and variance of a logarithm, and of how many values.
#[derive(Debug, Clone, Copy)]
struct LogNormal {
    mean: f64,
    variance: f64,
    count: f64,
    /// The share of values that are zero, and so have no logarithm.
    zeros: f64,
}

impl Pooled {
    fn of(runs: &[&RunSample], above: Option<&Self>) -> Self {
        let mut quantities = [None; QUANTITIES.len()];
        for (index, quantity) in QUANTITIES.iter().enumerate() {
            let values: Vec<f64> = runs.iter().filter_map(|run| quantity(run)).collect();
            quantities[index] = LogNormal::of(values, above.and_then(|above| above.quantities[index]));
        }
        let known: Vec<bool> = runs.iter().filter_map(|run| run.failed).collect();
        let failed = known.iter().filter(|failed| **failed).count() as f64;
        // Without a group above, Laplace: one run more of each kind.
        let (prior, weight) =
            above.and_then(|above| above.failure).map_or((0.5, 2.0), |failure| (failure, PSEUDO_RUNS));
        let failure = (!known.is_empty()).then(|| (failed + prior * weight) / (known.len() as f64 + weight));
        Self { quantities, failure }
    }

    fn fit(&self, skill: &str, model: &str, runs: u64) -> Fit {
        let [cost_usd, latency_ms, turns, output_tokens, tool_calls] =
            self.quantities.map(|quantity| quantity.map(LogNormal::driver));
        let failure = self.failure;
        Fit {
            skill: skill.to_owned(),
            model: model.to_owned(),
            runs,
            cost_usd,
            latency_ms,
            turns,
            output_tokens,
            tool_calls,
            failure,
        }
    }
}

impl LogNormal {
    fn of(mut values: Vec<f64>, above: Option<Self>) -> Option<Self> {
        values.retain(|value| value.is_finite() && *value >= 0.0);
        // In order of size, so that sums do not depend on the order of arrival.
        values.sort_by(f64::total_cmp);
        let all = values.len() as f64;
        let logs: Vec<f64> = values.iter().filter(|value| **value > 0.0).map(|value| libm::log(*value)).collect();
        let count = logs.len() as f64;
        if values.is_empty() {
            return above;
        }
        let zeros = (all - count) / all;
        if logs.is_empty() {
            return Some(Self { mean: 0.0, variance: 0.0, count: 0.0, zeros });
        }
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean) * (log - mean)).sum();
        let Some(above) = above.filter(|above| above.count > 0.0) else {
            let variance = if count > 1.0 { squares / (count - 1.0) } else { 1.0 };
            return Some(Self { mean, variance, count, zeros });
        };
        let weight = count + PSEUDO_RUNS;
        Some(Self {
            mean: (count * mean + PSEUDO_RUNS * above.mean) / weight,
            variance: (squares + PSEUDO_RUNS * above.variance) / weight,
            count,
            zeros,
        })
    }

    /// The distribution of the next value.
    fn driver(self) -> Driver {
        if self.count < 1.0 {
            return Driver::Constant(0.0);
        }
        let sigma = (self.variance * (1.0 + 1.0 / self.count)).sqrt();
        let p50 = libm::exp(self.mean);
        let ratio = libm::exp(sigma * Z90).min(SPREAD_MAX);
        if self.zeros > 0.0 {
            // A share of nothing, then the rest: told by points, for no log-normal has zeros.
            return with_zeros(self.zeros, p50, sigma);
        }
        if ratio <= 1.0 + 1e-12 { Driver::Constant(p50) } else { Driver::LogNormal { p50, p90: p50 * ratio } }
    }
}

fn with_zeros(zeros: f64, p50: f64, sigma: f64) -> Driver {
    let mut points = vec![(0.0, 0.0), (zeros, 0.0)];
    for percent in 1..100 {
        let p = f64::from(percent) / 100.0;
        let value = p50 * libm::exp(sigma * crate::simulation::v3::math::normal_quantile(p));
        points.push((zeros + (1.0 - zeros) * p, value));
    }
    let last = points.last().map_or(0.0, |(_, value)| *value);
    points.push((1.0, last));
    Driver::Quantiles(points)
}

#[cfg(test)]
mod tests;
