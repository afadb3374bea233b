//! Predictions of past runs and what was charged.

use purser_domain::api_key::Role;
use purser_domain::backtest::{Report, Score};
use purser_domain::time::Window;
use purser_service::simulation::GraphRequest;
use serde_json::json;

use crate::calibration::{request, runs, until_now};
use crate::support::{NOW, TestService, principal};

const HOUR_MICROS: i64 = 3_600_000_000;

/// The hour after the clock of the calibration, which is then set to its end.
fn next_hour(app: &TestService) -> Window {
    let from = purser_domain::time::Timestamp::from_micros(NOW + 1);
    let window = Window::new(from, from.plus_micros(HOUR_MICROS)).expect("a window");
    app.clock.set(from.plus_micros(HOUR_MICROS / 2));
    window
}

async fn backtest(app: &TestService, window: Window) -> Report {
    app.service.backtest(&principal("acme", Role::Read), window).await.expect("a report")
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?} is not {expected}");
}

/// Five runs at one cent were learned from; then come runs at 1, 2 and half a cent, and one without a price.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_predicted_by_what_was_known_before_them() {
    let app = TestService::new().await.with_tenant("acme").await;
    app.ingest("acme", &runs("r", 5)).await;
    let who = principal("acme", Role::Operate);
    app.service.calibrate(&who, until_now(&app), false).await.expect("five runs");
    let window = next_hour(&app);
    let run = |id: &str, output: u64| json!({"event_id": id, "run_id": id, "skill": "chat", "output_tokens": output});
    let unpriced = json!({"event_id": "x", "run_id": "x", "skill": "chat", "model": "no-such-model"});
    app.ingest("acme", &[run("a", 750), run("b", 1750), run("c", 250), unpriced]).await;
    // What is learned afterwards must not count.
    app.clock.set(window.to);
    app.service.calibrate(&who, until_now(&app), false).await.expect("more runs");
    let report = backtest(&app, window).await;
    assert_eq!((report.calibration, report.unpriced, report.rows.len()), (Some(1), 1, 1));
    let row = &report.rows[0];
    assert_eq!((row.skill.as_str(), row.model.as_str(), row.by_plan), ("chat", "gpt-4o", false));
    assert_eq!(report.total, Some(row.score));
    // Errors 0, −1 and +0.5 cents of 3.5; shorts cost 0.5 and 0.9, longs 0.5 and 0.1.
    let Score { pairs, bias, wape, wape_p50, pinball_p50, pinball_p90, coverage_p90, coverage_p10_p90 } = row.score;
    assert_eq!(pairs, 3);
    near(bias, -1.0 / 7.0);
    near(wape, 3.0 / 7.0);
    near(wape_p50, 3.0 / 7.0);
    near(Some(pinball_p50), 0.0075 / 3.0);
    near(Some(pinball_p90), 0.0095 / 3.0);
    near(Some(coverage_p90), 2.0 / 3.0);
    near(Some(coverage_p10_p90), 1.0 / 3.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_plan_was_simulated_is_predicted_by_its_plan() {
    let app = TestService::new().await.with_tenant("acme").await;
    let window = next_hour(&app);
    let plan = json!([{"skill": "x", "usage": {"cost_usd": 0.03, "latency_ms": 0, "failure": 0}}]);
    let planned = GraphRequest { run_id: Some("a".to_owned()), ..request(plan) };
    app.service.simulate_v3(&principal("acme", Role::Read), planned).await.expect("an estimate");
    // Two skills of one run, a cent each, are one run of two cents.
    let call = |id: &str, skill: &str| json!({"event_id": id, "run_id": "a", "skill": skill});
    app.ingest("acme", &[call("1", "chat"), call("2", "search")]).await;
    let report = backtest(&app, window).await;
    assert_eq!(report.rows.len(), 1);
    let row = &report.rows[0];
    assert_eq!((row.skill.as_str(), row.by_plan, row.score.pairs), ("", true, 1));
    near(row.score.bias, 0.5);
    near(row.score.wape, 0.5);
    assert_eq!(report.total, Some(row.score));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_calibration_the_days_before_teach_or_assumptions_stand_in() {
    let app = TestService::new().await.with_tenant("acme").await;
    app.ingest("acme", &runs("r", 5)).await;
    let window = next_hour(&app);
    app.ingest("acme", &runs("s", 1)).await;
    let report = backtest(&app, window).await;
    let before = Window::new(window.from.plus_micros(-90 * 24 * HOUR_MICROS), window.from);
    assert_eq!((report.calibration, report.learned_from), (None, before));
    near(report.total.and_then(|total| total.wape), 0.0);
    let early = Window::new(window.from.plus_micros(-HOUR_MICROS), window.from).expect("a window");
    let report = backtest(&app, early).await;
    assert_eq!((report.learned_from, report.calibration_version.as_str()), (None, "none"));
    assert_eq!(report.total.map(|total| total.pairs), Some(5), "predicted by assumptions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_elses_runs_are_scored() {
    let app = TestService::new().await.with_tenant("acme").await.with_tenant("globex").await;
    app.ingest("acme", &runs("r", 5)).await;
    let window = until_now(&app);
    let theirs = app.service.backtest(&principal("globex", Role::Read), window).await.expect("a report");
    assert_eq!((theirs.rows.len(), theirs.total, theirs.unpriced), (0, None, 0));
    let weak = app.service.backtest(&principal("acme", Role::Ingest), window).await.expect_err("it may not read");
    assert_eq!(weak.code, "role-not-allowed");
}
