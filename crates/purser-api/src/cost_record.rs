//! The reference's cost record: a cost that its writer fixed.

use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The reference's cost record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CostRecordBody {
    /// The model.
    pub model: String,
    /// The cost in cents, fractions kept: a number or decimal text.
    #[schema(value_type = f64, example = 0.3)]
    pub cost_cents: serde_json::Value,
    /// Text tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Text tokens written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// The end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// `namespace.action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_tag: Option<String>,
    /// Makes the record idempotent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    /// The skill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill_id: Option<String>,
}

/// The reference's envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostRecorded {
    /// The record.
    pub data: RecordedId,
    /// About the request.
    pub meta: EnvelopeMeta,
}

/// The record's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordedId {
    /// `cr_…`
    pub id: String,
    /// `recorded`
    pub status: String,
}

/// About the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvelopeMeta {
    /// Names the request in the log.
    pub request_id: String,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}
