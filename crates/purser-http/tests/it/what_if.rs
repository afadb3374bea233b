//! `/api/v1/what-if`

use purser_test::event::event_with;
use purser_test::{TestApp, event};
use serde_json::{Value, json};

fn question(more: &Value) -> Value {
    let mut body = json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_switch_shows_savings_by_feature_with_a_range() {
    let app = TestApp::start().await;
    let cached = json!({"feature_tag": "a.cached", "cache_read_tokens": 2000});
    let other = json!({"feature_tag": "b.other", "provider": "anthropic", "model": "claude-sonnet-4-5"});
    app.store_events(&[event_with("1", &cached), event_with("2", &other)]).await;
    let answer = app.post("/api/v1/what-if", &question(&json!({"switch": ["gpt-4o=gpt-4o-mini"]}))).await;
    let answer = answer.expect(200).json();
    // gpt-4o: 1,000 × 2.5 + 2,000 × 1.25 + 500 × 10 USD a million; gpt-4o-mini: 0.15, 0.075 (0.15 when cold) and 0.6.
    let row = &answer["rows"][0];
    assert_eq!(row["keys"]["feature"], "a.cached", "{answer}");
    assert_eq!(row["actual_usd"], "0.010000000000");
    assert_eq!((&row["low_usd"], &row["high_usd"]), (&json!("0.000600000000"), &json!("0.000750000000")));
    assert_eq!(row["saving_high_usd"], "0.009400000000");
    let kept = &answer["rows"][1];
    assert_eq!((&kept["actual_usd"], &kept["repriced_events"]), (&kept["high_usd"], &json!(0)));
    assert_eq!((&answer["total"]["events"], &answer["total"]["repriced_events"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn a_long_call_pays_the_long_context_rate() {
    let app = TestApp::start().await;
    let long = json!({"input_tokens": 300_000, "output_tokens": 0});
    app.store_events(&[
        event_with("short", &json!({"input_tokens": 100_000, "output_tokens": 0})),
        event_with("long", &long),
    ])
    .await;
    let answer = app.post("/api/v1/what-if", &question(&json!({"switch": ["gpt-4o=google/gemini-2.5-pro"]}))).await;
    // 100,000 × 1.25 and, above 200,000, 300,000 × 2.5 USD a million.
    assert_eq!(answer.expect(200).json()["total"]["low_usd"], "0.875000000000");
}

#[tokio::test]
async fn a_price_file_and_discounts_price_everything_anew() {
    let app = TestApp::start().await;
    app.store_events(&[event("1")]).await;
    let half = app.post("/api/v1/what-if", &question(&json!({"discount": ["openai/*=50"]}))).await.expect(200).json();
    assert_eq!(half["total"]["low_usd"], "0.003750000000", "half of 0.0075");
    let file = concat!(
        r#"{"format":"purser-prices","version":1,"units":"USD per million tokens; USD each for requests and web_searches","#,
        r#""sources":{"t":{"catalogue":"test","retrieved":"2026-11-20"}}}"#,
        "\n",
        r#"{"provider":"openai","model":"gpt-4o","effective_from":null,"source":"t","tiers":{"standard":{"input":"1","output":"2"}}}"#,
        "\n"
    );
    let priced = app.post("/api/v1/what-if", &question(&json!({"prices": file}))).await.expect(200).json();
    assert_eq!(priced["total"]["low_usd"], "0.002000000000", "1,000 × 1 + 500 × 2 USD a million");
}

#[tokio::test]
async fn what_has_no_price_is_named() {
    let app = TestApp::start().await;
    app.store_events(&[event("1")]).await;
    let ask = |more: Value| {
        let body = question(&more);
        let app = &app;
        async move { app.post("/api/v1/what-if", &body).await.fields() }
    };
    assert_eq!(ask(json!({"switch": ["gpt-4o=no-such-model"]})).await, ["switch[0]"]);
    assert_eq!(ask(json!({"discount": ["no-such-model=5"]})).await, ["discount[0]"]);
    assert_eq!(ask(json!({})).await, ["switch"]);
    assert_eq!(ask(json!({"prices": "{}"})).await, ["prices"]);
}
