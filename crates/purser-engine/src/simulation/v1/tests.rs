use purser_domain::simulation::Constraint;
use purser_domain::step::Step;

use super::super::tests::{allow, budget, llm, near, resolve};
use super::*;

fn run(steps: &[Step], limits: &Limits) -> Simulation {
    simulate(&resolve(steps), limits)
}

fn figures(steps: &[Step]) -> (i64, i64) {
    let found = run(steps, &Limits::default());
    (found.estimated_cost_cents, found.estimated_duration_ms)
}

#[test]
fn the_table_holds() {
    for (skill, cost, latency, risk, kind) in [
        ("http_call", 0, 500, 0.10, "timeout"),
        ("llm_invoke", 5, 2000, 0.05, "rate_limit"),
        ("json_transform", 0, 10, 0.01, "transform_error"),
        ("fs_read", 0, 50, 0.05, "not_found"),
        ("fs_write", 0, 100, 0.05, "permission"),
        ("shell_lite", 0, 200, 0.10, "timeout"),
        ("kv_get", 0, 5, 0.02, "not_found"),
        ("kv_set", 0, 10, 0.02, "quota"),
        ("webhook_send", 0, 300, 0.10, "timeout"),
        ("email_send", 1, 500, 0.05, "delivery"),
        ("teleport", 10, 1000, 0.20, "unknown"),
    ] {
        let found = run(&[Step::new(skill).times(3)], &Limits::default());
        let step = &found.step_estimates[0];
        assert_eq!((step.base_cost_cents, step.base_latency_ms, step.iterations), (cost, latency, 3), "{skill}");
        assert_eq!((step.cost_cents, step.latency_ms), (cost * 3, latency * 3), "{skill}");
        assert_eq!((step.risk_probability, &*step.risk_type), (risk, kind), "{skill}");
    }
}

#[test]
fn the_vectors_of_cost_and_duration_hold() {
    let one = Step::new("llm_invoke");
    assert_eq!(figures(std::slice::from_ref(&one)), (5, 2_000));
    assert_eq!(figures(&[one.clone().times(10)]), (50, 20_000));
    assert_eq!(figures(&[one.clone().times(50)]), (250, 100_000));
    assert_eq!(figures(&[one.clone().times(10), Step::new("email_send").times(10)]).0, 60);
    assert_eq!(figures(&[one.times(5), Step::new("http_call"), Step::new("email_send").times(3)]).0, 28);
    assert_eq!(figures(&[Step::new("http_call").times(10)]), (0, 5_000));
    assert_eq!(figures(&[Step::new("teleport"), Step::new("warp")]), (20, 2_000));
}

#[test]
fn the_vectors_of_risk_hold() {
    let risk = |steps: &[Step]| run(steps, &Limits::default()).findings.full_cumulative_risk;
    // 1 − 0.90 · 0.95 · 0.99
    let mixed = [Step::new("http_call"), Step::new("llm_invoke"), Step::new("json_transform")];
    assert_eq!(figures(&mixed), (5, 2_510));
    assert!(near(risk(&mixed), 0.15355, 5));
    assert!(near(risk(&[Step::new("http_call").times(10)]), 0.6513, 4));
    assert!(near(risk(&[Step::new("http_call").times(6)]), 0.4686, 4));
}

#[test]
fn the_prompt_counts_from_six_thousand_characters() {
    for (chars, cents) in [
        (0, 5),
        (100, 5),
        (500, 5),
        (1000, 5),
        (2000, 5),
        (2001, 5),
        (4000, 5),
        (4001, 5),
        (5_999, 5),
        (6_000, 6),
        (8_000, 8),
        (100_000, 100),
    ] {
        assert_eq!(figures(&[llm(chars)]).0, cents, "{chars}");
    }
    assert_eq!(figures(&[Step::new("llm_invoke").with("prompt", "é".repeat(6_000))]).0, 6, "code points, not bytes");
}

#[test]
fn a_timeout_caps_the_latency_of_http() {
    for (timeout, ms) in [(30.0, 500), (0.5, 500), (0.25, 250), (0.0, 0), (0.000_5, 0), (0.001_5, 2), (1e300, 500)] {
        let found = run(&[Step::new("http_call").with("timeout", timeout).times(2)], &Limits::default());
        assert_eq!(found.step_estimates[0].base_latency_ms, ms, "{timeout}");
        assert_eq!(found.estimated_duration_ms, ms * 2, "{timeout}");
    }
}

#[test]
fn the_budget_vectors_hold() {
    let found = run(&[Step::new("llm_invoke").times(50)], &budget(100));
    assert_eq!((found.estimated_cost_cents, found.budget_remaining_cents), (250, -150));
    assert_eq!((found.feasible, found.status, found.budget_sufficient), (false, Status::BudgetInsufficient, false));
    // The risk, 1 − 0.95^50 = 0.923, fails too: the status names the first failure, the findings all.
    let violations: Vec<(Constraint, f64, f64)> =
        found.findings.violations.iter().map(|v| (v.constraint, v.limit, v.actual)).collect();
    assert_eq!(violations[0], (Constraint::Budget, 100.0, 250.0));
    assert_eq!((violations[1].0, violations[1].1), (Constraint::Risk, 0.5));
    assert!(near(violations[1].2, 0.9231, 4));
    assert_eq!(violations.len(), 2);

    let plan = [Step::new("llm_invoke").times(10)];
    let exact = run(&plan, &budget(50));
    assert_eq!((exact.feasible, exact.budget_remaining_cents, exact.status), (true, 0, Status::Feasible));
    assert_eq!(run(&plan, &budget(49)).status, Status::BudgetInsufficient);
}

#[test]
fn the_status_names_the_first_failure() {
    let risky = [Step::new("http_call").times(10), Step::new("llm_invoke")];
    let mut limits = allow(&["llm_invoke"]);
    limits.budget_cents = 4;
    let statuses: Vec<Status> = [(4, true), (5, true), (5, false)]
        .into_iter()
        .map(|(budget_cents, denies)| {
            let mut limits = limits.clone();
            limits.budget_cents = budget_cents;
            if !denies {
                limits.allowed_skills = None;
            }
            run(&risky, &limits).status
        })
        .collect();
    assert_eq!(statuses, [Status::BudgetInsufficient, Status::PermissionDenied, Status::RiskTooHigh]);
    let constraints: Vec<Constraint> =
        run(&risky, &limits).findings.violations.iter().map(|violation| violation.constraint).collect();
    assert_eq!(constraints, [Constraint::Budget, Constraint::Permission, Constraint::Risk]);
}

#[test]
fn permission_gaps_name_each_offending_step() {
    let found = run(&[Step::new("kv_get"), Step::new("kv_set"), Step::new("kv_get")], &allow(&["kv_set"]));
    let gaps: Vec<&str> = found.permission_gaps.iter().map(|skill| &**skill).collect();
    assert_eq!((gaps, found.status), (vec!["kv_get", "kv_get"], Status::PermissionDenied));
}

#[test]
fn a_hidden_risk_may_decide_and_is_found() {
    // 1 − 0.95^14 = 0.5123; 1 − 0.95^13 = 0.4867
    let found = run(&[Step::new("llm_invoke").times(14)], &Limits::default());
    assert_eq!((found.status, found.risks.len()), (Status::RiskTooHigh, 0));
    let hidden = &found.findings.hidden_risks[0];
    assert_eq!((&*hidden.risk_type, &*hidden.mode), ("rate_limit", "rate_limited"));
    assert!(near(hidden.probability, 0.5123, 4));
    let found = run(&[Step::new("llm_invoke").times(13)], &Limits::default());
    assert!(found.feasible && near(found.findings.full_cumulative_risk, 0.4867, 4));
}

#[test]
fn risks_above_five_percent_are_listed_in_words() {
    let steps = [
        Step::new("http_call").times(3),
        Step::new("shell_lite"),
        Step::new("webhook_send"),
        Step::new("teleport"),
        Step::new("email_send"),
        Step::new("fs_read"),
    ];
    let found = run(&steps, &Limits::default());
    let listed: Vec<usize> = found.risks.iter().map(|risk| risk.step_index).collect();
    assert_eq!(listed, [0, 1, 2, 3]);
    assert_eq!(found.risks[0].description, "http_call (×3) has a 27% chance of timeout");
    assert!(near(found.risks[0].probability, 0.271, 6));
    assert_eq!(&*found.risks[0].mitigation, "Retry with exponential backoff");
    assert_eq!(found.findings.hidden_risks.len(), 2);
    assert_eq!((found.findings.unknown_skills.len(), found.findings.unknown_skills[0].step_index), (1, 3));
}

#[test]
fn a_budget_failure_brings_one_hint() {
    let hint = |steps: &[Step], cents| run(steps, &budget(cents)).alternatives;
    let found = hint(&[Step::new("llm_invoke").times(2), Step::new("email_send").times(5)], 14);
    assert_eq!((found.len(), found[0].potential_savings_cents), (1, 10));
    let free = hint(&[Step::new("email_send").times(5)], 4);
    assert_eq!((free.len(), free[0].potential_savings_cents), (1, 0));
    assert!(hint(&[Step::new("email_send").times(5)], 5).is_empty());
}

#[test]
fn metadata_is_unrounded_and_a_budget_of_nothing_counts_as_one() {
    let found = run(&[Step::new("llm_invoke")], &budget(15)).metadata;
    assert_eq!((found.plan_steps, found.budget_utilization), (Some(1), Some(5.0 / 15.0)));
    assert_eq!(run(&[Step::new("llm_invoke")], &budget(0)).metadata.budget_utilization, Some(5.0));
}

#[test]
fn an_empty_plan_is_invalid_and_no_exception() {
    let found = run(&[], &budget(7));
    assert_eq!((found.feasible, found.status, found.budget_sufficient), (false, Status::InvalidPlan, true));
    assert_eq!((found.estimated_cost_cents, found.budget_remaining_cents), (0, 7));
    assert_eq!(found.warnings.len(), 1);
    assert!(found.warnings[0].contains("Empty plan"));
    assert_eq!(found.findings.violations[0].constraint, Constraint::Plan);
    assert_eq!(serde_json::to_value(found.metadata).expect("JSON"), serde_json::json!({}));
}

#[test]
fn the_record_has_the_wire_names_of_the_reference() {
    let found = run(&[Step::new("http_call")], &Limits::default());
    let record = serde_json::to_value(&found).expect("JSON");
    for (field, value) in [
        ("status", serde_json::json!("feasible")),
        ("budget_sufficient", serde_json::json!(true)),
        ("permission_gaps", serde_json::json!([])),
        ("estimated_duration_ms", serde_json::json!(500)),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    assert_eq!(record["step_estimates"][0]["risk_probability"], serde_json::json!(0.1));
    assert_eq!(serde_json::from_value::<Simulation>(record).expect("it reads back"), found);
}
