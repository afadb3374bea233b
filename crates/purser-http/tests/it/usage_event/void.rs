//! `POST /api/v1/usage/void`

use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, TestApp, event};
use serde_json::json;

const PATH: &str = "/api/v1/usage/void";

#[tokio::test]
async fn a_voided_event_counts_no_longer_and_shows_its_correction() {
    let app = TestApp::start().await;
    app.store_events(&[event("a"), event("b")]).await;
    let body = json!({"event_id": "a", "reason": "sent by mistake"});
    assert_eq!(app.post(PATH, &body).await.expect(200).json()["voided"], 1);
    assert_eq!(app.post(PATH, &body).await.expect(200).json()["voided"], 0, "twice changes nothing");
    let total = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(total["total"]["charged_events"], 1);
    assert_eq!(total["total"]["cost_usd"], "0.007500000000");
    let detail = app.get("/api/v1/usage/events/a").await.expect(200).json();
    assert_eq!(detail["state"], "voided");
    assert!(detail["current"].is_null());
    assert_eq!(detail["corrections"][0]["reason"], "void", "{detail}");
    assert_eq!(detail["corrections"][0]["note"], "sent by mistake");
    assert!(detail["history"][0]["note"].is_null());
}

#[tokio::test]
async fn void_says_what_is_missing() {
    let app = TestApp::start().await;
    for (body, fields) in [
        (json!({}), vec!["event_id", "reason"]),
        (json!({"event_id": "a", "import_id": "i", "reason": "r"}), vec!["import_id"]),
        (json!({"import_id": "i", "source": "s", "reason": "r"}), vec!["source"]),
        (json!({"event_id": 7, "reason": "", "x": 1}), vec!["event_id", "event_id", "reason", "x"]),
    ] {
        let reply = app.post(PATH, &body).await;
        let mut found = reply.fields();
        found.sort();
        assert_eq!(found, fields, "{body}");
        let _ = reply.problem(422, "invalid-fields");
    }
    let _ = app.post(PATH, &json!({"event_id": "none", "reason": "r"})).await.problem(404, "not-found");
    let ask = Ask::post(PATH, &json!({"event_id": "a", "reason": "r"}));
    let _ = app.ask_as(ACME, Role::Ingest, ask).await.problem(403, "role-not-allowed");
}
