//! Measures the ledger: `fill DIR EVENTS [ids|one]` writes seeded traffic, with random ids or of one tenant if that is
//! said; `query DIR` asks it four questions.
//!
//! Prints one JSON object per measurement. Compare the questions with `bench/compare_duckdb.py DIR`.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use purser_domain::charge::{Charge, Match};
use purser_domain::money::Money;
use purser_domain::tenant::TenantId;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use purser_domain::usage_query::{Dimension, Metric, Query};
use purser_ledger::{Config, Draft, Error, Ledger, Mode, Rate};
use purser_store::Store;

/// 2026-10-01T00:00:00Z; events spread over thirty days from it.
const START: i64 = 1_790_812_800_000_000;
const SPAN: i64 = 30 * 86_400_000_000;
const REQUEST: usize = 500;
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fill", directory, events] => fill(Path::new(directory), events.parse()?, "").await,
        ["fill", directory, events, kind @ ("ids" | "one")] => fill(Path::new(directory), events.parse()?, kind).await,
        ["query", directory] => ask(Path::new(directory)).await,
        _ => Err("fill DIR EVENTS [ids|one] | query DIR".into()),
    }
}

async fn open(directory: &Path) -> Result<Ledger, Error> {
    let store = Store::open(&purser_store::Config { url: None, data_dir: directory.to_owned() }).await?;
    Ledger::open(Config::local(directory), store).await
}

/// A small generator of repeatable numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn traffic(numbers: &mut Numbers, number: u64, of: u64, kind: &str) -> Draft {
    let model = numbers.below(20).min(numbers.below(20));
    let tenant = if kind == "one" { 0 } else { numbers.below(8).min(numbers.below(8)) };
    let user = numbers.below(2_000).min(numbers.below(2_000));
    let offset = (i128::from(SPAN) * i128::from(number) / i128::from(of)) as i64;
    let (input, cached, output) = (200 + numbers.below(4_000), numbers.below(3) * 1_024, 20 + numbers.below(900));
    let usage = Usage::default().with(Leaf::Input, input).with(Leaf::CacheRead, cached).with(Leaf::Output, output);
    let mut charge = Charge {
        matched: Match::ResponseModel,
        price_version: Some("pv_0123456789abcdef".into()),
        ..Charge::default()
    };
    let rates = [
        (Leaf::Input, 250_000 * (model + 1)),
        (Leaf::CacheRead, 25_000 * (model + 1)),
        (Leaf::Output, 1_000_000 * (model + 1)),
    ];
    for (leaf, rate) in rates {
        charge.amounts[leaf as usize] =
            (usage.get(leaf) > 0).then(|| Money::from_pico((usage.get(leaf) * rate).into()));
    }
    charge.rated_usd = Some(charge.amounts.iter().flatten().copied().sum());
    let mut event = UsageEvent {
        event_id: format!("{number:012}"),
        source: "api".to_owned(),
        occurred_at: Timestamp::from_micros(START + offset),
        provider: ["openai", "anthropic", "google"][model as usize % 3].to_owned(),
        model: format!("model-{model}"),
        operation: Some("chat".to_owned()),
        usage,
        project: Some(format!("project-{}", numbers.below(3))),
        environment: Some("production".to_owned()),
        feature_tag: Some(format!("support.action-{}", numbers.below(12))),
        user_id: Some(format!("user-{user}")),
        latency_ms: Some(300 + numbers.below(20) * 100),
        ..UsageEvent::default()
    };
    if kind == "ids" {
        event.trace_id = Some(format!("{:016x}{:016x}", numbers.next(), numbers.next()));
        event.span_id = Some(format!("{:016x}", numbers.next()));
        event.response_id = Some(format!("resp_{:016x}", numbers.next()));
    }
    let tenant: TenantId = format!("tenant-{tenant}").parse().unwrap_or_else(|_| unreachable!());
    Draft { tenant, event, witness: Default::default(), charge, import_id: None }
}

async fn fill(directory: &Path, events: u64, kind: &str) -> Result<(), Box<dyn std::error::Error>> {
    let ledger = open(directory).await?;
    let mut numbers = Numbers(7);
    let (mut appending, mut slowest) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
    let mut number = 0;
    while number < events {
        let chunk = (events - number).min((REQUEST * AT_ONCE * 4) as u64);
        let drafts: Vec<Draft> = (number..number + chunk).map(|n| traffic(&mut numbers, n, events, kind)).collect();
        number += chunk;
        let mut requests: Vec<Vec<Draft>> = drafts.chunks(REQUEST).map(<[Draft]>::to_vec).collect();
        let started = Instant::now();
        while !requests.is_empty() {
            let now = requests.split_off(requests.len().saturating_sub(AT_ONCE));
            let started = Instant::now();
            let sent = now.into_iter().map(|drafts| append(&ledger, drafts));
            for outcome in futures::future::join_all(sent).await {
                outcome?;
            }
            slowest = slowest.max(started.elapsed());
        }
        appending += started.elapsed();
    }
    let rate = events as f64 / appending.as_secs_f64();
    println!(
        r#"{{"append_events_per_s": {rate:.0}, "slowest_ms": {}, "events": {events}, "rss_mb": {}}}"#,
        slowest.as_millis(),
        rss_mb()
    );
    let started = Instant::now();
    ledger.flush().await?;
    println!(r#"{{"last_flush_s": {:.2}}}"#, started.elapsed().as_secs_f64());
    let before = ledger.stats().await?;
    let started = Instant::now();
    let optimized = ledger.optimize().await?;
    println!(
        r#"{{"optimize_s": {:.2}, "files_removed": {}, "files_added": {}}}"#,
        started.elapsed().as_secs_f64(),
        optimized.files_removed,
        optimized.files_added
    );
    let started = Instant::now();
    let cubes = ledger.build_cubes().await?;
    println!(r#"{{"cubes": {cubes}, "cubes_s": {:.2}}}"#, started.elapsed().as_secs_f64());
    ledger.vacuum(std::time::Duration::ZERO, false).await?;
    let stats = ledger.stats().await?;
    println!(
        r#"{{"bytes_per_event_flushed": {:.1}, "bytes_per_event": {:.1}, "files": {}, "index_bytes_per_event": {:.1}, "rss_mb": {}}}"#,
        before.lake_bytes as f64 / events as f64,
        stats.lake_bytes as f64 / events as f64,
        stats.lake_files,
        stats.index_bytes as f64 / events as f64,
        rss_mb(),
    );
    ledger.shutdown().await?;
    Ok(())
}

async fn append(ledger: &Ledger, drafts: Vec<Draft>) -> Result<(), Box<dyn std::error::Error>> {
    let rate: Rate = Arc::new(|_| Charge::default());
    loop {
        match ledger.append(drafts.clone(), Mode::Partial, &rate).await {
            Ok(_) => return Ok(()),
            Err(purser_ledger::AppendError::Failed(Error::Commit(cause)))
                if matches!(*cause, Error::Backlog { .. }) =>
            {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn ask(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let ledger = open(directory).await?;
    println!(r#"{{"open_ms": {}}}"#, started.elapsed().as_millis());
    let cost_only = Query { metrics: vec![Metric::Leaf(Leaf::Requests)], ..Query::default() };
    let by = |dimension: Dimension| Query { by: vec![dimension], ..cost_only.clone() };
    let top_users = Query { top: Some(20), ..by(Dimension::User) };
    let window = Window::new(Timestamp::from_micros(START), Timestamp::from_micros(START + SPAN));
    let hourly = Query { grain: Some(Grain::Hour), window, ..cost_only.clone() };
    let tenant: TenantId = "tenant-1".parse()?;
    let (operator, calendar) = (ledger.operator(), Calendar::default());
    for name in ["model_totals", "tenant_model", "tenant_hours", "top_users"] {
        let mut times = Vec::new();
        let mut first = None;
        for _ in 0..11 {
            let started = Instant::now();
            let answer = match name {
                "model_totals" => operator.query(&calendar, &by(Dimension::Model), false).await?,
                "tenant_model" => operator.query(&calendar, &by(Dimension::Model), true).await?,
                "tenant_hours" => ledger.query(&tenant, &calendar, &hourly).await?,
                _ => operator.query(&calendar, &top_users, false).await?,
            };
            let elapsed = started.elapsed().as_secs_f64() * 1e3;
            times.push(elapsed);
            first.get_or_insert((elapsed, answer));
        }
        times.sort_by(f64::total_cmp);
        let Some((cold, answer)) = first else { continue };
        println!(
            r#"{{"query": "{name}", "first_ms": {cold:.2}, "median_ms": {:.2}, "rows": {}, "cost": "{}"}}"#,
            times[times.len() / 2],
            answer.rows.len(),
            answer.total.cost,
        );
    }
    println!(r#"{{"rss_mb": {}}}"#, rss_mb());
    Ok(())
}

/// The process's memory now.
fn rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
