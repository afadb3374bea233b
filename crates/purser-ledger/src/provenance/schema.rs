//! The schema of the table `provenance`: one row per [`purser_domain::provenance::Chained`].

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use purser_store::inbox::Log;

use crate::layout::Layout;
use crate::schema::{AMOUNT, timestamp};

/// Partition column: the UTC date of `received_at`, so that retention drops the oldest part of each chain.
pub(super) const RECEIVED_DATE: &str = "received_date";

/// A seed has 64 bits without a sign, which Delta has no integer for.
pub(super) const SEED: DataType = DataType::Decimal128(20, 0);

/// The versions, in the order of `Versions::texts`.
pub(super) const VERSIONS: [&str; 5] =
    ["catalogue_version", "model_version", "adapter_version", "price_book_version", "code_version"];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let required = |name: &str, data_type: DataType| Field::new(name, data_type, false);
    let optional = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    let text = |name: &str| required(name, DataType::Utf8);
    let mut fields = vec![
        required(RECEIVED_DATE, DataType::Date32),
        text("tenant_id"),
        text("id"),
        required("created_at", timestamp()),
        required("received_at", timestamp()),
        required("position", DataType::Int64),
        text("source"),
        text("variant"),
        text("status"),
        text("inputs"),
        text("output"),
    ];
    fields.extend(VERSIONS.map(|name| optional(name, DataType::Utf8)));
    fields.extend([
        optional("seed", SEED),
        text("input_hash"),
        text("output_hash"),
        optional("run_id", DataType::Utf8),
        optional("v1_cost_usd", AMOUNT),
        optional("v2_cost_usd", AMOUNT),
        optional("cost_delta_usd", AMOUNT),
        required("runtime_ms", DataType::Int64),
        text("prev_hash"),
        text("record_hash"),
    ]);
    Arc::new(Schema::new(fields))
});

static FILE_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(SCHEMA.fields()[1..].to_vec())));

/// Every column, the partition column first.
pub(super) fn schema() -> SchemaRef {
    SCHEMA.clone()
}

fn file_schema() -> SchemaRef {
    FILE_SCHEMA.clone()
}

/// Provenance records: wide rows, hence few at once.
pub(crate) static PROVENANCE: Layout = Layout {
    name: "provenance",
    log: Log::Provenance,
    app_id: "purser.provenance",
    lease: "provenance.lake",
    date: RECEIVED_DATE,
    time: "created_at",
    schema,
    file_schema,
    random_texts: &["id", "inputs", "output", "input_hash", "output_hash", "prev_hash", "record_hash"],
    rising: &["created_at", "received_at", "position"],
    looked_up: &["id", "input_hash", "run_id"],
    row_group_rows: 16_384,
    flush_rows: 30_000,
    file_rows: 60_000,
};
