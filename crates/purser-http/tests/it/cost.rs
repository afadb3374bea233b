//! `/api/v1/cost/{summary,by-feature,by-user,by-model}`

use purser_test::event::event_with;
use purser_test::{TestApp, event};
use serde_json::json;

#[tokio::test]
async fn a_period_slides_and_ends_now() {
    let app = TestApp::start().await;
    app.store_events(&[
        event("a"),
        event_with("b", &json!({"occurred_at": "2026-11-19T11:59:59Z"})),
        event_with("c", &json!({"occurred_at": "2026-11-01T00:00:00Z"})),
    ])
    .await;
    for (period, count) in [("", 1), ("?period=24h", 1), ("?period=7d", 2), ("?period=30d", 3)] {
        let body = app.get(&format!("/api/v1/cost/summary{period}")).await.expect(200).json();
        assert_eq!(body["request_count"], count, "{period} {body}");
    }
    let body = app.get("/api/v1/cost/summary").await.json();
    assert_eq!((&body["tenant_id"], &body["cost_usd"]), (&json!("acme"), &json!("0.007500000000")));
    assert_eq!(body["provenance"]["sources"], json!(["api"]));
    let reply = app.get("/api/v1/cost/summary?period=1y&tenant_id=globex").await;
    assert_eq!(reply.fields(), ["period", "tenant_id"]);
    let _ = reply.problem(422, "invalid-fields");
}

#[tokio::test]
async fn users_beyond_the_limit_are_summed_exactly() {
    let app = TestApp::start().await;
    let of = |id: &str, user: &str, tokens: u64| event_with(id, &json!({"user_id": user, "input_tokens": tokens}));
    app.store_events(&[of("a", "ann", 4_000), of("b", "bob", 2_000), of("c", "cy", 1_000), of("d", "cy", 0)]).await;
    let body = app.get("/api/v1/cost/by-user?limit=1").await.expect(200).json();
    // Output is 500 tokens of 10 dollars a million each: 0.005; input 2.50 a million.
    assert_eq!((&body["data"][0]["user_id"], &body["data"][0]["cost_usd"]), (&json!("ann"), &json!("0.015000000000")));
    assert_eq!(body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!((&body["users"], &body["other"]["users"]), (&json!(3), &json!(2)));
    assert_eq!((&body["other"]["cost_usd"], &body["other"]["request_count"]), (&json!("0.022500000000"), &json!(3)));
    assert!(app.get("/api/v1/cost/by-user?limit=3").await.expect(200).json()["other"].is_null());
    assert_eq!(app.get("/api/v1/cost/by-user?limit=0").await.fields(), ["limit"]);
}

#[tokio::test]
async fn breakdowns_name_what_is_absent() {
    let app = TestApp::start().await;
    app.post("/api/v1/cost/features", &json!({"tag": "chat.reply", "display_name": "Replies", "budget_cents": 1}))
        .await
        .expect(201);
    app.store_events(&[
        event_with("a", &json!({"feature_tag": "chat.reply", "user_id": "u1"})),
        event_with("b", &json!({"feature_tag": "not.registered"})),
        event("c"),
    ])
    .await;
    let features = app.get("/api/v1/cost/by-feature").await.expect(200).json();
    assert_eq!(features["data"].as_array().map(Vec::len), Some(2), "{features}");
    assert_eq!(features["data"][0]["feature_tag"], "unclassified");
    assert_eq!(features["data"][0]["request_count"], 2);
    assert_eq!(features["data"][1]["display_name"], "Replies");
    assert_eq!(features["data"][1]["budget_used_pct"], 75.0);
    let users = app.get("/api/v1/cost/by-user").await.expect(200).json();
    assert_eq!(users["data"][0]["user_id"], "anonymous");
    assert_eq!(users["data"][0]["pct_of_total"], 66.67);
    assert_eq!(users["data"][0]["is_anomaly"], false);
    let models = app.get("/api/v1/cost/by-model").await.expect(200).json();
    assert_eq!(models["data"][0]["input_tokens"], 3000);
    assert_eq!(models["data"][0]["priced_fraction"], 1.0);
}
