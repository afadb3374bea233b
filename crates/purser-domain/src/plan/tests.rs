use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn parse(plan: &Value) -> Result<Plan, Vec<String>> {
    Plan::parse(plan, "plan").map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn good(plan: &Value) -> Plan {
    parse(plan).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn check_refused(node: &Value, path: &str, rule: &str) {
    let errors = parse(&json!([node])).expect_err("it must be refused");
    let named = errors.iter().any(|error| error.starts_with(&format!("plan[0]{path}: ")) && error.contains(rule));
    assert!(named, "{node}: wanted {path:?} {rule:?}, got {errors:?}");
}

#[test]
fn a_flat_list_is_a_plan_for_all_models() {
    let plan =
        good(&json!([{"skill": "http_call", "iterations": 2}, {"skill": "llm_invoke", "params": {"prompt": "Hi"}}]));
    let steps = plan.flat().expect("it is flat");
    assert_eq!(steps, [Step::new("http_call").times(2), Step::new("llm_invoke").with("prompt", "Hi")]);
    assert_eq!(plan.skills(), BTreeSet::from(["http_call".to_owned(), "llm_invoke".to_owned()]));
    assert_eq!(good(&json!([])).steps, []);
}

#[test]
fn what_is_not_flat_is_named() {
    for (node, what) in [
        (json!({"llm": {"model": "m", "prompt": "x"}}), "a model call"),
        (json!({"sequence": []}), "a sequence"),
        (json!({"parallel": []}), "a parallel"),
        (json!({"branch": [{"probability": 1, "then": []}]}), "a branch"),
        (json!({"loop": {"count": 1, "body": []}}), "a loop"),
        (json!({"map": {"items": 1, "body": []}}), "a map"),
        (json!({"skill": "kv_get", "timeout_ms": 5}), "guarded by a retry, a timeout or on_error"),
        (json!({"skill": "kv_get", "usage": {"failure": 0.1}}), "a step with its own usage"),
    ] {
        let refused = good(&json!([{"skill": "kv_get"}, node])).flat().expect_err("it is not flat");
        assert_eq!(refused, NotFlat { node: "steps[1]".to_owned(), what }, "{node}");
    }
}

#[test]
fn a_whole_graph_is_read() {
    let plan = good(&json!({
        "nodes": {"fetch": {"skill": "http_call", "id": "get", "retry": {"attempts": 3, "backoff": "exponential", "delay_ms": 100, "jitter": 0.5}}},
        "steps": [
            {"ref": "fetch"},
            {"ref": "fetch", "id": "again"},
            {"id": "ask", "llm": {"model": "gpt-4o", "system": "Be brief.", "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
                "tools": [{"name": "f"}], "max_tokens": 100, "cache": "cold", "turns": {"geometric": {"mean": 3}}, "output_tokens": {"lognormal": {"p50": 50, "p90": 200}}}},
            {"branch": [{"probability": 0.25, "then": {"skill": "kv_get"}}, {"probability": 0.75, "then": []}]},
            {"loop": {"count": {"poisson": {"mean": 2}}, "max": 7, "body": [{"skill": "kv_set"}]}},
            {"map": {"items": 5, "concurrency": 2, "body": {"skill": "fs_read"}}, "on_error": "continue", "timeout_ms": 1000},
            {"parallel": [{"skill": "kv_get"}], "on_error": "fallback", "fallback": {"skill": "email_send"}}
        ]
    }));
    let mut names = Vec::new();
    plan.each(&mut |node| names.push(node.name.clone()));
    let expected = [
        "steps[0]",
        "steps[0]/get",
        "again",
        "again/get",
        "ask",
        "steps[3]",
        "steps[3].branch[0]",
        "steps[4]",
        "steps[4].loop.body[0]",
        "steps[5]",
        "steps[5].map.body",
        "steps[6]",
        "steps[6].parallel[0]",
        "steps[6].fallback",
    ];
    assert_eq!(names, expected);
    let Kind::Llm(llm) = &plan.steps[2].kind else { panic!("a model call") };
    assert_eq!((llm.texts.messages.as_slice(), llm.cache), (["Hello".to_owned()].as_slice(), Cache::Cold));
    let Kind::Loop { max, .. } = plan.steps[4].kind else { panic!("a loop") };
    assert_eq!(max, 7);
    let Kind::Map { max, concurrency, .. } = plan.steps[5].kind else { panic!("a map") };
    assert_eq!((max, concurrency), (5, 2));
}

#[test]
fn each_field_is_refused_when_of_the_wrong_type_out_of_range_missing_or_unknown() {
    let step = |field: &str, value: Value| json!({"skill": "kv_get", field: value});
    for (node, path, rule) in [
        (json!(3), "", "must be an object"),
        (json!({}), "", "exactly one of"),
        (json!({"skill": "a", "llm": {}}), "", "exactly one of"),
        (step("colour", json!(1)), ".colour", "is unknown"),
        (step("skill", json!(1)), ".skill", "must be text"),
        (step("iterations", json!(101)), ".iterations", "from 1 to 100"),
        (step("iterations", json!("2")), ".iterations", "from 1 to 100"),
        (step("params", json!([])), ".params", "must be an object"),
        (step("id", json!("")), ".id", "1 to 1024 bytes"),
        (step("id", json!("a\u{0}")), ".id", "control characters"),
        (step("timeout_ms", json!(0)), ".timeout_ms", "from 1 to 86400000"),
        (step("on_error", json!("retry")), ".on_error", "abort, continue, fallback"),
        (step("on_error", json!("fallback")), ".fallback", "is required"),
        (json!({"skill": "a", "on_error": "abort", "fallback": []}), ".fallback", "needs on_error fallback"),
        (step("usage", json!({"cost": 1})), ".usage.cost", "is unknown"),
        (step("usage", json!({"cost_usd": -1})), ".usage.cost_usd", "from 0 to 10000"),
        (step("usage", json!({"latency_ms": "fast"})), ".usage.latency_ms", "must be a number"),
        (step("usage", json!({"failure": 1.01})), ".usage.failure", "from 0 to 1"),
        (step("retry", json!(3)), ".retry", "must be an object"),
        (step("retry", json!({})), ".retry.attempts", "is required"),
        (step("retry", json!({"attempts": 11})), ".retry.attempts", "from 1 to 10"),
        (step("retry", json!({"attempts": 0})), ".retry.attempts", "from 1 to 10"),
        (step("retry", json!({"attempts": 2, "backoff": "random"})), ".retry.backoff", "fibonacci"),
        (step("retry", json!({"attempts": 2, "delay_ms": -1})), ".retry.delay_ms", "from 0 to 3600000"),
        (step("retry", json!({"attempts": 2, "jitter": 2})), ".retry.jitter", "from 0 to 1"),
        (step("retry", json!({"attempts": 2, "tries": 2})), ".retry.tries", "is unknown"),
        (json!({"loop": {"count": 0.4, "body": []}}), ".loop.count", "must be whole"),
        (json!({"loop": {"count": {"samples": [0.4]}, "body": []}}), ".loop.count", "must be whole"),
        (json!({"map": {"items": 2.5, "body": []}}), ".map.items", "must be whole"),
        (json!({"branch": []}), ".branch", "must be a list of arms"),
        (json!({"branch": [{"then": []}]}), ".branch[0].probability", "is required"),
        (json!({"branch": [{"probability": 1}]}), ".branch[0].then", "is required"),
        (json!({"branch": [{"probability": 1.2, "then": []}]}), ".branch[0].probability", "from 0 to 1"),
        (
            json!({"branch": [{"probability": 0.5, "then": []}, {"probability": 0.4, "then": []}]}),
            ".branch",
            "sum to 1",
        ),
        (json!({"loop": {"body": []}}), ".loop.count", "is required"),
        (json!({"loop": {"count": 1}}), ".loop.body", "is required"),
        (json!({"loop": {"count": 10001, "body": []}}), ".loop.count", "from 0 to 10000"),
        (
            // 10 times the mean.
            json!({"loop": {"count": {"geometric": {"mean": 1_001}}, "body": []}}),
            ".loop.count",
            "may reach 10010, above the bound of 10000; say max",
        ),
        (json!({"loop": {"count": 1, "max": 0, "body": []}}), ".loop.max", "from 1 to 10000"),
        (json!({"map": {"items": 1, "concurrency": 0, "body": []}}), ".map.concurrency", "from 1 to 1000"),
        (json!({"map": {"items": [], "body": []}}), ".map.items", "must be a number"),
        (json!({"parallel": {}}), ".parallel", "must be a list"),
        (json!({"sequence": 1}), ".sequence", "must be a list"),
        (json!({"ref": "nobody"}), ".ref", "must name one"),
    ] {
        check_refused(&node, path, rule);
    }
}

#[test]
fn each_field_of_a_model_call_is_checked() {
    let with = |field: &str, value: Value| json!({"llm": {"model": "m", "prompt": "x", field: value}});
    for (node, path, rule) in [
        (json!({"llm": {"prompt": "x"}}), ".llm.model", "is required"),
        (json!({"llm": {"model": "m"}}), ".llm.prompt", "is required, or messages"),
        (json!({"llm": {"model": "m", "prompt": "x", "messages": []}}), ".llm.messages", "exclude each other"),
        (json!({"llm": {"model": "m", "messages": [{"role": "user"}]}}), ".llm.messages[0].content", "must be text"),
        (
            json!({"llm": {"model": "m", "messages": [{"content": [{"image": 1}]}]}}),
            ".llm.messages[0].content[0]",
            "parts with text",
        ),
        (with("model", json!(4)), ".llm.model", "must be text"),
        (with("provider", json!("")), ".llm.provider", "must be text"),
        (with("system", json!(1)), ".llm.system", "must be text"),
        (with("prompt", json!(1)), ".llm.prompt", "must be text"),
        (with("tools", json!(["f"])), ".llm.tools", "list of objects"),
        (with("max_tokens", json!(0)), ".llm.max_tokens", "from 1 to"),
        (with("cache", json!("hot")), ".llm.cache", "off, cold, warm"),
        (with("batch", json!("yes")), ".llm.batch", "true or false"),
        (
            json!({"llm": {"model": "m", "prompt": "x", "batch": true, "service_tier": "flex"}}),
            ".llm.service_tier",
            "exclude",
        ),
        (with("turns", json!(0)), ".llm.turns", "must reach 1"),
        (with("max_turns", json!(0)), ".llm.max_turns", "from 1 to 10000"),
        (
            with("turns", json!({"geometric": {"mean": 1_001}})),
            ".llm.turns",
            "may reach 10010, above the bound of 10000; say max_turns",
        ),
        (with("turns", json!(10_001)), ".llm.turns", "from 0 to 10000"),
        (with("output_tokens", json!(1e9)), ".llm.output_tokens", "from 0 to 100000000"),
        (with("tool_calls", json!(true)), ".llm.tool_calls", "must be a number"),
        (with("tool_result_tokens", json!(-5)), ".llm.tool_result_tokens", "from 0 to"),
        (with("latency_ms", json!(1e9)), ".llm.latency_ms", "from 0 to 86400000"),
        (with("failure", json!("often")), ".llm.failure", "from 0 to 1"),
        (with("temperature", json!(1)), ".llm.temperature", "is unknown"),
    ] {
        check_refused(&node, path, rule);
    }
}

#[test]
fn a_step_that_names_a_model_loses_no_input() {
    let step = |params: Value| json!({"skill": "llm_invoke", "params": params});
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]);
    for (params, path, rule) in [
        (json!({"model": "m"}), ".params.prompt", "is required with model, or messages"),
        (json!({"model": "m", "prompt": "x", "messages": []}), ".params.messages", "exclude each other"),
        (json!({"model": "m", "messages": image}), ".params.messages[0].content[0]", "parts with text"),
        (json!({"model": "m", "messages": [{"content": null}]}), ".params.messages[0].content", "must be text"),
        (json!({"model": "m", "prompt": "x", "max_tokens": 0}), ".params.max_tokens", "from 1 to"),
    ] {
        check_refused(&step(params), path, rule);
    }
    good(&json!([step(json!({"model": "m", "prompt": "x", "max_tokens": 1}))]));
    // Without a model nothing is counted in tokens, nor where the cost is told.
    good(&json!([step(json!({}))]));
    good(&json!([{"skill": "llm_invoke", "params": {"model": "m"}, "usage": {"cost_usd": 1}}]));
}

#[test]
fn tool_calls_are_read_with_and_without_content() {
    let calls = json!([{"id": "1"}]);
    let messages = json!([
        {"role": "assistant", "content": null, "tool_calls": calls},
        {"role": "assistant", "tool_calls": calls},
        {"role": "assistant", "content": "Hm.", "tool_calls": calls},
        {"role": "user", "content": "Go."}
    ]);
    let expected = [r#"[{"id":"1"}]"#, r#"[{"id":"1"}]"#, r#"Hm.[{"id":"1"}]"#, "Go."];
    let Kind::Llm(llm) = &good(&json!([{"llm": {"model": "m", "messages": messages}}])).steps[0].kind else {
        panic!("a model call")
    };
    assert_eq!(llm.texts.messages, expected);
    let params = json!({"model": "m", "messages": messages});
    let called = Llm::from_params(params.as_object().expect("an object")).expect("a model call");
    assert_eq!(called.texts.messages, expected);
    check_refused(
        &json!({"llm": {"model": "m", "messages": [{"content": null, "tool_calls": []}]}}),
        ".llm.messages[0].content",
        "must be text",
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let errors = parse(&json!([{"skill": "a", "iterations": 0}, {"loop": {}}, {"x": 1}])).expect_err("faults");
    assert_eq!(errors.len(), 4, "{errors:?}");
}

#[test]
fn a_cycle_is_refused_by_name() {
    let plan = json!({"steps": [{"ref": "a"}], "nodes": {
        "a": {"sequence": [{"ref": "b"}]}, "b": [{"loop": {"count": 2, "body": {"ref": "a"}}}]}});
    let errors = parse(&plan).expect_err("a cycle");
    assert!(errors[0].contains("is part of a cycle: a → b → a"), "{errors:?}");
    let errors = parse(&json!({"steps": [{"ref": "a"}], "nodes": {"a": {"ref": "a"}}})).expect_err("a cycle");
    assert!(errors[0].contains("is part of a cycle: a → a"), "{errors:?}");
    let unused = parse(&json!({"steps": [], "nodes": {"a": {"ref": "a"}}})).expect_err("unused");
    assert!(unused[0].starts_with("plan.nodes.a: is never used"), "{unused:?}");
}

#[test]
fn an_id_is_used_once() {
    let errors = parse(&json!([{"id": "x", "skill": "a"}, {"id": "x", "skill": "b"}])).expect_err("two of them");
    assert!(errors[0].contains("is used by two nodes") && errors[0].contains("got \"\\\"x"), "{errors:?}");
}

#[test]
fn ten_thousand_steps_are_read_and_one_more_is_refused() {
    let steps = |count: usize| Value::Array(vec![json!({"skill": "kv_get"}); count]);
    assert_eq!(good(&steps(10_000)).steps.len(), 10_000);
    let errors = parse(&steps(10_001)).expect_err("one too many");
    assert!(errors[0].contains("more than 10000 steps"), "{errors:?}");
    // Named nodes multiply: ten times ten times … would be 10^8 steps.
    let ten = |name: &str| Value::Array(vec![json!({"ref": name}); 10]);
    let mut nodes = serde_json::Map::from_iter([("n8".to_owned(), json!([{"skill": "a"}]))]);
    for level in 0..8 {
        nodes.insert(format!("n{level}"), ten(&format!("n{}", level + 1)));
    }
    let errors = parse(&json!({"steps": [{"ref": "n0"}], "nodes": nodes})).expect_err("too many");
    assert!(errors.iter().any(|error| error.contains("more than 10000 steps")), "{errors:?}");
}

#[test]
fn an_arm_that_does_nothing_counts_as_a_step() {
    // The branch itself and its arms; the probabilities are powers of two and sum to 1 exactly.
    let branch = |arms: usize| {
        let arm = |share: usize| json!({"probability": share as f64 / 16_384.0, "then": []});
        let mut list = vec![arm(1); arms - 1];
        list.push(arm(16_384 - (arms - 1)));
        json!([{ "branch": list }])
    };
    let Kind::Branch(arms) = &good(&branch(9_999)).steps[0].kind else { panic!("a branch") };
    assert_eq!(arms.len(), 9_999);
    let errors = parse(&branch(10_000)).expect_err("one too many");
    assert!(errors[0].contains("more than 10000 steps"), "{errors:?}");
}

#[test]
fn a_loop_that_would_explode_is_refused_with_the_bound() {
    let nested = json!([{"loop": {"count": 1000, "body": {"id": "inner", "loop": {"count": 1000, "body": {"skill": "a", "iterations": 2}}}}}]);
    let errors = parse(&nested).expect_err("two million steps");
    assert!(errors[0].starts_with("inner: ") || errors[0].starts_with("steps[0]: "), "{errors:?}");
    assert!(errors[0].contains("2000000 steps and turns, above the bound of 1000000"), "{errors:?}");
    let at_bound = json!([{"loop": {"count": 1000, "body": {"loop": {"count": 1000, "body": {"skill": "a"}}}}}]);
    good(&at_bound);
    let retried = json!([{"retry": {"attempts": 2}, "loop": {"count": 1000, "body": {"loop": {"count": 1000, "body": {"skill": "a"}}}}}]);
    assert!(parse(&retried).is_err(), "retries count");
    let unbounded = json!([{"loop": {"count": {"lognormal": {"p50": 2, "p90": 4}}, "body": {"loop": {"count": 10_000, "body": {"skill": "a"}}}}}]);
    good(&unbounded);
}

#[test]
fn a_count_without_a_bound_has_that_of_its_driver() {
    let most = |count: Value, max: Value| {
        let mut body = json!({"count": count, "body": []});
        if !max.is_null() {
            body["max"] = max;
        }
        let Kind::Loop { max, .. } = good(&json!([{"loop": body}])).steps[0].kind else { panic!("a loop") };
        max
    };
    // 400 + 4·√400 + 4; 10 · 1,000; 20 · 2³ = 160; and never below 100.
    assert_eq!(most(json!({"poisson": {"mean": 400}}), Value::Null), 484);
    assert_eq!(most(json!({"geometric": {"mean": 1_000}}), Value::Null), 10_000);
    assert_eq!(most(json!({"lognormal": {"p50": 20, "p90": 40}}), Value::Null), 160);
    assert_eq!(most(json!({"poisson": {"mean": 2}}), Value::Null), 100);
    assert_eq!(most(json!({"uniform": {"low": 1, "high": 6}}), Value::Null), 6);
    assert_eq!(most(json!({"geometric": {"mean": 5_000}}), json!(50)), 50, "a bound of its own");
}

#[test]
fn nodes_too_deep_are_refused() {
    let deep = |levels: usize| (0..levels).fold(json!({"skill": "a"}), |inner, _| json!({"sequence": [inner]}));
    good(&json!([deep(DEPTH_MAX - 1)]));
    let errors = parse(&json!([deep(DEPTH_MAX)])).expect_err("too deep");
    assert!(errors[0].contains("more than 32 nodes deep"), "{errors:?}");
}

#[test]
fn pauses_grow_as_named() {
    let retry = |backoff| Retry { attempts: 10, backoff, delay_ms: 100, max_delay_ms: 1_000, jitter: 0.0 };
    for (backoff, pauses) in [
        (Backoff::Constant, [100, 100, 100, 100, 100, 100]),
        (Backoff::Linear, [100, 200, 300, 400, 500, 600]),
        (Backoff::Exponential, [100, 200, 400, 800, 1_000, 1_000]),
        (Backoff::Fibonacci, [100, 100, 200, 300, 500, 800]),
    ] {
        let got: Vec<u64> = (1..=6).map(|failed| retry(backoff).pause_ms(failed)).collect();
        assert_eq!(got, pauses, "{backoff:?}");
    }
}

fn keys(plan: &Plan) -> Vec<(String, String)> {
    plan.steps.iter().map(|node| (format!("{:?}", node.kind), node.key.clone())).collect()
}

proptest! {
    #[test]
    fn keys_go_with_the_steps_when_these_are_shuffled(
        (lengths, order) in prop::collection::vec(0_usize..30, 1..12)
            .prop_flat_map(|lengths| { let n = lengths.len(); (Just(lengths), Just((0..n).collect::<Vec<_>>()).prop_shuffle()) })
    ) {
        let step = |length: usize| json!({"skill": "llm_invoke", "params": {"prompt": "x".repeat(length)}});
        let plan = |lengths: &[usize]| good(&Value::Array(lengths.iter().map(|length| step(*length)).collect()));
        let shuffled: Vec<usize> = order.iter().map(|index| lengths[*index]).collect();
        let mut first = keys(&plan(&lengths));
        let mut second = keys(&plan(&shuffled));
        first.sort();
        second.sort();
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_json_makes_the_reader_panic(text in "[\\[\\]{}:,\"a-z0-9 ]{0,60}") {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = Plan::parse(&value, "plan");
        }
    }
}

#[test]
fn the_documented_plan_is_one() {
    let page = include_str!("../../../../docs/concepts/plan.md");
    let text = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).expect("the page shows a plan");
    let plan = good(&serde_json::from_str(text).expect("it is JSON"));
    assert_eq!(plan.steps.len(), 6);
}
