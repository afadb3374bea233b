//! `GET /api/v1/usage/events[/{id}]` and `/usage/conflicts`

use purser_test::event::event_with;
use purser_test::{TestApp, event};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<&str> {
    page["events"].as_array().expect("a page").iter().filter_map(|row| row["event_id"].as_str()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_newest_first_without_gaps() {
    let app = TestApp::start().await;
    for id in ["e1", "e2", "e3", "e4", "e5"] {
        app.store_events(&[event(id)]).await;
    }
    let first = app.get("/api/v1/usage/events?limit=2").await.expect(200).json();
    assert_eq!(ids(&first), ["e5", "e4"]);
    assert_eq!(first["total"], 5);
    let cursor = first["next_cursor"].as_str().expect("more pages");
    let second = app.get(&format!("/api/v1/usage/events?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!(ids(&second), ["e3", "e2"]);
    assert!(second.get("total").is_none(), "counted once");
    let cursor = second["next_cursor"].as_str().expect("one more page");
    let third = app.get(&format!("/api/v1/usage/events?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!(ids(&third), ["e1"]);
    assert!(third.get("next_cursor").is_none());
}

#[tokio::test]
async fn filters_are_parameters_named_after_dimensions() {
    let app = TestApp::start().await;
    app.store_events(&[
        event_with("a", &json!({"user_id": "u1", "tags": {"team": "red"}})),
        event_with("b", &json!({"user_id": "u2", "model": "no-such-model"})),
        event("c"),
    ])
    .await;
    for (query, expect) in [
        ("user=u1&user=u2", vec!["b", "a"]),
        ("tag:team=red", vec!["a"]),
        ("user=", vec!["c"]),
        ("unpriced=true", vec!["b"]),
        ("event_id=c", vec!["c"]),
        ("from=2026-11-20T11:00:00Z&to=2026-11-20T11:00:01Z&model=gpt-4o", vec!["c", "a"]),
        ("kind=reversal", vec![]),
    ] {
        let page = app.get(&format!("/api/v1/usage/events?{query}")).await.expect(200).json();
        let mut found = ids(&page);
        assert_eq!(page["total"], expect.len(), "{query}");
        found.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(found, expect, "{query}");
    }
}

#[tokio::test]
async fn an_event_shows_units_geography_tools_and_why_its_cost_is_what_it_is() {
    let app = TestApp::start().await;
    app.store_events(&[
        event_with(
            "a",
            &json!({
                "units": {"images": "2.5"}, "inference_geo": "us", "speed": "fast", "tool": "search",
                "mcp_server": "web", "requests": 2, "context_window": "<=200k", "cost_usd": "0.5"
            }),
        ),
        event("b"),
    ])
    .await;
    let row = app.get("/api/v1/usage/events/a").await.expect(200).json()["current"].clone();
    for (field, expect) in [
        ("units", json!([{"unit": "images", "quantity": "2.5", "amount_usd": null}])),
        ("inference_geo", json!("us")),
        ("speed", json!("fast")),
        ("tool", json!("search")),
        ("mcp_server", json!("web")),
        ("aggregate", json!(true)),
        ("context_window", json!("<=200000")),
        ("cost_source", json!("reported")),
        ("contradiction", json!(null)),
        ("foreign_cost", json!(null)),
    ] {
        assert_eq!(row[field], expect, "{field} of {row}");
    }
    assert_ne!(row["cost_source_reason"], json!(null), "why it is not the rated one: {row}");
    let row = app.get("/api/v1/usage/events/b").await.expect(200).json()["current"].clone();
    assert_eq!((&row["cost_source"], &row["cost_source_reason"]), (&json!("rated"), &json!(null)));
    assert_eq!(row["basis"]["tier"], "standard", "{row}");
    assert_eq!((&row["aggregate"], &row["units"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn an_event_shows_its_leaves_price_version_and_match() {
    let app = TestApp::start().await;
    app.store_events(&[event("a")]).await;
    let detail = app.get("/api/v1/usage/events/a").await.expect(200).json();
    assert_eq!(detail["state"], "charged");
    let current = &detail["current"];
    // 1,000 input tokens at 2.50 and 500 output tokens at 10 dollars a million.
    assert_eq!(current["cost_usd"], "0.007500000000", "{detail}");
    assert_eq!(current["cost_source"], "rated");
    assert_eq!(current["match_reason"], "request_model");
    assert!(current["price_version"].as_str().is_some_and(|version| version.starts_with("pv_")));
    let leaf = |name: &str| {
        let leaves = current["leaves"].as_array().expect("leaves");
        leaves.iter().find(|leaf| leaf["leaf"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(leaf("input"), json!({"leaf": "input", "quantity": 1000, "amount_usd": "0.002500000000"}));
    assert_eq!(leaf("output"), json!({"leaf": "output", "quantity": 500, "amount_usd": "0.005000000000"}));
    assert_eq!(detail["history"].as_array().map(Vec::len), Some(1));
    let _ = app.get("/api/v1/usage/events/b").await.problem(404, "not-found");
}

#[tokio::test]
async fn an_id_of_two_sources_needs_the_source() {
    let app = TestApp::start().await;
    app.store_events(&[event("a"), event_with("a", &json!({"source": "batch"}))]).await;
    let _ = app.get("/api/v1/usage/events/a").await.problem(409, "conflict");
    let detail = app.get("/api/v1/usage/events/a?source=batch").await.expect(200).json();
    assert_eq!(detail["source"], "batch");
}

#[tokio::test]
async fn two_sightings_of_one_call_are_one_charge() {
    let app = TestApp::start().await;
    let response = "chatcmpl-0123456789";
    let seen = |id: &str| event_with(id, &json!({"response_id": response}));
    // The same 1,000 tokens, ten of them known to be cached.
    let finer = event_with(
        "finer",
        &json!({"response_id": response, "input_tokens": 990, "cache_read_tokens": 10, "source": "gateway"}),
    );
    app.post("/api/v1/usage/events", &json!([seen("coarse")])).await.expect(202);
    app.post("/api/v1/usage/events", &json!([finer])).await.expect(202);
    let total = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(total["total"]["charged_events"], 1, "{total}");
    let detail = app.get("/api/v1/usage/events/coarse").await.expect(200).json();
    assert_eq!(detail["observations"][0]["event_id"], "finer", "{detail}");
}

#[tokio::test]
async fn bad_cursors_and_limits_are_refused_by_name() {
    let app = TestApp::start().await;
    let reply = app.get("/api/v1/usage/events?cursor=zzz&limit=0&kind=odd&bogus=1").await;
    let mut fields = reply.fields();
    fields.sort();
    assert_eq!(fields, ["bogus", "cursor", "kind", "limit"]);
    let _ = reply.problem(422, "invalid-fields");
    assert_eq!(app.get("/api/v1/usage/conflicts?cursor=e5").await.fields(), ["cursor"]);
}
