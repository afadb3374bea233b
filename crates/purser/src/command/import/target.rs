//! Where imported events go: a data directory, a running server, or nowhere on a dry run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use purser_domain::entry::{Entry, Kind};
use purser_domain::money::Money;
use purser_domain::tenant::TenantId;
use purser_domain::time::Window;
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_engine::rating;
use purser_ledger::entry_filter::EntryFilter;
use purser_service::clock::Clock;
use purser_service::decode::decoded::Decoded;
use purser_service::ingest::{Options, Receipt};
use purser_service::{Error, Principal};
use purser_store::import::{Counts, Import, Status};

use super::Args;
use super::summary::{Summary, id_hash};
use crate::config::Settings;
use crate::exit::Failure;
use crate::local;
use crate::local::{Local, ledger_failure, operator};

pub(super) enum Target {
    /// The stores of a data directory.
    Local { local: Box<Local>, who: Principal },
    /// A server.
    Remote(purser_client::Client),
    /// Rated only.
    Dry { book: Arc<TenantBook>, cost: Arc<std::sync::Mutex<Money>> },
}

impl Target {
    pub(super) async fn open(args: &Args, settings: &Settings) -> anyhow::Result<Self> {
        if args.dry_run {
            let (book, _) = PriceBook::compile(local::prices(settings).await?);
            let book = Arc::new(PriceBook::for_tenant(Arc::new(book), Vec::new(), Vec::new()));
            return Ok(Self::Dry { book, cost: Arc::default() });
        }
        if let Some(client) = args.remote.client()? {
            return Ok(Self::Remote(client));
        }
        let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
        let local = Local::open(settings, true).await?;
        local::require_or_create_tenant(&local.store, tenant).await?;
        Ok(Self::Local { local: Box::new(local), who: operator(tenant) })
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Local { local, .. } => local.close().await,
            Self::Remote(_) | Self::Dry { .. } => Ok(()),
        }
    }

    /// Opens an import record; its id.
    pub(super) async fn begin(&self, args: &Args, file: &Path) -> anyhow::Result<Option<String>> {
        let Self::Local { local, who } = self else { return Ok(None) };
        let id = format!("imp_{:016x}", rand::random::<u64>());
        let record = Import {
            id: id.clone(),
            format: args.format.name().to_owned(),
            source: args.source.clone().unwrap_or_else(|| args.format.name().to_owned()),
            name: file_name(file),
            status: Status::Running,
            started_at: Clock::System.now(),
            finished_at: None,
            counts: Counts::default(),
            voided_at: None,
            void_reason: None,
        };
        local.store.import(who.tenant()).create(&record).await.map_err(Error::from)?;
        Ok(Some(id))
    }

    /// Sends what was read of a file.
    pub(super) fn send(
        &self,
        decoded: Decoded,
        import_id: Option<String>,
    ) -> BoxFuture<'static, anyhow::Result<Receipt>> {
        match self {
            Self::Local { local, who } => {
                let (service, who) = (local.service.clone(), who.clone());
                let options = Options { import_id, ..Options::partial() };
                let sent = tokio::spawn(async move { service.ingest(&who, decoded, &options).await });
                Box::pin(async move { Ok(sent.await??) })
            }
            Self::Remote(client) => {
                let client = client.clone();
                Box::pin(async move { send_remote(&client, decoded).await })
            }
            Self::Dry { book, cost } => {
                let (book, cost) = (book.clone(), cost.clone());
                Box::pin(async move { Ok(rate(&book, &cost, decoded)) })
            }
        }
    }

    /// Closes the import record and finds out whose rows were known.
    pub(super) async fn end(&self, summary: &mut Summary, complete: bool) -> anyhow::Result<()> {
        match self {
            Self::Dry { cost, .. } => {
                summary.would_charge = Some(*cost.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
            }
            Self::Remote(_) => {}
            Self::Local { local, who } => {
                let Some(id) = summary.import_id.clone() else { return Ok(()) };
                let counts = Counts {
                    accepted: summary.accepted + summary.observations,
                    duplicate: summary.duplicates,
                    conflict: summary.conflicts,
                    refused: summary.refused,
                };
                let status = if complete { Status::Finished } else { Status::Failed };
                let imports = local.store.import(who.tenant());
                imports.progress(&id, status, counts, Clock::System.now()).await.map_err(Error::from)?;
                if summary.duplicates + summary.conflicts > 0 {
                    attribute(local, who.tenant(), summary).await?;
                }
            }
        }
        Ok(())
    }
}

/// Finds the imports that brought the rows that this file repeats or contradicts.
async fn attribute(local: &Local, tenant: &TenantId, summary: &mut Summary) -> anyhow::Result<()> {
    let own = summary.import_id.clone().unwrap_or_default();
    let mut by_import: HashMap<String, u64> = HashMap::new();
    if let (Some((first, last)), true) = (summary.span, summary.duplicates > 0) {
        let window = Window::new(first, last.plus_micros(1));
        let filter = EntryFilter { window, kinds: vec![Kind::Charge, Kind::Observation], ..EntryFilter::default() };
        let mut entries = local.ledger.scan(tenant, &filter).await.map_err(ledger_failure)?;
        while let Some(batch) = entries.next().await {
            for entry in batch.map_err(ledger_failure)?.iter().filter(|entry| is_first(entry)) {
                let known = summary.ids.contains(&id_hash(&entry.event.source, &entry.event.event_id));
                if known && entry.import_id.as_ref().is_some_and(|import| *import != own) {
                    *by_import.entry(entry.import_id.clone().unwrap_or_default()).or_default() += 1;
                }
            }
        }
    }
    let this_file = file_name(Path::new(&summary.file));
    for (import, rows) in by_import {
        let record = local.store.import(tenant).get(&import).await.map_err(Error::from)?;
        let name = record.map(|record| record.name).unwrap_or_default();
        if name != this_file {
            summary.of_other_files.push((format!("{name} ({import})"), rows));
        }
    }
    summary.of_other_files.sort();
    for conflict in &summary.first_conflicts {
        let history = local.ledger.entry_history(tenant, Some(&conflict.source), &conflict.event_id).await;
        let import = history.map_err(ledger_failure)?.first().and_then(|entry| entry.import_id.clone());
        if let Some(import) = import.filter(|import| !summary.conflicting_imports.contains(import)) {
            summary.conflicting_imports.push(import);
        }
    }
    Ok(())
}

/// Whether the row is the event's own, not a correction's replacement.
fn is_first(entry: &Entry) -> bool {
    entry.reason.is_none()
}

/// The name by which a file is known: its path's end and, so that namesakes differ, its directory.
fn file_name(file: &Path) -> String {
    let full = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    full.display().to_string()
}

fn rate(book: &TenantBook, cost: &std::sync::Mutex<Money>, decoded: Decoded) -> Receipt {
    let mut receipt = Receipt {
        accepted: decoded.events.len() as u64,
        refused: decoded.refused,
        ignored: decoded.ignored,
        ..Receipt::default()
    };
    let mut sum = Money::ZERO;
    for incoming in &decoded.events {
        match rating::rate(book, &incoming.event).cost() {
            Some((amount, _)) => sum = [sum, amount].into_iter().sum(),
            None => receipt.unpriced += 1,
        }
    }
    let mut total = cost.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *total = [*total, sum].into_iter().sum();
    receipt
}

async fn send_remote(client: &purser_client::Client, decoded: Decoded) -> anyhow::Result<Receipt> {
    let lines: Vec<usize> = decoded.events.iter().map(|incoming| incoming.source_index).collect();
    let events: Vec<serde_json::Value> =
        decoded.events.iter().map(|incoming| purser_ingest::native::encode(&incoming.event)).collect();
    let mut receipt = Receipt { refused: decoded.refused, ignored: decoded.ignored, ..Receipt::default() };
    if events.is_empty() {
        return Ok(receipt);
    }
    let answer = client.send_events(&events).await?;
    let line = |index: u64| usize::try_from(index).ok().and_then(|index| lines.get(index)).copied().unwrap_or(0);
    receipt.accepted = answer.accepted;
    receipt.duplicates = answer.duplicates;
    receipt.observations = answer.observations;
    receipt.conflicts = answer
        .conflicts
        .into_iter()
        .map(|c| purser_service::ledger::append::Conflict {
            index: line(c.index),
            source: c.source,
            event_id: c.event_id,
            event: None,
        })
        .collect();
    receipt.refused.extend(answer.refused.into_iter().map(|refused| {
        purser_service::decode::decoded::Refusal {
            index: line(refused.index),
            id: refused.event_id,
            errors: refused
                .errors
                .into_iter()
                .map(|error| purser_domain::usage_event::FieldError::new(error.field, &error.value, error.reason))
                .collect(),
        }
    }));
    Ok(receipt)
}
