//! `prices import`, `prices diff` and `prices check`: foreign catalogues and files of our own.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use purser_domain::price::{Finding, Price, Severity};
use purser_domain::tenant::TenantId;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_event::SKEW_MAX_MICROS;
use purser_engine::{price_check, price_diff};
use purser_ingest::price_catalogue::{Converted, KnownNames, Origin};
use purser_ingest::{price_file, price_genai, price_litellm};
use purser_service::clock::Clock;
use serde_json::json;

use super::{book, shown};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column};
use crate::time;

/// How a catalogue is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// purser's own price file
    Purser,
    /// `model_prices_and_context_window_backup.json` of the litellm package
    Litellm,
    /// JSON of the genai-prices package
    GenaiPrices,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// How the file is written
    #[arg(long, value_enum)]
    format: Format,
    /// The catalogue
    file: PathBuf,
    /// The catalogue's name and version, kept as the source of each rate
    #[arg(long, value_name = "NAME")]
    catalogue: Option<String>,
    /// When the catalogue was read, YYYY-MM-DD; today, if absent
    #[arg(long, value_name = "DATE")]
    retrieved: Option<String>,
    /// Write a price file instead of changing the price book
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Report, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, every finding included
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The left catalogue
    left: PathBuf,
    /// The right catalogue; without it, the price book in force
    right: Option<PathBuf>,
    /// Compare the prices valid then: a date or an RFC 3339 time; now, if absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Show models that agree and that only one side has, too
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// A catalogue; without it, the price book in force
    file: Option<PathBuf>,
    /// Look at a tenant's usage too: factors between rated and reported costs that repeat
    #[arg(long, requires = "tenant", conflicts_with = "file")]
    usage: bool,
    /// The tenant of --usage
    #[arg(long, requires = "usage")]
    tenant: Option<TenantId>,
    /// First instant of --usage: a UTC date, RFC 3339, or an age such as 30d; all usage, if absent
    #[arg(long, value_name = "TIME", requires = "usage")]
    from: Option<String>,
    /// First instant after
    #[arg(long, value_name = "TIME", requires = "usage")]
    to: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn import(args: Import, settings: &Settings) -> anyhow::Result<Exit> {
    let origin = origin(&args.file, args.format, args.catalogue.as_deref(), args.retrieved.as_deref());
    let known = known_names(settings).await?;
    let converted = convert(&args.file, args.format, &origin, &known)?;
    let (prices, mut findings) = (converted.prices, converted.findings);
    findings.extend(price_check::check(&prices));
    findings.sort();
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mut version = None;
    if let (Some(path), false) = (&args.output, args.dry_run) {
        std::fs::write(path, price_file::write(&prices)).with_context(|| path.display().to_string())?;
    } else if !args.dry_run {
        if errors > 0 {
            shown::talk_findings(&findings);
            return Err(Failure::with(Exit::Refused, format!("{errors} errors: nothing was imported")));
        }
        let store = local::store(settings).await?;
        let now = Clock::System.now();
        version = Some(purser_service::price::import(&store, &origin.catalogue, &prices, now).await?);
    }
    if args.json {
        let all: Vec<_> = findings.iter().map(shown::finding).collect();
        output::json(&json!({ "prices": prices.len(), "book_version": version, "findings": all }))?;
    } else {
        shown::talk_findings(&findings);
        output::talk(format!("{} prices, {} findings", prices.len(), findings.len()));
        if let Some(version) = version {
            output::talk(format!(
                "the price book is at version {version}; `purser prices rerate` rates the past again"
            ));
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn diff(args: Diff, settings: &Settings) -> anyhow::Result<Exit> {
    let at = book::instant(args.at.as_deref())?.unwrap_or_else(|| Clock::System.now());
    let known = known_names(settings).await?;
    let left = read(&args.left, &known)?;
    let right = match &args.right {
        Some(path) => read(path, &known)?,
        None => local::prices(settings).await?,
    };
    let diff = price_diff::diff(&left, &right, at);
    let text = |rate: Option<purser_domain::price::Rate>| rate.map(|rate| rate.to_string());
    if args.json {
        let differences: Vec<_> = diff
            .differences
            .iter()
            .map(|d| {
                json!({
                    "provider": d.provider, "model": d.model, "field": d.field,
                    "left": text(d.left), "right": text(d.right), "contradiction": d.is_contradiction(),
                })
            })
            .collect();
        output::json(&json!({
            "at": at,
            "differences": differences,
            "agreeing": diff.agreeing,
            "only_left": diff.only_left,
            "only_right": diff.only_right,
        }))?;
        return Ok(Exit::Done);
    }
    let columns =
        ["Provider", "Model", "Rate"].map(Column::Text).into_iter().chain(["Left", "Right"].map(Column::Number));
    let rows = diff.differences.iter().filter(|d| args.all || d.is_contradiction()).map(|d| {
        let shown = |rate| text(rate).unwrap_or_else(|| "-".to_owned());
        vec![d.provider.clone(), d.model.clone(), d.field.clone(), shown(d.left), shown(d.right)]
    });
    output::table(&columns.collect::<Vec<_>>(), rows)?;
    let contradictions = diff.differences.iter().filter(|d| d.is_contradiction()).count();
    output::talk(format!(
        "{contradictions} rates contradict each other; {} models agree, {} stand only left, {} only right",
        diff.agreeing.len(),
        diff.only_left.len(),
        diff.only_right.len()
    ));
    Ok(Exit::Done)
}

pub(super) async fn check(args: Check, settings: &Settings) -> anyhow::Result<Exit> {
    let prices = match &args.file {
        Some(path) => read(path, &known_names(settings).await?)?,
        None => local::prices(settings).await?,
    };
    let today = Clock::System.now();
    let mut findings = price_check::check(&prices);
    findings.extend(staleness(&prices, today));
    if let Some(tenant) = &args.tenant {
        findings.extend(cost_ratios(&args, tenant, settings).await?);
    }
    findings.sort();
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let retrieved = price_check::retrieved(&prices);
    if args.json {
        let all: Vec<_> = findings.iter().map(shown::finding).collect();
        output::json(&json!({
            "prices": prices.len(), "retrieved": retrieved, "errors": errors, "warnings": warnings, "findings": all,
        }))?;
    } else {
        shown::talk_findings(&findings);
        let read = retrieved.unwrap_or("never");
        output::talk(format!("{} prices, read {read}; {errors} errors, {warnings} warnings", prices.len()));
    }
    Ok(if errors + warnings == 0 { Exit::Done } else { Exit::CheckFailed })
}

/// Factors between rated and reported costs of a tenant's usage that repeat.
async fn cost_ratios(args: &Check, tenant: &TenantId, settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let (utc, now) = (jiff::tz::TimeZone::UTC, Clock::System.now());
    let window = time::window(args.from.as_deref(), args.to.as_deref(), &utc, now)?;
    let all = Window { from: Timestamp::EARLIEST, to: now.plus_micros(SKEW_MAX_MICROS) };
    local::with(settings, async |local| {
        let who = local.speak_for(tenant).await?;
        Ok(local.service.cost_ratios(&who, window.unwrap_or(all)).await?)
    })
    .await
}

/// Days after which a book may miss too many prices to be trusted.
const STALE_DAYS: i32 = 90;

fn staleness(prices: &[Price], now: Timestamp) -> Option<Finding> {
    let read: jiff::civil::Date = price_check::retrieved(prices)?.parse().ok()?;
    let age = jiff::tz::TimeZone::UTC.to_datetime(now.to_jiff()).date().since(read).ok()?.get_days();
    let message =
        format!("the newest catalogue was read {age} days ago, on {read}: `purser prices update` reads it anew");
    (age > STALE_DAYS).then(|| Finding::new(Severity::Warning, "price book", message))
}

/// Every name of the book in force: what match clauses of catalogues expand to.
async fn known_names(settings: &Settings) -> anyhow::Result<KnownNames> {
    let mut known = KnownNames::default();
    known.add_prices(&local::prices(settings).await?);
    Ok(known)
}

fn read(path: &Path, known: &KnownNames) -> anyhow::Result<Vec<Price>> {
    let format = sniff(path)?;
    Ok(convert(path, format, &origin(path, format, None, None), known)?.prices)
}

/// The format of a file, by its first bytes.
fn sniff(path: &Path) -> anyhow::Result<Format> {
    let text = text_of(path)?;
    let start: String = text.chars().take(4_096).collect();
    Ok(if start.contains(price_file::FORMAT) {
        Format::Purser
    } else if start.contains("sample_spec") || start.contains("litellm_provider") {
        Format::Litellm
    } else {
        Format::GenaiPrices
    })
}

fn convert(path: &Path, format: Format, origin: &Origin, known: &KnownNames) -> anyhow::Result<Converted> {
    let text = text_of(path)?;
    let refuse = |message: String| Failure::with(Exit::Refused, format!("{}: {message}", path.display()));
    match format {
        Format::Purser => match price_file::parse(text.as_bytes()) {
            Ok(prices) => Ok(Converted { prices, findings: Vec::new() }),
            Err(findings) => {
                let lines: Vec<String> =
                    findings.iter().map(|f: &Finding| format!("{}: {}", f.subject, f.message)).collect();
                Err(refuse(lines.join("; ")))
            }
        },
        Format::Litellm => price_litellm::convert(&text, origin).map_err(|error| refuse(error.to_string())),
        Format::GenaiPrices => price_genai::convert(&text, origin, known).map_err(|error| refuse(error.to_string())),
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn origin(path: &Path, format: Format, catalogue: Option<&str>, retrieved: Option<&str>) -> Origin {
    let name = match format {
        Format::Purser => path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        Format::Litellm => "litellm".to_owned(),
        Format::GenaiPrices => "genai-prices".to_owned(),
    };
    let today = Clock::System.now().to_jiff().strftime("%Y-%m-%d").to_string();
    Origin { catalogue: catalogue.map_or(name, str::to_owned), retrieved: retrieved.map_or(today, str::to_owned) }
}
