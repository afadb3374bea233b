//! Measures provenance: `provenance_bench DIR RECORDS` records one-step simulations from eight tasks and waits until
//! all are on disk, then asks and verifies.
//!
//! Prints one JSON object per measurement.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

use std::path::Path;
use std::time::Instant;

use purser_domain::api_key::Role;
use purser_domain::money::Money;
use purser_domain::provenance::{Filter, Page, Record, Variant, Versions};
use purser_domain::tenant::TenantId;
use purser_ledger::{Config, Ledger};
use purser_service::clock::Clock;
use purser_service::{Principal, Service};
use purser_store::Store;

const TASKS: u64 = 8;
const TENANTS: u64 = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, records] = arguments.as_slice() else { return Err("provenance_bench DIR RECORDS".into()) };
    let (directory, records): (&Path, u64) = (Path::new(directory), records.parse()?);
    let store = Store::open(&purser_store::Config { url: None, data_dir: directory.to_owned() }).await?;
    let ledger = Ledger::open(Config::local(directory), store.clone()).await?;
    let service = Service::open(store, ledger.clone(), Clock::System).await?;
    record_all(&service, records).await?;
    let started = Instant::now();
    let flushed = ledger.provenance().await?.flush().await?;
    println!(r#"{{"last_flush_s": {:.2}, "entries": {}}}"#, started.elapsed().as_secs_f64(), flushed.entries);
    let stats = ledger.provenance().await?.stats().await?;
    let bytes = stats.lake_bytes as f64 / stats.lake_rows as f64;
    println!(r#"{{"bytes_per_record": {bytes:.1}, "files": {}, "rss_mb": {}}}"#, stats.lake_files, rss_mb());
    ask(&service).await?;
    service.shutdown().await?;
    Ok(())
}

async fn record_all(service: &Service, records: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut parts: Vec<Vec<(Principal, Record)>> = (0..TASKS).map(|_| Vec::new()).collect();
    let mut bytes = 0;
    for number in 0..records {
        let (who, record) = one_step(service, number)?;
        bytes += record.payload_bytes();
        parts[(number % TASKS) as usize].push((who, record));
    }
    let started = Instant::now();
    let tasks: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let service = service.clone();
            tokio::spawn(async move {
                for (who, record) in part {
                    service.provenance_record(&who, record).await?;
                }
                Ok::<(), purser_service::Error>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    service.provenance_flush().await;
    let elapsed = started.elapsed().as_secs_f64();
    let counts = service.provenance_counts();
    println!(
        r#"{{"records_per_s_durable": {:.0}, "records": {}, "payload_bytes_per_record": {}, "spooled": {}, "rss_mb": {}}}"#,
        records as f64 / elapsed,
        counts.stored,
        bytes as u64 / records.max(1),
        counts.spooled_batches,
        rss_mb()
    );
    Ok(())
}

/// The record of a plan of one step under two models, as a simulation writes it.
fn one_step(service: &Service, number: u64) -> Result<(Principal, Record), Box<dyn std::error::Error>> {
    let tenant: TenantId = format!("tenant-{}", number % TENANTS).parse()?;
    let who = Principal::new(tenant.clone(), Role::Operate, "bench".to_owned());
    let inputs = format!(
        r#"{{"allowed_skills":null,"budget_cents":{},"iterations":1,"plan":[{{"params":{{"prompt":"Summarise ticket {number} in two sentences and name the product it is about."}},"skill":"llm_invoke"}}],"risk_threshold":0.5}}"#,
        100 + number % 900
    );
    let cents = 5 + number % 7;
    let output = format!(
        r#"{{"comparison":{{"confidence_delta":0.05,"cost_delta_cents":{cents},"drift_score":0.12,"feasibility_match":true,"verdict":"minor_drift"}},"v1":{{"cost_cents":5,"duration_ms":2000,"feasible":true,"risks":[],"steps":[{{"cost_cents":5,"latency_ms":2000,"skill":"llm_invoke","step_index":0}}],"warnings":[]}},"v2":{{"confidence":0.85,"cost_cents":{cents},"duration_ms":1801,"feasible":true,"risks":[{{"probability":0.05,"risk_type":"timeout","step_index":0}}],"steps":[{{"confidence":0.85,"cost_cents":{cents},"latency_ms":1801,"skill":"llm_invoke","step_index":0}}]}}}}"#
    );
    let mut record = Record::new(service.provenance_id(), tenant, service.now(), inputs, output);
    record.variant = Variant::Comparison;
    record.versions = Versions {
        catalogue: Some("2026-11-01".to_owned()),
        model: Some("2.0.0".to_owned()),
        adapter: Some("2.0.0".to_owned()),
        ..Versions::default()
    };
    record.run_id = Some(format!("run-{}", number / 3));
    record.v1_cost = Some(Money::from_cents(5));
    record.v2_cost = Some(Money::from_cents(i64::try_from(cents)?));
    Ok((who, record))
}

async fn ask(service: &Service) -> Result<(), Box<dyn std::error::Error>> {
    let who = Principal::new("tenant-1".parse()?, Role::Read, "bench".to_owned());
    let everything = Filter::default();
    let started = Instant::now();
    let page = service.provenance_query(&who, &everything, Page::default()).await?;
    let newest_ms = started.elapsed().as_millis();
    let id = page.last().map(|chained| chained.record.id).ok_or("no records")?;
    let started = Instant::now();
    service.provenance_get(&who, id).await?;
    let get_ms = started.elapsed().as_millis();
    let started = Instant::now();
    let drift = service.provenance_drift(&who, &everything).await?;
    let drift_ms = started.elapsed().as_millis();
    let started = Instant::now();
    let checked = service.provenance_verify(&who).await?;
    println!(
        r#"{{"newest_100_ms": {newest_ms}, "get_ms": {get_ms}, "drift_ms": {drift_ms}, "drift_records": {}, "verify_s": {:.2}, "verified": {}, "faults": {}}}"#,
        drift.total,
        started.elapsed().as_secs_f64(),
        checked.records,
        checked.faults_total
    );
    Ok(())
}

/// The process's memory now.
fn rss_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
