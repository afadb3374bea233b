//! Ledger rows on the wire.

use purser_api::usage_event::{CountContradiction, EntryRecord, EventDetail, LeafAmount, UnitAmount};
use purser_api::why::WhyRecord;
use purser_domain::charge::{Charge, CostSource};
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::unit::Quantity;
use purser_domain::usage::Leaf;
use purser_service::usage_event as service;

/// A ledger row on the wire.
pub(crate) fn record(entry: Entry) -> EntryRecord {
    let (leaves, units) = (leaves(&entry), units(&entry));
    let aggregate = entry.event.is_aggregate();
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
        cost_source_reason: cost_source_reason(&charge),
        at_least_usd: charge.at_least_usd,
        rated_usd: charge.rated_usd,
        reported_usd: charge.reported_usd,
        priced_fraction: (entry.kind != Kind::Observation).then(|| f64::from(u8::from(cost.is_some()))),
        price_version: charge.price_version.map(|version| version.to_string()),
        match_reason: charge.matched.name().to_owned(),
        leaves,
        units,
        basis: charge.basis.as_deref().map(Into::into),
        operation: event.operation,
        service_tier: event.service_tier,
        inference_geo: event.inference_geo,
        speed: event.speed,
        context_window: event.context_window.map(|window| window.to_string()),
        aggregate,
        project: event.project,
        environment: event.environment,
        feature_tag: event.feature_tag,
        user_id: event.user_id,
        agent: event.agent,
        skill: event.skill,
        tool: event.tool,
        mcp_server: event.mcp_server,
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
        foreign_cost: event.foreign_cost,
        contradiction: event
            .contradiction
            .map(|found| CountContradiction { reason: found.reason.clone(), counts: found.counts.clone() }),
        tags: event.tags,
        import_id: entry.import_id,
    }
}

/// Why the reported cost stands, or none: the rule that prefers it, or why the event could not be rated whole.
fn cost_source_reason(charge: &Charge) -> Option<String> {
    if charge.cost().is_some_and(|(_, source)| source == CostSource::Rated) {
        return None;
    }
    let preference = charge.basis.as_deref().and_then(|basis| basis.preference.clone());
    let preference = preference.filter(|_| charge.prefers_reported).map(|rule| format!("prefers reported: {rule}"));
    Some(preference.unwrap_or_else(|| charge.matched.name().to_owned()))
}

/// Every unit that was used or priced.
fn units(entry: &Entry) -> Vec<UnitAmount> {
    let unit = |(name, quantity): (&String, &Quantity)| UnitAmount {
        unit: name.clone(),
        quantity: quantity.to_string(),
        amount_usd: entry.charge.unit_amounts.get(name).copied(),
    };
    entry.event.units.iter().map(unit).collect()
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
        why: detail.why.map(|(why, sightings)| WhyRecord::new(why, sightings)),
        current: detail.current.map(record),
        observations: detail.observations.into_iter().map(record).collect(),
        corrections,
        history: detail.history.into_iter().map(record).collect(),
    }
}
