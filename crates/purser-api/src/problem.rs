//! The body of every error: RFC 9457 `application/problem+json`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, for programs (`code`, `fields`) and people (`title`, `detail`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The page that explains the code: `/docs/errors/<code>`.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors/invalid-fields")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code.
    #[schema(example = "invalid-fields")]
    pub code: String,
    /// What was wrong with this request.
    pub detail: String,
    /// Every refused field.
    #[serde(default)]
    pub fields: Vec<ProblemField>,
    /// The same in the shape of the analytics contract; on its routes only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub field_errors: Vec<FieldReason>,
    /// Names this request in the server's log; also in the `x-request-id` header.
    pub request_id: String,
}

/// A refused field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// Dotted path, with the item's index where there is one.
    #[schema(example = "[3].occurred_at")]
    pub field: String,
    /// The value as given, cut to 100 characters.
    pub value: String,
    /// Why it is refused.
    pub reason: String,
}

/// A refused parameter of the analytics contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldReason {
    /// The parameter.
    pub field: String,
    /// Why it is refused.
    pub reason: String,
}
