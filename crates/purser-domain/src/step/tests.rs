use serde_json::json;

use super::*;

fn faults(plan: &Value) -> Vec<(String, String)> {
    match parse_plan(plan, "plan") {
        Ok(steps) => panic!("accepted {steps:?}"),
        Err(errors) => errors.into_iter().map(|error| (error.field, error.reason)).collect(),
    }
}

#[test]
fn a_step_has_a_skill_and_defaults() {
    let steps = parse_plan(
        &json!([{"skill": "kv_get"}, {"skill": "llm_invoke", "params": {"prompt": null},
        "iterations": 100}]),
        "plan",
    );
    assert_eq!(steps, Ok(vec![Step::new("kv_get"), Step::new("llm_invoke").with("prompt", Value::Null).times(100)]));
    assert_eq!(parse_plan(&json!([]), "plan"), Ok(vec![]));
}

#[test]
fn a_step_is_written_as_it_was_read() {
    let plan = json!([{"skill": "a", "params": {}}, {"skill": "b", "params": {"x": 0.1}, "iterations": 2}]);
    let steps = parse_plan(&plan, "plan").expect("a literal of this test");
    assert_eq!(serde_json::to_value(steps).expect("steps are JSON"), plan);
}

#[test]
fn every_fault_is_named_with_its_path() {
    let plan = json!([
        {"skill": 7, "params": [], "iterations": 0, "retry": 3},
        {"params": {}},
        "llm_invoke",
        {"skill": ""},
        {"skill": "a\u{7}b"},
    ]);
    let fields: Vec<String> = faults(&plan).into_iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "plan[0].retry",
            "plan[0].skill",
            "plan[0].params",
            "plan[0].iterations",
            "plan[1].skill",
            "plan[2]",
            "plan[3].skill",
            "plan[4].skill"
        ]
    );
}

#[test]
fn iterations_are_whole_and_within_1_and_100() {
    for good in [json!(1), json!(100)] {
        assert!(parse_plan(&json!([{"skill": "a", "iterations": good}]), "plan").is_ok());
    }
    for bad in [json!(0), json!(101), json!(-1), json!(1.5), json!("3"), json!(null), json!(4_294_967_297_u64)] {
        let found = faults(&json!([{"skill": "a", "iterations": bad}]));
        assert_eq!(found[0], ("plan[0].iterations".to_owned(), "must be a whole number from 1 to 100".to_owned()));
    }
}

#[test]
fn parameters_that_models_read_have_types() {
    for (skill, param, good, bad) in [
        ("llm_invoke", "prompt", vec![json!("x"), json!(null)], vec![json!(3), json!(["x"]), json!(true)]),
        ("llm_invoke", "system", vec![json!("x")], vec![json!(3)]),
        ("llm_invoke", "messages", vec![json!([]), json!([{"role": "user"}])], vec![json!("x"), json!(["x"])]),
        ("llm_invoke", "model", vec![json!("gpt-4o")], vec![json!(null)]),
        ("llm_invoke", "max_tokens", vec![json!(0), json!(4096)], vec![json!(-1), json!(1.5), json!("5")]),
        ("http_call", "timeout", vec![json!(0), json!(0.5), json!(60)], vec![json!(-0.1), json!("30"), json!(null)]),
        ("http_call", "url", vec![json!("https://a")], vec![json!(1), json!(null)]),
        ("shell_lite", "command", vec![json!("ls")], vec![json!(["ls"]), json!(null)]),
    ] {
        for value in good {
            let plan = json!([{"skill": skill, "params": {param: value}}]);
            assert!(parse_plan(&plan, "plan").is_ok(), "{plan}");
        }
        for value in bad {
            let found = faults(&json!([{"skill": skill, "params": {param: value}}]));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].0, format!("plan[0].params.{param}"));
        }
    }
    // A skill that reads no timeout may have any.
    assert!(parse_plan(&json!([{"skill": "kv_get", "params": {"timeout": "soon"}}]), "plan").is_ok());
}

#[test]
fn a_number_that_is_not_finite_never_becomes_a_plan() {
    assert!(serde_json::from_str::<Value>("[{\"skill\": \"http_call\", \"params\": {\"timeout\": 1e400}}]").is_err());
    // NaN becomes null in JSON values, and null is no timeout.
    let found = faults(&json!([{"skill": "http_call", "params": {"timeout": f64::NAN}}]));
    assert_eq!(found[0].0, "plan[0].params.timeout");
}

#[test]
fn plans_are_bounded() {
    let many = Value::Array(vec![json!({"skill": "kv_get"}); STEPS_MAX + 1]);
    assert_eq!(faults(&many), [("plan".to_owned(), "has more than 10000 steps".to_owned())]);
    let limit = Value::Array(vec![json!({"skill": "kv_get"}); STEPS_MAX]);
    assert_eq!(parse_plan(&limit, "plan").map(|steps| steps.len()), Ok(STEPS_MAX));
    assert_eq!(faults(&Value::Array(vec![json!(1); STEPS_MAX])).len(), ERRORS_MAX);
    assert_eq!(faults(&json!({"skill": "x"}))[0].0, "plan");
}
