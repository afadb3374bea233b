//! `/api/v1/analytics/…`

use purser_test::event::event_with;
use purser_test::{Ask, TestApp, event};
use serde_json::json;

const WINDOW: &str = "from=2026-11-18T00:00:00Z&to=2026-11-21T00:00:00Z";

async fn filled() -> TestApp {
    let app = TestApp::start().await;
    app.store_events(&[
        event("a"),
        event_with("b", &json!({"occurred_at": "2026-11-19T10:30:00Z", "project": "p1", "feature_tag": "chat.reply"})),
    ])
    .await;
    app
}

#[tokio::test]
async fn usage_statistics_have_the_references_shape() {
    let app = filled().await;
    let ask = Ask::get(&format!("/api/v1/analytics/statistics/usage?{WINDOW}"))
        .header("x-correlation-id".parse().expect("a name"), "c-1");
    let reply = app.ask(ask).await.expect(200);
    let body = reply.json();
    assert_eq!(
        body["window"],
        json!({"from": "2026-11-18T00:00:00Z", "to": "2026-11-21T00:00:00Z", "resolution": "day"})
    );
    assert_eq!(body["totals"], json!({"requests": 2, "compute_units": 2, "tokens": 3000}));
    assert_eq!(
        body["series"],
        json!([
            {"ts": "2026-11-19", "requests": 1, "compute_units": 1, "tokens": 1500},
            {"ts": "2026-11-20", "requests": 1, "compute_units": 1, "tokens": 1500}
        ])
    );
    assert_eq!(body["signals"], json!({"sources": ["api"], "freshness_sec": 3600, "state": "STALE"}));
    assert_eq!(body["meta"]["correlation_id"], "c-1");
    assert_eq!(body["meta"]["request_id"], reply.header("x-request-id"));
}

#[tokio::test]
async fn cost_statistics_break_down_and_their_parts_share_the_total() {
    let app = filled().await;
    let body = app.get(&format!("/api/v1/analytics/statistics/cost?{WINDOW}&resolution=hour")).await.expect(200).json();
    assert_eq!(body["totals"]["spend_usd"], "0.015000000000", "{body}");
    assert_eq!(body["totals"]["spend_cents"], 2, "1.5 cents, half to even");
    assert_eq!(body["series"][0]["ts"], "2026-11-19T10:00:00Z");
    assert_eq!(body["by_model"][0]["pct_of_total"], 100.0);
    let features: Vec<&str> =
        body["by_feature"].as_array().expect("a list").iter().filter_map(|row| row["feature_tag"].as_str()).collect();
    assert_eq!(features.len(), 2);
    assert!(features.contains(&"untagged") && features.contains(&"chat.reply"), "{features:?}");
}

#[tokio::test]
async fn scope_and_as_of_are_honoured() {
    let app = filled().await;
    let path = format!("/api/v1/analytics/statistics/usage?{WINDOW}&scope=project&scope_id=p1");
    let body = app.get(&path).await.expect(200).json();
    assert_eq!(body["totals"]["requests"], 1, "{body}");
    let as_of = body["meta"]["as_of"].as_str().expect("an instant").to_owned();
    app.store_events(&[event_with("late", &json!({"project": "p1"}))]).await;
    assert_eq!(app.get(&path).await.json()["totals"]["requests"], 2);
    assert_eq!(app.get(&format!("{path}&as_of={as_of}")).await.json()["totals"]["requests"], 1);
}

#[tokio::test]
async fn bad_queries_collect_all_errors_in_the_contracts_shape() {
    let app = TestApp::start().await;
    let path = "/api/v1/analytics/statistics/cost?from=2026-11-18T00:00:00&resolution=week&bogus=1&scope=env";
    let problem = app.get(path).await.problem(400, "INVALID_QUERY");
    let errors = problem["field_errors"].as_array().expect("field errors");
    let mut names: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bogus", "from", "resolution", "scope_id", "to"], "{problem}");
    assert_eq!(problem["type"], "/docs/errors/invalid-query");
    for window in
        ["from=2026-01-01T00:00:00Z&to=2026-04-02T00:00:00Z", "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"]
    {
        let _ = app.get(&format!("/api/v1/analytics/statistics/usage?{window}")).await.problem(400, "INVALID_QUERY");
    }
}

#[tokio::test]
async fn exports_are_the_same_answer_as_files() {
    let app = filled().await;
    let reply = app.get(&format!("/api/v1/analytics/statistics/usage/export.csv?{WINDOW}")).await.expect(200);
    assert_eq!(reply.text(), "timestamp,requests,compute_units,tokens\n2026-11-19,1,1,1500\n2026-11-20,1,1,1500\n");
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"usage_20261118_20261121.csv\"");
    let reply = app.get(&format!("/api/v1/analytics/statistics/cost/export.csv?{WINDOW}")).await.expect(200);
    assert_eq!(
        reply.text(),
        "timestamp,spend_cents,requests,input_tokens,output_tokens\n2026-11-19,0.75,1,1000,500\n2026-11-20,0.75,1,1000,500\n"
    );
    for what in ["usage", "cost"] {
        let file = app.get(&format!("/api/v1/analytics/statistics/{what}/export.json?{WINDOW}")).await.expect(200);
        assert!(file.header("content-disposition").ends_with("_20261121.json\""));
        let (mut file, mut read) =
            (file.json(), app.get(&format!("/api/v1/analytics/statistics/{what}?{WINDOW}")).await.json());
        file["meta"]["request_id"] = json!(null);
        read["meta"]["request_id"] = json!(null);
        assert_eq!(file, read);
    }
}

#[tokio::test]
async fn freshness_is_the_age_of_the_newest_event() {
    let app = TestApp::start().await;
    let status = app.get("/api/v1/analytics/_status").await.expect(200).json();
    assert_eq!(status["signals"]["state"], "NO_DATA", "{status}");
    assert_eq!(status["topics"]["usage"], json!({"read": true, "write": false, "signals": 3}));
    app.store_events(&[event_with("a", &json!({"occurred_at": "2026-11-20T11:59:00Z"}))]).await;
    let status = app.get("/api/v1/analytics/_status").await.expect(200).json();
    assert_eq!((&status["signals"]["freshness_sec"], &status["signals"]["state"]), (&json!(60), &json!("LIVE")));
    let health = app.get("/api/v1/analytics/health").await.expect(200).json();
    assert_eq!(health, json!({"status": "healthy", "domain": "analytics"}));
}
