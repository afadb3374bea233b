//! Judges two models by pairs: how far they lie apart, and which is nearer to what was billed.
//! Invariant: the order of the samples is irrelevant, and the resampling has a fixed seed.
//!
//! The sign test's p-value is one over the mixture likelihood ratio of Krichevsky and Trofimov,
//! `2ⁿ·B(k+½, n−k+½)/B(½, ½)`. By Ville's inequality that ratio ever exceeds 1/α with probability α at most if neither model
//! is nearer more often: of samples that only grow in number, the value holds however often one looks (Ramdas et al.,
//! "Game-theoretic statistics", 2023).

use purser_domain::divergence::{Judgement, Paired, Realised, SAMPLES_MIN, Sample};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::rounding::decimals;

/// How often the samples are drawn anew.
const RESAMPLES: usize = 1_000;
const SEED: u64 = 42;
/// The chance of a wrong judgement.
const ALPHA: f64 = 0.05;

/// Judges the pairs; `None` without any.
pub(super) fn judge(samples: &[Sample]) -> Option<Paired> {
    let mut deltas: Vec<f64> = samples.iter().map(|s| (s.v2_cost_cents - s.v1_cost_cents) as f64).collect();
    let (mean, interval) = mean_with_interval(&mut deltas)?;
    Some(Paired {
        delta_mean_cents: decimals(mean, 4),
        delta_interval_cents: rounded(interval),
        realised: realised(samples),
    })
}

fn realised(samples: &[Sample]) -> Option<Realised> {
    let change = |sample: &Sample| {
        let actual = sample.actual_cents.filter(|actual| actual.is_finite())?;
        Some((sample.v2_cost_cents as f64 - actual).abs() - (sample.v1_cost_cents as f64 - actual).abs())
    };
    let mut changes: Vec<f64> = samples.iter().filter_map(change).collect();
    let (mean, interval) = mean_with_interval(&mut changes)?;
    let candidate_nearer = changes.iter().filter(|change| **change < 0.0).count();
    let baseline_nearer = changes.iter().filter(|change| **change > 0.0).count();
    let p_value = sign_test(candidate_nearer, baseline_nearer);
    let is_sure = changes.len() >= SAMPLES_MIN && p_value <= ALPHA;
    let judgement = match (is_sure, interval) {
        (true, (_, high)) if high < 0.0 && candidate_nearer > baseline_nearer => Judgement::CandidateBetter,
        (true, (low, _)) if low > 0.0 && baseline_nearer > candidate_nearer => Judgement::BaselineBetter,
        _ => Judgement::Undecided,
    };
    Some(Realised {
        sample_count: changes.len(),
        error_change_cents: decimals(mean, 4),
        error_change_interval_cents: rounded(interval),
        candidate_nearer,
        baseline_nearer,
        p_value: decimals(p_value, 4),
        judgement,
    })
}

/// One over the mixture likelihood ratio of `a` against `b` signs, 1 at most.
fn sign_test(a: usize, b: usize) -> f64 {
    let (a, b) = (a as f64, b as f64);
    let log_beta = |x: f64, y: f64| libm::lgamma(x) + libm::lgamma(y) - libm::lgamma(x + y);
    let log_ratio = (a + b) * std::f64::consts::LN_2 + log_beta(a + 0.5, b + 0.5) - log_beta(0.5, 0.5);
    libm::exp(-log_ratio).min(1.0)
}

/// The mean and its 95 % percentile interval. Sorts `values`, so that their order is irrelevant.
fn mean_with_interval(values: &mut [f64]) -> Option<(f64, (f64, f64))> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let count = values.len() as u128;
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut pick = || values[((u128::from(random.next_u64()) * count) >> 64) as usize];
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| (0..count).map(|_| pick()).sum::<f64>() / count as f64).collect();
    means.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / count as f64;
    let (low, high) = (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40]);
    Some((mean, (low, high)))
}

fn rounded((low, high): (f64, f64)) -> (f64, f64) {
    (decimals(low, 4), decimals(high, 4))
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn metered(v1: i64, v2: i64, actual: f64) -> Sample {
        Sample { actual_cents: Some(actual), ..sample(v1, v2) }
    }

    #[test]
    fn the_sign_test_is_worked_out_by_hand() {
        // B(½, ½) = π. One sign: 2·B(3/2, ½)/π = 2·(π/2)/π = 1. Two alike: 4·B(5/2, ½)/π = 4·(3π/8)/π = 3/2.
        assert_eq!(sign_test(0, 0), 1.0);
        assert!((sign_test(1, 0) - 1.0).abs() < 1e-12);
        assert!((sign_test(2, 0) - 2.0 / 3.0).abs() < 1e-12);
        // One of each: 4·B(3/2, 3/2)/π = 4·(π/8)/π = ½, no evidence.
        assert_eq!(sign_test(1, 1), 1.0);
        // Of n alike the ratio is C(2n, n)/2ⁿ: 924/64 is too little for 5 %, 3432/128 is enough.
        assert!((sign_test(6, 0) - 64.0 / 924.0).abs() < 1e-9 && (sign_test(0, 7) - 128.0 / 3432.0).abs() < 1e-9);
    }

    #[test]
    fn looking_often_errs_no_more_than_promised() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let wrong = (0..2_000).filter(|_| {
            let (mut a, mut b) = (0, 0);
            (0..300).any(|_| {
                *(if random.next_u64() & 1 == 0 { &mut a } else { &mut b }) += 1;
                sign_test(a, b) <= ALPHA
            })
        });
        assert!(wrong.count() <= 100, "5 % of 2,000");
    }

    #[test]
    fn the_nearer_model_is_told_once_it_is_sure() {
        // 5 cents against 4, billed 4.1: the candidate errs by 0.1, the baseline by 0.9.
        let near = vec![metered(5, 4, 4.1); 30];
        let found = judge(&near).and_then(|paired| paired.realised).expect("metered");
        assert_eq!((found.candidate_nearer, found.baseline_nearer, found.error_change_cents), (30, 0, -0.8));
        assert_eq!(found.error_change_interval_cents, (-0.8, -0.8));
        assert_eq!(found.judgement, Judgement::CandidateBetter);
        let judged = |samples: &[Sample]| judge(samples).and_then(|paired| paired.realised).map(|r| r.judgement);
        assert_eq!(judged(&near[..29]), Some(Judgement::Undecided), "too few");
        assert_eq!(judged(&vec![metered(4, 5, 4.1); 30]), Some(Judgement::BaselineBetter));
        let even: Vec<Sample> =
            (0..60).map(|i| if i % 2 == 0 { metered(5, 4, 4.1) } else { metered(4, 5, 4.1) }).collect();
        assert_eq!(judged(&even), Some(Judgement::Undecided));
        assert_eq!(judged(&[sample(5, 4)]), None, "nothing was billed");
    }

    #[test]
    fn the_mean_delta_has_an_interval_that_order_does_not_move() {
        let samples: Vec<Sample> = (0..100).map(|i| sample(100, 100 + i % 10)).collect();
        let found = judge(&samples).expect("there are pairs");
        // Deltas 0 to 9 evenly: mean 4.5, standard deviation 2.87, so about 4.5 ± 1.96 · 0.287.
        assert_eq!(found.delta_mean_cents, 4.5);
        let (low, high) = found.delta_interval_cents;
        assert!((low - 3.94).abs() < 0.1 && (high - 5.06).abs() < 0.1, "{low} to {high}");
        let turned: Vec<Sample> = samples.into_iter().rev().collect();
        assert_eq!(judge(&turned), Some(found));
        assert_eq!(judge(&[]), None);
    }
}
