//! `/api/v1/simulate` and `/api/v1/runtime/simulate`

use purser_test::TestApp;
use serde_json::{Value, json};

const SIMULATE: &str = "/api/v1/simulate";

fn graph() -> Value {
    json!([
        {"id": "search", "skill": "http_call", "retry": {"attempts": 3}},
        {"id": "answer", "llm": {"model": "openai/gpt-4o", "prompt": "Sum it up", "max_tokens": 500}}
    ])
}

#[tokio::test]
async fn the_plan_simulator_answers_with_a_distribution_and_repeats_itself() {
    let app = TestApp::start().await;
    let ask = json!({"plan": graph(), "budget_usd": "0.05", "deadline_ms": 60_000, "draws": 2000});
    let found = app.post(SIMULATE, &ask).await.expect(200).json();
    assert_eq!((&found["model"], &found["feasible"]), (&json!("v3"), &json!(true)), "{found}");
    let cost = &found["v3"]["cost_usd"];
    assert!(cost["p10"].as_str() <= cost["p50"].as_str() && cost["p50"].as_str() <= cost["p99"].as_str(), "{cost}");
    assert_eq!((&found["cost_usd"], found.get("v1")), (&cost["mean"], None));
    assert_eq!((&found["v3"]["basis"]["seed"], &found["v3"]["basis"]["draws"]), (&json!(42), &json!(2000)));
    let again = app.post(SIMULATE, &ask).await.expect(200).json();
    assert_eq!(again["v3"], found["v3"]);
    let dear = json!({"plan": graph(), "budget_cents": 0, "draws": 500});
    let dear = app.post(SIMULATE, &dear).await.expect(200).json();
    assert_eq!((&dear["feasible"], &dear["v3"]["violations"][0]["constraint"]), (&json!(false), &json!("budget")));
}

#[tokio::test]
async fn spending_and_other_settings_are_told_if_asked_for() {
    let app = TestApp::start().await;
    let step = json!({"id": "a", "skill": "x", "usage": {"cost_usd": 0.5, "latency_ms": 1, "failure": 0}});
    let ask = json!({"plan": [step], "budget_usd": "0.5", "runs": 12, "sweep": ["counts=2"], "draws": 100});
    let found = app.post(SIMULATE, &ask).await.expect(200).json();
    let v3 = &found["v3"];
    assert_eq!(v3["cost_per_success_usd"], "0.500000000000", "{v3}");
    assert_eq!(json!([v3["stop_at_budget"]["stopped_probability"], v3["burn_down"][0]["node"]]), json!([0.0, "a"]));
    assert_eq!(json!([v3["roll_up"]["runs"], v3["roll_up"]["p90_usd"]]), json!([12, "6.000000000000"]));
    // A step that is called once has no count to double.
    let point = &v3["sweep"][0];
    assert_eq!(json!([point["setting"], point["cost_usd"]["mean"]]), json!(["counts=2", "0.500000000000"]));
}

#[tokio::test]
async fn the_flat_models_answer_through_the_same_door() {
    let app = TestApp::start().await;
    let plan = json!([{"skill": "llm_invoke", "iterations": 10}]);
    for (model, cost, field) in [("v1", "0.500000000000", "v1"), ("v2", "0.350000000000", "v2")] {
        let found = app.post(SIMULATE, &json!({"plan": plan, "model": model})).await.expect(200).json();
        assert_eq!((&found["model"], &found["cost_usd"]), (&json!(model), &json!(cost)), "{found}");
        assert!(found[field]["step_estimates"].is_array() && found["provenance_id"].is_string(), "{found}");
    }
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let app = TestApp::start().await;
    let cases = [
        (
            json!({"plan": [{"skill": "x", "retry": {"attempts": 0}}], "budget_usd": "-1", "confidence": 0, "draws": 0,
                "seed": -1, "deadline_ms": 1.5, "advice": "yes", "alternatives": 7, "price_at": "now", "run_id": "",
                "allowed_skills": [7], "tenant_id": "globex", "colour": 1}),
            vec![
                "advice",
                "allowed_skills[0]",
                "alternatives",
                "budget_usd",
                "colour",
                "confidence",
                "deadline_ms",
                "draws",
                "plan[0].retry.attempts",
                "price_at",
                "run_id",
                "seed",
                "tenant_id",
            ],
        ),
        (json!({"plan": graph(), "model": "v4"}), vec!["model"]),
        (
            json!({"plan": graph(), "sweep": ["prompt=2", "colour=red"], "runs": 0, "failure_correlation": 1.5}),
            vec!["failure_correlation", "runs", "sweep[1]"],
        ),
        (json!({"plan": graph(), "sweep": vec!["prompt=2"; 21]}), vec!["sweep"]),
        (json!({"plan": graph(), "sweep": ["prompt=2", "model=no-such-model"]}), vec!["sweep[1]"]),
        (json!({"plan": graph(), "alternatives": ["no-such-model"]}), vec!["alternatives[0]"]),
        (json!({"plan": [{"skill": "x"}], "model": "v1", "runs": 5}), vec!["runs"]),
        (json!({"plan": graph(), "draws": 100_001}), vec!["draws"]),
        (json!({"plan": graph(), "budget_usd": "1", "budget_cents": 1}), vec!["budget_cents"]),
        (json!({}), vec!["plan"]),
        (json!({"plan": null}), vec!["plan"]),
        (json!({"plan": []}), vec!["plan"]),
        (json!({"plan": [{"id": "a", "parallel": [{"skill": "x"}]}], "model": "v1"}), vec!["plan"]),
        (json!({"plan": [{"skill": "x"}], "model": "v1", "draws": 5}), vec!["draws"]),
        (json!({"plan": [{"llm": {"model": "no-such-model", "prompt": "x"}}]}), vec!["plan"]),
        (json!({"plan": [{"branch": [{"probability": 0.4, "then": []}]}]}), vec!["plan[0].branch"]),
        (json!({"plan": {"steps": [{"ref": "a"}], "nodes": {"a": {"ref": "a"}}}}), vec!["nodes.a.ref"]),
    ];
    for (body, expect) in cases {
        let reply = app.post(SIMULATE, &body).await;
        let mut fields = reply.fields();
        fields.sort();
        assert_eq!(fields, expect, "{body} {}", reply.text());
        let _ = reply.problem(422, "invalid-fields");
    }
}

#[tokio::test]
async fn the_runtime_view_is_rough() {
    let app = TestApp::start().await;
    let ask = json!({"plan": [{"skill": "llm_invoke", "iterations": 3}, {"skill": "teleport"}], "budget_cents": 14});
    let found = app.post("/api/v1/runtime/simulate", &ask).await.expect(200).json();
    assert_eq!(
        (&found["status"], &found["estimated_cost_cents"]),
        (&json!("budget_insufficient"), &json!(15)),
        "{found}"
    );
    assert_eq!((&found["estimated_duration_ms"], &found["budget_remaining_cents"]), (&json!(6100), &json!(-1)));
    assert_eq!(found["warnings"].as_array().map(Vec::len), Some(1));
    let bad = json!({"plan": [{"skill": ""}], "budget_cents": 1.5, "seed": 42});
    let mut fields = app.post("/api/v1/runtime/simulate", &bad).await.fields();
    fields.sort();
    assert_eq!(fields, ["budget_cents", "plan[0].skill", "seed"]);
}
