//! The what-if page over real usage.
//! A call of the sample event is 1,000 × $2.50/M + 500 × $10/M = $0.0075 of gpt-4o; gpt-4o-mini takes 0.15 and 0.60.

use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, GLOBEX};
use serde_json::json;

use crate::browser::{Browser, app};

#[tokio::test]
async fn without_a_question_it_offers_the_costliest_model() {
    let app = app().await;
    app.store_events(&[event_with("a", &json!({"feature_tag": "chat"}))]).await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    let page = browser.get("/what-if").await.expect(200).text();
    for part in
        [r#"placeholder="gpt-4o""#, r#"<option value="openai/gpt-4o-mini">"#, r#"href="/what-if" aria-current="page""#]
    {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("plotly.js"), "no chart, no library");
    let empty = Browser::of(&app, GLOBEX, Role::Read).await.get("/what-if").await.expect(200).text();
    assert!(empty.contains("There is no usage") && !empty.contains(r#"placeholder="gpt-4o""#), "{empty}");
}

#[tokio::test]
async fn a_switch_and_a_discount_are_priced_exactly() {
    let app = app().await;
    app.store_events(&[
        event_with("a", &json!({"feature_tag": "chat"})),
        event_with("b", &json!({"feature_tag": "search"})),
    ])
    .await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    let page = browser.get("/what-if?range=7d&model=gpt-4o&with=gpt-4o-mini").await.expect(200).text();
    // 1,000 × 0.15/M + 500 × 0.60/M = $0.00045 each, so 2 × 0.00705 are saved.
    for part in [
        r#"<data value="0.014100000000""#,
        r#"<data value="0.000900000000""#,
        "gpt-4o-mini in place of gpt-4o",
        "plotly.js",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    let page = browser.get("/what-if?discount=10").await.expect(200).text();
    assert!(page.contains(r#"<data value="0.013500000000""#), "10 % off 0.015: {page}");
}

#[tokio::test]
async fn what_has_no_price_or_no_sense_is_named_and_stays_typed() {
    let app = app().await;
    app.store_events(&[event_with("a", &json!({"feature_tag": "chat"}))]).await;
    let browser = Browser::of(&app, ACME, Role::Read).await;
    for (query, words) in [
        ("model=gpt-4o&with=no-such-model", "with: "),
        ("with=gpt-4o-mini", "model: is needed"),
        ("discount=200", "discount: must be a percentage"),
        ("rang=7d", "rang: is not a parameter of this page"),
        ("tenant=globex&discount=10", "tenant: is not a parameter of this page"),
    ] {
        let page = browser.get(&format!("/what-if?{query}")).await.expect(422).text();
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    let page = browser.get("/what-if?model=gpt-4o&with=%3Cb%3E").await.expect(422).text();
    assert!(page.contains(r#"value="&#60;b&#62;""#), "{page}");
}

#[tokio::test]
async fn whoever_is_not_signed_in_comes_back_to_the_question() {
    let app = app().await;
    let reply = Browser::new(&app).get("/what-if?discount=10").await.expect(303);
    assert_eq!(reply.header("location"), "/login?next=%2Fwhat-if%3Fdiscount%3D10");
}
