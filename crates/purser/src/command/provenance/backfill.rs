//! `purser provenance backfill`: brings in what the baseline said before provenance was kept.
//! Invariant: nothing is stored unless every record of every file can be read.

use std::path::{Path, PathBuf};

use anyhow::Context;
use purser_api::provenance::ProvenanceBackfill;
use purser_domain::provenance::Baseline;
use purser_domain::tenant::TenantId;
use purser_domain::usage_event::FieldError;
use purser_service::Error;
use purser_service::decode::baseline;
use purser_service::provenance::Backfilled;

use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::output::{self, grouped};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files of records, JSON or JSONL, or directories of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Say what would be stored, store nothing
    #[arg(long)]
    dry_run: bool,
    /// So many in one transaction, 1 to 10000
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    batch_size: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let source = Source::open(&args.source, settings).await?;
    let done = fill(&args, &source).await;
    source.close().await?;
    let done = done?;
    if args.json {
        output::json(&done)?;
    } else {
        show(&done);
    }
    Ok(if done.errors == 0 { Exit::Done } else { Exit::Refused })
}

async fn fill(args: &Args, source: &Source) -> anyhow::Result<ProvenanceBackfill> {
    let baselines = read(&args.paths, &source.tenant().await?)?;
    let batch_size = usize::from(args.batch_size);
    match source {
        Source::Server(client) => {
            let mut all = ProvenanceBackfill { dry_run: args.dry_run, ..ProvenanceBackfill::default() };
            for part in baselines.chunks(batch_size) {
                let done = client.provenance_backfill(part, args.dry_run).await?;
                all.inserted += done.inserted;
                all.skipped += done.skipped;
                all.errors += done.errors;
                all.first_error = all.first_error.or(done.first_error);
            }
            Ok(all)
        }
        Source::Local(local, who) => {
            let done = if args.dry_run {
                local.service.provenance_backfill_preview(who, &baselines).await?
            } else {
                local.service.provenance_backfill(who, baselines, batch_size).await?
            };
            let Backfilled { inserted, skipped, errors, first_error } = done;
            Ok(ProvenanceBackfill { inserted, skipped, errors, first_error, dry_run: args.dry_run })
        }
    }
}

/// All records of all files, or everything that is wrong with them.
fn read(paths: &[PathBuf], tenant: &TenantId) -> anyhow::Result<Vec<Baseline>> {
    let (mut baselines, mut errors) = (Vec::new(), Vec::new());
    for path in files(paths)? {
        let name = path.display();
        let text = std::fs::read(&path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let decoded = baseline::decode(&text, tenant);
        let (found, wrong) = decoded.map_err(|why| Failure::usage(format!("{name}: {why}")))?;
        baselines.extend(found);
        errors.extend(wrong.into_iter().map(|error| FieldError { field: format!("{name}: {}", error.field), ..error }));
    }
    if errors.is_empty() { Ok(baselines) } else { Err(Error::invalid(errors).into()) }
}

/// The files themselves, and those of the directories that end as such files do, by name.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        let mut inside = Vec::new();
        for entry in entries {
            inside.push(entry.with_context(|| path.display().to_string())?.path());
        }
        inside.retain(|path| is_records(path));
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

fn is_records(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "json" || end == "jsonl" || end == "ndjson")
}

fn show(done: &ProvenanceBackfill) {
    let [inserted, skipped, errors] = [done.inserted, done.skipped, done.errors].map(|count| grouped(count.into()));
    let verb = if done.dry_run { "would be stored" } else { "stored" };
    output::talk(format!("{inserted} {verb}, {skipped} there already, {errors} refused"));
    if let Some(error) = &done.first_error {
        output::talk(format!("the first refused: {error}"));
    }
}
