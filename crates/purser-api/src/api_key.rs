//! API keys on the wire. The secret is shown once, when the key is made.

use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyRecord {
    /// The public part.
    pub id: String,
    /// The tenant it speaks for.
    pub tenant: String,
    /// `ingest`, `read`, `operate` or `admin`.
    pub role: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
}

/// The tenant's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyList {
    /// The keys.
    pub keys: Vec<ApiKeyRecord>,
}

/// A key to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKeyDraft {
    /// `ingest`, `read`, `operate` or `admin`.
    pub role: String,
}

/// A new key, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyCreated {
    /// The secret: send it as `Authorization: Bearer <key>`.
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub record: ApiKeyRecord,
}
