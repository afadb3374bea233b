use purser_domain::skill::Catalogue;
use serde_json::json;

use super::*;

fn shipped() -> Catalogue {
    skill::parse(skill::SHIPPED).expect("the shipped catalogue is sound")
}

#[test]
fn an_unknown_skill_is_taken_for_the_worst_refused_or_what_the_caller_says() {
    let catalogue = shipped();
    let steps = [Step::new("kv_get"), Step::new("teleport")];
    let plan = resolve(&steps, &catalogue, &UnknownPolicy::Pessimistic).expect("pessimism accepts all");
    assert!(plan.steps[0].is_known_to_v1 && plan.steps[0].is_known_to_v2);
    assert!(!plan.steps[1].is_known_to_v1 && !plan.steps[1].is_known_to_v2);
    assert_eq!((plan.steps[1].v1.cost_cents, plan.steps[1].v2.cost_cents), (10, 5.0));

    let errors = resolve(&steps, &catalogue, &UnknownPolicy::Reject).expect_err("teleport is in no row");
    assert_eq!((errors.len(), errors[0].field.as_str(), errors[0].value.as_str()), (1, "plan[1].skill", "teleport"));

    let row = serde_json::from_value(json!({"v2": {"cost_cents": 0.25}})).expect("a literal of this test");
    let supplied = UnknownPolicy::Supplied(Box::new(row));
    let plan = resolve(&steps, &catalogue, &supplied).expect("supplied accepts all");
    assert_eq!((plan.steps[1].v1.cost_cents, plan.steps[1].v2.cost_cents), (10, 0.25));
    assert!(!plan.steps[1].is_known_to_v2, "what the caller says does not make it known");
}

#[test]
fn parameters_are_measured_where_a_formula_uses_them() {
    let catalogue = shipped();
    let steps = [
        Step::new("llm_invoke"),
        Step::new("llm_invoke").with("prompt", serde_json::Value::Null),
        Step::new("llm_invoke").with("prompt", "naïve 😀"),
        Step::new("http_call").with("url", "http://127.0.0.1:80/").with("timeout", 0.25),
        Step::new("http_call").with("url", "https://localhost/"),
        Step::new("shell_lite").with("command", "ls"),
        Step::new("kv_get").with("prompt", 7),
    ];
    let plan = resolve(&steps, &catalogue, &UnknownPolicy::Pessimistic).expect("a literal of this test");
    let prompts: Vec<Option<u64>> = plan.steps.iter().map(|step| step.prompt_chars).collect();
    assert_eq!(prompts, [None, Some(4), Some(7), None, None, None, None]);
    assert_eq!(plan.steps[3].timeout_ms, Some(250.0));
    assert_eq!((plan.steps[3].is_external, plan.steps[4].is_external), (false, true));
    assert_eq!(plan.steps[5].command_chars, 2);
}

#[test]
fn steps_that_passed_no_door_are_checked_too() {
    let catalogue = shipped();
    let steps = [
        Step::new("http_call").with("timeout", "soon").with("url", 1),
        Step::new("kv_get").times(0),
        Step::new("kv_get").times(101),
    ];
    let errors = resolve(&steps, &catalogue, &UnknownPolicy::Pessimistic).expect_err("each is wrong");
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["plan[0].params.timeout", "plan[0].params.url", "plan[1].iterations", "plan[2].iterations"]);
    let many = vec![Step::new("kv_get"); STEPS_MAX + 1];
    assert_eq!(resolve(&many, &catalogue, &UnknownPolicy::Pessimistic).map(|_| ()).expect_err("too many").len(), 1);
}

#[test]
fn a_row_that_the_caller_supplies_is_checked() {
    let catalogue = shipped();
    let row = serde_json::from_value(json!({"v2": {"cost_cents": -1}})).expect("a literal of this test");
    let policy = UnknownPolicy::Supplied(Box::new(row));
    let errors = resolve(&[], &catalogue, &policy).map(|_| ()).expect_err("a cost below 0");
    assert_eq!(errors[0].field, "unknown_skills.v2.cost_cents");
}

#[test]
fn the_input_hash_of_the_reference_is_met() {
    let steps = [Step::new("llm_invoke").with("prompt", "Hello")];
    let hash = "689cd6cce5e117be66271ca6af7b04d6bcbab15320609a2c1ab6444d5e2887c0";
    assert_eq!(input_hash(&steps, 100), hash);
    assert_ne!(input_hash(&steps, 101), hash);
}
