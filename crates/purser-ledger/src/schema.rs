//! The one schema of inbox batches, lake files and queries: one row per [`purser_domain::entry::Entry`].
//!
//! Invariant: any engine gets the truth from the lake by a plain `SUM`. Hence charge rows hold their quantities and
//! amounts, reversal rows the same negated, and observation rows none: what an observation saw stands in `observed`
//! as JSON. `charges` is 1, −1 and 0 in turn: its sum counts events; its sum where `cost_usd` is not null, the priced
//! ones. A quantity of zero and an amount that was never rated are null. Units stand by name in `units` and
//! `unit_amounts`, JSON; the sum of the latter in `units_usd`, so that the amounts of leaves and units add up to
//! `rated_usd`. Texts hold no sign: a reversal's are those of the charge.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use purser_domain::usage::Leaf;

/// The version of the row format, in the table's properties and each inbox batch.
///
/// 1: the first. 2: units, geography, speed, tool, context window, contradictions, twelve-hour cache writes, the basis
/// of a rating, the emitter and the call around a span. What version 1 wrote is read as it is: the columns that it lacks are null.
pub const FORMAT_VERSION: &str = "2";

/// Every version of the row format that can be read.
pub const FORMAT_VERSIONS: [&str; 2] = ["1", FORMAT_VERSION];

/// The key of [`FORMAT_VERSION`] in the metadata of tables and batches.
pub const FORMAT_KEY: &str = "purser.format_version";

/// Partition column: days since the epoch of the UTC date of `occurred_at`.
pub const EVENT_DATE: &str = "event_date";

/// The optional texts of an event, in the order of `UsageEvent::texts` (`source` has its own place).
pub const TEXTS: [&str; 20] = [
    "response_model",
    "operation",
    "service_tier",
    "project",
    "environment",
    "feature_tag",
    "user_id",
    "agent",
    "skill",
    "run_id",
    "session_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "response_id",
    "error_type",
    "inference_geo",
    "speed",
    "tool",
    "mcp_server",
];

/// Amounts are `Decimal(18,12)`: pico-dollars.
pub const AMOUNT: DataType = DataType::Decimal128(18, 12);

/// UTC microseconds.
#[must_use]
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let required = |name: &str, data_type: DataType| Field::new(name, data_type, false);
    let optional = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    let mut fields = vec![
        required(EVENT_DATE, DataType::Date32),
        required("tenant_id", DataType::Utf8),
        required("source", DataType::Utf8),
        required("event_id", DataType::Utf8),
        required("kind", DataType::Utf8),
        optional("reason", DataType::Utf8),
        optional("note", DataType::Utf8),
        optional("import_id", DataType::Utf8),
        required("occurred_at", timestamp()),
        required("received_at", timestamp()),
        required("provider", DataType::Utf8),
        required("model", DataType::Utf8),
    ];
    fields.extend(TEXTS.map(|name| optional(name, DataType::Utf8)));
    fields.extend([
        optional("attempt", DataType::Int64),
        required("status", DataType::Utf8),
        optional("latency_ms", DataType::Int64),
        optional("tags", DataType::Utf8),
        optional("context_window", DataType::Utf8),
        optional("units", DataType::Utf8),
        optional("foreign_cost", DataType::Utf8),
        optional("contradiction", DataType::Utf8),
        required("charges", DataType::Int8),
    ]);
    fields.extend(Leaf::ALL.map(|leaf| optional(leaf.quantity_name(), DataType::Int64)));
    fields.extend(Leaf::ALL.map(|leaf| optional(leaf.amount_name(), AMOUNT)));
    fields.extend([
        optional("cost_usd", AMOUNT),
        optional("rated_usd", AMOUNT),
        optional("reported_usd", AMOUNT),
        optional("cost_source", DataType::Utf8),
        optional("price_version", DataType::Utf8),
        required("matched", DataType::Utf8),
        optional("observed", DataType::Utf8),
        optional("units_usd", AMOUNT),
        optional("unit_amounts", DataType::Utf8),
        optional("at_least_usd", AMOUNT),
        optional("basis", DataType::Utf8),
        optional("emitter", DataType::Utf8),
        optional("enclosing_span_id", DataType::Utf8),
    ]);
    Arc::new(Schema::new(fields))
});

/// The schema with every column, partition column first.
#[must_use]
pub fn schema() -> SchemaRef {
    SCHEMA.clone()
}

static FILE_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields: Vec<_> = SCHEMA.fields().iter().filter(|field| field.name() != EVENT_DATE).cloned().collect();
    Arc::new(Schema::new(fields))
});

/// The schema of a lake file: Delta keeps the partition column in the log.
#[must_use]
pub fn file_schema() -> SchemaRef {
    FILE_SCHEMA.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use purser_domain::usage_event::UsageEvent;

    #[test]
    fn text_columns_follow_the_domain() {
        let event = UsageEvent::default();
        let names: Vec<&str> = event.texts().iter().map(|(name, _)| *name).filter(|name| *name != "source").collect();
        assert_eq!(names, TEXTS);
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let schema = schema();
        let names: std::collections::BTreeSet<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names.len(), schema.fields().len());
        assert_eq!(names.len(), 12 + 20 + 9 + 17 + 17 + 13);
    }
}
