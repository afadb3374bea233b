use proptest::prelude::*;

use super::*;
use crate::simulation::v3::math::Z90;

fn run(skill: &str, model: &str, cost_usd: f64) -> RunSample {
    RunSample { skill: skill.to_owned(), model: model.to_owned(), cost_usd: Some(cost_usd), ..RunSample::default() }
}

fn at() -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000)
}

#[test]
fn a_lone_group_is_fitted_by_its_logarithms() {
    // Logarithms −1, 0, 1 twice: mean 0, variance 4/5. One skill without a model: pulled towards itself.
    let e = std::f64::consts::E;
    let runs: Vec<RunSample> = [1.0 / e, 1.0, e].into_iter().cycle().take(6).map(|cost| run("a", "", cost)).collect();
    let fitted = calibrate(&runs, at());
    let Some(Driver::LogNormal { p50, p90 }) = fitted.find("a", "").and_then(|fit| fit.cost_usd.clone()) else {
        panic!("{fitted:?}")
    };
    assert!((p50 - 1.0).abs() < 1e-12, "{p50}");
    // (4 + 4 · 0.8) / 10 = 0.72, times 7/6 for the next run: sigma² 0.84. Without one of the values at 1 the mean is −0.2,
    // the squares 2.8, so all have variance 0.7 and the group (2.8 + 4 · 0.7) / 9, times 6/5: the value lies
    // 1.2 / √0.7467 = 1.389 standard deviations above. That is the 90th percentile of six, beside 20 of a true log-normal.
    let stretch = (6.0 * (1.2 / (5.6_f64 / 9.0 * 1.2).sqrt()) / Z90 + 20.0) / 26.0;
    assert!((p90 - (0.84_f64.sqrt() * stretch * Z90).exp()).abs() < 1e-9, "{p90}");
    assert_eq!(fitted.fitted_at, at());
    assert_eq!(fitted.version.len(), 32);
}

#[test]
fn p90_holds_for_quantities_that_are_not_log_normal() {
    // Evenly from 0 to 1: nine tenths are below 0.9. Logarithms have mean −1 and deviation 1, so a log-normal's P90 would
    // be e^0.28. Of the reciprocals nine tenths are below 10, and a log-normal's would be e^2.28.
    let even = |invert: bool| {
        let values = (0..400).map(|i| (f64::from(i) + 0.5) / 400.0);
        let values = values.map(|value| if invert { 1.0 / value } else { value });
        calibrate(&values.map(|cost| run("a", "", cost)).collect::<Vec<_>>(), at())
    };
    for (invert, expected, log_normal) in [(false, 0.9, 1.32), (true, 10.0, 9.8)] {
        let fit = even(invert).find("a", "").and_then(|fit| fit.cost_usd.clone());
        let Some(Driver::LogNormal { p90, .. }) = fit else { panic!("{fit:?}") };
        let error = (p90 / expected - 1.0).abs();
        assert!(error < 0.05 && error <= (log_normal / expected - 1.0_f64).abs(), "{p90} for {expected}");
    }
}

#[test]
fn a_small_group_is_pulled_towards_its_skill() {
    let mut runs: Vec<RunSample> = (0..100).map(|_| run("a", "big", 1.0)).collect();
    runs.extend((0..5).map(|_| run("a", "small", 100.0)));
    let fitted = calibrate(&runs, at());
    let p50 = |model: &str| match fitted.find("a", model).and_then(|fit| fit.cost_usd.clone()) {
        Some(Driver::LogNormal { p50, .. }) => p50,
        other => panic!("{other:?}"),
    };
    // log 100 = 4.605; all runs: 5/105 of it, 0.2193. The five: (5 · 4.605 + 4 · 0.2193) / 9 = 2.656.
    assert!((p50("small") - 2.656_f64.exp()).abs() < 0.01, "{}", p50("small"));
    assert!((p50("big") - (4.0 * 0.2193_f64 / 104.0).exp()).abs() < 1e-4, "{}", p50("big"));
    assert!((p50("never seen") - 0.2193_f64.exp()).abs() < 1e-3, "a new model is taken for all of its skill");
}

#[test]
fn too_few_runs_are_refused_by_name() {
    let runs: Vec<RunSample> = (0..5).map(|i| run("a", if i == 0 { "x" } else { "y" }, 1.0)).collect();
    let fitted = calibrate(&runs, at());
    let refused: Vec<(&str, u64)> = fitted.refused.iter().map(|group| (group.model.as_str(), group.runs)).collect();
    assert_eq!(refused, [("x", 1), ("y", 4)]);
    assert_eq!(fitted.fits.len(), 2, "the skill as a whole has five, and so have all runs");
    assert_eq!(calibrate(&[], at()), Calibration { fitted_at: at(), ..Calibration::none() });
}

#[test]
fn failures_are_pulled_too_and_zeros_are_kept() {
    let runs: Vec<RunSample> = (0..10)
        .map(|i| RunSample {
            failed: Some(i < 3),
            tool_calls: Some(if i < 5 { 0.0 } else { 2.0 }),
            ..run("a", "", 1.0)
        })
        .collect();
    let fit = calibrate(&runs, at()).fits.remove(1);
    // All: (3 + 1) / 12 = 1/3; the skill: (3 + 4/3) / 14.
    assert!((fit.failure.unwrap_or_default() - 13.0 / 42.0).abs() < 1e-12, "{:?}", fit.failure);
    assert_eq!(fit.cost_usd, Some(Driver::Constant(1.0)));
    let Some(Driver::Quantiles(points)) = fit.tool_calls else { panic!("half are zero") };
    assert_eq!(points[1], (0.5, 0.0));
    assert_eq!(fit.latency_ms, None);
}

proptest! {
    #[test]
    fn a_value_taken_out_is_as_if_it_had_never_been(mut logs in prop::collection::vec(-9.0..9.0_f64, 2..40)) {
        let log = logs[0];
        let without = Moments::of(&logs).without(log).expect("there are others");
        logs.remove(0);
        let others = Moments::of(&logs);
        prop_assert!((without.mean - others.mean).abs() < 1e-9 && (without.squares - others.squares).abs() < 1e-7);
        prop_assert_eq!(Moments::of(&[log]).without(log), None);
    }

    #[test]
    fn the_order_of_runs_is_irrelevant(
        (runs, shuffled) in prop::collection::vec((0..3_u8, 0..2_u8, 0.0..10.0), 1..60)
            .prop_map(|runs| runs.into_iter().map(|(s, m, c)| run(&s.to_string(), &m.to_string(), c)).collect::<Vec<_>>())
            .prop_flat_map(|runs| (Just(runs.clone()), Just(runs).prop_shuffle()))
    ) {
        prop_assert_eq!(calibrate(&runs, at()), calibrate(&shuffled, at()));
    }
}
