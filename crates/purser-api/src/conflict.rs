//! Event ids that came again with another payload.

use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A conflict: an id that came again with another payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConflictRecord {
    /// Grows with each conflict.
    pub id: i64,
    /// Source of the event.
    pub source: String,
    /// Id of the event.
    pub event_id: String,
    /// How often that payload came.
    pub times: u64,
    /// When it came first.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When it came last.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
    /// The import that brought it.
    pub import_id: Option<String>,
}

/// A page of conflicts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConflictPage {
    /// The conflicts.
    pub conflicts: Vec<ConflictRecord>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
