//! `purser ledger`: what jobs do in the background, by hand.

use std::time::Duration;

use clap::Subcommand;
use purser_ledger::Ledger;
use purser_ledger::report::{Stats, Verified};
use serde_json::{Value, json};

use crate::config::Settings;
use crate::exit::Exit;
use crate::local::{self, ledger_failure};
use crate::output::{self, Column, grouped};
use crate::time::parse_duration;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Move what waits in the inbox to the lake
    Flush(Output),
    /// Rewrite closed days into few sorted files
    Optimize(Output),
    /// Delete files that no recent version needs
    Vacuum {
        /// Keep what versions younger than this need
        #[arg(long, default_value = "7d", value_parser = parse_duration)]
        keep: Duration,
        /// Say what would be deleted, delete nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Print the ledger's size
    Stats(Output),
    /// Derive counts and sums from the files again and compare; exit 8 if anything disagrees
    Verify(Output),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    let (report, json, exit) = local::with(settings, async |local| perform(&local.ledger, command).await).await?;
    if json {
        output::json(&report)?;
    } else {
        table(&report)?;
    }
    Ok(exit)
}

async fn perform(ledger: &Ledger, command: Command) -> anyhow::Result<(Value, bool, Exit)> {
    let done = match command {
        Command::Flush(output) => {
            let flushed = ledger.flush().await.map_err(ledger_failure)?;
            (json!({ "entries": flushed.entries, "files": flushed.files, "bytes": flushed.bytes }), output, Exit::Done)
        }
        Command::Optimize(output) => {
            let done = ledger.optimize().await.map_err(ledger_failure)?;
            let report = json!({
                "days": done.days,
                "files_removed": done.files_removed,
                "files_added": done.files_added,
                "bytes_removed": done.bytes_removed,
                "bytes_added": done.bytes_added,
            });
            (report, output, Exit::Done)
        }
        Command::Vacuum { keep, dry_run, output } => {
            let done = ledger.vacuum(keep, dry_run).await.map_err(ledger_failure)?;
            (json!({ "dry_run": dry_run, "deleted": done.files.len(), "files": done.files }), output, Exit::Done)
        }
        Command::Stats(output) => (stats(ledger.stats().await.map_err(ledger_failure)?), output, Exit::Done),
        Command::Verify(output) => {
            let found = ledger.verify().await.map_err(ledger_failure)?;
            let exit = if found.findings.is_empty() { Exit::Done } else { Exit::CheckFailed };
            (verified(&found), output, exit)
        }
    };
    Ok((done.0, done.1.json, done.2))
}

fn stats(stats: Stats) -> Value {
    json!({
        "lake_version": stats.lake_version,
        "lake_files": stats.lake_files,
        "lake_rows": stats.lake_rows,
        "lake_bytes": stats.lake_bytes,
        "lake_bytes_per_row": (stats.lake_rows > 0).then(|| stats.lake_bytes as f64 / stats.lake_rows as f64),
        "inbox_rows": stats.inbox_rows,
        "inbox_bytes": stats.inbox_bytes,
        "flushed_seq": stats.flushed_seq,
        "head_seq": stats.head_seq,
        "received_through": stats.received_through,
        "index_bytes": stats.index_bytes,
    })
}

fn verified(found: &Verified) -> Value {
    let findings: Vec<Value> =
        found.findings.iter().map(|finding| json!({ "place": finding.place, "problem": finding.problem })).collect();
    json!({
        "ok": found.findings.is_empty(),
        "rows": found.rows,
        "files": found.files,
        "charged_events": found.charged,
        "cost_usd": found.cost,
        "findings": findings,
    })
}

fn table(report: &Value) -> anyhow::Result<()> {
    let rows = report.as_object().into_iter().flatten().map(|(name, value)| {
        let shown = match value {
            Value::Number(number) => number.as_i64().map_or_else(|| format!("{number:.1}"), |n| grouped(n.into())),
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            Value::Array(items) => items.iter().map(item).collect::<Vec<_>>().join("\n"),
            other => other.to_string(),
        };
        vec![name.replace('_', " "), shown]
    });
    Ok(output::table(&[Column::Text("What"), Column::Number("Value")], rows)?)
}

fn item(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => fields.values().filter_map(Value::as_str).collect::<Vec<_>>().join(": "),
        other => other.to_string(),
    }
}
