//! `/api/v1/tenant`

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, TestApp};
use serde_json::json;

const PATH: &str = "/api/v1/tenant";

#[tokio::test]
async fn the_zone_decides_where_days_start() {
    let app = TestApp::start().await;
    let before = app.get(PATH).await.expect(200).json();
    assert_eq!(before, json!({"id": "acme", "zone": "UTC", "week_start": "monday", "anchor_day": 1}));
    let ask = Ask::new(Method::PATCH, PATH).json(&json!({"zone": "Europe/Berlin", "anchor_day": 15}));
    let after = app.ask(ask).await.expect(200).json();
    assert_eq!(after, json!({"id": "acme", "zone": "Europe/Berlin", "week_start": "monday", "anchor_day": 15}));
    app.store_events(&[event_with("a", &json!({"occurred_at": "2026-11-19T23:30:00Z"}))]).await;
    let answer = app.get("/api/v1/usage/query?grain=day").await.expect(200).json();
    assert_eq!(answer["rows"][0]["bucket"], "2026-11-19T23:00:00Z", "midnight in Berlin; {answer}");
    assert_eq!(answer["zone"], "Europe/Berlin");
}

#[tokio::test]
async fn bad_calendars_are_refused() {
    let app = TestApp::start().await;
    for (body, expect) in [
        (json!({"zone": "Mars/Olympus"}), vec!["zone"]),
        (json!({"zone": null, "anchor_day": 29, "id": "globex"}), vec!["zone", "anchor_day", "id"]),
        (json!({"week_start": "Monday"}), vec!["week_start"]),
    ] {
        let reply = app.ask(Ask::new(Method::PATCH, PATH).json(&body)).await;
        assert_eq!(reply.fields(), expect, "{body}");
        let _ = reply.problem(422, "invalid-fields");
    }
    let ask = Ask::new(Method::PATCH, PATH).json(&json!({"zone": "UTC"}));
    let _ = app.ask_as(ACME, Role::Operate, ask).await.problem(403, "role-not-allowed");
}
