use proptest::prelude::*;

use super::*;
use crate::comparison::{Side, score};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

fn window() -> Window {
    Window {
        from: "2026-03-01T00:00:00Z".parse().expect("a literal"),
        to: "2026-03-08T00:00:00Z".parse().expect("a literal"),
    }
}

pub(super) fn sample(v1: i64, v2: i64) -> Sample {
    let found = score(Side { cost_cents: v1, feasible: true }, Side { cost_cents: v2, feasible: true });
    Sample {
        timestamp: window().from,
        input_hash: "0123456789abcdef0123".to_owned(),
        v1_cost_cents: v1,
        v2_cost_cents: v2,
        drift_score: decimals(found.drift, 4),
        verdict: found.verdict,
        actual_cents: None,
        v2_interval_cents: None,
    }
}

#[test]
fn the_vectors_of_kl_hold() {
    let rounded = |a: &[i64], b: &[i64]| decimals(kl(a, b), 4);
    assert_eq!(rounded(&[5, 7, 9], &[5, 7, 9]), 0.0);
    assert_eq!(rounded(&[100; 5], &[50, 150, 75, 125, 100]), 1.6094);
    for n in [1, 5, 100] {
        assert_eq!(rounded(&vec![5; n], &vec![4; n]), 23.0259);
    }
    assert_eq!(rounded(&[5, 100], &[5, 100]), 0.0);
    assert_eq!(rounded(&[], &[4]), 0.0);
    assert_eq!(rounded(&[0, 1], &[1, 1]), 0.0, "nothing counts as a cent");
    // A tenth of P alone in a bin: 0.1 · ln(0.1 / 1e-10) = 2.0723, and 0.9 · ln 0.9 = −0.0948.
    let p: Vec<i64> = [vec![1; 9], vec![100]].concat();
    assert_eq!(rounded(&p, &[1; 10]), 1.9775);
    // The built-in synthetic set of the reference: {0, 5, 5, 10} against {0, 4, 4, 25}.
    assert_eq!(decimals(kl(&[0, 5, 5, 10], &[0, 4, 4, 25]), 2), 5.41);
}

#[test]
fn the_better_distances_are_worked_out_by_hand() {
    // A cent apart, in one half-octave: KL says 23, these say little.
    assert_eq!(jensen_shannon(&[5; 9], &[4; 9]), 0.0);
    assert_eq!(wasserstein(&[5; 9], &[4; 9], |cents| cents as f64), 1.0);
    // {1, 3} to {5, 9}: (4 + 6) / 2; the order is irrelevant.
    assert_eq!(wasserstein(&[3, 1], &[5, 9], |cents| cents as f64), 5.0);
    // log₂ of 4 and 16 against 8 and 32: one octave each.
    assert!(near(wasserstein(&[4, 16], &[8, 32], octaves), 1.0));
    // Disjoint: 1 bit. Half shared: P = {½, ½}, Q = {½, 0, ½}: ½·½·1 + ½·½·1 = ½.
    assert!(near(jensen_shannon(&[1, 1], &[1000, 1000]), 1.0));
    assert!(near(jensen_shannon(&[1, 1000], &[1, 30]), 0.5));
    // F jumps to 1 at 2, G is ½ there.
    assert_eq!(kolmogorov_smirnov(&[1, 2], &[2, 3]), 0.5);
    assert_eq!(kolmogorov_smirnov(&[1, 2], &[1, 2]), 0.0);
    assert_eq!(kolmogorov_smirnov(&[1], &[2]), 1.0);
}

#[test]
fn half_octaves_are_exact() {
    let bins: Vec<usize> = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 16].into_iter().map(half_octave).collect();
    // 2·log₂: 1→0, 2→2, 3→3.17, 4→4, 5→4.64, 6→5.17, 7→5.61, 8→6, 11→6.92, 12→7.17, 16→8
    assert_eq!(bins, [0, 1, 3, 4, 5, 5, 6, 6, 7, 7, 8, 9]);
    assert_eq!(half_octave(i64::MAX), 126);
}

#[test]
fn a_report_is_worked_out_by_hand() {
    // deltas 5, 0, 26, 100, 51 → sorted 0, 5, 26, 51, 100; p50 = [2], p90 = [4]
    let samples = [sample(100, 105), sample(100, 100), sample(100, 126), sample(100, 200), sample(100, 151)];
    let found = report(&samples, window(), "2.0.0");
    assert_eq!((found.delta_p50, found.delta_p90), (Some(26.0), Some(100.0)));
    // drift 0.03, 0, 0.156, 0.6, 0.306: two above 0.2, one above 0.5, two match
    assert_eq!((found.fail_ratio, found.outlier_count, found.matching_rate), (Some(0.4), 1, Some(0.4)));
    assert_eq!((found.sample_count, found.state), (5, State::Few));
    assert_eq!(found.detailed_samples[0].input_hash, "0123456789abcdef");
    assert_eq!(found.detailed_samples[3].cost_delta_cents, 100);
    assert_eq!((found.v1_accuracy, found.v2_accuracy), (None, None));
    // sorted candidates 100 105 126 151 200 against 100: (0+5+26+51+100)/5
    assert_eq!(found.distances.map(|distances| distances.wasserstein_cents), Some(36.4));
}

#[test]
fn nothing_is_reported_as_nothing() {
    let found = report(&[], window(), "2.0.0");
    assert_eq!((found.state, found.sample_count), (State::Empty, 0));
    assert_eq!((found.delta_p50, found.matching_rate, found.distances), (None, None, None));
    assert_eq!(serde_json::to_value(&found).expect("JSON")["kl_divergence"], serde_json::Value::Null);
}

#[test]
fn models_are_held_against_what_was_billed() {
    let actual = |v1, v2, actual_cents, interval| Sample {
        actual_cents: Some(actual_cents),
        v2_interval_cents: Some(interval),
        ..sample(v1, v2)
    };
    let samples =
        [actual(5, 8, 10.0, (6.0, 9.0)), actual(5, 8, 8.0, (6.0, 9.0)), actual(5, 8, 2.0, (6.0, 9.0)), sample(5, 8)];
    let found = report(&samples, window(), "2.0.0");
    let v1 = found.v1_accuracy.expect("three have a cost");
    // errors −5, −3, 3: mean −1.6667; |.| 11 of 20
    assert_eq!((v1.sample_count, v1.bias_cents, v1.wape), (3, -1.6667, Some(0.55)));
    assert_eq!((v1.pinball_p50_cents, v1.pinball_p90_cents, v1.coverage_p90), (1.8333, None, None));
    let v2 = found.v2_accuracy.expect("three have a cost");
    // errors −2, 0, 6: mean 1.3333; |.| 8 of 20
    assert_eq!((v2.bias_cents, v2.wape), (1.3333, Some(0.4)));
    // pinball at 9: 0.9·1, 0.1·1, 0.1·7 → 1.7 / 3; at or below 9: 2 of 3; within 6 and 9: 1 of 3
    assert_eq!(v2.pinball_p90_cents, Some(0.5667));
    assert_eq!((v2.coverage_p90, v2.coverage_p10_p90), (Some(0.6667), Some(0.3333)));
    let free = report(&[Sample { actual_cents: Some(0.0), ..sample(5, 8) }], window(), "2.0.0");
    assert_eq!(free.v1_accuracy.map(|accuracy| accuracy.wape), Some(None));
}

#[test]
fn details_and_state_follow_the_count() {
    let found = report(&vec![sample(10, 10); 150], window(), "2.0.0");
    assert_eq!((found.detailed_samples.len(), found.state), (100, State::Complete));
    assert_eq!(report(&vec![sample(10, 10); 29], window(), "").state, State::Few);
}

proptest! {
    #[test]
    fn distances_are_metrics_in_range(
        a in prop::collection::vec(0..5_000_i64, 1..40),
        shift in 0..500_i64,
    ) {
        let b: Vec<i64> = a.iter().map(|cents| cents + shift).collect();
        for distance in [jensen_shannon, kolmogorov_smirnov] {
            prop_assert!((0.0..=1.0).contains(&distance(&a, &b)));
            prop_assert!(near(distance(&a, &b), distance(&b, &a)));
            prop_assert!(distance(&a, &a).abs() < 1e-12);
        }
        prop_assert!(near(wasserstein(&a, &b, |cents| cents as f64), shift as f64));
        prop_assert!(kl(&a, &b) >= 0.0 && kl(&a, &a) == 0.0);
    }

    #[test]
    fn the_order_of_samples_changes_no_figure(costs in prop::collection::vec((0..300_i64, 0..300_i64), 1..40)) {
        let samples: Vec<Sample> = costs.iter().map(|(a, b)| sample(*a, *b)).collect();
        let turned: Vec<Sample> = samples.iter().rev().cloned().collect();
        let (mut a, mut b) = (report(&samples, window(), ""), report(&turned, window(), ""));
        a.detailed_samples.clear();
        b.detailed_samples.clear();
        prop_assert_eq!(a, b);
    }
}
