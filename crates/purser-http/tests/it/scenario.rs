//! `/api/v1/scenarios`

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, TestApp};
use serde_json::{Value, json};

fn draft() -> Value {
    json!({"name": "Nightly", "budget_cents": 200, "steps": [{"skill": "llm_call", "iterations": 4}, {"skill": "api_call"}]})
}

#[tokio::test]
async fn a_scenario_is_kept_simulated_and_forgotten() {
    let app = TestApp::start().await;
    let kept = app.post("/api/v1/scenarios", &draft()).await.expect(201).json();
    let path = format!("/api/v1/scenarios/{}", kept["id"].as_str().expect("an id"));
    assert_eq!(app.get(&path).await.expect(200).json(), kept);
    // 50 + 4 · 30 and 5 + 2: 177 of 200 cents are more than 70 %.
    let found =
        app.ask_as(ACME, Role::Read, Ask::new(Method::POST, &format!("{path}/simulate"))).await.expect(200).json();
    assert_eq!((&found["status"], &found["estimated_cost_cents"]), (&json!("feasible"), &json!(177)), "{found}");
    assert_eq!((&found["risks"][0]["level"], &found["confidence_score"]), (&json!("medium"), &json!(0.95)));
    app.ask(Ask::new(Method::DELETE, &path)).await.expect(204);
    let _ = app.get(&path).await.problem(404, "not-found");
    let _ = app.ask(Ask::new(Method::DELETE, &path)).await.problem(404, "not-found");
}

#[tokio::test]
async fn templates_are_there_and_stay() {
    let app = TestApp::start().await;
    let listed = app.get("/api/v1/scenarios").await.expect(200).json();
    let budgets: Vec<(&Value, &Value)> =
        listed["scenarios"].as_array().expect("a list").iter().map(|one| (&one["id"], &one["budget_cents"])).collect();
    let expected =
        [("basic", 100), ("multi-step", 500), ("batch", 2000)].map(|(id, budget)| (json!(id), json!(budget)));
    assert!(budgets.iter().copied().eq(expected.iter().map(|(id, budget)| (id, budget))), "{budgets:?}");
    // Worked out from base + per · n: 4 + 80 + 3; 11 + 8 + 170 + 9 + 7; 103 + 510 + 650 + 102.
    for (id, cost) in [("basic", 87), ("multi-step", 205), ("batch", 1365)] {
        let found = app.post(&format!("/api/v1/scenarios/{id}/simulate"), &json!({})).await.expect(200).json();
        assert_eq!((&found["estimated_cost_cents"], &found["feasible"]), (&json!(cost), &json!(true)), "{id}");
    }
    let _ = app.ask(Ask::new(Method::DELETE, "/api/v1/scenarios/basic")).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_scenario_that_is_not_kept_is_simulated_alike() {
    let app = TestApp::start().await;
    let adhoc = json!({"steps": draft()["steps"], "budget_cents": 176});
    let found = app.post("/api/v1/scenarios/simulate-adhoc", &adhoc).await.expect(200).json();
    assert_eq!((&found["status"], &found["overspent_cents"]), (&json!("budget_exceeded"), &json!(1)), "{found}");
    assert_eq!(found["budget_remaining_cents"], 0);
}

#[tokio::test]
async fn bad_scenarios_name_every_field() {
    let app = TestApp::start().await;
    let bad =
        json!({"name": "", "budget_cents": 1_000_001, "steps": [{"skill": "api_call", "iterations": 101}], "x": 1});
    let mut fields = app.post("/api/v1/scenarios", &bad).await.fields();
    fields.sort();
    assert_eq!(fields, ["budget_cents", "name", "steps[0].iterations", "x"]);
    for steps in [json!([]), json!(vec![json!({"skill": "api_call"}); 51])] {
        let reply = app.post("/api/v1/scenarios", &json!({"name": "n", "steps": steps})).await;
        assert_eq!(reply.fields(), ["steps"]);
        assert_eq!(app.post("/api/v1/scenarios/simulate-adhoc", &json!({"steps": steps})).await.fields(), ["steps"]);
    }
    let long = json!([{"skill": "llm_call", "params": {"prompt": "x".repeat(16 << 10)}}]);
    assert_eq!(app.post("/api/v1/scenarios", &json!({"name": "n", "steps": long})).await.fields(), ["steps"]);
    let listed = app.get("/api/v1/scenarios").await.expect(200).json();
    assert_eq!(listed["scenarios"].as_array().map(Vec::len), Some(3), "nothing was kept");
}
