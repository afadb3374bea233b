//! `/api/v1/costsim/divergence`

use std::time::Duration;

use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

use crate::costsim::with_shadow;

const PATH: &str = "/api/v1/costsim/divergence";
/// The clock stands still, and the window's end is outside.
const TODAY: &str = "start_date=2026-11-20T00:00:00Z&end_date=2026-11-21T00:00:00Z";

/// Three pairs: short model calls, 5 cents against 4, and one plan of a dataset.
async fn simulated() -> TestApp {
    let app = with_shadow().await;
    let llm = json!([{"skill": "llm_invoke", "params": {"prompt": "Hello"}}]);
    let sample = app.get("/api/v1/costsim/datasets/historical").await.expect(200).json()["samples"][0].clone();
    for body in [
        json!({"plan": llm, "run_id": "run-1"}),
        json!({"plan": llm, "run_id": "run-2"}),
        json!({"plan": sample["plan"], "budget_cents": sample["budget_cents"]}),
    ] {
        app.post("/api/v1/costsim/v2/simulate", &body).await.expect(200);
    }
    let mut tries = 0;
    while report(&app, "").await["sample_count"] != 3 {
        tries += 1;
        assert!(tries < 1_000, "the pairs are not recorded");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app
}

async fn report(app: &TestApp, more: &str) -> Value {
    app.get(&format!("{PATH}?{TODAY}{more}")).await.expect(200).json()
}

#[tokio::test]
async fn recorded_pairs_are_held_against_what_was_metered() {
    let app = simulated().await;
    // gpt-4o, 1,000 tokens in and 500 out: 0.75 cents.
    app.store_events(&[event_with("e", &json!({"run_id": "run-1"}))]).await;
    let found = report(&app, "").await;
    assert_eq!((&found["state"], &found["version"]), (&json!("few"), &json!("2.0.0")), "{found}");
    // Deltas 0, 1, 1: the upper median is 1. Two of three drift by 0.12, none by more than 0.2.
    assert_eq!(
        (&found["delta_p50"], &found["delta_p90"], &found["fail_ratio"]),
        (&json!(1.0), &json!(1.0), &json!(0.0))
    );
    assert_eq!(found["matching_rate"], 0.3333);
    assert_eq!((&found["v1_accuracy"]["sample_count"], &found["v1_accuracy"]["bias_cents"]), (&json!(1), &json!(4.25)));
    assert_eq!(found["v2_accuracy"]["bias_cents"], 3.25);
    // Deltas 0, −1, −1; of the one metered pair the candidate errs a cent less.
    assert_eq!(found["paired"]["delta_mean_cents"], -0.6667);
    let realised = &found["paired"]["realised"];
    let told = json!([realised["error_change_cents"], realised["candidate_nearer"], realised["judgement"]]);
    assert_eq!(told, json!([-1.0, 1, "undecided"]));
}

#[tokio::test]
async fn filters_keep_what_they_name() {
    let app = simulated().await;
    assert_eq!(report(&app, "&dataset=historical").await["sample_count"], 1);
    assert_eq!(report(&app, "&dataset=low_variance").await["sample_count"], 0);
    assert_eq!(report(&app, "&version=2.0.0").await["sample_count"], 3);
    assert_eq!(report(&app, "&version=9").await["state"], "empty");
    assert_eq!(report(&app, "&max_samples=2&tenant_id=acme").await["sample_count"], 2);
    let other = app.ask_as(GLOBEX, Role::Admin, Ask::get(&format!("{PATH}?{TODAY}"))).await.expect(200).json();
    assert_eq!((&other["state"], &other["delta_p50"]), (&json!("empty"), &Value::Null), "another tenant has none");
}

#[tokio::test]
async fn samples_come_as_files() {
    let app = simulated().await;
    let csv = app.get(&format!("{PATH}?{TODAY}&format=csv")).await.expect(200);
    assert!(csv.header("content-disposition").contains("divergence.csv"));
    assert_eq!(csv.text().lines().count(), 4, "{}", csv.text());
    let parquet = app.get(&format!("{PATH}?{TODAY}&format=parquet")).await.expect(200);
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let app = TestApp::start().await;
    for (query, fields) in [
        ("days=91", vec!["days"]),
        ("days=0&max_samples=0&format=xls", vec!["days", "max_samples", "format"]),
        ("days=1&start_date=2026-11-01T00:00:00Z", vec!["days"]),
        ("start_date=2026-11-20T12:00:00Z", vec!["start_date"]),
        ("start_date=yesterday", vec!["start_date"]),
        ("tenant_id=globex", vec!["tenant_id"]),
        ("colour=red", vec!["colour"]),
    ] {
        let reply = app.get(&format!("{PATH}?{query}")).await;
        assert_eq!(reply.fields(), fields, "{query}");
        let _ = reply.problem(422, "invalid-fields");
    }
    let _ = app.get(&format!("{PATH}?dataset=none")).await.problem(404, "not-found");
}
