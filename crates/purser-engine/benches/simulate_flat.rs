//! v1, v2 and their comparison for a plan of ten steps, on one core.
//!
//! `cargo bench -p purser-engine --bench simulate_flat`
//!
//! `decide` measures what a loop over many plans needs: steps looked up, both models' totals, score and verdict.
//! `records` builds the three full records in addition, texts and lists included. Plans are parsed beforehand.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use purser_domain::simulation::Limits;
use purser_domain::simulation::v2::Stamp;
use purser_domain::skill::{Catalogue, UnknownPolicy};
use purser_domain::step::Step;
use purser_engine::comparison::{Side, score};
use purser_engine::simulation::{v1, v2};
use purser_engine::{comparison, skill, step};

/// Ten steps over nine skills, prompts and parameters as a real agent sends them.
fn plan() -> Vec<Step> {
    vec![
        Step::new("kv_get").with("key", "session"),
        Step::new("http_call").with("url", "https://api.example.com/orders").with("timeout", 20),
        Step::new("json_transform"),
        Step::new("llm_invoke").with("prompt", "Summarise the order. ".repeat(40)).times(3),
        Step::new("fs_read").with("path", "/data/policy.txt"),
        Step::new("llm_invoke").with("prompt", "Draft an answer. ".repeat(20)),
        Step::new("shell_lite").with("command", "date -u"),
        Step::new("webhook_send"),
        Step::new("kv_set").with("key", "session"),
        Step::new("email_send").times(2),
    ]
}

fn decide(steps: &[Step], catalogue: &Catalogue, limits: &Limits) -> f64 {
    let Ok(plan) = step::resolve(steps, catalogue, &UnknownPolicy::Pessimistic) else { return 0.0 };
    let (a, b) = (v1::totals(&plan, limits), v2::totals(&plan, limits));
    let baseline = Side { cost_cents: a.cost_cents, feasible: a.feasible };
    score(baseline, Side { cost_cents: b.cost_cents, feasible: b.feasible }).drift
}

fn records(steps: &[Step], catalogue: &Catalogue, limits: &Limits, stamp: &Stamp) -> f64 {
    let Ok(plan) = step::resolve(steps, catalogue, &UnknownPolicy::Pessimistic) else { return 0.0 };
    let (a, b) = (v1::simulate(&plan, limits), v2::simulate(&plan, limits, stamp));
    let compared = comparison::compare(&a, &b);
    black_box((a, b));
    compared.drift_score
}

fn bench(criterion: &mut Criterion) {
    let catalogue = skill::parse(skill::SHIPPED).expect("the shipped catalogue is sound");
    let (steps, limits, stamp) = (plan(), Limits::default(), Stamp::default());
    let mut group = criterion.benchmark_group("ten steps, v1 + v2 + comparison");
    group.throughput(Throughput::Elements(1));
    group.bench_function("decide", |b| b.iter(|| decide(black_box(&steps), &catalogue, &limits)));
    group.bench_function("records", |b| b.iter(|| records(black_box(&steps), &catalogue, &limits, &stamp)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
