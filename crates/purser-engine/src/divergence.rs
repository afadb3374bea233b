//! Reports how far two models lie apart over many plans, and each from what was billed.
//!
//! Compat: percentiles of |delta|, KL, fail ratio, matching rate and outliers are computed as the reference computes
//! them, but from pairs. Its KL depends on the range of the window and jumps to 23 for a shift of one cent, so
//! distances that mean something stand beside it.
//! Invariant: logarithms come from `libm`, so a report is the same on every platform.

use purser_domain::comparison::Verdict;
use purser_domain::divergence::{Accuracy, Distances, Report, SAMPLES_MIN, Sample, SampleDetail, State};
use purser_domain::time::Window;

use crate::rounding::decimals;

mod paired;

/// A drift above this is an outlier.
pub const OUTLIER_ABOVE: f64 = 0.5;
/// A drift above this fails.
pub const FAIL_ABOVE: f64 = 0.2;
/// How many samples are shown.
pub const DETAILS_MAX: usize = 100;

const BINS: usize = 10;
const EPSILON: f64 = 1e-10;

/// Reports on `samples`, which the caller has filtered, in the order in which they are shown.
#[must_use]
pub fn report(samples: &[Sample], window: Window, version: &str) -> Report {
    let count = samples.len();
    let some = |value: f64, places| (count > 0).then(|| decimals(value, places));
    let mut deltas: Vec<u64> =
        samples.iter().map(|sample| sample.v1_cost_cents.abs_diff(sample.v2_cost_cents)).collect();
    deltas.sort_unstable();
    let at = |index: usize| deltas.get(index).map_or(0.0, |delta| float(*delta));
    let share = |keep: &dyn Fn(&Sample) -> bool| {
        let kept = samples.iter().filter(|sample| keep(sample)).count();
        kept as f64 / count.max(1) as f64
    };
    let baseline: Vec<i64> = samples.iter().map(|sample| sample.v1_cost_cents).collect();
    let candidate: Vec<i64> = samples.iter().map(|sample| sample.v2_cost_cents).collect();
    Report {
        start_date: window.from,
        end_date: window.to,
        version: version.to_owned(),
        sample_count: count,
        delta_p50: some(at(count / 2), 2),
        delta_p90: some(at(count * 9 / 10), 2),
        kl_divergence: some(kl(&baseline, &candidate), 4),
        fail_ratio: some(share(&|sample| sample.drift_score > FAIL_ABOVE), 4),
        matching_rate: some(share(&|sample| sample.verdict == Verdict::Match), 4),
        outlier_count: samples.iter().filter(|sample| sample.drift_score > OUTLIER_ABOVE).count(),
        detailed_samples: samples.iter().take(DETAILS_MAX).map(detail).collect(),
        state: match count {
            0 => State::Empty,
            few if few < SAMPLES_MIN => State::Few,
            _ => State::Complete,
        },
        distances: (count > 0).then(|| Distances {
            jensen_shannon: decimals(jensen_shannon(&baseline, &candidate), 4),
            wasserstein_cents: decimals(wasserstein(&baseline, &candidate, |cents| cents as f64), 4),
            wasserstein_octaves: decimals(wasserstein(&baseline, &candidate, octaves), 4),
            kolmogorov_smirnov: decimals(kolmogorov_smirnov(&baseline, &candidate), 4),
        }),
        v1_accuracy: accuracy(samples, |sample| (sample.v1_cost_cents, None)),
        v2_accuracy: accuracy(samples, |sample| (sample.v2_cost_cents, sample.v2_interval_cents)),
        paired: paired::judge(samples),
    }
}

fn detail(sample: &Sample) -> SampleDetail {
    SampleDetail {
        timestamp: sample.timestamp,
        input_hash: sample.input_hash.chars().take(16).collect(),
        v1_cost_cents: sample.v1_cost_cents,
        v2_cost_cents: sample.v2_cost_cents,
        cost_delta_cents: sample.v2_cost_cents - sample.v1_cost_cents,
        drift_score: sample.drift_score,
        verdict: sample.verdict,
        actual_cents: sample.actual_cents,
    }
}

/// KL divergence as the reference computes it, nats, unrounded; for continuity, not for judgement.
///
/// Costs below 1 count as 1; ten equal bins over the joint range; no smoothing.
#[must_use]
pub fn kl(baseline: &[i64], candidate: &[i64]) -> f64 {
    let lifted = || baseline.iter().chain(candidate).map(|cents| *cents.max(&1));
    let (Some(low), Some(high)) = (lifted().min(), lifted().max()) else { return 0.0 };
    if baseline.is_empty() || candidate.is_empty() || low == high {
        return 0.0;
    }
    let width = (high - low) as f64 / BINS as f64;
    let shares = |costs: &[i64]| {
        let mut bins = [0_u64; BINS];
        for cents in costs {
            let bin = ((*cents.max(&1) - low) as f64 / width) as usize;
            bins[bin.min(BINS - 1)] += 1;
        }
        bins.map(|bin| float(bin) / costs.len() as f64)
    };
    let pairs = shares(baseline).into_iter().zip(shares(candidate)).filter(|(p, _)| *p > EPSILON);
    pairs.map(|(p, q)| p * libm::log((p + EPSILON) / (q + EPSILON))).sum::<f64>().max(0.0)
}

/// Jensen–Shannon divergence over half-octaves of cost (… 4 to 5, 6 to 7, 8 to 11, …), bits, 0 to 1.
#[must_use]
pub fn jensen_shannon(a: &[i64], b: &[i64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let shares = |costs: &[i64]| {
        let mut bins = [0_u64; 128];
        for cents in costs {
            bins[half_octave(*cents)] += 1;
        }
        bins.map(|bin| float(bin) / costs.len() as f64)
    };
    let part = |p: f64, middle: f64| if p > 0.0 { 0.5 * p * libm::log2(p / middle) } else { 0.0 };
    let pairs = shares(a).into_iter().zip(shares(b));
    let sum: f64 = pairs.map(|(p, q)| part(p, p.midpoint(q)) + part(q, p.midpoint(q))).sum();
    sum.clamp(0.0, 1.0)
}

/// ⌊2·log₂ cents⌋ + 1, and 0 for nothing: exact, from the square.
fn half_octave(cents: i64) -> usize {
    let square = u128::from(cents.max(0).unsigned_abs()).pow(2);
    square.checked_ilog2().map_or(0, |log| log as usize + 1).min(127)
}

fn octaves(cents: i64) -> f64 {
    libm::log2(cents.max(1) as f64)
}

/// First Wasserstein distance between two samples of one size, on the scale that `measure` gives; 0 if empty.
///
/// Samples of different size are compared up to the smaller after sorting; callers have pairs.
#[must_use]
pub fn wasserstein(a: &[i64], b: &[i64], measure: impl Fn(i64) -> f64) -> f64 {
    let sorted = |costs: &[i64]| {
        let mut costs = costs.to_vec();
        costs.sort_unstable();
        costs
    };
    let (a, b) = (sorted(a), sorted(b));
    let sum: f64 = a.iter().zip(&b).map(|(x, y)| (measure(*x) - measure(*y)).abs()).sum();
    sum / a.len().min(b.len()).max(1) as f64
}

/// The widest gap between the two empirical distribution functions, 0 to 1; 0 if either is empty.
#[must_use]
pub fn kolmogorov_smirnov(a: &[i64], b: &[i64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    a.sort_unstable();
    b.sort_unstable();
    let up_to = |costs: &[i64], cents: i64| costs.partition_point(|cost| *cost <= cents) as f64 / costs.len() as f64;
    a.iter().chain(&b).map(|cents| (up_to(&a, *cents) - up_to(&b, *cents)).abs()).fold(0.0, f64::max)
}

/// How well estimates foretold metered cost; `None` if no sample has one.
fn accuracy(samples: &[Sample], estimate: impl Fn(&Sample) -> (i64, Option<(f64, f64)>)) -> Option<Accuracy> {
    let (mut count, mut bias, mut absolute, mut billed) = (0_usize, 0.0, 0.0, 0.0);
    let (mut banded, mut pinball, mut below, mut within) = (0_usize, 0.0, 0_usize, 0_usize);
    for sample in samples {
        let Some(actual) = sample.actual_cents.filter(|actual| actual.is_finite()) else { continue };
        let (point, interval) = estimate(sample);
        let error = point as f64 - actual;
        count += 1;
        bias += error;
        absolute += error.abs();
        billed += actual;
        if let Some((p10, p90)) = interval {
            banded += 1;
            pinball += pinball_loss(0.9, p90, actual);
            below += usize::from(actual <= p90);
            within += usize::from((p10..=p90).contains(&actual));
        }
    }
    let mean = |sum: f64| decimals(sum / count as f64, 4);
    let of_banded = |sum: f64| (banded > 0).then(|| decimals(sum / banded as f64, 4));
    (count > 0).then(|| Accuracy {
        sample_count: count,
        bias_cents: mean(bias),
        wape: (billed > 0.0).then(|| decimals(absolute / billed, 4)),
        pinball_p50_cents: mean(absolute * 0.5),
        pinball_p90_cents: of_banded(pinball),
        coverage_p90: of_banded(below as f64),
        coverage_p10_p90: of_banded(within as f64),
    })
}

/// Loss of foretelling `quantile` as the `q`-quantile when `actual` came: low only if the quantile is honest.
#[must_use]
pub fn pinball_loss(q: f64, quantile: f64, actual: f64) -> f64 {
    let missed = actual - quantile;
    (q * missed).max((q - 1.0) * missed)
}

const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
