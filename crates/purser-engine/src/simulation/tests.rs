//! Laws of both compat models, and the plans that the tests of each share.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use purser_domain::simulation::v2::Stamp;
use purser_domain::skill::{Catalogue, UnknownPolicy};
use purser_domain::step::Step;

use super::*;
use crate::{skill, step};

pub(super) static SHIPPED: LazyLock<Catalogue> =
    LazyLock::new(|| skill::parse(skill::SHIPPED).expect("the shipped catalogue is sound"));
static PESSIMISTIC: UnknownPolicy = UnknownPolicy::Pessimistic;

pub(super) fn resolve(steps: &[Step]) -> Plan<'_> {
    step::resolve(steps, &SHIPPED, &PESSIMISTIC).expect("the steps are sound")
}

pub(super) fn budget(budget_cents: i64) -> Limits {
    Limits { budget_cents, ..Limits::default() }
}

pub(super) fn allow(skills: &[&str]) -> Limits {
    Limits { allowed_skills: Some(skills.iter().map(|name| SkillId::new(name)).collect()), ..Limits::default() }
}

/// `llm_invoke` with a prompt of that many characters.
pub(super) fn llm(chars: usize) -> Step {
    Step::new("llm_invoke").with("prompt", "x".repeat(chars))
}

pub(super) fn near(a: f64, b: f64, places: i32) -> bool {
    (a - b).abs() < 0.5000001 * 10_f64.powi(-places)
}

fn any_step() -> impl Strategy<Value = Step> {
    let skill = prop::sample::select(vec![
        "http_call",
        "llm_invoke",
        "json_transform",
        "fs_read",
        "fs_write",
        "shell_lite",
        "kv_get",
        "kv_set",
        "webhook_send",
        "email_send",
        "teleport",
    ]);
    (skill, 0..12_000_usize, 0..90_u32, 1..=100_u32).prop_map(|(skill, chars, timeout, iterations)| {
        match skill {
            "llm_invoke" => llm(chars),
            "http_call" => Step::new(skill).with("timeout", f64::from(timeout) / 100.0),
            "shell_lite" => Step::new(skill).with("command", "x".repeat(chars % 200)),
            _ => Step::new(skill),
        }
        .times(iterations)
    })
}

fn any_plan() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), 0..12)
}

proptest! {
    #[test]
    fn the_lean_totals_equal_the_record(steps in any_plan(), budget_cents in 0..2000_i64, threshold in 0.0..1.0_f64) {
        let plan = resolve(&steps);
        let limits = Limits { budget_cents, risk_threshold: threshold, ..Limits::default() };
        let (lean, full) = (v1::totals(&plan, &limits), v1::simulate(&plan, &limits));
        prop_assert_eq!((lean.cost_cents, lean.duration_ms, lean.feasible),
            (full.estimated_cost_cents, full.estimated_duration_ms, full.feasible));
        let (lean, full) = (v2::totals(&plan, &limits), v2::simulate(&plan, &limits, &Stamp::default()));
        prop_assert_eq!((lean.cost_cents, lean.duration_ms, lean.feasible),
            (full.estimated_cost_cents, full.estimated_duration_ms, full.feasible));
        // A plan is feasible or says why not, and in full.
        prop_assert_eq!(full.feasible, full.findings.violations.is_empty());
        prop_assert!(full.findings.violations.iter().all(|violation| violation.margin > 0.0));
    }

    #[test]
    fn cost_latency_and_risk_never_fall_with_iterations(at in any_step()) {
        prop_assume!(at.iterations < 100);
        let more = at.clone().times(at.iterations + 1);
        let (few, more) = ([at], [more]);
        let (a, b) = (resolve(&few), resolve(&more));
        let limits = Limits::default();
        let (x, y) = (v1::totals(&a, &limits), v1::totals(&b, &limits));
        prop_assert!(x.cost_cents <= y.cost_cents && x.duration_ms <= y.duration_ms);
        prop_assert!(x.cumulative_risk <= y.cumulative_risk);
        let (x, y) = (v2::totals(&a, &limits), v2::totals(&b, &limits));
        prop_assert!(x.cost_cents <= y.cost_cents && x.duration_ms <= y.duration_ms);
        prop_assert!(x.cumulative_risk <= y.cumulative_risk && x.confidence == y.confidence);
    }

    #[test]
    fn cost_never_falls_with_the_length_of_a_prompt(chars in 0..30_000_usize, more in 1..5_000_usize) {
        let (short, long) = ([llm(chars)], [llm(chars + more)]);
        let (a, b) = (resolve(&short), resolve(&long));
        prop_assert!(v1::estimate(&a.steps[0]).cost_cents <= v1::estimate(&b.steps[0]).cost_cents);
        let (x, y) = (v2::estimate(&a.steps[0]), v2::estimate(&b.steps[0]));
        prop_assert!(x.cost_cents < y.cost_cents && x.latency_ms < y.latency_ms && x.confidence >= y.confidence);
    }

    #[test]
    fn the_flat_table_is_additive_and_blind_to_order(steps in any_plan(), cut in 0..12_usize) {
        let cut = cut.min(steps.len());
        let limits = Limits::default();
        let whole = v1::totals(&resolve(&steps), &limits);
        let (head, tail) = (v1::totals(&resolve(&steps[..cut]), &limits), v1::totals(&resolve(&steps[cut..]), &limits));
        prop_assert_eq!(whole.cost_cents, head.cost_cents + tail.cost_cents);
        prop_assert_eq!(whole.duration_ms, head.duration_ms + tail.duration_ms);
        let turned: Vec<Step> = steps.into_iter().rev().collect();
        let turned = v1::totals(&resolve(&turned), &limits);
        prop_assert_eq!((whole.cost_cents, whole.duration_ms), (turned.cost_cents, turned.duration_ms));
        prop_assert!((whole.cumulative_risk - turned.cumulative_risk).abs() < 1e-12);
    }

    #[test]
    fn the_budget_itself_is_enough_and_a_cent_less_is_not(steps in any_plan()) {
        let plan = resolve(&steps);
        prop_assume!(!steps.is_empty());
        let open = |budget_cents| Limits { budget_cents, risk_threshold: 1.0, ..Limits::default() };
        let cost = v1::totals(&plan, &open(0)).cost_cents;
        prop_assert!(v1::totals(&plan, &open(cost)).feasible);
        prop_assert!(!v1::totals(&plan, &open(cost - 1)).feasible);
        let cost = v2::totals(&plan, &open(0)).cost_cents;
        prop_assert!(v2::totals(&plan, &open(cost)).feasible);
        prop_assert!(!v2::totals(&plan, &open(cost - 1)).feasible);
    }

    #[test]
    fn the_full_risk_is_never_below_the_listed_one(steps in any_plan()) {
        let found = v2::totals(&resolve(&steps), &Limits::default());
        prop_assert!(found.full_cumulative_risk >= found.cumulative_risk);
        prop_assert!((0.0..=1.0).contains(&found.full_cumulative_risk));
    }
}

#[test]
fn an_empty_allow_list_denies_all_and_none_allows_all() {
    let steps = [Step::new("kv_get"), Step::new("kv_get"), Step::new("json_transform")];
    let plan = resolve(&steps);
    assert!(v1::simulate(&plan, &Limits::default()).feasible);
    for denied in
        [v1::simulate(&plan, &allow(&[])).findings, v2::simulate(&plan, &allow(&[]), &Stamp::default()).findings]
    {
        let violation = &denied.violations[0];
        assert_eq!((violation.constraint, violation.actual, violation.margin), (Constraint::Permission, 3.0, 3.0));
        let once: BTreeSet<&str> = violation.skills.iter().map(|skill| &**skill).collect();
        assert_eq!(once, BTreeSet::from(["kv_get", "json_transform"]));
    }
    assert!(v2::simulate(&plan, &allow(&["kv_get", "json_transform"]), &Stamp::default()).feasible);
}

#[test]
fn a_plan_of_ten_thousand_steps_is_simulated() {
    let steps = vec![llm(10).times(100); 10_000];
    let plan = resolve(&steps);
    assert_eq!(v1::totals(&plan, &Limits::default()).cost_cents, 5_000_000);
    // 3.5 + 0.008 + 0.024 = 3.532 cents, a million times.
    assert_eq!(v2::totals(&plan, &Limits::default()).cost_cents, 3_532_000);
}

#[test]
fn a_risk_on_the_threshold_is_acceptable() {
    let steps = [Step::new("llm_invoke")];
    let plan = resolve(&steps);
    let limits = |risk_threshold| Limits { risk_threshold, ..Limits::default() };
    assert!(v1::simulate(&plan, &limits(0.05)).feasible, "1 − 0.95 is a little above 0.05 in binary");
    assert!(!v1::simulate(&plan, &limits(0.0499)).feasible);
    assert!(v2::simulate(&plan, &limits(0.03), &Stamp::default()).feasible);
    assert!(!v2::simulate(&plan, &limits(0.0299), &Stamp::default()).feasible);
}
