//! What was simulated before provenance was kept.

use serde::Serialize;
use serde_json::Value;

use super::Hash;
use crate::money::Money;
use crate::time::Timestamp;

/// What the baseline once said of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Baseline {
    /// The agent run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// What it said the plan costs, dollars.
    #[serde(rename = "cost_usd")]
    pub cost: Money,
    /// Names the inputs; without it, the hash of the payload does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_hash: Option<Hash>,
    /// The inputs; null if they are lost.
    pub payload: Value,
    /// When it was run; without it, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}
