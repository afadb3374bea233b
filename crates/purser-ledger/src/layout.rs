//! How a table of the lake is laid out, and which inbox fills it: usage here, provenance beside its rows.
//! Invariant: every table has `tenant_id`, a time of its own and `received_at`, by which files are sorted and pruned.

use arrow::datatypes::SchemaRef;
use purser_store::inbox::Log;

use crate::schema;

/// The layout of one table.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The table's name.
    pub(crate) name: &'static str,
    /// The inbox that fills it.
    pub(crate) log: Log,
    /// The application whose transactions number the inbox batches.
    pub(crate) app_id: &'static str,
    /// The lease of whoever changes the table.
    pub(crate) lease: &'static str,
    /// The partition column: a UTC date.
    pub(crate) date: &'static str,
    /// When what a row tells happened.
    pub(crate) time: &'static str,
    /// Every column, the partition column first.
    pub(crate) schema: fn() -> SchemaRef,
    /// The columns of a file: Delta keeps the partition column in the log.
    pub(crate) file_schema: fn() -> SchemaRef,
    /// Columns whose values hardly repeat: no dictionary.
    pub(crate) random_texts: &'static [&'static str],
    /// Columns whose values grow: stored as differences.
    pub(crate) rising: &'static [&'static str],
    /// Columns that are looked up by value: files say what they do not hold.
    pub(crate) looked_up: &'static [&'static str],
    /// Rows of a row group.
    pub(crate) row_group_rows: usize,
    /// Rows of one flush: bounds memory.
    pub(crate) flush_rows: usize,
    /// Rows of a rewritten file.
    pub(crate) file_rows: usize,
}

impl Layout {
    /// The columns that files are sorted by within a date, and whose bounds the table's log keeps.
    pub(crate) const fn order(&self) -> [&'static str; 3] {
        ["tenant_id", self.time, "received_at"]
    }
}

/// Usage events.
pub(crate) static USAGE: Layout = Layout {
    name: "usage_events",
    log: Log::Usage,
    app_id: "purser",
    lease: "ledger.lake",
    date: schema::EVENT_DATE,
    time: "occurred_at",
    schema: schema::schema,
    file_schema: schema::file_schema,
    random_texts: &["event_id", "trace_id", "span_id", "parent_span_id", "response_id"],
    rising: &["occurred_at", "received_at"],
    looked_up: &[],
    row_group_rows: 131_072,
    flush_rows: 120_000,
    file_rows: 2_000_000,
};
