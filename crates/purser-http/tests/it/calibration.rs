//! `/api/v1/calibrations`

use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

const CALIBRATIONS: &str = "/api/v1/calibrations";
const SIMULATE: &str = "/api/v1/simulate";

/// `runs` runs of the skill `chat` of one call each: 1,000 × 2.5 + 500 × 10 USD a million = 0.0075 dollars, 500 tokens.
async fn with_runs(app: &TestApp, runs: usize) {
    let events: Vec<Value> = (0..runs)
        .map(|n| {
            event_with(&format!("e{n}"), &json!({"run_id": format!("run-{n}"), "skill": "chat", "latency_ms": 100}))
        })
        .collect();
    app.store_events(&events).await;
}

#[tokio::test]
async fn runs_are_learned_from_and_simulations_rest_on_it() {
    let app = TestApp::start().await;
    with_runs(&app, 5).await;
    let plan = json!({"plan": [{"id": "a", "skill": "chat"}], "draws": 500});
    let before = app.post(SIMULATE, &plan).await.expect(200).json();
    assert_eq!(before["v3"]["basis"]["calibration_version"], "none");
    let made = app.post(CALIBRATIONS, &json!({})).await.expect(200).json();
    let learned = &made["calibration"];
    assert_eq!(json!([made["kept"], learned["number"], learned["runs"]]), json!([true, 1, 5]), "{made}");
    assert_eq!(learned["fitted_at"], "2026-11-20T12:00:00Z");
    assert_eq!(learned["window"], json!({"from": "2026-08-22T12:00:00Z", "to": "2026-11-20T12:00:00Z"}), "90 days");
    let fits = learned["fits"].as_array().expect("a list");
    let named: Vec<Value> = fits.iter().map(|fit| json!([fit["skill"], fit["model"], fit["runs"]])).collect();
    assert_eq!(json!(named), json!([["", "", 5], ["chat", "", 5], ["chat", "gpt-4o", 5]]));
    // All runs are alike, so nothing spreads.
    let near = |value: &Value, expected: f64| value.as_f64().is_some_and(|found| (found - expected).abs() < 1e-9);
    for (name, value) in [("cost_usd", 0.0075), ("calls", 1.0), ("output_tokens", 500.0), ("latency_ms", 100.0)] {
        assert!(near(&fits[2][name]["p50"], value) && near(&fits[2][name]["p90"], value), "{name} {}", fits[2]);
    }
    // None of five failed: Laplace gives 1/7 for all, then (0 + 4 · 1/7) / 9 and (0 + 4 · 4/63) / 9.
    assert!(near(&fits[0]["failure"], 1.0 / 7.0) && near(&fits[1]["failure"], 4.0 / 63.0), "{learned}");
    assert!(near(&fits[2]["failure"], 16.0 / 567.0), "{learned}");
    let after = app.post(SIMULATE, &plan).await.expect(200).json();
    assert_eq!(after["v3"]["basis"]["calibration_version"], learned["version"]);
    assert_eq!(after["v3"]["cost_usd"]["p50"], "0.007500000000");
    assert!(after["v3"]["basis"]["drivers_fitted"].as_u64() > before["v3"]["basis"]["drivers_fitted"].as_u64());
    assert_eq!(after["v3"]["unknown_skills"], json!([]));
}

#[tokio::test]
async fn what_says_the_same_and_what_is_tried_is_not_kept() {
    let app = TestApp::start().await;
    with_runs(&app, 5).await;
    let tried = app.post(CALIBRATIONS, &json!({"dry_run": true})).await.expect(200).json();
    assert_eq!(json!([tried["kept"], tried["calibration"]["number"]]), json!([false, 1]));
    assert_eq!(app.get(CALIBRATIONS).await.expect(200).json(), json!({"calibrations": []}));
    let first = app.post(CALIBRATIONS, &json!({})).await.expect(200).json();
    assert_eq!(first["calibration"]["version"], tried["calibration"]["version"]);
    let again = app.post(CALIBRATIONS, &json!({})).await.expect(200).json();
    assert_eq!(json!([again["kept"], again["calibration"]]), json!([false, first["calibration"]]));
    app.store_events(&[event_with("more", &json!({"run_id": "more", "skill": "chat"}))]).await;
    let second = app.post(CALIBRATIONS, &json!({})).await.expect(200).json();
    assert_eq!(json!([second["kept"], second["calibration"]["number"]]), json!([true, 2]));
    let listed = app.get(CALIBRATIONS).await.expect(200).json();
    assert_eq!(listed, json!({"calibrations": [second["calibration"], first["calibration"]]}));
    let newest = app.get(&format!("{CALIBRATIONS}?limit=1")).await.expect(200).json();
    assert_eq!(newest, json!({"calibrations": [second["calibration"]]}));
}

#[tokio::test]
async fn too_few_runs_are_refused_whole_or_by_name() {
    let app = TestApp::start().await;
    with_runs(&app, 4).await;
    let four = app.post(CALIBRATIONS, &json!({})).await;
    assert_eq!(four.fields(), ["from"]);
    assert!(four.text().contains("4 runs") && four.text().contains("takes 5"), "{}", four.text());
    // Usage without a run id is no run; a fifth run of another skill makes five in all, four and one by skill.
    app.store_events(&[event_with("x", &json!({"skill": "chat"}))]).await;
    assert_eq!(app.post(CALIBRATIONS, &json!({})).await.fields(), ["from"]);
    app.store_events(&[event_with("y", &json!({"run_id": "y", "skill": "search"}))]).await;
    let five = app.post(CALIBRATIONS, &json!({})).await.expect(200).json();
    let refused = json!([
        {"skill": "chat", "model": "", "runs": 4, "required": 5},
        {"skill": "chat", "model": "gpt-4o", "runs": 4, "required": 5},
        {"skill": "search", "model": "", "runs": 1, "required": 5},
        {"skill": "search", "model": "gpt-4o", "runs": 1, "required": 5},
    ]);
    assert_eq!(five["calibration"]["refused"], refused, "{five}");
    assert_eq!(five["calibration"]["fits"].as_array().map(Vec::len), Some(1), "all runs together");
    let earlier = json!({"from": "2026-11-18T00:00:00Z", "to": "2026-11-19T00:00:00Z"});
    assert_eq!(app.post(CALIBRATIONS, &earlier).await.fields(), ["from"], "no run lies there");
}

#[tokio::test]
async fn a_calibration_is_its_tenants_own() {
    let app = TestApp::start().await;
    with_runs(&app, 5).await;
    app.post(CALIBRATIONS, &json!({})).await.expect(200);
    let listed = app.ask_as(GLOBEX, Role::Read, Ask::get(CALIBRATIONS)).await.expect(200).json();
    assert_eq!(listed, json!({"calibrations": []}));
    let refused = app.ask_as(GLOBEX, Role::Operate, Ask::post(CALIBRATIONS, &json!({}))).await;
    assert!(refused.text().contains("there are 0 runs"), "{}", refused.text());
    let plan = Ask::post(SIMULATE, &json!({"plan": [{"id": "a", "skill": "chat"}], "draws": 100}));
    let found = app.ask_as(GLOBEX, Role::Read, plan).await.expect(200).json();
    assert_eq!(found["v3"]["basis"]["calibration_version"], "none");
    let _ = app.ask_as(ACME, Role::Read, Ask::post(CALIBRATIONS, &json!({}))).await.problem(403, "role-not-allowed");
}

#[tokio::test]
async fn bad_input_names_every_field() {
    let app = TestApp::start().await;
    let bad = json!({"from": "yesterday", "to": 7, "dry_run": "yes", "colour": 1});
    let mut fields = app.post(CALIBRATIONS, &bad).await.fields();
    fields.sort();
    assert_eq!(fields, ["colour", "dry_run", "from", "to"]);
    let turned = json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-20T00:00:00Z"});
    assert_eq!(app.post(CALIBRATIONS, &turned).await.fields(), ["from"]);
    for limit in ["0", "1001", "x"] {
        assert_eq!(app.get(&format!("{CALIBRATIONS}?limit={limit}")).await.fields(), ["limit"]);
    }
}
