//! `/api/v1/simulate/backtest`

use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

const BACKTEST: &str = "/api/v1/simulate/backtest";

/// Five runs of 0.0075 dollars two hours ago, and two an hour ago: one alike, one of half as much.
async fn with_runs(app: &TestApp) {
    let run = |id: &str, at: &str, output: u64| {
        let input = output * 2;
        event_with(
            id,
            &json!({"run_id": id, "skill": "chat", "occurred_at": at, "output_tokens": output, "input_tokens": input}),
        )
    };
    let mut events: Vec<Value> = (0..5).map(|n| run(&format!("r{n}"), "2026-11-20T10:00:00Z", 500)).collect();
    events.extend([run("a", "2026-11-20T11:00:00Z", 500), run("b", "2026-11-20T11:00:00Z", 250)]);
    app.store_events(&events).await;
}

#[tokio::test]
async fn predictions_are_scored_by_what_was_charged() {
    let app = TestApp::start().await;
    with_runs(&app).await;
    let path = format!("{BACKTEST}?from=2026-11-20T10:30:00Z&to=2026-11-20T12:00:00Z");
    let report = app.ask_as(ACME, Role::Read, Ask::get(&path)).await.expect(200).json();
    let learned = json!({"from": "2026-08-22T10:30:00Z", "to": "2026-11-20T10:30:00Z"});
    assert_eq!(json!([report["calibration"], report["learned_from"]]), json!([null, learned]), "{report}");
    let row = &report["rows"][0];
    let named = json!([row["skill"], row["model"], row["by_plan"], row["score"]["runs"]]);
    assert_eq!(named, json!(["chat", "gpt-4o", false, 2]));
    assert_eq!(report["total"], row["score"]);
    // Errors 0 and +0.00375 of 0.01125.
    let wape = row["score"]["wape"].as_f64().expect("money was spent");
    assert!((wape - 1.0 / 3.0).abs() < 1e-9, "{wape}");
    assert_eq!(json!([row["score"]["coverage_p90"], report["unpriced_runs"]]), json!([1.0, 0]));
}

#[tokio::test]
async fn thirty_days_are_scored_unless_said_otherwise() {
    let app = TestApp::start().await;
    with_runs(&app).await;
    let report = app.get(BACKTEST).await.expect(200).json();
    assert_eq!(report["window"], json!({"from": "2026-10-21T12:00:00Z", "to": "2026-11-20T12:00:00Z"}));
    assert_eq!(json!([report["calibration_version"], report["total"]["runs"]]), json!(["none", 7]));
    let theirs = app.ask_as(GLOBEX, Role::Read, Ask::get(BACKTEST)).await.expect(200).json();
    assert_eq!(json!([theirs["rows"], theirs["total"]]), json!([[], null]));
    let bad = app.get(&format!("{BACKTEST}?from=today&to=7&by=model")).await;
    let mut fields = bad.fields();
    fields.sort();
    assert_eq!(fields, ["by", "from", "to"]);
    let turned = "from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z";
    assert_eq!(app.get(&format!("{BACKTEST}?{turned}")).await.fields(), ["from"]);
}
