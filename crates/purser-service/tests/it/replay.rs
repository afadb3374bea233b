//! Records that are run again.

use std::time::Duration;

use purser_domain::api_key::Role;
use purser_domain::estimate::Options;
use purser_domain::price::{Discount, Price, Rate, Source as PriceSource, Tier};
use purser_domain::provenance::{Record, RecordId, Replay, Source, Status, Variant};
use purser_domain::skill::{RuntimeCost, Skill, SkillId};
use purser_domain::step::Step;
use purser_domain::usage::Leaf;
use purser_service::Service;
use purser_service::sandbox::{Candidate, Config, Input, Parametric};
use purser_service::simulation::{GraphRequest, Request};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::calibration::{request, runs, until_now};
use crate::support::{TestService, principal, tenant_id};

fn flat() -> Request {
    let steps = vec![Step::new("http_call"), Step::new("llm_invoke").with("prompt", "Hello").times(3)];
    Request { steps, run_id: Some("run-1".to_owned()), agent_id: Some("a".to_owned()), ..Request::default() }
}

fn graph() -> GraphRequest {
    request(json!([
        {"id": "find", "skill": "http_call", "retry": {"attempts": 3}},
        {"id": "ask", "llm": {"model": "openai/gpt-4o", "prompt": "Sum it up", "max_tokens": 500}},
        {"skill": "chat"},
    ]))
}

async fn replay(service: &Service, id: Option<RecordId>) -> Replay {
    let (id, who) = (id.expect("it is recorded"), principal("acme", Role::Read));
    // The shadow tells its answer before it records it.
    for _ in 0..500 {
        match service.provenance_replay(&who, id).await {
            Err(error) if error.code == "not-found" => tokio::time::sleep(Duration::from_millis(10)).await,
            answer => return answer.expect("an answer"),
        }
    }
    unreachable!("{id} is not recorded");
}

async fn v3(service: &Service, request: GraphRequest) -> Option<RecordId> {
    service.simulate_v3(&principal("acme", Role::Read), request).await.expect("an estimate").provenance_id
}

#[track_caller]
fn assert_reproduced(replay: &Replay) {
    assert!(replay.reproduced && replay.is_sound, "{replay:?}");
    assert_eq!(replay.replayed_hash, Some(replay.recorded_hash));
    assert_eq!((replay.fields.len(), &replay.reason), (0, &None), "{replay:?}");
}

fn changed(replay: &Replay) -> Vec<&str> {
    replay.versions.iter().map(|change| change.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_model_says_the_same_again() {
    let app = TestService::new().await.with_tenant("acme").await;
    let patience = Duration::from_secs(20);
    let config = Config { enabled: true, shadow_wait: patience, deadline: patience, ..Config::default() };
    app.service.start_sandbox(config);
    let (service, who) = (&app.service, principal("acme", Role::Read));
    let dear =
        Request { limits: purser_domain::simulation::Limits { budget_cents: 1, ..Default::default() }, ..flat() };
    let none = Request { steps: Vec::new(), ..flat() };
    for request in [flat(), dear, none] {
        let both = service.sandbox_simulate(&who, request.clone()).await.expect("an answer").provenance_id;
        let v2 = service.simulate_v2(&who, &request).await.expect("an answer").provenance_id;
        for (id, variant) in [(both, Variant::Comparison), (v2, Variant::V2)] {
            let replay = replay(service, id).await;
            assert_reproduced(&replay);
            assert_eq!((replay.variant, changed(&replay)), (variant, Vec::new()));
        }
    }
    let seeded = GraphRequest { options: Options { seed: u64::MAX, advice: true, ..graph().options }, ..graph() };
    for request in [graph(), seeded] {
        assert_reproduced(&replay(service, v3(service, request).await).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbouring_seeds_are_other_inputs_and_equal_ones_the_same() {
    let app = TestService::new().await.with_tenant("acme").await;
    let (service, who) = (&app.service, principal("acme", Role::Read));
    let mut hashes = Vec::new();
    // Doubles hold the first two exactly, and of the others only 2^63 and 2^64.
    for seed in [42, (1 << 53) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX, 42, u64::MAX] {
        let id = v3(service, GraphRequest { options: Options { seed, ..graph().options }, ..graph() }).await;
        let record = service.provenance_get(&who, id.expect("it is recorded")).await.expect("the record").record;
        assert!(record.inputs.contains(&seed.to_string()), "{}", record.inputs);
        assert_reproduced(&replay(service, id).await);
        hashes.push(record.input_hash);
    }
    let others: std::collections::HashSet<_> = hashes[..6].iter().collect();
    assert_eq!((others.len(), hashes[6], hashes[7]), (6, hashes[0], hashes[5]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_catalogue_is_named_with_the_fields_that_it_changes() {
    let app = TestService::new().await.with_tenant("acme").await;
    let (service, admin) = (&app.service, principal("acme", Role::Admin));
    let v1 = service.simulate_v1(&admin, flat()).await.expect("an answer").provenance_id;
    assert_reproduced(&replay(service, v1).await);
    let skill = SkillId::new("llm_invoke");
    let shipped = service.catalogue(&admin).await.expect("a catalogue").skills[&skill].clone();
    let mut row = shipped.clone();
    row.v1.as_mut().expect("the flat table has it").cost_cents += 1;
    service.skill_override_set(&admin, &skill, &row).await.expect("a row of its own");
    let replayed = replay(service, v1).await;
    assert!(!replayed.reproduced && replayed.replayed_hash.is_some(), "{replayed:?}");
    assert_eq!(changed(&replayed), ["catalogue_version"]);
    assert_eq!(replayed.fields, ["budget_remaining_cents", "estimated_cost_cents", "metadata", "step_estimates"]);
    // A row that the model does not read is another version without an effect.
    let runtime = Some(RuntimeCost { cost_cents: 9, latency_ms: 9 });
    service.skill_override_set(&admin, &skill, &Skill { runtime, ..shipped }).await.expect("another row");
    let replayed = replay(service, v1).await;
    assert_reproduced(&replayed);
    assert_eq!(changed(&replayed), ["catalogue_version"]);
    service.skill_override_end(&admin, "llm_invoke").await.expect("it was set");
    assert_eq!(changed(&replay(service, v1).await), Vec::<&str>::new());
}

/// Twenty dollars a million tokens of `gpt-4o`, read or answered.
fn dear() -> Price {
    let mut rates = [None; Leaf::COUNT];
    for leaf in [Leaf::Input, Leaf::Output] {
        rates[leaf as usize] = Rate::new(20_000_000, 1);
    }
    Price {
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        aliases: Vec::new(),
        effective_from: None,
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers: vec![Tier::new("standard", 0, rates)],
        source: PriceSource { catalogue: "tenant".to_owned(), url: None, retrieved: "2026-11-20".to_owned() },
    }
}

fn half() -> Discount {
    let (provider, model) = (Some("openai".to_owned()), None);
    Discount { id: "d".to_owned(), provider, model, percent_milli: 50_000, effective_from: None, effective_to: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_and_calibrations_are_those_of_then() {
    let app = TestService::new().await.with_tenant("acme").await;
    let (service, admin) = (&app.service, principal("acme", Role::Admin));
    app.ingest("acme", &runs("r", 5)).await;
    service.calibrate(&admin, until_now(&app), false).await.expect("five runs");
    let id = v3(service, graph()).await;
    app.clock.set(service.now().plus_micros(10_000_000));
    service.price_override_set(&admin, dear(), false).await.expect("a price of its own");
    service.discount_set(&admin, half(), true).await.expect("a discount of its own");
    app.ingest("acme", &[json!({"event_id": "z", "run_id": "z", "skill": "chat", "output_tokens": 9_000})]).await;
    service.calibrate(&admin, until_now(&app), false).await.expect("six runs");
    let replayed = replay(service, id).await;
    assert_reproduced(&replayed);
    assert_eq!(changed(&replayed), Vec::<&str>::new());
    let dearer = v3(service, graph()).await;
    assert_reproduced(&replay(service, dearer).await);
    let raw = app.raw().await;
    raw.execute_unprepared("DELETE FROM calibration WHERE number = 1").await.expect("the row goes");
    raw.close().await.expect("it closes");
    let replayed = replay(service, id).await;
    assert!(!replayed.reproduced, "{replayed:?}");
    assert_eq!(changed(&replayed), ["calibration_version"]);
    assert!(replayed.fields.contains(&"basis".to_owned()), "{:?}", replayed.fields);
}

/// A candidate that says why it cannot.
struct Broken;

impl Candidate for Broken {
    fn simulate(&self, input: Input<'_>) -> Result<purser_domain::simulation::v2::Simulation, String> {
        Parametric.simulate(input).and_then(|_| Err("it broke".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_come_out_again_says_why() {
    let app = TestService::new().await.with_tenant("acme").await;
    let patience = Duration::from_secs(20);
    let config = Config { enabled: true, shadow_wait: patience, deadline: patience, ..Config::default() };
    app.service.start_sandbox_with(config, Box::new(Broken));
    let (service, who) = (&app.service, principal("acme", Role::Read));
    let broken = service.sandbox_simulate(&who, flat()).await.expect("an answer").provenance_id;
    let replayed = replay(service, broken).await;
    assert_eq!(replayed.fields, ["comparison", "v2", "v2_error"], "{replayed:?}");
    let inputs = r#"{"budget_cents":7,"plan":[{"skill":"llm_invoke"}]}"#;
    let record = |inputs: &str, output: &str| {
        let id = service.provenance_id();
        Record::new(id, tenant_id("acme"), service.now(), inputs.to_owned(), output.to_owned())
    };
    for (record, word) in [
        (Record { variant: Variant::Canary, ..record(inputs, "{}") }, "canary"),
        (Record { source: Source::Backfill, variant: Variant::V1, ..record(inputs, "null") }, "brought in"),
        (Record { status: Status::Timeout, variant: Variant::Comparison, ..record(inputs, "{}") }, "deadline"),
        (Record { variant: Variant::V3, ..record(inputs, "{}") }, "options"),
        (Record { variant: Variant::V2, ..record("null", "{}") }, "null"),
    ] {
        let id = service.provenance_record(&who, record).await.expect("it is taken");
        let replayed = replay(service, Some(id)).await;
        assert!(!replayed.reproduced, "{replayed:?}");
        assert!(replayed.reason.as_ref().is_some_and(|reason| reason.contains(word)), "{word}: {replayed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_replayed_by_its_own_tenants_readers_only() {
    let app = TestService::new().await.with_tenant("acme").await.with_tenant("globex").await;
    let id = v3(&app.service, graph()).await.expect("it is recorded");
    for (tenant, role, code) in [("globex", Role::Admin, "not-found"), ("acme", Role::Ingest, "role-not-allowed")] {
        let refused = app.service.provenance_replay(&principal(tenant, role), id).await.expect_err(tenant);
        assert_eq!(refused.code, code);
    }
}
