//! `/api/v1/prices/…`

use axum::http::Method;
use purser_test::event::event_with;
use purser_test::{Ask, TestApp, event};
use serde_json::json;

#[tokio::test]
async fn the_book_is_listed_in_pages() {
    let app = TestApp::start().await;
    let first = app.get("/api/v1/prices?provider=openai&model=gpt-4o&limit=2").await.expect(200).json();
    let total = first["total"].as_u64().expect("a number");
    assert!(total > 2, "{first}");
    let mut seen = 0;
    let mut path = "/api/v1/prices?provider=openai&model=gpt-4o&limit=2".to_owned();
    loop {
        let page = app.get(&path).await.expect(200).json();
        seen += page["prices"].as_array().map_or(0, Vec::len) as u64;
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/prices?provider=openai&model=gpt-4o&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, total);
    assert_eq!(app.get("/api/v1/prices?cursor=!&at=x").await.fields(), ["at", "cursor"]);
}

#[tokio::test]
async fn a_model_shows_its_rates_and_their_source() {
    let app = TestApp::start().await;
    let body = app.get("/api/v1/prices/openai/gpt-4o").await.expect(200).json();
    let price = &body["prices"][0];
    assert_eq!(price["tiers"][0]["usd_per_million"]["input"], "2.5", "{body}");
    assert!(price["version"].as_str().is_some_and(|version| version.starts_with("pv_")));
    assert!(price["source"]["catalogue"].is_string());
    let _ = app.get("/api/v1/prices/openai/no-such-model").await.problem(404, "not-found");
}

#[tokio::test]
async fn models_without_a_price_are_listed_until_an_override_and_a_rerate() {
    let app = TestApp::start().await;
    app.store_events(&[event_with("a", &json!({"model": "house-llm"})), event("b")]).await;
    let unpriced = app.get("/api/v1/prices/unpriced").await.expect(200).json();
    assert_eq!(unpriced["unpriced"][0]["model"], "house-llm", "{unpriced}");
    assert_eq!(unpriced["unpriced"][0]["reason"], "unknown_model");
    let draft = json!({"provider": "openai", "model": "house-llm", "usd_per_million": {"input": "1", "output": 2}});
    let set = app.post("/api/v1/prices/overrides", &draft).await.expect(201).json();
    assert_eq!(set["price"]["source"]["catalogue"], "tenant");
    let rerate =
        |dry_run: bool| json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z", "dry_run": dry_run});
    let plan = app.post("/api/v1/prices/rerate", &rerate(true)).await.expect(200).json();
    assert_eq!(
        (&plan["dry_run"], &plan["changed"], &plan["unchanged"]),
        (&json!(true), &json!(1), &json!(1)),
        "{plan}"
    );
    // 1,000 input tokens at 1 and 500 output tokens at 2 dollars a million.
    assert_eq!(plan["changes"][0]["new_usd"], "0.002000000000");
    let done = app.post("/api/v1/prices/rerate", &rerate(false)).await.expect(200).json();
    assert_eq!(done["changed"], 1, "{done}");
    let unpriced = app.get("/api/v1/prices/unpriced").await.expect(200).json();
    assert_eq!(unpriced["unpriced"], json!([]));
    let detail = app.get("/api/v1/usage/events/a").await.expect(200).json();
    assert_eq!(
        (&detail["current"]["cost_usd"], &detail["current"]["reason"]),
        (&json!("0.002000000000"), &json!("rerate"))
    );
    let id = set["id"].as_str().expect("an id");
    app.ask(Ask::new(Method::DELETE, &format!("/api/v1/prices/overrides/{id}"))).await.expect(204);
}

#[tokio::test]
async fn a_second_override_of_the_same_start_is_refused_unless_it_replaces() {
    let app = TestApp::start().await;
    let draft = |input: &str| json!({"provider": "openai", "model": "gpt-4o", "usd_per_million": {"input": input}});
    app.post("/api/v1/prices/overrides", &draft("2")).await.expect(201);
    let _ = app.post("/api/v1/prices/overrides", &draft("1")).await.problem(409, "conflict");
    let mut replacing = draft("1");
    replacing["replace"] = json!(true);
    app.post("/api/v1/prices/overrides", &replacing).await.expect(201);
    let mut later = draft("3");
    later["effective_from"] = json!("2027-01-01T00:00:00Z");
    app.post("/api/v1/prices/overrides", &later).await.expect(201);
    app.store_events(&[event("a")]).await;
    // 1,000 input tokens at the agreed dollar a million, and 500 output tokens at the book's 10.
    let detail = app.get("/api/v1/usage/events/a").await.expect(200).json();
    assert_eq!(detail["current"]["cost_usd"], "0.006000000000");
    let why = &detail["why"];
    assert_eq!(
        json!([why["match_reason"], why["service_tier"], why["price"]["is_other"]]),
        json!(["override", "standard", false])
    );
    let parts: Vec<_> = why["parts"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| json!([part["name"], part["quantity"], part["rate_usd"], part["is_own"], part["amount_usd"]]))
        .collect();
    let expected = [
        json!(["input", "1000", "1", true, "0.001000000000"]),
        json!(["output", "500", "10", false, "0.005000000000"]),
    ];
    assert_eq!(parts, expected, "{why}");
    assert_eq!(why["sightings"][0]["knew"]["input_tokens"], "1000");
}

#[tokio::test]
async fn a_tenant_prices_units_and_tools_by_the_piece() {
    let app = TestApp::start().await;
    let tool = json!({"provider": "tool", "model": "search", "usd_each": {"calls": "0.01"}});
    app.post("/api/v1/prices/overrides", &tool).await.expect(201);
    let call = json!({
        "provider": "tool", "model": "search", "operation": "execute_tool", "tool": "search", "requests": 0,
        "units": {"calls": 3},
    });
    app.store_events(&[event_with("t", &call)]).await;
    let detail = app.get("/api/v1/usage/events/t").await.expect(200).json();
    // The event's 1,000 and 500 tokens are not billed by a price of calls alone; 3 × 0.01.
    assert_eq!(detail["current"]["cost_usd"], "0.030000000000", "{detail}");
    let bad = json!({"provider": "tool", "model": "x", "usd_each": {"Calls": "1"}});
    assert_eq!(app.post("/api/v1/prices/overrides", &bad).await.fields(), ["usd_each.Calls"]);
}

#[tokio::test]
async fn a_discount_lowers_what_is_rated_from_then_on() {
    let app = TestApp::start().await;
    let set =
        app.post("/api/v1/prices/discounts", &json!({"provider": "openai", "percent": "50"})).await.expect(201).json();
    assert_eq!(set["percent"], "50");
    app.store_events(&[event("a")]).await;
    let total = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(total["total"]["cost_usd"], "0.003750000000", "half of 0.0075");
    let listed = app.get("/api/v1/prices/discounts").await.expect(200).json();
    assert_eq!(listed["discounts"][0]["id"], set["id"]);
    let id = set["id"].as_str().expect("an id");
    app.ask(Ask::new(Method::DELETE, &format!("/api/v1/prices/discounts/{id}"))).await.expect(204);
    let _ = app.ask(Ask::new(Method::DELETE, "/api/v1/prices/discounts/none")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_discount_that_lowers_no_price_is_refused_unless_it_is_forced() {
    let app = TestApp::start().await;
    for (draft, field, value) in [
        (json!({"provider": "openai", "model": "gpt-4oo", "percent": "5"}), "model", "gpt-4oo"),
        (json!({"provider": "anthropic", "model": "gpt-4o", "percent": "5"}), "model", "gpt-4o"),
        (json!({"provider": "in-house", "percent": "5"}), "provider", "in-house"),
    ] {
        let reply = app.post("/api/v1/prices/discounts", &draft).await;
        assert_eq!(
            (reply.fields(), reply.json()["fields"][0]["value"].as_str()),
            (vec![field.to_owned()], Some(value))
        );
        let _ = reply.problem(422, "invalid-fields");
    }
    let forced = json!({"model": "gpt-next", "percent": "5", "force": true});
    app.post("/api/v1/prices/discounts", &forced).await.expect(201);
    app.post("/api/v1/prices/discounts", &json!({"percent": "5"})).await.expect(201);
    let listed = app.get("/api/v1/prices/discounts").await.expect(200).json();
    assert_eq!(listed["discounts"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn bad_drafts_name_every_field() {
    let app = TestApp::start().await;
    let cases = [
        (
            "/api/v1/prices/overrides",
            json!({"model": "m", "usd_per_million": {"colour": "1", "input": "-1"}}),
            vec!["provider", "usd_per_million.colour", "usd_per_million.input"],
        ),
        (
            "/api/v1/prices/overrides",
            json!({"provider": "p", "model": "m", "usd_per_million": {}}),
            vec!["usd_per_million"],
        ),
        ("/api/v1/prices/discounts", json!({"percent": "101", "x": 1}), vec!["percent", "x"]),
        (
            "/api/v1/prices/discounts",
            json!({"percent": 5, "effective_from": "2026-01-01T00:00:00"}),
            vec!["effective_from"],
        ),
        (
            "/api/v1/prices/rerate",
            json!({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z", "dry_run": 1}),
            vec!["dry_run", "from"],
        ),
    ];
    for (path, body, expect) in cases {
        let reply = app.post(path, &body).await;
        let mut fields = reply.fields();
        fields.sort();
        assert_eq!(fields, expect, "{body}");
        let _ = reply.problem(422, "invalid-fields");
    }
}
