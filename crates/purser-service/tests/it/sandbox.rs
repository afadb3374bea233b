//! The shadow: a candidate that fails, panics, hangs or is flooded leaves the baseline as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use purser_domain::api_key::Role;
use purser_domain::comparison::Verdict;
use purser_domain::provenance::{Filter, Page, Record, Status, Variant};
use purser_domain::simulation::v2;
use purser_domain::step::Step;
use purser_service::Service;
use purser_service::sandbox::{Answer, Candidate, Config, Input, Shadow};
use purser_service::simulation::Request;

use crate::support::{TestService, principal};

/// A candidate that does what the test wants.
struct Odd(Box<dyn Fn() -> Result<(), String> + Send + Sync>);

impl Candidate for Odd {
    fn simulate(&self, input: Input<'_>) -> Result<v2::Simulation, String> {
        (self.0)()?;
        purser_service::sandbox::Parametric.simulate(input)
    }
}

fn config() -> Config {
    Config {
        enabled: true,
        shadow_wait: Duration::from_secs(20),
        deadline: Duration::from_secs(20),
        ..Config::default()
    }
}

async fn start(config: Config, odd: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> TestService {
    let app = TestService::new().await;
    app.service.start_sandbox_with(config, Box::new(Odd(Box::new(odd))));
    app
}

/// 5 cents and 2,510 ms under `v1`, 4 cents and 2,306 ms under `v2`.
fn request() -> Request {
    let steps =
        vec![Step::new("http_call"), Step::new("llm_invoke").with("prompt", "Hello"), Step::new("json_transform")];
    Request { steps, run_id: Some("run-1".to_owned()), ..Request::default() }
}

async fn simulate(service: &Service) -> Answer {
    let answer = service.sandbox_simulate(&principal("acme", Role::Read), request()).await.expect("an answer");
    let baseline = &answer.baseline;
    assert_eq!((baseline.estimated_cost_cents, baseline.estimated_duration_ms, baseline.feasible), (5, 2510, true));
    answer
}

async fn records(service: &Service) -> Vec<Record> {
    let reader = principal("acme", Role::Read);
    let page = Page { limit: 10_000, offset: 0 };
    let found = service.provenance_query(&reader, &Filter::default(), page).await.expect("an answer");
    found.into_iter().map(|chained| chained.record).collect()
}

/// Waits until `is_so`, half a minute at most.
async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let mut tries = 0;
    while !is_so().await {
        tries += 1;
        assert!(tries < 3_000, "{what} does not come to pass");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_answers_are_compared_and_recorded_with_their_inputs() {
    let app = start(config(), || Ok(())).await;
    let answer = simulate(&app.service).await;
    let Shadow::Done(compared) = &answer.shadow else { panic!("{:?}", answer.shadow) };
    assert_eq!((compared.v2.estimated_cost_cents, compared.v2.estimated_duration_ms), (4, 2306));
    assert_eq!((compared.comparison.verdict, compared.comparison.drift_score), (Verdict::MinorDrift, 0.12));
    let service = &app.service;
    wait_until("the record", async || records(service).await.len() == 1).await;
    let record = records(service).await.remove(0);
    assert_eq!(Some(record.id), answer.provenance_id);
    assert_eq!((record.variant, record.status), (Variant::Comparison, Status::Success));
    assert_eq!(record.input_hash.to_string(), purser_engine::step::input_hash(&request().steps, 1000));
    assert_eq!(record.run_id.as_deref(), Some("run-1"));
    assert_eq!(record.cost_delta().map(|delta| delta.cents_half_even()), Some(-1));
    assert!(record.versions.catalogue.is_some_and(|version| version.starts_with("1+")));
    assert_eq!(record.versions.model.as_deref(), Some("2.0.0"));
    assert!(record.inputs.contains("\"risk_threshold\":0.5") && record.output.contains("\"verdict\":\"minor_drift\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_or_kept_out_by_a_file_only_the_baseline_answers() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("costsim_v2_disabled");
    let calls = Arc::new(AtomicU64::new(0));
    let counted = calls.clone();
    let app = start(Config { disable_file: Some(file.clone()), ..config() }, move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    })
    .await;
    std::fs::write(&file, "").expect("a writable directory");
    let answer = simulate(&app.service).await;
    assert!(matches!(answer.shadow, Shadow::Off), "{:?}", answer.shadow);
    let status = app.service.sandbox_status(&principal("acme", Role::Read)).expect("a status");
    assert!(status.disabled_by_file && !status.sandbox_enabled);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    std::fs::remove_file(&file).expect("it is there");
    assert!(matches!(simulate(&app.service).await.shadow, Shadow::Done(_)));

    let stamp = v2::Stamp { model_version: "9".into(), ..v2::Stamp::default() };
    let off = start(Config { enabled: false, stamp, ..config() }, || Err("never asked".to_owned())).await;
    assert!(matches!(simulate(&off.service).await.shadow, Shadow::Off));
    let recorded = records(&off.service).await;
    assert_eq!((recorded.len(), recorded[0].variant), (1, Variant::V1));
    let versions = &recorded[0].versions;
    assert_eq!((&versions.model, &versions.adapter), (&None, &None), "the candidate's versions are not the baseline's");
    assert!(versions.catalogue.is_some() && versions.code.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_fails_or_panics_is_told_and_recorded() {
    let failing = start(config(), || Err("no coefficients".to_owned())).await;
    let answer = simulate(&failing.service).await;
    assert!(matches!(&answer.shadow, Shadow::Failed(reason) if reason == "no coefficients"), "{:?}", answer.shadow);
    let service = &failing.service;
    wait_until("the record", async || records(service).await.len() == 1).await;
    assert_eq!(records(service).await[0].status, Status::Error);

    let panicking = start(config(), || panic!("on purpose")).await;
    for _ in 0..3 {
        let answer = simulate(&panicking.service).await;
        assert!(matches!(&answer.shadow, Shadow::Failed(reason) if reason.contains("panicked")), "{:?}", answer.shadow);
    }
    let counts = panicking.service.sandbox_status(&principal("acme", Role::Read)).expect("a status").counts;
    assert_eq!((counts.failed, counts.answered, counts.workers), (3, 0, 1), "the thread lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_hangs_is_not_waited_for_and_its_thread_is_replaced() {
    let hangs = Arc::new(AtomicBool::new(true));
    let hanging = hangs.clone();
    let quick = Config { shadow_wait: Duration::from_millis(20), deadline: Duration::from_millis(200), ..config() };
    let app = start(quick, move || {
        while hanging.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    })
    .await;
    let started = Instant::now();
    let answer = simulate(&app.service).await;
    assert!(matches!(answer.shadow, Shadow::Pending), "{:?}", answer.shadow);
    assert!(answer.provenance_id.is_some() && started.elapsed() < Duration::from_secs(10));
    let status = || app.service.sandbox_status(&principal("acme", Role::Read)).expect("a status").counts;
    wait_until("giving up", async || status().timed_out == 1).await;
    assert_eq!((status().stuck, status().workers), (1, 0));
    // The next request starts a thread in its place, which records what was given up and then hangs in turn.
    assert!(matches!(simulate(&app.service).await.shadow, Shadow::Pending));
    let service = &app.service;
    wait_until("the record", async || records(service).await.iter().any(|record| record.status == Status::Timeout))
        .await;
    hangs.store(false, Ordering::SeqCst);
    wait_until("coming back", async || status().stuck == 0).await;
    wait_until("an answer", async || matches!(simulate(service).await.shadow, Shadow::Done(_))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_dropped_and_counted_and_the_baseline_answers_all() {
    let blocked = Arc::new(AtomicBool::new(true));
    let blocking = blocked.clone();
    let small = Config { shadow_wait: Duration::ZERO, queue: 4, ..config() };
    let app = start(small, move || {
        while blocking.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    })
    .await;
    let mut dropped = 0_u64;
    for _ in 0..50 {
        match simulate(&app.service).await.shadow {
            Shadow::Pending => {}
            Shadow::Failed(reason) if reason == "shadow_dropped" => dropped += 1,
            other => panic!("{other:?}"),
        }
    }
    // One runs and four wait; the thread may be slow to take the first.
    assert!((45..=46).contains(&dropped), "{dropped}");
    let counts = app.service.sandbox_status(&principal("acme", Role::Read)).expect("a status").counts;
    assert_eq!(counts.dropped, dropped);
    blocked.store(false, Ordering::SeqCst);
    let service = &app.service;
    wait_until("every record", async || records(service).await.len() == 50).await;
    let of = |variant| async move {
        records(service).await.into_iter().filter(|record| record.variant == variant).count() as u64
    };
    assert_eq!((of(Variant::V1).await, of(Variant::Comparison).await), (dropped, 50 - dropped));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_records_what_the_shadow_had_taken() {
    let app = start(Config { shadow_wait: Duration::ZERO, ..config() }, || {
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    })
    .await;
    for _ in 0..5 {
        simulate(&app.service).await;
    }
    let app = app.restart().await;
    let recorded = records(&app.service).await;
    assert_eq!(recorded.len(), 5);
    assert!(recorded.iter().all(|record| record.variant == Variant::Comparison && record.status == Status::Success));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_records_that_the_background_is_slow_to_put_together() {
    let background = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build();
    let background = background.expect("a runtime");
    let app = TestService::with_background(Some(background.handle().clone())).await;
    let soon = Config { deadline: Duration::from_millis(100), ..config() };
    app.service.start_sandbox_with(soon, Box::new(Odd(Box::new(|| Ok(())))));
    // Longer than the shutdown waits for a candidate.
    background.spawn_blocking(|| std::thread::sleep(Duration::from_secs(1)));
    for _ in 0..5 {
        assert!(
            matches!(simulate(&app.service).await.shadow, Shadow::Done(_)),
            "the reply does not wait for the record"
        );
    }
    let app = app.restart().await;
    let recorded = records(&app.service).await;
    assert_eq!(recorded.len(), 5);
    assert!(recorded.iter().all(|record| record.variant == Variant::Comparison && record.status == Status::Success));
    background.shutdown_background();
}
