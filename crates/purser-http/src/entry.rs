//! Ledger rows on the wire.

use purser_api::usage_event::{EntryRecord, EventDetail, LeafAmount};
use purser_domain::charge::CostSource;
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::usage::Leaf;
use purser_service::usage_event as service;

/// A ledger row on the wire.
pub(crate) fn record(entry: Entry) -> EntryRecord {
    let leaves = leaves(&entry);
    let (event, charge) = (entry.event, entry.charge);
    let cost = charge.cost();
    EntryRecord {
        event_id: event.event_id,
        source: event.source,
        occurred_at: event.occurred_at,
        received_at: entry.received_at,
        kind: entry.kind.name().to_owned(),
        reason: entry.reason.map(|reason| reason.name().to_owned()),
        note: entry.note,
        provider: event.provider,
        model: event.model,
        response_model: event.response_model,
        cost_usd: cost.map(|(amount, _)| amount),
        cost_source: cost.map_or("unpriced", |(_, source): (_, CostSource)| source.name()).to_owned(),
        rated_usd: charge.rated_usd,
        reported_usd: charge.reported_usd,
        priced_fraction: (entry.kind != Kind::Observation).then(|| f64::from(u8::from(cost.is_some()))),
        price_version: charge.price_version.map(|version| version.to_string()),
        match_reason: charge.matched.name().to_owned(),
        leaves,
        operation: event.operation,
        service_tier: event.service_tier,
        project: event.project,
        environment: event.environment,
        feature_tag: event.feature_tag,
        user_id: event.user_id,
        agent: event.agent,
        skill: event.skill,
        run_id: event.run_id,
        session_id: event.session_id,
        trace_id: event.trace_id,
        span_id: event.span_id,
        parent_span_id: event.parent_span_id,
        response_id: event.response_id,
        attempt: event.attempt,
        status: event.status.name().to_owned(),
        error_type: event.error_type,
        latency_ms: event.latency_ms,
        tags: event.tags,
        import_id: entry.import_id,
    }
}

/// Every leaf that was used or priced.
fn leaves(entry: &Entry) -> Vec<LeafAmount> {
    Leaf::ALL
        .into_iter()
        .zip(entry.charge.amounts)
        .map(|(leaf, amount_usd)| LeafAmount {
            leaf: leaf.name().to_owned(),
            quantity: entry.event.usage.get(leaf),
            amount_usd,
        })
        .filter(|leaf| leaf.quantity > 0 || leaf.amount_usd.is_some())
        .collect()
}

/// All that is known of an event, on the wire.
pub(crate) fn detail(detail: service::EventDetail, event_id: String) -> EventDetail {
    let source = detail.history.first().map(|entry| entry.event.source.clone()).unwrap_or_default();
    let newest = detail.history.last();
    let state = match (&detail.current, newest.and_then(|entry| entry.reason)) {
        (Some(_), _) => "charged",
        (None, Some(Reason::Void)) => "voided",
        (None, _) => "observed",
    };
    let corrections = detail.history.iter().filter(|entry| entry.is_correction()).cloned().map(record).collect();
    EventDetail {
        event_id,
        source,
        state: state.to_owned(),
        current: detail.current.map(record),
        observations: detail.observations.into_iter().map(record).collect(),
        corrections,
        history: detail.history.into_iter().map(record).collect(),
    }
}
