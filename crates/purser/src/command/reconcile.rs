//! `purser reconcile`: holds bills against what was charged, and names the causes of each difference.

mod parquet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use purser_api::reconciliation::{
    ReconciliationRecord, ReconciliationRequest, ReconciliationRow, tolerance_millionths,
};
use purser_domain::money::Money;
use purser_domain::reconciliation::{Cause, Verdict};
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column, usd};
use crate::remote::RemoteFlags;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Bills as CSV or Parquet: exports of costs (OpenAI, Anthropic), OpenRouter's activity, FOCUS, AWS CUR 2.0
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// How many percent of a bill may be open (unexplained, or usage that one side lacks); above it the exit code is 8
    #[arg(long, value_name = "PERCENT", default_value = "1")]
    tolerance: String,
    /// Show a row per day and tier instead of one per model
    #[arg(long)]
    daily: bool,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let percent = args.tolerance.trim_end_matches('%').trim();
    let Some(tolerance) = tolerance_millionths(percent) else {
        return Err(Failure::usage("tolerance: must be a percentage from 0 to 100"));
    };
    let mut records = Vec::with_capacity(args.files.len());
    match args.remote.client()? {
        Some(client) => {
            for file in &args.files {
                let bill = String::from_utf8(bytes(file)?).map_err(|_| not_text(file))?;
                let (name, tolerance_percent) = (Some(name(file)), Some(percent.to_owned()));
                records.push(client.reconcile(&ReconciliationRequest { bill, name, tolerance_percent }).await?);
            }
        }
        None => {
            let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
            local::with(settings, async |local| {
                let who = local.speak_for(tenant).await?;
                for file in &args.files {
                    let now = Clock::System.now();
                    let bill = purser_service::reconciliation::read(&name(file), bytes(file)?, now)?;
                    let recorded = local.service.reconcile(&who, bill, tolerance).await?;
                    records.push(ReconciliationRecord::from(&recorded));
                }
                Ok(())
            })
            .await?;
        }
    }
    if args.json {
        output::json(&records)?;
    } else {
        records.iter().try_for_each(|record| show(record, args.daily))?;
    }
    let agrees = records.iter().all(|record| record.verdict == Verdict::Agrees.name());
    Ok(if agrees { Exit::Done } else { Exit::CheckFailed })
}

/// A bill as CSV, unpacked.
fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
    if bytes.starts_with(b"PAR1") {
        return parquet::to_csv(bytes).map_err(|error| failed(&error));
    }
    let mut unpacked = Vec::new();
    let mut reader = purser_ingest::file::unpacked(std::io::Cursor::new(bytes)).map_err(|error| failed(&error))?;
    std::io::Read::read_to_end(&mut reader, &mut unpacked).map_err(|error| failed(&error))?;
    Ok(unpacked)
}

fn name(file: &Path) -> String {
    file.file_name().map_or_else(|| "bill".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn not_text(file: &Path) -> anyhow::Error {
    Failure::usage(format!("{}: is not UTF-8", file.display()))
}

fn show(record: &ReconciliationRecord, daily: bool) -> anyhow::Result<()> {
    let causes: Vec<Cause> = Cause::ALL.into_iter().filter(|cause| record.causes.contains_key(cause.name())).collect();
    let mut columns = vec![Column::Text("Provider"), Column::Text("Model")];
    if daily {
        columns.extend([Column::Text("Date"), Column::Text("Tier")]);
    }
    columns.extend(["Billed", "Rated", "Difference"].map(Column::Number));
    columns.extend(causes.iter().map(|cause| Column::Number(title(*cause))));
    let rows = record.rows.as_deref().unwrap_or_default();
    let mut sums: BTreeMap<Vec<&str>, Vec<Money>> = BTreeMap::new();
    for row in rows {
        let mut key = vec![row.provider.as_str(), row.model.as_str()];
        if daily {
            key.extend([row.date.as_str(), row.service_tier.as_deref().unwrap_or("")]);
        }
        add(sums.entry(key).or_default(), &figures(row, &causes));
    }
    let mut total = Vec::new();
    sums.values().for_each(|sum| add(&mut total, sum));
    let keys = if daily { 4 } else { 2 };
    let mut lines: Vec<Vec<String>> = sums.into_iter().map(|(key, sum)| cells(&key, &sum)).collect();
    let label: Vec<&str> = std::iter::once("total").chain(std::iter::repeat("")).take(keys).collect();
    lines.push(cells(&label, &total));
    output::table(&columns, lines)?;
    for left in &record.left_out {
        output::talk(format!("left out: {} rows of {}, {}", left.rows, left.name, usd(left.amount_usd)));
    }
    let share = record.reconciled_ratio.map_or("nothing".to_owned(), |ratio| format!("{:.2} %", ratio * 100.0));
    output::talk(format!(
        "{} ({}): {share} of {} reconciled; {} at a tolerance of {} %",
        record.name,
        record.kind,
        usd(record.billed_usd),
        record.verdict,
        record.tolerance_percent
    ));
    Ok(())
}

fn figures(row: &ReconciliationRow, causes: &[Cause]) -> Vec<Money> {
    let by_cause = causes.iter().map(|cause| row.causes.get(cause.name()).copied().unwrap_or_default());
    [row.billed_usd, row.rated_usd, row.difference_usd].into_iter().chain(by_cause).collect()
}

fn add(sum: &mut Vec<Money>, figures: &[Money]) {
    sum.resize(figures.len().max(sum.len()), Money::ZERO);
    for (place, figure) in sum.iter_mut().zip(figures) {
        *place = [*place, *figure].into_iter().sum();
    }
}

fn cells(key: &[&str], figures: &[Money]) -> Vec<String> {
    key.iter().map(|text| (*text).to_owned()).chain(figures.iter().map(|figure| usd(*figure))).collect()
}

const fn title(cause: Cause) -> &'static str {
    match cause {
        Cause::MissingUsage => "Missing usage",
        Cause::NotBilled => "Not billed",
        Cause::CachedInput => "Cached input",
        Cause::Tier => "Tier",
        Cause::Discount => "Discount",
        Cause::Price => "Price",
        Cause::Tools => "Tools",
        Cause::Rounding => "Rounding",
        Cause::Unexplained => "Unexplained",
    }
}
