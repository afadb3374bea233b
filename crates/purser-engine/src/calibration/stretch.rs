//! How much wider or narrower the spreads must be for P90 to hold 90 % of the runs.
//!
//! Leave-one-out, as in the jackknife+: each run is predicted from all others, and the 90th percentile of the residuals in
//! standard deviations, by the normal distribution's 1.28, is the factor. Zeros, which have no logarithm, are apart. Logarithms of real runs are not
//! normal: costs that stop at a limit have short upper tails, and the factor is below 1.

use purser_domain::calibration::RunSample;

use super::log_normal::pulled;
use super::{Groups, QUANTITIES, RUNS_MIN, path};
use crate::simulation::v3::math::Z90;

/// How many residuals of a true log-normal the factor is shrunk with.
const PSEUDO_RESIDUALS: f64 = 20.0;
/// The factor's bounds, before it is shrunk.
const FACTOR: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// The factor for the spread of one quantity; 1 if nothing is known.
pub(super) fn of(runs: &[RunSample], groups: &Groups<'_>, quantity: usize) -> f64 {
    let mut residuals: Vec<f64> = runs.iter().filter_map(|run| residual(run, groups, quantity)).collect();
    residuals.sort_by(f64::total_cmp);
    let count = residuals.len() as f64;
    let Some(p90) = quantile(&residuals, 0.9) else { return 1.0 };
    let factor = (p90 / Z90).clamp(*FACTOR.start(), *FACTOR.end());
    (count * factor + PSEUDO_RESIDUALS) / (count + PSEUDO_RESIDUALS)
}

/// How far a run is from what all other runs say of it.
fn residual(run: &RunSample, groups: &Groups<'_>, quantity: usize) -> Option<f64> {
    let value = QUANTITIES[quantity](run).filter(|value| value.is_finite() && *value > 0.0)?;
    let log = libm::log(value);
    let fitted = path((&run.skill, &run.model)).filter_map(|key| groups.get(&key)).filter(|own| own.runs >= RUNS_MIN);
    pulled(fitted.map(|group| group.quantities[quantity].moments.without(log)))?.residual(log)
}

/// The value at rank p·(n + 1), straight between neighbours; the largest where that rank is beyond it.
fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = (p * (sorted.len() as f64 + 1.0) - 1.0).clamp(0.0, last as f64);
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}
