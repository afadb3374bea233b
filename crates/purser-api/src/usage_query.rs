//! Answers to questions about spend.

use std::collections::BTreeMap;

use purser_domain::money::Money;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Answer, Dimension, Metric, Query, Row, Totals};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was spent, cut as asked. The rows add up to `total` to the last digit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageAnswer {
    /// The window, half-open; null if unbounded.
    pub window: Option<TimeRange>,
    /// Size of the buckets.
    pub grain: Option<String>,
    /// The dimensions of `keys`.
    pub group_by: Vec<String>,
    /// The zone that days, weeks and months follow.
    pub zone: String,
    /// By bucket, then cost descending, then keys; the rest last.
    pub rows: Vec<UsageRow>,
    /// The sum of the rows.
    pub total: UsageTotals,
    /// Holds for what was received until then.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
    /// The latest `occurred_at` among the rows.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub newest_event: Option<Timestamp>,
}

/// A half-open span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimeRange {
    /// First instant inside.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
}

impl From<Window> for TimeRange {
    fn from(window: Window) -> Self {
        Self { from: window.from, to: window.to }
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageRow {
    /// Start of the bucket, if there is a grain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub bucket: Option<Timestamp>,
    /// The group's value per dimension; null = the events have none.
    pub keys: BTreeMap<String, Option<String>>,
    /// Whether this is the folded rest of a `top` query.
    pub other: bool,
    /// Its sums.
    #[serde(flatten)]
    pub totals: UsageTotals,
}

/// Sums over charged events, corrections included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageTotals {
    /// Cost of the priced events.
    #[schema(value_type = String, example = "0.001234500000")]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events; null if there are none.
    pub priced_fraction: Option<f64>,
    /// Charged events.
    pub charged_events: i64,
    /// Charged events without a cost.
    pub unpriced_events: i64,
    /// The metrics asked for: `requests`, `input_tokens`, …, `errors`.
    #[serde(flatten)]
    pub metrics: BTreeMap<String, i64>,
    /// Mean wall time of a call, milliseconds, where known and asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms_mean: Option<f64>,
    /// What the price book makes of the events that it rates whole, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub rated_usd: Option<Money>,
    /// What sources reported, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reported_usd: Option<Money>,
    /// Rated − reported over the events that have both, where asked for; absent if none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub rated_minus_reported_usd: Option<Money>,
    /// Quantities that are not tokens, by name, decimal text, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<BTreeMap<String, String>>,
}

impl UsageAnswer {
    /// The answer to `query` in the calendar of `zone`.
    #[must_use]
    pub fn new(query: &Query, zone: &str, answer: Answer) -> Self {
        let group_by: Vec<String> = query.by.iter().map(Dimension::name).collect();
        let row = |row: Row| UsageRow {
            bucket: row.bucket,
            keys: group_by.iter().cloned().zip(row.keys).collect(),
            other: row.other,
            totals: UsageTotals::new(&query.metrics, &row.totals),
        };
        Self {
            window: query.window.map(Into::into),
            grain: query.grain.map(|grain| format!("{grain:?}").to_lowercase()),
            rows: answer.rows.into_iter().map(row).collect(),
            group_by,
            zone: zone.to_owned(),
            total: UsageTotals::new(&query.metrics, &answer.total),
            as_of: answer.as_of,
            newest_event: answer.newest,
        }
    }
}

impl UsageTotals {
    /// Sums with the metrics asked for.
    #[must_use]
    pub fn new(metrics: &[Metric], totals: &Totals) -> Self {
        let mut shown = BTreeMap::new();
        let mut latency_ms_mean = None;
        let (mut rated_usd, mut reported_usd, mut rated_minus_reported_usd, mut units) = (None, None, None, None);
        for metric in metrics {
            match metric {
                Metric::Requests => drop(shown.insert("requests".to_owned(), totals.get(Leaf::Requests))),
                Metric::Leaf(leaf) => drop(shown.insert(leaf.quantity_name().to_owned(), totals.get(*leaf))),
                Metric::Errors => drop(shown.insert("errors".to_owned(), totals.errors)),
                Metric::Latency => latency_ms_mean = totals.latency_ms_mean(),
                Metric::RatedUsd => rated_usd = Some(totals.rated),
                Metric::ReportedUsd => reported_usd = Some(totals.reported),
                Metric::RatedMinusReportedUsd => {
                    rated_minus_reported_usd = (totals.compared > 0).then_some(totals.difference);
                }
                Metric::Units => {
                    let shown = totals.units.iter().map(|(unit, micros)| (unit.clone(), decimal(*micros)));
                    units = Some(shown.collect());
                }
            }
        }
        Self {
            cost_usd: totals.cost,
            priced_fraction: totals.priced_fraction(),
            charged_events: totals.charged,
            unpriced_events: totals.charged - totals.priced,
            metrics: shown,
            latency_ms_mean,
            rated_usd,
            reported_usd,
            rated_minus_reported_usd,
            units,
        }
    }
}

/// Millionths as a decimal number without trailing zeros.
fn decimal(micros: i128) -> String {
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let text = format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_are_written_as_decimals() {
        for (micros, expect) in [(0, "0"), (10_000_000, "10"), (2_500_000, "2.5"), (-1, "-0.000001")] {
            assert_eq!(decimal(micros), expect);
        }
    }
}
