//! The ledger's own columns as CSV: every entry, or sums of hours and days.

use std::io::Write;

use purser_api::usage_query::UsageTotals;
use purser_domain::entry::{Entry, Reason};
use purser_domain::money::Money;
use purser_domain::time::{Grain, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Dimension, Metric, Query};
use purser_service::Principal;

use crate::local::Local;

const TEXTS: [&str; 8] = ["tenant", "received_at", "occurred_at", "kind", "reason", "event_id", "provider", "model"];
const MONEY: [&str; 6] = ["cost_usd", "cost_source", "rated_usd", "reported_usd", "price_version", "match"];

/// The heading of [`row`].
pub(super) fn header(writer: &mut csv::Writer<impl Write>) -> anyhow::Result<()> {
    let mut names: Vec<&str> = TEXTS.to_vec();
    names.extend(purser_domain::usage_event::UsageEvent::default().texts().map(|(name, _)| name));
    names.extend(["status", "attempt", "latency_ms", "import_id", "tags"]);
    names.extend(MONEY);
    names.extend(Leaf::ALL.map(Leaf::quantity_name));
    names.extend(Leaf::ALL.map(Leaf::amount_name));
    names.extend(["units", "unit_amounts", "at_least_usd", "context_window", "foreign_cost", "contradiction", "basis"]);
    Ok(writer.write_record(names)?)
}

/// One entry as it stands in the ledger; a reversal has its quantities and amounts as they were charged.
pub(super) fn row(writer: &mut csv::Writer<impl Write>, entry: &Entry) -> anyhow::Result<()> {
    let (event, charge) = (&entry.event, &entry.charge);
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let number = |value: Option<String>| value.unwrap_or_default();
    let mut cells = vec![
        entry.tenant.to_string(),
        entry.received_at.to_string(),
        event.occurred_at.to_string(),
        entry.kind.name().to_owned(),
        text(entry.reason.map(Reason::name)),
        event.event_id.clone(),
        event.provider.clone(),
        event.model.clone(),
    ];
    cells.extend(event.texts().map(|(_, value)| text(value)));
    cells.push(event.status.name().to_owned());
    cells.push(number(event.attempt.map(|n| n.to_string())));
    cells.push(number(event.latency_ms.map(|n| n.to_string())));
    cells.push(text(entry.import_id.as_deref()));
    cells.push(if event.tags.is_empty() { String::new() } else { serde_json::to_string(&event.tags)? });
    let cost = charge.cost();
    cells.push(number(cost.map(|(cost, _)| cost.to_string())));
    cells.push(cost.map_or("unpriced", |(_, source)| source.name()).to_owned());
    cells.push(number(charge.rated_usd.map(|usd| usd.to_string())));
    cells.push(number(charge.reported_usd.map(|usd| usd.to_string())));
    cells.push(text(charge.price_version.as_deref()));
    cells.push(charge.matched.name().to_owned());
    cells.extend(event.usage.quantities().map(|quantity| quantity.to_string()));
    cells.extend(charge.amounts.map(|amount| number(amount.map(|usd| usd.to_string()))));
    cells.push(json(Some(&event.units).filter(|units| !units.is_empty()))?);
    cells.push(json(Some(&charge.unit_amounts).filter(|amounts| !amounts.is_empty()))?);
    cells.push(number(charge.at_least_usd.map(|usd| usd.to_string())));
    cells.push(number(event.context_window.map(|window| window.to_string())));
    cells.push(text(event.foreign_cost.as_deref()));
    cells.push(json(event.contradiction.as_deref())?);
    cells.push(json(charge.basis.as_deref())?);
    Ok(writer.write_record(cells)?)
}

/// The value as JSON; empty if there is none.
fn json(value: Option<&impl serde::Serialize>) -> anyhow::Result<String> {
    Ok(value.map(serde_json::to_string).transpose()?.unwrap_or_default())
}

/// The amount as text; empty if there is none.
fn money(amount: Option<Money>) -> String {
    amount.map_or_else(String::new, |usd| usd.to_string())
}

/// Sums per bucket of UTC and the dimensions that bills are read by; returns how many rows.
pub(super) async fn sums(
    local: &Local,
    who: &Principal,
    grain: Grain,
    window: Option<Window>,
    writer: &mut csv::Writer<impl Write>,
) -> anyhow::Result<u64> {
    let by = vec![
        Dimension::Provider,
        Dimension::Model,
        Dimension::ServiceTier,
        Dimension::Project,
        Dimension::Environment,
        Dimension::Feature,
        Dimension::Agent,
        Dimension::User,
    ];
    let mut metrics = Metric::all();
    metrics.push(Metric::Units);
    let query = Query { window, grain: Some(grain), by, metrics, ..Query::default() };
    let utc = purser_domain::time::Calendar::default();
    let answer = local.ledger.query(who.tenant(), &utc, &query).await.map_err(crate::local::ledger_failure)?;
    let mut names = vec!["period_start".to_owned()];
    names.extend(query.by.iter().map(Dimension::name));
    names.extend(["cost_usd", "priced_fraction", "charged_events", "errors"].map(str::to_owned));
    names.extend(Leaf::ALL.map(|leaf| leaf.quantity_name().to_owned()));
    names.extend(["rated_usd", "reported_usd", "rated_minus_reported_usd", "units"].map(str::to_owned));
    writer.write_record(names)?;
    for row in &answer.rows {
        let mut cells = vec![row.bucket.map_or_else(String::new, |at| at.to_string())];
        cells.extend(row.keys.iter().map(|key| key.clone().unwrap_or_default()));
        cells.push(row.totals.cost.to_string());
        cells.push(row.totals.priced_fraction().map_or_else(String::new, |part| part.to_string()));
        cells.push(row.totals.charged.to_string());
        cells.push(row.totals.errors.to_string());
        cells.extend(row.totals.quantities.map(|quantity| quantity.to_string()));
        let shown = UsageTotals::new(&query.metrics, &row.totals);
        cells.extend([shown.rated_usd, shown.reported_usd, shown.rated_minus_reported_usd].map(money));
        cells.push(json(shown.units.as_ref().filter(|units| !units.is_empty()))?);
        writer.write_record(cells)?;
    }
    Ok(answer.rows.len() as u64)
}
