//! The overview over real usage.
//! A call of the sample event is 1,000 × $2.50/M + 500 × $10/M = $0.0075 of gpt-4o.

use purser_domain::api_key::Role;
use purser_test::event::{event, event_with};
use purser_test::{ACME, Ask, GLOBEX};
use serde_json::json;

use crate::browser::{Browser, app};

#[tokio::test]
async fn before_the_first_event_it_tells_how_to_send_one() {
    let app = app().await;
    let page = Browser::of(&app, ACME, Role::Read).await.get("/overview").await.expect(200).text();
    assert!(page.contains("curl http://localhost:8000/api/v1/usage/events"), "{page}");
    assert!(!page.contains("plotly.js"), "no chart, no library");
}

#[tokio::test]
async fn it_shows_exact_totals_and_what_changed() {
    let app = app().await;
    app.store_events(&[
        event_with("a", &json!({"feature_tag": "chat", "user_id": "u-1", "latency_ms": 800})),
        event_with("b", &json!({"feature_tag": "chat", "status": "error", "latency_ms": 400})),
        event_with("c", &json!({"model": "house-model-7b", "agent": "coder"})),
        event_with("d", &json!({"feature_tag": "chat", "occurred_at": "2026-11-10T11:00:00Z"})),
    ])
    .await;
    let page = Browser::of(&app, ACME, Role::Read).await.get("/overview").await.expect(200).text();
    for part in [
        // Two of three calls have a price: 2 × 0.0075, against 0.0075 a week before.
        r#"<data value="0.015000000000" title="exactly $0.015">$0.0150</data>"#,
        "up 100.0\u{a0}%",
        r##"<a href="#unpriced">66.7"##,
        "14 Nov to 20 Nov 2026, 12:00",
        "600\u{a0}ms",
        "house-model-7b",
        "no price",
        r#"href="/overview?range=7d&#38;feature=chat""#,
        r#"<option value="u-1">"#,
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[tokio::test]
async fn filters_and_ranges_of_the_address_are_applied() {
    let app = app().await;
    app.store_events(&[
        event_with("a", &json!({"feature_tag": "chat"})),
        event_with("b", &json!({"feature_tag": "search"})),
        event_with("c", &json!({"feature_tag": "search", "occurred_at": "2026-10-25T11:00:00Z"})),
        event("d"),
    ])
    .await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    for (query, cost) in [
        ("", "0.022500000000"),
        ("?range=30d", "0.030000000000"),
        ("?range=30d&feature=search", "0.015000000000"),
        ("?feature=search&feature=chat", "0.015000000000"),
        ("?without=feature", "0.007500000000"),
        ("?from=2026-10-25&to=2026-10-25", "0.007500000000"),
        ("?range=7d&zone=Europe%2FBerlin&grain=day", "0.022500000000"),
    ] {
        let page = browser.get(&format!("/overview{query}")).await.expect(200).text();
        let tile = page.split(r#"<p class="figure">"#).nth(1).unwrap_or_default();
        assert!(tile.starts_with(&format!(r#"<data value="{cost}""#)), "{query}: {tile:.80}");
    }
    let page = browser.get("/overview?feature=nothing").await.expect(200).text();
    assert!(page.contains("Nothing in this range matches the filters"), "{page}");
}

#[tokio::test]
async fn a_refused_parameter_is_named_and_shows_no_figures() {
    let app = app().await;
    app.store_events(&[event("a")]).await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    for (query, words) in [
        ("rang=7d", "rang: is not a parameter of this page"),
        ("from=2027-01-01", "from: lies in the future"),
        ("range=30d&grain=hour&from=2026-01-01", "grain: makes more than 744 points"),
        ("zone=Asia%2FKolkata&grain=day", "zone: does not share its hours"),
        ("zone=../etc/passwd", "zone: is not an IANA time zone"),
        ("tenant=globex", "tenant: is not a parameter of this page"),
    ] {
        let page = browser.get(&format!("/overview?{query}")).await.expect(422).text();
        assert!(page.contains(words), "{words} is missing in {page}");
        assert!(!page.contains("$0.0075"));
    }
}

#[tokio::test]
async fn a_tenant_sees_nothing_of_another() {
    let app = app().await;
    app.store_events(&[event_with(
        "a",
        &json!({"model": "marker-model", "user_id": "marker-user", "agent": "marker-agent"}),
    )])
    .await;
    let globex = Browser::of(&app, GLOBEX, Role::Admin).await;
    assert!(!globex.get("/overview").await.expect(200).text().contains("marker"));
    let own = Ask::post("/api/v1/usage/events", &json!([event("b")]));
    assert_eq!(app.ask_as(GLOBEX, Role::Ingest, own).await.status, 202);
    let page = globex.get("/overview").await.expect(200).text();
    assert!(page.contains("$0.0075") && !page.contains("marker"), "{page}");
    let page = globex.get("/overview?user=marker-user").await.expect(200).text();
    assert!(page.contains("No usage here"));
}
