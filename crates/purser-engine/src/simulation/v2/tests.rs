use purser_domain::simulation::Constraint;
use purser_domain::step::Step;

use super::super::tests::{allow, budget, llm, near, resolve};
use super::*;

fn run(steps: &[Step], limits: &Limits) -> Simulation {
    simulate(&resolve(steps), limits, &Stamp::default())
}

fn one(step: Step) -> (f64, f64, f64) {
    let steps = [step];
    let found = estimate(&resolve(&steps).steps[0]);
    (found.cost_cents, found.latency_ms, found.confidence)
}

#[test]
fn the_coefficients_hold() {
    for (skill, cost, latency, confidence, risk, key) in [
        ("http_call", 0.0, 500.0, 0.8075, 0.12, "timeout"),
        ("llm_invoke", 3.5, 1800.0, 0.92, 0.03, "rate_limit"),
        ("json_transform", 0.0, 5.0, 0.98, 0.005, "transform_error"),
        ("fs_read", 0.0, 30.0, 0.95, 0.03, "read"),
        ("fs_write", 0.0, 50.0, 0.94, 0.02, "write"),
        ("shell_lite", 0.0, 150.0, 0.88, 0.07, "timeout"),
        ("kv_get", 0.0, 3.0, 0.97, 0.01, "get"),
        ("kv_set", 0.0, 5.0, 0.97, 0.01, "set"),
        ("webhook_send", 0.0, 200.0, 0.90, 0.08, "timeout"),
        ("email_send", 0.8, 350.0, 0.93, 0.03, "delivery"),
        ("teleport", 5.0, 500.0, 0.60, 0.15, "unknown"),
    ] {
        let steps = [Step::new(skill)];
        let plan = resolve(&steps);
        let found = estimate(&plan.steps[0]);
        assert_eq!((found.cost_cents, found.latency_ms), (cost, latency), "{skill}");
        assert!(near(found.confidence, confidence, 12), "{skill}");
        let (row, p) = factors(&plan.steps[0], found).next().expect("each row has one risk");
        assert_eq!(&*row.name, key);
        assert!(near(p, risk, 12), "{skill}");
    }
}

#[test]
fn the_vectors_by_prompt_length_hold() {
    for (chars, cents, whole_cents, ms, confidence) in [
        (0, 3.5, 4, 1800.0, 0.92),
        (100, 3.82, 4, 1820.0, 0.92),
        (500, 5.1, 5, 1900.0, 0.92),
        (1000, 6.7, 7, 2000.0, 0.92),
        (2000, 9.9, 10, 2200.0, 0.92),
        (2001, 9.9008, 10, 2200.2, 0.874),
        (4000, 11.5, 12, 2600.0, 0.874),
        (4001, 11.5008, 12, 2600.2, 0.7866),
        (8000, 14.7, 15, 3400.0, 0.7866),
        (100_000, 88.3, 88, 21_800.0, 0.7866),
    ] {
        let (cost, latency, sure) = one(llm(chars));
        assert!(near(cost, cents, 9) && near(latency, ms, 9) && near(sure, confidence, 9), "{chars}");
        let found = run(&[llm(chars)], &Limits::default());
        assert_eq!(found.estimated_cost_cents, whole_cents, "{chars}");
        assert_eq!(found.confidence_score, confidence, "{chars}");
    }
}

#[test]
fn a_null_prompt_counts_four_characters() {
    // 3.5 + 0.8 · 0.004 + 1.2 · 0.008 = 3.5128
    assert!(near(one(Step::new("llm_invoke").with("prompt", serde_json::Value::Null)).0, 3.5128, 12));
    assert_eq!(one(Step::new("llm_invoke").with("prompt", "")).0, 3.5);
}

#[test]
fn http_depends_on_where_it_goes_and_how_long_it_waits() {
    let call = |url: &str| Step::new("http_call").with("url", url);
    for (step, ms, confidence, risk) in [
        (Step::new("http_call"), 500.0, 0.8075, 0.12),
        (call("https://example.com"), 500.0, 0.8075, 0.12),
        (call("https://localhost/x"), 500.0, 0.8075, 0.12),
        (call("http://localhost:8080"), 500.0, 0.85, 0.08),
        (call("http://127.0.0.1/"), 500.0, 0.85, 0.08),
        (call("http://localhost").with("timeout", 0.2), 200.0, 0.85, 0.08),
        (call("http://localhost").with("timeout", 0), 0.0, 0.85, 0.08),
    ] {
        let found = run(&[step], &Limits::default());
        assert_eq!(found.step_estimates[0].latency_ms, ms);
        assert_eq!(found.step_estimates[0].confidence, confidence);
        assert!(near(found.risks[0].probability, risk, 12));
    }
}

#[test]
fn a_long_command_is_riskier() {
    let command = |chars: usize| run(&[Step::new("shell_lite").with("command", "x".repeat(chars))], &Limits::default());
    for (chars, risk, confidence) in [(0, 0.07, 0.88), (100, 0.07, 0.88), (101, 0.084, 0.836)] {
        let found = command(chars);
        assert!(near(found.risks[0].probability, risk, 12), "{chars}");
        assert_eq!(found.confidence_score, confidence, "{chars}");
    }
}

#[test]
fn five_external_calls_pass_and_six_do_not() {
    let calls = |n| run(&vec![Step::new("http_call"); n], &Limits::default());
    // 1 − 0.88^5, 0.8075^5; 1 − 0.88^6
    let five = calls(5);
    assert_eq!((five.metadata.cumulative_risk, five.confidence_score, five.feasible), (0.4723, 0.3433, true));
    let six = calls(6);
    assert_eq!((six.metadata.cumulative_risk, six.feasible, six.status), (0.5356, false, Status::Error));
    assert_eq!(six.warnings, ["Cumulative risk too high: 53.6% is above 50.0%"]);
    // The same as iterations: one confidence, the same risk.
    let repeated = run(&[Step::new("http_call").times(6)], &Limits::default());
    assert_eq!((repeated.metadata.cumulative_risk, repeated.confidence_score), (0.5356, 0.8075));
}

#[test]
fn confidence_collapses_with_the_length_of_the_plan() {
    assert_eq!(run(&vec![Step::new("json_transform"); 50], &Limits::default()).confidence_score, 0.3642);
}

#[test]
fn iterations_multiply_cost_and_latency_before_rounding_and_compound_the_risk() {
    // 10 · 3.82 = 38.2 cents; 10 · 1820 ms; 1 − 0.97^10 = 0.2626; confidence once.
    let found = run(&[llm(100).times(10)], &Limits::default());
    assert_eq!((found.estimated_cost_cents, found.estimated_duration_ms), (38, 18_200));
    assert_eq!((found.step_estimates[0].cost_cents, found.confidence_score), (38.2, 0.92));
    assert!(near(found.risks[0].probability, 0.2626, 4));
    assert_eq!(found.metadata.cumulative_risk, 0.2626);
    // 3 · 0.8 = 2.4 → 2: rounded once, not thrice 1.
    assert_eq!(run(&[Step::new("email_send").times(3)], &Limits::default()).estimated_cost_cents, 2);
    // The cut of 2 % tests the chance per call: 50 · 2 % stay unlisted, though 1 − 0.98^50 = 0.6358.
    let hidden = run(&[Step::new("fs_write").times(50)], &Limits::default());
    assert_eq!((hidden.risks.len(), hidden.metadata.cumulative_risk, hidden.feasible), (0, 0.0, true));
    assert!(near(hidden.findings.full_cumulative_risk, 0.6358, 4));
    assert!(near(hidden.findings.hidden_risks[0].probability, 0.6358, 4));
}

#[test]
fn small_risks_are_hidden_from_the_list_but_found() {
    let steps = ["json_transform", "kv_get", "kv_set", "fs_write", "fs_read"].map(Step::new);
    let found = run(&steps, &Limits::default());
    assert_eq!(found.risks.iter().map(|risk| &*risk.risk_type).collect::<Vec<_>>(), ["read"]);
    let hidden: Vec<&str> = found.findings.hidden_risks.iter().map(|risk| &*risk.risk_type).collect();
    assert_eq!(hidden, ["transform_error", "get", "set", "write"]);
    // 1 − 0.995 · 0.99 · 0.99 · 0.98 · 0.97
    assert!(near(found.findings.full_cumulative_risk, 0.072_975, 6));
    assert_eq!(found.metadata.cumulative_risk, 0.03);
}

#[test]
fn the_helpers_count_every_factor() {
    assert!(near(cumulative_risk([0.1, 0.02, 0.5]), 0.559, 12));
    assert_eq!(cumulative_risk([]), 0.0);
    assert!(is_significant(0.0201) && !is_significant(0.02));
    let steps = vec![Step::new("fs_write"); 50];
    let plan = resolve(&steps);
    let strict = check_feasibility(&plan, &Limits::default());
    assert!(!strict.feasible && strict.checks.budget_sufficient && strict.checks.has_permissions);
    assert!(near(strict.cumulative_risk, 0.6358, 4));
    assert!(strict.reason.is_some_and(|reason| reason.starts_with("Cumulative risk too high: 63.6%")));
    let fine = check_feasibility(&resolve(&steps[..1]), &Limits::default());
    assert_eq!((fine.feasible, fine.reason), (true, None));
}

#[test]
fn an_infeasible_plan_warns_of_the_first_failure_and_finds_all() {
    let steps = [llm(100), Step::new("kv_get")];
    let mut limits = allow(&["kv_get"]);
    limits.budget_cents = 3;
    let found = run(&steps, &limits);
    assert_eq!((found.status, found.budget_remaining_cents), (Status::Error, -1));
    assert_eq!(found.warnings, ["Insufficient budget: need 4¢, have 3¢"]);
    let constraints: Vec<Constraint> = found.findings.violations.iter().map(|v| v.constraint).collect();
    assert_eq!(constraints, [Constraint::Budget, Constraint::Permission]);
    limits.budget_cents = 4;
    assert_eq!(run(&steps, &limits).warnings, ["Permission denied for skills: llm_invoke"]);
}

#[test]
fn the_budget_is_held_against_the_rounded_cost() {
    // 3.5 cents round to 4.
    assert!(run(&[Step::new("llm_invoke")], &budget(4)).feasible);
    assert!(!run(&[Step::new("llm_invoke")], &budget(3)).feasible);
    // 3.5 + 5 = 8.5 cents round to even: 8.
    assert!(run(&[Step::new("llm_invoke"), Step::new("teleport")], &budget(8)).feasible);
    assert_eq!(run(&[Step::new("llm_invoke")], &budget(0)).metadata.budget_utilization, 4.0);
}

#[test]
fn an_empty_plan_is_a_schema_error() {
    let found = run(&[], &budget(9));
    assert_eq!((found.status, found.feasible, found.confidence_score), (Status::SchemaError, false, 0.0));
    assert_eq!((found.budget_remaining_cents, found.warnings.len()), (9, 1));
    assert_eq!(serde_json::to_value(found.status).expect("JSON"), serde_json::json!("schema_error"));
}

#[test]
fn the_output_hash_of_the_reference_is_met_whatever_the_runtime() {
    let steps = [Step::new("llm_invoke").with("prompt", "Hello")];
    let mut found = run(&steps, &budget(100));
    let hash = "e6e4a6b056fb1b8bfd5382b0ea67d3a2e04de3ec63c0cfadc1600f5a05f6b191";
    assert_eq!(output_hash(&found), hash);
    found.runtime_ms = 17;
    found.metadata.commit_sha = "abc".into();
    assert_eq!(output_hash(&found), hash);
}
