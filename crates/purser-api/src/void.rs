//! Usage taken back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Takes usage back by corrections: one event or a whole import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidRequest {
    /// The event; or give `import_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// The event's source, if several sources used the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The import; or give `event_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import_id: Option<String>,
    /// Why, for the audit.
    pub reason: String,
}

/// How much was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidReceipt {
    /// Events that were withdrawn.
    pub voided: u64,
}
