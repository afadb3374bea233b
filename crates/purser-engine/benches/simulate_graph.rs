//! Simulates a graph of 20 steps with branches, loops and retries on one core.
//!
//! `cargo bench -p purser-engine --bench simulate_graph`

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use purser_domain::calibration::Calibration;
use purser_domain::estimate::Options;
use purser_domain::plan::Plan;
use purser_domain::time::Timestamp;
use purser_engine::price_book::PriceBook;
use purser_engine::simulation::v3::{self, Sources};
use purser_engine::skill;
use purser_ingest::price_file;
use serde_json::{Value, json};

/// Twenty steps: ten model calls and ten skills, in a branch, two loops, a map, a parallel, six of them retried.
fn graph() -> Value {
    let ask = |tokens: u32| {
        json!({"llm": {"provider": "openai", "model": "gpt-4o", "input_tokens": {"lognormal": {"p50": tokens, "p90": 4 * tokens}},
            "output_tokens": {"lognormal": {"p50": 200, "p90": 900}}, "latency_ms": {"lognormal": {"p50": 1500, "p90": 5000}}, "failure": 0.02}})
    };
    let retried = |mut node: Value| {
        node["retry"] = json!({"attempts": 3, "backoff": "exponential", "delay_ms": 200, "jitter": 0.3});
        node
    };
    let call = |skill: &str| json!({"skill": skill});
    json!([
        retried(call("http_call")),
        call("json_transform"),
        retried(ask(800)),
        {"branch": [
            {"probability": 0.6, "then": [ask(500), call("kv_set")]},
            {"probability": 0.4, "then": [retried(ask(2_000)), call("fs_write")]}
        ]},
        {"loop": {"count": {"geometric": {"mean": 2}}, "max": 20, "body": [ask(600), retried(call("http_call"))]}},
        {"parallel": [ask(400), ask(700), call("kv_get")]},
        {"loop": {"count": {"poisson": {"mean": 1.5}}, "max": 20, "body": [ask(300), call("json_transform")]}},
        {"map": {"items": 3, "concurrency": 2, "body": retried(ask(250))}},
        retried(call("webhook_send")),
        ask(900),
        call("email_send"),
        call("kv_set"),
        ask(150)
    ])
}

fn main() -> Result<(), Box<dyn Error>> {
    let prices = price_file::parse(include_bytes!("../../../data/prices.jsonl"))
        .map_err(|findings| format!("{} findings", findings.len()))?;
    let book = PriceBook::for_tenant(Arc::new(PriceBook::compile(prices).0), vec![], vec![]);
    let catalogue = skill::parse(skill::SHIPPED).map_err(|errors| format!("{errors:?}"))?;
    let (calibration, priors) = (Calibration::none(), v3::priors(&catalogue));
    let at = Timestamp::from_micros(1_795_000_000_000_000);
    let sources = Sources { book: &book, at, calibration: &calibration, priors: &priors };
    let plan = Plan::parse(&graph(), "plan").map_err(|errors| format!("{errors:?}"))?;
    let mut steps = 0;
    plan.each(&mut |node| steps += usize::from(node.skill().is_some()));
    assert_eq!(steps, 20, "the graph has twenty steps");

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("simulate_graph");
    for draws in [1_000, 10_000, 50_000, 200_000] {
        let options = Options { draws, advice: false, ..Options::default() };
        group.throughput(Throughput::Elements(u64::from(draws)));
        group.sample_size(if draws > 10_000 { 10 } else { 50 });
        group.bench_with_input(BenchmarkId::new("draws", draws), &options, |bench, options| {
            bench.iter(|| black_box(v3::simulate(black_box(&plan), sources, options, 1)));
        });
    }
    let advised = Options::default();
    group.bench_function("10000 draws with advice", |bench| {
        bench.iter(|| black_box(v3::simulate(black_box(&plan), sources, &advised, 1)));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
