//! The simulation page.

use purser_domain::api_key::Role;
use purser_test::{ACME, Ask};
use serde_json::json;

use crate::browser::{Browser, app};

const FLAT: &str = "plan=-+%7Bid%3A+ask%2C+llm%3A+%7Bmodel%3A+openai%2Fgpt-4o%2C+prompt%3A+Hi%2C+output_tokens%3A+1000%2C+failure%3A+0%7D%7D";

#[tokio::test]
async fn without_a_plan_an_example_is_offered_that_can_be_simulated() {
    let app = app().await;
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    let page = browser.get("/simulate").await.expect(200).text();
    assert!(page.contains("# An example: put your own plan in its place") && !page.contains("plotly.js"), "{page}");
    let (_, rest) = page.split_once("<textarea").expect("a text area");
    let (_, rest) = rest.split_once(">\n").expect("its text");
    let (example, _) = rest.split_once("</textarea>").expect("its end");
    let form: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("plan", example)
        .append_pair("budget_usd", "1")
        .finish();
    let page = browser.post("/simulate", &form).await.expect(200).text();
    for part in ["Feasible", "answer, output tokens", "plotly.js", "Recorded as <code>", "10,000 draws from seed 42"] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[tokio::test]
async fn a_plan_is_priced_exactly_and_held_against_its_limits() {
    let app = app().await;
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    let page = browser.post("/simulate", &format!("{FLAT}&budget_usd=0.005&allow=kv_get")).await.expect(200).text();
    // 1,000 tokens at $10 a million, and a few of input.
    for part in [
        "Not feasible",
        "the budget is kept in 0.0\u{a0}% of runs",
        "ask calls llm_invoke, which is not allowed",
        "$0.0100",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(page.contains("model: openai/gpt-4o"), "the plan stays in the form: {page}");
}

#[tokio::test]
async fn every_fault_is_named_and_nothing_typed_is_lost_or_run() {
    let app = app().await;
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    let form = "plan=-+%7Bskil%3A+%22%3C%2Ftextarea%3E%3Cscript%3E%22%7D&budget_usd=much";
    let page = browser.post("/simulate", form).await.expect(422).text();
    for part in
        ["budget_usd: must be dollars", r##"<a href="#f-plan">plan[0]: must have exactly one of"##, r#"value="much""#]
    {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    assert!(!page.contains("</textarea><script>"), "{page}");
    for (plan, words) in [
        ("", "plan: must not be empty"),
        ("%5B%5D", "the plan has no steps"),
        ("-+llm%3A+%7Bmodel%3A+no-such-model%2C+prompt%3A+x%7D", "no price for"),
        ("%7B", "plan: is unreadable"),
    ] {
        let page = browser.post("/simulate", &format!("plan={plan}")).await.expect(422).text();
        assert!(page.contains(words), "{words} is missing in {page}");
    }
}

#[tokio::test]
async fn only_the_consoles_own_pages_may_simulate() {
    let app = app().await;
    let mut browser = Browser::of(&app, ACME, Role::Read).await;
    for origin in [None, Some("http://evil.example")] {
        browser.post_from(origin, "/simulate", FLAT).await.expect(403);
    }
    Browser::new(&app).post("/simulate", FLAT).await.expect(303);
    let large = format!("plan={}", "x".repeat(3_000_000));
    browser.post("/simulate", &large).await.expect(413);
}

#[tokio::test]
async fn a_tenants_own_prices_count() {
    let app = app().await;
    let price = json!({"provider": "openai", "model": "gpt-4o", "usd_per_million": {"input": "0", "output": "20"}});
    app.ask_as(ACME, Role::Admin, Ask::post("/api/v1/prices/overrides", &price)).await.expect(201);
    let page = Browser::of(&app, ACME, Role::Read).await.post("/simulate", FLAT).await.expect(200).text();
    assert!(page.contains("$0.0200"), "{page}");
}
