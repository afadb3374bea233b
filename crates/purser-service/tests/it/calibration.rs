//! What is learned from a tenant's own runs, and what simulations rest on.

use purser_domain::api_key::Role;
use purser_domain::estimate::{Estimate, Options};
use purser_domain::plan::Plan;
use purser_domain::time::Window;
use purser_service::Error;
use purser_service::calibration::{WINDOW_MICROS, window_before};
use purser_service::simulation::GraphRequest;
use serde_json::{Value, json};

use crate::support::{TestService, principal};

/// Runs of the skill `chat`, one call each: 1,000 × 2.5 + 750 × 10 USD a million is one cent.
pub(crate) fn runs(name: &str, count: usize) -> Vec<Value> {
    let run = |n: usize| json!({"event_id": format!("{name}{n}"), "run_id": format!("{name}{n}"), "skill": "chat"});
    (0..count).map(run).collect()
}

/// The 90 days before now and the moment itself.
pub(crate) fn until_now(app: &TestService) -> Window {
    window_before(None, Some(app.service.now().plus_micros(1)), app.service.now(), WINDOW_MICROS).expect("a window")
}

pub(crate) fn request(plan: Value) -> GraphRequest {
    GraphRequest {
        plan: Plan::parse(&plan, "plan").expect("a plan"),
        sent: plan,
        options: Options { draws: 500, ..Options::default() },
        price_at: None,
        run_id: None,
    }
}

async fn simulate(app: &TestService, tenant: &str) -> Estimate {
    let request = request(json!([{"skill": "chat"}]));
    app.service.simulate_v3(&principal(tenant, Role::Read), request).await.expect("an estimate").simulation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_learns_from_its_own_runs_alone() {
    let app = TestService::new().await.with_tenant("acme").await.with_tenant("globex").await;
    app.ingest("acme", &runs("r", 5)).await;
    let who = principal("acme", Role::Operate);
    let found = app.service.calibrate(&who, until_now(&app), false).await.expect("five runs");
    assert_eq!((found.is_kept, found.fitted.number, found.fitted.runs), (true, 1, 5));
    let estimate = simulate(&app, "acme").await;
    assert_eq!(estimate.basis.calibration_version, found.fitted.calibration.version);
    assert_eq!(estimate.cost_usd.p50.to_string(), "0.010000000000");
    assert_eq!(simulate(&app, "globex").await.basis.calibration_version, "none");
    let theirs = app.service.calibrations(&principal("globex", Role::Read), 10).await.expect("a list");
    assert_eq!(theirs, []);
    let ours = app.service.calibrations(&principal("acme", Role::Read), 10).await.expect("a list");
    assert_eq!(ours, [found.fitted]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calibration_outlives_a_restart_and_the_newest_is_in_force() {
    let app = TestService::new().await.with_tenant("acme").await;
    app.ingest("acme", &runs("r", 5)).await;
    let who = principal("acme", Role::Operate);
    let first = app.service.calibrate(&who, until_now(&app), false).await.expect("five runs").fitted;
    app.ingest("acme", &runs("s", 1)).await;
    let tried = app.service.calibrate(&who, until_now(&app), true).await.expect("six runs");
    assert_eq!((tried.is_kept, tried.fitted.number, tried.fitted.runs), (false, 2, 6));
    assert_eq!(simulate(&app, "acme").await.basis.calibration_version, first.calibration.version, "a dry run");
    let second = app.service.calibrate(&who, until_now(&app), false).await.expect("six runs").fitted;
    assert_ne!(first.calibration.version, second.calibration.version);
    let app = app.restart().await;
    assert_eq!(simulate(&app, "acme").await.basis.calibration_version, second.calibration.version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_runs_and_weak_roles_are_refused() {
    let app = TestService::new().await.with_tenant("acme").await;
    // Two skills of one run are one run, and usage without a run id is none.
    let more = [json!({"event_id": "a", "run_id": "r0", "skill": "search"}), json!({"event_id": "b", "skill": "chat"})];
    app.ingest("acme", &[runs("r", 4), more.to_vec()].concat()).await;
    let who = principal("acme", Role::Operate);
    let refused = app.service.calibrate(&who, until_now(&app), false).await.expect_err("four runs");
    assert_eq!((refused.code, refused.fields[0].field.as_str()), ("invalid-fields", "from"));
    assert!(refused.to_string().contains("there are 4 runs") && refused.to_string().contains("takes 5"), "{refused}");
    let code = |refused: Result<_, Error>| refused.map(drop).expect_err("the role is too weak").code;
    let weak = app.service.calibrate(&principal("acme", Role::Read), until_now(&app), true).await;
    assert_eq!(code(weak.map(drop)), "role-not-allowed");
    let weak = app.service.calibrations(&principal("acme", Role::Ingest), 10).await;
    assert_eq!(code(weak.map(drop)), "role-not-allowed");
}
