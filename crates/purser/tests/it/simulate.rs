//! Simulating plans: verdicts a job can gate on, JSON, Markdown, bad input.

use serde_json::{Value, json};

use crate::support::{Purser, Ran, command, run};

const PLAN: &str = "\
- {id: fetch, skill: http_call, usage: {cost_usd: 0.001, latency_ms: 200, failure: 0}}
- id: ask
  llm: {provider: openai, model: gpt-4o, prompt: Hello, output_tokens: 1000}
";

fn simulate(purser: &Purser, arguments: &[&str]) -> Ran {
    let dir = purser.path("");
    run(command(&dir).arg("simulate").args(arguments))
}

fn with_plan() -> Purser {
    let purser = Purser::new();
    purser.file("plan.yaml", PLAN);
    purser.file("flat.json", r#"[{"skill": "llm_invoke", "params": {"prompt": "hi"}}, {"skill": "http_call"}]"#);
    purser
}

#[test]
fn the_exit_code_is_the_verdict() {
    let purser = with_plan();
    for (arguments, code) in [
        (&["plan.yaml"][..], 0),
        (&["plan.yaml", "--budget-usd", "1"], 0),
        (&["plan.yaml", "--budget-usd", "0.005"], 1),
        (&["plan.yaml", "--deadline", "1ms"], 1),
        (&["plan.yaml", "--allow", "http_call"], 1),
        (&["plan.yaml", "--allow", ""], 1),
        (&["plan.yaml", "--allow", "http_call,llm_invoke"], 0),
        (&["flat.json", "--model", "v1"], 0),
        (&["flat.json", "--model", "v1", "--budget-usd", "0.04"], 1),
        (&["flat.json", "--model", "v2", "--risk-threshold", "0.01"], 1),
        (&["plan.yaml", "--model", "v1"], 2),
        (&["nowhere.json"], 2),
        (&["plan.yaml", "--budget-usd", "-1"], 2),
        (&["plan.yaml", "--draws", "0"], 2),
        (&["plan.yaml", "--colour"], 2),
    ] {
        let ran = simulate(&purser, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn nothing_is_written_and_no_settings_are_needed() {
    let purser = with_plan();
    simulate(&purser, &["plan.yaml"]).done();
    let left: Vec<String> = std::fs::read_dir(purser.path(""))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn json_is_exact_and_repeats() {
    let purser = with_plan();
    let asked = ["plan.yaml", "--budget-usd", "0.02", "--price-at", "2026-11-20", "--json"];
    let first = simulate(&purser, &asked).done();
    let answer = first.json();
    assert_eq!(json!([answer["model"], answer["feasible"], answer["provenance_id"]]), json!(["v3", true, null]));
    let said = &answer["v3"];
    assert_eq!(said["basis"]["draws"], 10_000);
    assert_eq!(said["within_budget"], 1.0);
    // 1,000 tokens at 10 dollars a million, the call's 0.001, and some tokens of input at 2.50.
    let mean: f64 = answer["cost_usd"].as_str().and_then(|text| text.parse().ok()).expect("dollars");
    assert!((0.011..0.0112).contains(&mean), "{mean}");
    assert_eq!(answer["cost_usd"], said["cost_usd"]["mean"]);
    assert_eq!(simulate(&purser, &asked).done().stdout, first.stdout, "the same bytes again");
}

#[test]
fn json_and_yaml_and_standard_input_are_one_plan() {
    let purser = with_plan();
    let plan = json!([
        {"id": "fetch", "skill": "http_call", "usage": {"cost_usd": 0.001, "latency_ms": 200, "failure": 0}},
        {"id": "ask", "llm": {"provider": "openai", "model": "gpt-4o", "prompt": "Hello", "output_tokens": 1000}},
    ]);
    purser.file("plan.json", &plan.to_string());
    let asked = ["--price-at", "2026-11-20", "--json"];
    let of = |path: &str| simulate(&purser, &[&[path], &asked[..]].concat()).done().stdout;
    let expected = of("plan.yaml");
    assert_eq!(of("plan.json"), expected);
    for text in [PLAN.to_owned(), plan.to_string()] {
        let dir = purser.path("");
        let mut piped = command(&dir);
        let ran = run(piped.args(["simulate", "-"]).args(asked).write_stdin(text));
        assert_eq!(ran.done().stdout, expected);
    }
}

#[test]
fn the_models_of_the_reference_answer_flat_plans() {
    let purser = with_plan();
    let v1 = simulate(&purser, &["flat.json", "--model", "v1", "--json"]).done().json();
    // llm_invoke 5 ¢ and http_call 0 ¢ of the flat table; the default budget is 1000 ¢.
    assert_eq!(json!([v1["v1"]["estimated_cost_cents"], v1["v1"]["budget_remaining_cents"]]), json!([5, 995]));
    assert_eq!(v1["cost_usd"], "0.050000000000");
    let v2 = simulate(&purser, &["flat.json", "--model", "v2", "--json"]).done().json();
    assert_eq!(v2["v2"]["status"], "success");
    assert_eq!(v2["v1"], Value::Null);
    let whole = simulate(&purser, &["flat.json", "--model", "v1", "--budget-usd", "0.059", "--json"]).done().json();
    assert_eq!(whole["v1"]["budget_remaining_cents"], 0, "5.9 cents hold 5 whole ones");
}

#[test]
fn tables_are_for_people() {
    let purser = with_plan();
    let asked = [
        "plan.yaml",
        "--price-at",
        "2026-11-20",
        "--budget-usd",
        "0.005",
        "--deadline",
        "30s",
        "--allow",
        "llm_invoke",
    ];
    let ran = simulate(&purser, &asked);
    insta::assert_snapshot!(ran.stdout);
    assert!(ran.stderr.contains("10,000 draws from seed 42"), "{}", ran.stderr);
    let ran = simulate(&purser, &["flat.json", "--model", "v1", "--budget-usd", "0.04", "--allow", "http_call"]);
    insta::assert_snapshot!(ran.stdout);
    let ran = simulate(&purser, &["flat.json", "--model", "v2"]);
    insta::assert_snapshot!(ran.done().stdout);
}

#[test]
fn a_tenants_own_prices_count_and_the_simulation_is_recorded() {
    let purser = with_plan();
    let plan = purser.path("plan.yaml");
    let asked = ["simulate", plan.to_str().expect("a path"), "--tenant", "acme", "--json"];
    let missing = purser.run(asked);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    purser.run(["tenant", "create", "acme"]).done();
    let set = ["prices", "override", "set", "--tenant", "acme", "--provider", "openai", "--model", "gpt-4o"];
    purser.run(set.into_iter().chain(["--rate", "input=0", "--rate", "output=20"])).done();
    let answer = purser.run(asked).done().json();
    // 1,000 tokens at 20 dollars a million and the call's 0.001, but for attempts that fail.
    assert_eq!(answer["v3"]["cost_usd"]["p50"], "0.021000000000");
    assert!(answer["provenance_id"].is_string(), "{answer}");
    let flat = purser.path("flat.json");
    let flat = ["simulate", flat.to_str().expect("a path"), "--tenant", "acme", "--model", "v2", "--json"];
    assert_eq!(purser.run(flat).done().json()["v2"]["status"], "success");
    let both = purser.run(asked.into_iter().chain(["--server", "http://127.0.0.1:1", "--key", "k"]));
    assert_eq!(both.code, 2, "one of the two");
}

#[test]
fn two_plans_stand_beside_each_other() {
    let purser = with_plan();
    purser.file("new.yaml", &PLAN.replace("1000", "2000").replace("id: fetch", "id: load"));
    let asked = ["new.yaml", "--compare", "plan.yaml", "--price-at", "2026-11-20"];
    let ran = simulate(&purser, &asked).done();
    insta::assert_snapshot!(ran.stdout);
    let answer = simulate(&purser, &[&asked[..], &["--json"]].concat()).done().json();
    // 1,000 tokens more at 10 dollars a million.
    assert_eq!(answer["difference"]["mean_usd"], "0.010000000000");
    assert_eq!(answer["before"]["feasible"], true);
    let gate = simulate(&purser, &[&asked[..], &["--budget-usd", "0.015"]].concat());
    assert_eq!(gate.code, 1, "the new plan decides");
    assert!(gate.stdout.contains("not feasible, was feasible"), "{}", gate.stdout);
    let flat = ["flat.json", "--compare", "flat.json", "--model", "v2", "--json"];
    let none = simulate(&purser, &flat).done().json();
    let expected = json!({"cost_usd": "0.000000000000", "duration_ms": 0, "feasibility_match": true});
    assert_eq!(none["difference"], expected);
}

#[test]
fn markdown_is_ready_for_a_comment() {
    let purser = with_plan();
    purser.file("new.yaml", &PLAN.replace("1000", "2000").replace("id: fetch", "id: 'a|b `<img>` @all'"));
    let asked = ["new.yaml", "--compare", "plan.yaml", "--price-at", "2026-11-20", "--format", "markdown"];
    let ran = simulate(&purser, &asked).done();
    insta::assert_snapshot!(ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn every_fault_of_a_plan_is_named_with_its_path_and_value() {
    let purser = with_plan();
    let plan = r#"[{"skill": "http_call", "iterations": 0}, {"llm": {"model": 5}}, {"skil": "x"}]"#;
    purser.file("bad.json", plan);
    let ran = simulate(&purser, &["bad.json"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stdout, "");
    for part in ["bad.json", "plan[0].iterations", "\"0\"", "plan[1].llm.model", "\"5\"", "plan[2]"] {
        assert!(ran.stderr.contains(part), "{part} is not in {}", ran.stderr);
    }
    purser.file("cycle.yaml", "steps: [{ref: a}]\nnodes: {a: [{ref: a}]}\n");
    purser.file("sum.yaml", "- branch: [{probability: 0.5, then: []}, {probability: 0.4, then: []}]\n");
    purser.file("loop.yaml", "- loop: {count: 10000, body: [{loop: {count: 10000, body: [{skill: kv_get}]}}]}\n");
    purser.file("unpriced.yaml", "- llm: {provider: openai, model: no-such-model, prompt: x}\n");
    purser.file("twice.yaml", "steps: []\nsteps: []\n");
    purser.file("again.json", r#"[{"skill": "x", "usage": {"cost_usd": 5, "cost_usd": 0}}]"#);
    purser.file("torn.json", "[{\"skill\": \"x\"");
    purser.file("whose.yaml", "- llm: {model: gpt-4o, prompt: x}\n");
    for (path, word) in [
        ("cycle.yaml", "cycle"),
        ("sum.yaml", "sum to 1"),
        ("loop.yaml", "1000000"),
        ("unpriced.yaml", "no-such-model"),
        ("twice.yaml", "line 2"),
        ("again.json", "\"cost_usd\" is given twice at line 1"),
        ("torn.json", "line 1"),
        ("flat.txt", "flat.txt"),
        ("whose.yaml", "name a provider that sells it: azure.ai.openai, openai"),
    ] {
        let ran = simulate(&purser, &[path]);
        assert_eq!(ran.code, 2, "{path}: {}", ran.stderr);
        assert!(ran.stderr.contains(word), "{path}: {}", ran.stderr);
    }
}

#[test]
fn an_empty_plan_is_bad_input_under_every_model() {
    let purser = with_plan();
    purser.file("empty.json", "[]");
    for model in ["v1", "v2", "v3"] {
        let ran = simulate(&purser, &["empty.json", "--model", model]);
        assert_eq!(ran.code, 2, "{model}: {}", ran.stderr);
        assert!(ran.stderr.contains("plan") && ran.stderr.contains("has no steps"), "{model}: {}", ran.stderr);
    }
}

#[test]
fn flags_that_the_model_does_not_read_are_refused_by_name() {
    let purser = with_plan();
    let ran = simulate(&purser, &["flat.json", "--model", "v1", "--deadline", "5s", "--draws", "5"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("deadline") && ran.stderr.contains("draws"), "{}", ran.stderr);
    let ran = simulate(&purser, &["plan.yaml", "--risk-threshold", "0.1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("risk_threshold"), "{}", ran.stderr);
    let ran = simulate(&purser, &["plan.yaml", "--confidence", "NaN"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}
