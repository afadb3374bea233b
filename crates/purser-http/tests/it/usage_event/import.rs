//! `/api/v1/usage/imports[/{id}]`, and the batches of an import

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, TestApp, event};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/usage/imports";

async fn begin(app: &TestApp) -> String {
    let draft = json!({"format": "csv", "source": "csv", "name": "/data/calls.csv"});
    let made = app.ask_as(ACME, Role::Ingest, Ask::post(PATH, &draft)).await.expect(201).json();
    assert_eq!(made["status"], "running");
    made["id"].as_str().expect("an id").to_owned()
}

fn end(id: &str, body: &Value) -> Ask {
    Ask::new(Method::PATCH, &format!("{PATH}/{id}")).json(body)
}

#[tokio::test]
async fn an_import_is_taken_back_whole_and_counts_again_when_it_comes_anew() {
    let app = TestApp::start().await;
    let id = begin(&app).await;
    let batch = |id: &str| format!("/api/v1/usage/events?import_id={id}");
    app.post(&batch(&id), &json!([event("a"), event("b")])).await.expect(202);
    app.post("/api/v1/usage/events", &event("c")).await.expect(202);
    let counts = json!({"status": "finished", "accepted": 2});
    let ended = app.ask(end(&id, &counts)).await.expect(200).json();
    assert_eq!((&ended["status"], &ended["accepted"]), (&json!("finished"), &json!(2)));
    let void = json!({"import_id": id, "reason": "wrong file"});
    assert_eq!(app.post("/api/v1/usage/void", &void).await.expect(200).json()["voided"], 2);
    let shown = app.get(&format!("{PATH}/{id}")).await.expect(200).json();
    assert_eq!((&shown["status"], &shown["void_reason"]), (&json!("voided"), &json!("wrong file")));
    let again = begin(&app).await;
    let receipt = app.post(&batch(&again), &json!([event("a"), event("b"), event("c")])).await.expect(202).json();
    assert_eq!((&receipt["accepted"], &receipt["duplicates"]), (&json!(2), &json!(1)));
    let total = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(total["total"]["charged_events"], 3);
    let listed = app.get(&format!("{PATH}?limit=1")).await.expect(200).json();
    assert_eq!(listed["imports"].as_array().map(Vec::len), Some(1));
    let cursor = listed["next_cursor"].as_str().expect("one more page");
    let rest = app.get(&format!("{PATH}?limit=1&cursor={cursor}")).await.expect(200).json();
    assert!(rest["next_cursor"].is_null() && rest["imports"][0]["id"] != listed["imports"][0]["id"], "{rest}");
}

#[tokio::test]
async fn a_batch_needs_a_running_import() {
    let app = TestApp::start().await;
    let none = app.post("/api/v1/usage/events?import_id=imp_none", &event("a")).await;
    let _ = none.problem(404, "not-found");
    let id = begin(&app).await;
    app.ask(end(&id, &json!({"status": "failed"}))).await.expect(200);
    let late = app.post(&format!("/api/v1/usage/events?import_id={id}"), &event("a")).await;
    let _ = late.problem(409, "conflict");
    assert_eq!(app.rows(ACME).await, 0);
    assert_eq!(app.ask(end(&id, &json!({"status": "done", "accepted": -1}))).await.fields(), ["status", "accepted"]);
    assert_eq!(app.post(PATH, &json!({"format": "", "name": "x"})).await.fields(), ["format", "source"]);
    assert_eq!(app.get(&format!("{PATH}?cursor=i5")).await.fields(), ["cursor"]);
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_rates_at_the_tenants_own_prices() {
    let app = TestApp::start().await;
    app.post("/api/v1/prices/discounts", &json!({"provider": "openai", "percent": "50"})).await.expect(201);
    let events = json!([event("a"), event_with("b", &json!({"model": "house-llm"}))]);
    let receipt = app.post("/api/v1/usage/events?dry_run=true", &events).await.expect(202).json();
    // Half of 1,000 × 2.50 + 500 × 10 dollars a million.
    assert_eq!(receipt["would_charge_usd"], "0.003750000000", "{receipt}");
    assert_eq!((&receipt["accepted"], &receipt["unpriced"]), (&json!(2), &json!(1)));
    assert_eq!(app.rows(ACME).await, 0);
}
