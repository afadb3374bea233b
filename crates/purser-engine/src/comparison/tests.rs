use proptest::prelude::*;
use purser_domain::simulation::Limits;
use purser_domain::simulation::v2::Stamp;
use purser_domain::skill::UnknownPolicy;
use purser_domain::step::Step;

use super::*;
use crate::{simulation, skill, step};

const fn side(cost_cents: i64) -> Side {
    Side { cost_cents, feasible: true }
}

fn plan(steps: &[Step]) -> (v1::Simulation, v2::Simulation) {
    let catalogue = skill::parse(skill::SHIPPED).expect("the shipped catalogue is sound");
    let plan = step::resolve(steps, &catalogue, &UnknownPolicy::Pessimistic).expect("the steps are sound");
    let limits = Limits::default();
    (simulation::v1::simulate(&plan, &limits), simulation::v2::simulate(&plan, &limits, &Stamp::default()))
}

fn compared(steps: &[Step]) -> Comparison {
    let (baseline, candidate) = plan(steps);
    compare(&baseline, &candidate)
}

#[test]
fn the_vectors_hold() {
    use Verdict::{MajorDrift, Match, MinorDrift, Mismatch};
    for (a, b, drift, verdict) in [
        (100, 105, 0.03, Match),
        (100, 108, 0.048, Match),
        (100, 109, 0.054, MinorDrift),
        (100, 110, 0.06, MinorDrift),
        (100, 125, 0.15, MinorDrift),
        (100, 126, 0.156, MajorDrift),
        (100, 150, 0.30, MajorDrift),
        (100, 151, 0.306, Mismatch),
        (100, 200, 0.6, Mismatch),
        (100, 900, 0.6, Mismatch),
        (5, 4, 0.12, MinorDrift),
        (10, 25, 0.6, Mismatch),
        (0, 50, 0.0, Match),
        (0, 0, 0.0, Match),
        (12, 13, 0.05, Match),
    ] {
        let found = score(side(a), side(b));
        assert_eq!((decimals(found.drift, 4), found.verdict), (drift, verdict), "{a} {b}");
    }
    let flip = score(side(100), Side { cost_cents: 100, feasible: false });
    assert_eq!((flip.drift, flip.verdict), (0.4, Mismatch));
}

/// `llm ×10` and `email ×3` of the reference ran once under v2; with iterations they are 38 and 2 cents.
#[test]
fn the_vectors_of_plans_hold() {
    let short = compared(&[Step::new("llm_invoke").with("prompt", "Hello")]);
    assert_eq!((short.v1_cost_cents, short.v2_cost_cents), (5, 4));
    assert_eq!((short.drift_score, short.verdict, short.cost_delta_cents), (0.12, Verdict::MinorDrift, -1));
    // v2: 10 · 3.516 = 35.16 → 35 against 50: 0.6 · 0.3 = 0.18
    let ten = compared(&[Step::new("llm_invoke").with("prompt", "Hello").times(10)]);
    assert_eq!((ten.v1_cost_cents, ten.v2_cost_cents), (50, 35));
    assert_eq!((ten.drift_score, ten.verdict), (0.18, Verdict::MajorDrift));
    let emails = compared(&vec![Step::new("email_send"); 3]);
    assert_eq!((emails.v1_cost_cents, emails.v2_cost_cents), (3, 2));
    assert_eq!((emails.drift_score, emails.verdict), (0.2, Verdict::MajorDrift));
    assert_eq!(emails.cost_delta_pct, 0.3333);
    let unknown = compared(&[Step::new("teleport"), Step::new("warp")]);
    assert_eq!((unknown.v1_cost_cents, unknown.v2_cost_cents), (20, 10));
    assert_eq!((unknown.drift_score, unknown.verdict), (0.30, Verdict::MajorDrift));
}

#[test]
fn six_external_calls_split_the_models() {
    let found = compared(&vec![Step::new("http_call"); 6]);
    assert!(found.v1_feasible && !found.v2_feasible && !found.feasibility_match);
    assert_eq!((found.verdict, found.drift_score), (Verdict::Mismatch, 0.4));
    assert_eq!((found.details.v1_risks_count, found.details.v2_risks_count), (6, 6));
    assert_eq!((found.v1_duration_ms, found.v2_duration_ms, found.duration_delta_ms), (3000, 3000, 0));
}

#[test]
fn the_better_measures_see_a_change_from_free_to_paid() {
    assert_eq!(symmetric_error(0, 50, 1), 2.0);
    assert_eq!(symmetric_error(50, 0, 1), 2.0);
    // Mean 0.5 counts as 1, and as 10 under a higher floor.
    assert_eq!(symmetric_error(0, 1, 1), 1.0);
    assert_eq!(symmetric_error(0, 1, 10), 0.1);
    assert_eq!(symmetric_error(100, 100, 1), 0.0);
    assert_eq!(symmetric_error(0, 0, 0), 0.0);
    // 25 by 112.5
    assert_eq!(decimals(symmetric_error(100, 125, 1), 4), 0.2222);
}

#[test]
fn a_difference_names_steps_and_hashes() {
    let steps = [Step::new("json_transform"), Step::new("llm_invoke").with("prompt", "Hello"), Step::new("http_call")];
    let (baseline, candidate) = plan(&steps);
    let at: Timestamp = "2026-03-01T00:00:00Z".parse().expect("a literal of this test");
    let found = difference("abc", &baseline, &candidate, at);
    assert_eq!(found.step_diffs.iter().map(|step| step.step_index).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((found.cost_diff, found.duration_diff, found.is_match), (-1, -204, false));
    assert_eq!(found.v2_output_hash, output_hash(&candidate));
    assert_ne!(found.v1_output_hash, found.v2_output_hash);
    assert_eq!(found.diff_summary, "minor_drift: 4¢ against 5¢ (drift 0.12), feasible true against true");
}

#[test]
fn verdicts_are_lower_case_on_the_wire() {
    let found = compared(&[Step::new("kv_get")]);
    let record = serde_json::to_value(&found).expect("JSON");
    assert_eq!(record["verdict"], "match");
    assert_eq!(record["details"]["v2_status"], "success");
    assert_eq!(serde_json::from_value::<Comparison>(record).expect("it reads back"), found);
}

proptest! {
    /// Away from the cuts the whole-number decision and the float agree.
    #[test]
    fn the_verdict_follows_the_drift(a in 0..5_000_i64, b in 0..5_000_i64) {
        let found = score(side(a), side(b));
        let near_a_cut = [0.05, 0.15, 0.30].iter().any(|cut| (found.drift - cut).abs() < 1e-12);
        prop_assume!(!near_a_cut);
        let by_float = match found.drift {
            drift if drift <= 0.05 => Verdict::Match,
            drift if drift <= 0.15 => Verdict::MinorDrift,
            drift if drift <= 0.30 => Verdict::MajorDrift,
            _ => Verdict::Mismatch,
        };
        prop_assert_eq!(found.verdict, by_float);
    }

    #[test]
    fn exact_fractions_at_the_cuts_are_inclusive(k in 1..100_000_i64) {
        prop_assert_eq!(score(side(12 * k), side(13 * k)).verdict, Verdict::Match);
        prop_assert_eq!(score(side(4 * k), side(3 * k)).verdict, Verdict::MinorDrift);
        prop_assert_eq!(score(side(2 * k), side(3 * k)).verdict, Verdict::MajorDrift);
        prop_assert_eq!(score(side(12 * k), side(13 * k + 1)).verdict, Verdict::MinorDrift);
        prop_assert_eq!(score(side(4 * k), side(5 * k + 1)).verdict, Verdict::MajorDrift);
        prop_assert_eq!(score(side(2 * k), side(3 * k + 1)).verdict, Verdict::Mismatch);
    }

    #[test]
    fn the_symmetric_error_is_symmetric_bounded_and_zero_only_for_equals(a in 0..9_999_i64, b in 0..9_999_i64) {
        let found = symmetric_error(a, b, FLOOR_CENTS);
        prop_assert_eq!(found, symmetric_error(b, a, FLOOR_CENTS));
        prop_assert!((0.0..=2.0).contains(&found));
        prop_assert_eq!(found == 0.0, a == b);
    }
}
