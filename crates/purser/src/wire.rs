//! Domain nouns in the shapes of the API, so that `--json` prints what the server would.

use std::collections::BTreeMap;

use purser_api::usage_query::{UsageAnswer, UsageRow, UsageTotals};
use purser_domain::tenant::Tenant;
use purser_domain::usage_query::{Answer, Metric, Query, Totals};
use serde_json::{Value, json};

/// A tenant.
pub(crate) fn tenant(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id,
        "zone": tenant.zone,
        "week_start": tenant.week_start,
        "anchor_day": tenant.anchor_day,
    })
}

/// An answer to `query` in the calendar of `zone`.
pub(crate) fn answer(query: &Query, zone: &str, answer: &Answer) -> UsageAnswer {
    let names: Vec<String> = query.by.iter().map(purser_domain::usage_query::Dimension::name).collect();
    let rows = answer
        .rows
        .iter()
        .map(|row| UsageRow {
            bucket: row.bucket,
            keys: names.iter().cloned().zip(row.keys.iter().cloned()).collect(),
            other: row.other,
            totals: totals(&query.metrics, &row.totals),
        })
        .collect();
    UsageAnswer {
        window: query.window.map(Into::into),
        grain: query.grain.map(|grain| format!("{grain:?}").to_lowercase()),
        group_by: names,
        zone: zone.to_owned(),
        rows,
        total: totals(&query.metrics, &answer.total),
        as_of: answer.as_of,
        newest_event: answer.newest,
    }
}

fn totals(metrics: &[Metric], totals: &Totals) -> UsageTotals {
    let mut values = BTreeMap::new();
    let mut latency = None;
    for metric in metrics {
        match metric {
            Metric::Requests => {
                values.insert("requests".to_owned(), totals.get(purser_domain::usage::Leaf::Requests));
            }
            Metric::Leaf(leaf) => {
                values.insert(leaf.quantity_name().to_owned(), totals.get(*leaf));
            }
            Metric::Errors => {
                values.insert("errors".to_owned(), totals.errors);
            }
            Metric::Latency => latency = totals.latency_ms_mean(),
        }
    }
    UsageTotals {
        cost_usd: totals.cost,
        priced_fraction: totals.priced_fraction(),
        charged_events: totals.charged,
        unpriced_events: totals.charged - totals.priced,
        metrics: values,
        latency_ms_mean: latency,
    }
}
