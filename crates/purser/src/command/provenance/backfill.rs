//! `purser provenance backfill`: brings in what the baseline said before provenance was kept.
//! Invariant: nothing is stored unless every record of every file can be read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use purser_api::provenance::ProvenanceBackfill;
use purser_client::Client;
use purser_domain::provenance::Baseline;
use purser_domain::tenant::TenantId;
use purser_domain::usage_event::FieldError;
use purser_service::Error;
use purser_service::decode::baseline;
use purser_service::decode::decoded::Unreadable;
use purser_service::provenance::{Backfilled, input_hash};

use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::output::{self, grouped};

/// The most bytes that a server takes in one request, brackets aside.
const SERVER_BYTES: usize = (16 << 20) - 2;
/// The most bytes of several records in one request.
const REQUEST_BYTES: usize = 8 << 20;

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
    let source = Source::open_to_write(&args.source, settings).await?;
    let done = fill(&args, &source).await;
    let closed = source.close().await;
    let done = done?;
    if args.json {
        output::json(&done)?;
    } else {
        show(&done);
    }
    // What was stored is told although the lake takes no more.
    closed?;
    Ok(if done.errors == 0 { Exit::Done } else { Exit::Refused })
}

async fn fill(args: &Args, source: &Source) -> anyhow::Result<ProvenanceBackfill> {
    let baselines = read(&args.paths, &source.tenant().await?)?;
    match source {
        Source::Server(client) => send(client, baselines, args).await,
        Source::Local(local, who) => {
            let done = if args.dry_run {
                local.service.provenance_backfill_preview(who, &baselines).await?
            } else {
                local.service.provenance_backfill(who, baselines, args.batch_size.into()).await?
            };
            let Backfilled { inserted, skipped, errors, first_error } = done;
            Ok(ProvenanceBackfill { inserted, skipped, errors, first_error, dry_run: args.dry_run })
        }
    }
}

/// Sends baselines batch by batch. A failure ends it, and what was stored until then is told: running it again goes on.
async fn send(client: &Client, mut baselines: Vec<Baseline>, args: &Args) -> anyhow::Result<ProvenanceBackfill> {
    let mut all = ProvenanceBackfill { dry_run: args.dry_run, ..ProvenanceBackfill::default() };
    if args.dry_run {
        // The server, which stores nothing, does not see that a batch repeats another.
        let (sent, mut seen) = (baselines.len(), HashSet::new());
        baselines.retain(|baseline| seen.insert(input_hash(baseline)));
        all.skipped = (sent - baselines.len()) as u64;
    }
    for part in parts(&baselines, args.batch_size.into())? {
        let done = client.provenance_backfill(part, args.dry_run).await.inspect_err(|_| show(&all))?;
        all.inserted += done.inserted;
        all.skipped += done.skipped;
        all.errors += done.errors;
        all.first_error = all.first_error.or(done.first_error);
    }
    Ok(all)
}

/// Parts of `size` records at most, and of so many bytes as one request may have.
fn parts(baselines: &[Baseline], size: usize) -> anyhow::Result<Vec<&[Baseline]>> {
    let (mut parts, mut begun, mut bytes) = (Vec::new(), 0, 0);
    for (index, baseline) in baselines.iter().enumerate() {
        let length = serde_json::to_vec(baseline)?.len();
        if length >= SERVER_BYTES {
            let reason = format!("must be below {SERVER_BYTES} bytes with its other fields, to be sent to a server");
            return Err(Error::invalid_field(&format!("[{index}].payload"), &length, &reason).into());
        }
        if index - begun == size || (bytes + length > REQUEST_BYTES && index > begun) {
            parts.extend(baselines.get(begun..index));
            (begun, bytes) = (index, 0);
        }
        bytes += length;
    }
    parts.extend(baselines.get(begun..).filter(|rest| !rest.is_empty()));
    Ok(parts)
}

/// All records of all files, or everything that is wrong with them.
fn read(paths: &[PathBuf], tenant: &TenantId) -> anyhow::Result<Vec<Baseline>> {
    let (mut baselines, mut errors) = (Vec::new(), Vec::new());
    for path in files(paths)? {
        let name = path.display();
        let text = std::fs::read(&path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let decoded = decode(text.trim_ascii(), tenant).map_err(|why| Failure::usage(format!("{name}: {why}")));
        let (found, wrong) = decoded?;
        baselines.extend(found);
        errors.extend(wrong.into_iter().map(|error| FieldError { field: format!("{name}: {}", error.field), ..error }));
    }
    if errors.is_empty() { Ok(baselines) } else { Err(Error::invalid(errors).into()) }
}

/// The records of a file, however many lines it has, and what is wrong with the others.
fn decode(text: &[u8], tenant: &TenantId) -> Result<(Vec<Baseline>, Vec<FieldError>), Unreadable> {
    if text.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    match baseline::decode(text, tenant) {
        // More than one request may have: records in lines are read one by one.
        Err(Unreadable::TooMany | Unreadable::TooLarge(_)) if text.starts_with(b"{") => {}
        decoded => return decoded,
    }
    let (mut baselines, mut errors) = (Vec::new(), Vec::new());
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let (found, wrong) = baseline::decode(line, tenant)?;
        baselines.extend(found);
        errors
            .extend(wrong.into_iter().map(|error| FieldError { field: format!("[{index}].{}", error.field), ..error }));
    }
    Ok((baselines, errors))
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
