//! `GET /api/v1/usage/query`

use purser_test::event::event_with;
use purser_test::{TestApp, event};
use serde_json::{Value, json};

async fn filled() -> TestApp {
    let app = TestApp::start().await;
    app.store_events(&[
        event("a"),
        event_with("b", &json!({"user_id": "u1", "occurred_at": "2026-11-19T10:30:00Z", "tags": {"team": "red"}})),
        event_with("c", &json!({"user_id": "u1", "model": "gpt-4o-mini", "status": "error", "latency_ms": 200})),
        event_with("d", &json!({"model": "no-such-model"})),
    ])
    .await;
    app
}

fn cell(answer: &Value, key: &str, name: &str, field: &str) -> Value {
    let rows = answer["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["keys"][key] == name).map(|row| row[field].clone()).unwrap_or_default()
}

#[tokio::test]
async fn rows_add_up_and_carry_their_coverage() {
    let app = filled().await;
    let answer = app.get("/api/v1/usage/query?group_by=model").await.expect(200).json();
    // Two gpt-4o calls at 0.0075; gpt-4o-mini is 0.15 and 0.60 dollars a million.
    assert_eq!(cell(&answer, "model", "gpt-4o", "cost_usd"), "0.015000000000", "{answer}");
    assert_eq!(cell(&answer, "model", "gpt-4o-mini", "cost_usd"), "0.000450000000");
    assert_eq!(cell(&answer, "model", "no-such-model", "priced_fraction"), 0.0);
    assert_eq!(cell(&answer, "model", "gpt-4o-mini", "errors"), 1);
    assert_eq!(cell(&answer, "model", "gpt-4o-mini", "latency_ms_mean"), 200.0);
    assert_eq!(answer["total"]["cost_usd"], "0.015450000000");
    assert_eq!(answer["total"]["priced_fraction"], 0.75);
    assert_eq!(answer["total"]["unpriced_events"], 1);
    assert_eq!(answer["total"]["input_tokens"], 4000);
}

#[tokio::test]
async fn time_is_cut_in_the_tenants_zone() {
    let app = filled().await;
    let path = "/api/v1/usage/query?grain=day&zero_fill=true&from=2026-11-18T00:00:00Z&to=2026-11-21T00:00:00Z";
    let answer = app.get(path).await.expect(200).json();
    let days: Vec<&Value> = answer["rows"].as_array().expect("rows").iter().map(|row| &row["charged_events"]).collect();
    assert_eq!(days, [&json!(0), &json!(1), &json!(3)], "{answer}");
    assert_eq!(answer["rows"][1]["bucket"], "2026-11-19T00:00:00Z");
}

#[tokio::test]
async fn top_folds_the_rest_exactly() {
    let app = filled().await;
    let answer = app.get("/api/v1/usage/query?group_by=model&top=1&metrics=requests").await.expect(200).json();
    let rows = answer["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2, "{answer}");
    assert_eq!((&rows[0]["other"], &rows[1]["other"]), (&json!(false), &json!(true)));
    assert_eq!(rows[1]["cost_usd"], "0.000450000000");
    assert_eq!(rows[1]["requests"], 2);
    assert!(rows[1].get("input_tokens").is_none(), "only the metrics asked for");
}

#[tokio::test]
async fn filters_keep_tags_and_absent_values() {
    let app = filled().await;
    for (query, count) in [("tag:team=red", 1), ("user=", 2), ("user=u1", 2), ("model=gpt-4o&user=u1", 1)] {
        let answer = app.get(&format!("/api/v1/usage/query?{query}")).await.expect(200).json();
        assert_eq!(answer["total"]["charged_events"], count, "{query}");
    }
}

#[tokio::test]
async fn as_of_sees_only_what_had_arrived() {
    let app = filled().await;
    let before = app.get("/api/v1/usage/query").await.expect(200).json();
    let as_of = before["as_of"].as_str().expect("an instant").to_owned();
    app.store_events(&[event("late")]).await;
    let now = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(now["total"]["charged_events"], 5);
    let then = app.get(&format!("/api/v1/usage/query?as_of={as_of}")).await.expect(200).json();
    assert_eq!(then["total"], before["total"]);
}

#[tokio::test]
async fn rated_and_reported_cost_units_and_new_dimensions_are_asked_for() {
    let app = TestApp::start().await;
    app.store_events(&[
        event_with("a", &json!({"cost_usd": "0.01", "inference_geo": "us", "units": {"images": "2.5"}})),
        event_with("b", &json!({"tool": "search", "mcp_server": "web", "units": {"images": 1, "pages": 3}})),
        event_with("c", &json!({"model": "no-such-model", "cost_usd": "1"})),
    ])
    .await;
    let answer = app.get("/api/v1/usage/query?group_by=inference_geo").await.expect(200).json();
    let total = &answer["total"];
    // a and b have units without a rate, so that neither is rated whole; only a and c report.
    assert_eq!((&total["reported_usd"], &total["rated_usd"]), (&json!("1.010000000000"), &json!("0.000000000000")));
    assert!(total.get("rated_minus_reported_usd").is_none(), "none has both: {answer}");
    assert!(total.get("units").is_none(), "only on request");
    assert_eq!(cell(&answer, "inference_geo", "us", "charged_events"), 1);
    let answer = app.get("/api/v1/usage/query?group_by=tool,mcp_server&metrics=units.images").await.expect(200).json();
    assert_eq!(answer["total"]["units"], json!({"images": "3.5", "pages": "3"}));
    assert_eq!(cell(&answer, "tool", "search", "units"), json!({"images": "1", "pages": "3"}));
    let answer = app.get("/api/v1/usage/query?cost_source=reported&metrics=requests").await.expect(200).json();
    assert_eq!(answer["total"]["charged_events"], 2);
}

#[tokio::test]
async fn the_difference_is_that_of_the_events_with_both_costs() {
    let app = TestApp::start().await;
    app.store_events(&[event_with("a", &json!({"cost_usd": "0.005"})), event("b")]).await;
    let answer = app.get("/api/v1/usage/query").await.expect(200).json();
    // Each is rated 0.0075; a reports 0.005.
    assert_eq!(answer["total"]["rated_usd"], "0.015000000000");
    assert_eq!(answer["total"]["rated_minus_reported_usd"], "0.002500000000");
}

#[tokio::test]
async fn every_bad_parameter_is_named_at_once() {
    let app = TestApp::start().await;
    let reply = app.get("/api/v1/usage/query?from=2026-11-20&group_by=colour&top=x&grain=year&bogus=1&top=2").await;
    let mut fields = reply.fields();
    fields.sort();
    fields.dedup();
    assert_eq!(fields, ["bogus", "from", "grain", "group_by", "to", "top"]);
    let _ = reply.problem(422, "invalid-fields");
}
