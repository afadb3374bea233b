//! Where imported events go: a data directory, a running server, or nowhere on a dry run.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use purser_api::import::{ImportDraft, ImportPatch};
use purser_api::usage_event::ModelCost;
use purser_domain::entry::{Entry, Kind};
use purser_domain::passed_over::PassedOver;
use purser_domain::tenant::TenantId;
use purser_domain::time::Window;
use purser_engine::price_book::TenantBook;
use purser_ledger::entry_filter::EntryFilter;
use purser_service::decode::decoded::Decoded;
use purser_service::decode::file::Format;
use purser_service::import::{Counts, Status};
use purser_service::ingest::{ModelSum, Options, Prefer, Receipt};
use purser_service::{Error, Principal};

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
    Remote { client: purser_client::Client, dry_run: bool },
    /// Rated only, at the prices of a data directory.
    Dry { book: Arc<TenantBook> },
}

impl Target {
    pub(super) async fn open(args: &Args, settings: &Settings) -> anyhow::Result<Self> {
        if let Some(client) = args.remote.client()? {
            return Ok(Self::Remote { client, dry_run: args.dry_run });
        }
        let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
        if args.dry_run {
            let store = local::store(settings).await?;
            let book = purser_service::price::for_tenant(&store, tenant).await;
            store.close().await.map_err(Error::from)?;
            let preferences = settings.rating.preferences().map_err(Failure::usage)?;
            return Ok(Self::Dry { book: Arc::new(book?.preferring(Arc::new(preferences))) });
        }
        let local = Local::open(settings, true).await?;
        local::require_or_create_tenant(&local.store, tenant).await?;
        Ok(Self::Local { local: Box::new(local), who: operator(tenant) })
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Local { local, .. } => local.close().await,
            Self::Remote { .. } | Self::Dry { .. } => Ok(()),
        }
    }

    /// Opens an import record; its id.
    pub(super) async fn begin(&self, args: &Args, format: Format, file: &Path) -> anyhow::Result<Option<String>> {
        let format = format.name();
        let source = args.source.as_deref().unwrap_or(format);
        match self {
            Self::Local { local, who } => {
                Ok(Some(local.service.import_begin(who, format, source, &file_name(file)).await?.id))
            }
            Self::Remote { client, dry_run: false } => {
                let (format, source) = (format.to_owned(), source.to_owned());
                let draft = ImportDraft { format, source, name: file_name(file) };
                Ok(Some(client.import_begin(&draft).await?.id))
            }
            Self::Remote { .. } | Self::Dry { .. } => Ok(None),
        }
    }

    /// Sends what was read of a file.
    pub(super) fn send(
        &self,
        decoded: Decoded,
        import_id: Option<String>,
        prefer: Option<Prefer>,
    ) -> BoxFuture<'static, anyhow::Result<Receipt>> {
        match self {
            Self::Local { local, who } => {
                let (service, who) = (local.service.clone(), who.clone());
                let options = Options { import_id, prefer, ..Options::partial() };
                let sent = tokio::spawn(async move { service.ingest(&who, decoded, &options).await });
                Box::pin(async move { Ok(sent.await??) })
            }
            Self::Remote { client, dry_run } => {
                let (client, dry_run) = (client.clone(), *dry_run);
                Box::pin(async move { send_remote(&client, decoded, import_id.as_deref(), prefer, dry_run).await })
            }
            Self::Dry { book } => {
                let book = book.clone();
                Box::pin(async move { Ok(purser_service::ingest::dry_run(&book, decoded, prefer)) })
            }
        }
    }

    /// Closes the import record and finds out whose rows were known.
    pub(super) async fn end(&self, summary: &mut Summary, complete: bool) -> anyhow::Result<()> {
        let Some(id) = summary.import_id.clone() else { return Ok(()) };
        let status = if complete { Status::Finished } else { Status::Failed };
        let counts = Counts {
            accepted: summary.accepted + summary.observations,
            duplicate: summary.duplicates,
            conflict: summary.conflicts,
            refused: summary.refused,
        };
        match self {
            Self::Dry { .. } => {}
            Self::Remote { client, .. } => {
                let patch = ImportPatch {
                    status: status.name().to_owned(),
                    accepted: counts.accepted,
                    duplicates: counts.duplicate,
                    conflicts: counts.conflict,
                    refused: counts.refused,
                };
                client.import_end(&id, &patch).await?;
            }
            Self::Local { local, who } => {
                local.service.import_end(who, &id, status, counts).await?;
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

/// What a server says that the events of a model come to.
fn model_sum(cost: ModelCost) -> ((String, String), ModelSum) {
    let sum = ModelSum {
        events: cost.events,
        requests: cost.requests,
        input_tokens: cost.input_tokens,
        output_tokens: cost.output_tokens,
        cost: cost.cost_usd.unwrap_or_default(),
        reported: cost.reported,
        unpriced: cost.unpriced,
    };
    ((cost.provider, cost.model), sum)
}

async fn send_remote(
    client: &purser_client::Client,
    decoded: Decoded,
    import_id: Option<&str>,
    prefer: Option<Prefer>,
    dry_run: bool,
) -> anyhow::Result<Receipt> {
    let lines: Vec<usize> = decoded.events.iter().map(|incoming| incoming.source_index).collect();
    let events: Vec<serde_json::Value> =
        decoded.events.iter().map(|incoming| purser_ingest::native::encode(&incoming.event)).collect();
    let mut receipt = Receipt {
        refused: decoded.refused,
        ignored: decoded.ignored,
        passed_over: decoded.passed_over,
        ..Receipt::default()
    };
    if events.is_empty() {
        return Ok(receipt);
    }
    let answer = client.send_events(&events, import_id, prefer.map(Prefer::name), dry_run).await?;
    let line = |index: u64| usize::try_from(index).ok().and_then(|index| lines.get(index)).copied().unwrap_or(0);
    receipt.accepted = answer.accepted;
    receipt.duplicates = answer.duplicates;
    receipt.observations = answer.observations;
    receipt.unpriced = answer.unpriced;
    receipt.would_charge = answer.would_charge_usd;
    receipt.by_model = answer.by_model.into_iter().map(model_sum).collect();
    for item in answer.passed_over {
        if let Ok(reason) = item.reason.parse() {
            let kind = PassedOver::new(&item.emitter, &item.operation, reason);
            *receipt.passed_over.entry(kind).or_default() += item.count;
        }
    }
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
