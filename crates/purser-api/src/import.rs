//! Imports on the wire: files that were read in, batch by batch.

use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An import to begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportDraft {
    /// How the file is written: `csv`, `jsonl`, …
    pub format: String,
    /// Source of its events.
    pub source: String,
    /// The file, as people know it.
    pub name: String,
}

/// How an import ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportPatch {
    /// `finished` or `failed`.
    #[schema(example = "finished")]
    pub status: String,
    /// Rows stored.
    #[serde(default)]
    pub accepted: u64,
    /// Rows known already.
    #[serde(default)]
    pub duplicates: u64,
    /// Rows known with another payload.
    #[serde(default)]
    pub conflicts: u64,
    /// Rows that break a rule.
    #[serde(default)]
    pub refused: u64,
}

/// An import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportRecord {
    /// `imp_…`
    pub id: String,
    /// How the file is written.
    pub format: String,
    /// Source of its events.
    pub source: String,
    /// The file, as people know it.
    pub name: String,
    /// `running`, `finished`, `failed` or `voided`.
    pub status: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended, well or not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// Rows stored.
    pub accepted: u64,
    /// Rows known already.
    pub duplicates: u64,
    /// Rows known with another payload.
    pub conflicts: u64,
    /// Rows that break a rule.
    pub refused: u64,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub voided_at: Option<Timestamp>,
    /// Why.
    pub void_reason: Option<String>,
}

/// The newest imports first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportPage {
    /// The imports.
    pub imports: Vec<ImportRecord>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
