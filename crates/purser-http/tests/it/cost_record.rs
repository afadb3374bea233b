//! `POST /api/v1/cost/record`

use purser_test::TestApp;
use serde_json::json;

const PATH: &str = "/api/v1/cost/record";

#[tokio::test]
async fn a_record_keeps_its_fractions_of_a_cent() {
    let app = TestApp::start().await;
    let body = json!({"model": "gpt-4o", "cost_cents": 0.3, "input_tokens": 10, "request_id": "r1", "user_id": "u1"});
    let reply = app.post(PATH, &body).await.expect(201).json();
    assert_eq!(reply["data"]["status"], "recorded", "{reply}");
    let id = reply["data"]["id"].as_str().expect("an id").to_owned();
    let again = app.post(PATH, &body).await.expect(200).json();
    assert_eq!(again["data"]["id"], id.as_str());
    let summary = app.get("/api/v1/cost/summary").await.expect(200).json();
    assert_eq!(summary["cost_usd"], "0.003000000000", "{summary}");
    let detail = app.get(&format!("/api/v1/usage/events/{id}")).await.expect(200).json();
    assert_eq!(detail["current"]["cost_source"], "reported");
}

#[tokio::test]
async fn records_without_a_request_id_are_all_kept() {
    let app = TestApp::start().await;
    let body = json!({"model": "gpt-4o", "cost_cents": 1});
    let first = app.post(PATH, &body).await.expect(201).json();
    let second = app.post(PATH, &body).await.expect(201).json();
    assert_ne!(first["data"]["id"], second["data"]["id"]);
    let summary = app.get("/api/v1/cost/summary").await.expect(200).json();
    assert_eq!(summary["total_cost_cents"], 2);
}

#[tokio::test]
async fn an_unregistered_tag_is_unclassified_and_a_reused_id_conflicts() {
    let app = TestApp::start().await;
    let record =
        |tag: &str, cents: i64| json!({"model": "m", "cost_cents": cents, "feature_tag": tag, "request_id": tag});
    app.post(PATH, &record("support.reply", 5)).await.expect(201);
    let shares = app.get("/api/v1/cost/by-feature").await.expect(200).json();
    assert_eq!(shares["data"][0]["feature_tag"], "unclassified", "{shares}");
    assert_eq!(shares["data"][0]["total_cost_cents"], 5);
    let _ = app.post(PATH, &record("support.reply", 6)).await.problem(409, "event-id-reused");
}

#[tokio::test]
async fn bad_records_are_refused_with_every_field() {
    let app = TestApp::start().await;
    let reply = app.post(PATH, &json!({"cost_cents": -1, "tokens": "many", "colour": "red"})).await;
    assert!(reply.fields().len() >= 3, "{}", reply.text());
    let _ = reply.problem(422, "invalid-fields");
}
