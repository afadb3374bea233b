//! From a body to a receipt: decode, take in, count. The one path of every receiver.
//! Invariant: every receiver moves the same meters, under its own name.

use std::time::Instant;

use axum::http::StatusCode;
use purser_api::usage_event::{ConflictItem, ModelCost, PassedOverItem, Receipt as WireReceipt, RefusedItem};
use purser_service::decode::decoded::{Decoded, Refusal, Unreadable};
use purser_service::ingest::{ModelSum, Options, Receipt};
use purser_service::ledger::append::Conflict;
use purser_service::principal::Principal;

use crate::app::App;
use crate::body::off_reactor;
use crate::failure::{Failure, Reply, field};
use crate::meter;

/// The most refused items that a reply lists.
const REFUSED_SHOWN: usize = 1_000;

/// Decodes `size` bytes by `decode` and takes in what it found.
pub(crate) async fn take_in(
    app: &App,
    who: &Principal,
    receiver: &'static str,
    size: usize,
    options: &Options,
    decode: impl FnOnce() -> Result<Decoded, Unreadable> + Send + 'static,
) -> Reply<Receipt> {
    let started = Instant::now();
    let decoded = off_reactor(size > app.config.decode_inline_max, decode).await?.map_err(|why| unreadable(&why))?;
    store(app, who, receiver, started, options, decoded).await
}

/// Takes in what a decoder found, and counts.
pub(crate) async fn store(
    app: &App,
    who: &Principal,
    receiver: &'static str,
    started: Instant,
    options: &Options,
    decoded: Decoded,
) -> Reply<Receipt> {
    let refused = decoded.refused.len() as u64;
    for finding in &decoded.findings {
        tracing::debug!(receiver, count = finding.count, "{}", finding.message);
    }
    let options = &Options { receiver, ..options.clone() };
    match app.service.ingest(who, decoded, options).await {
        Ok(receipt) => {
            if !options.dry_run {
                meter::receipt(receiver, &receipt, started.elapsed());
            }
            Ok(receipt)
        }
        Err(error) => {
            let conflict = error.kind == purser_service::error::Kind::Conflict;
            let count = if conflict { error.fields.len() as u64 } else { refused };
            meter::refused(receiver, conflict, count);
            Err(error.into())
        }
    }
}

/// Why a body could not be split into items, as a failure.
pub(crate) fn unreadable(why: &Unreadable) -> Failure {
    let detail = why.to_string();
    match why {
        Unreadable::Syntax(_) => Failure::malformed(detail),
        Unreadable::TooDeep => Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "too-deep", detail),
        Unreadable::TooMany => Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-events", detail),
        Unreadable::TooLarge(_) => Failure::too_large(detail),
    }
}

/// What the events of a model come to, on the wire.
fn model_cost(((provider, model), sum): ((String, String), ModelSum)) -> ModelCost {
    let unpriced: u64 = sum.unpriced.values().sum();
    ModelCost {
        provider,
        model,
        events: sum.events,
        requests: sum.requests,
        input_tokens: sum.input_tokens,
        output_tokens: sum.output_tokens,
        cost_usd: (unpriced < sum.events).then_some(sum.cost),
        reported: sum.reported,
        unpriced: sum.unpriced,
    }
}

/// A receipt on the wire.
pub(crate) fn wire(receipt: Receipt) -> WireReceipt {
    WireReceipt {
        accepted: receipt.accepted,
        duplicates: receipt.duplicates,
        observations: receipt.observations,
        conflicts: receipt.conflicts.into_iter().map(conflict).collect(),
        refused: receipt.refused.into_iter().take(REFUSED_SHOWN).map(refused).collect(),
        ignored_fields: receipt.ignored,
        unpriced: receipt.unpriced,
        passed_over: receipt.passed_over.into_iter().map(|(kind, count)| PassedOverItem::new(kind, count)).collect(),
        would_charge_usd: receipt.would_charge,
        by_model: receipt.by_model.into_iter().map(model_cost).collect(),
    }
}

fn conflict(conflict: Conflict) -> ConflictItem {
    ConflictItem { index: conflict.index as u64, source: conflict.source, event_id: conflict.event_id }
}

fn refused(refusal: Refusal) -> RefusedItem {
    RefusedItem {
        index: refusal.index as u64,
        event_id: refusal.id,
        errors: refusal.errors.into_iter().map(field).collect(),
    }
}
