//! What is assumed of a skill of which nothing was measured.
//! Invariant: an assumption is wide, and whatever rests on it says so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much larger the 90th percentile of an assumed quantity is than its median.
pub const SPREAD: f64 = 4.0;
/// Median tokens that a model answers in one turn.
pub const OUTPUT_TOKENS: f64 = 250.0;
/// A model answers no more tokens than that unless `max_tokens` says otherwise.
pub const OUTPUT_TOKENS_MAX: u64 = 16_384;
/// Median milliseconds until a model begins to answer.
pub const FIRST_TOKEN_MS: f64 = 800.0;
/// Microseconds for each token that a model answers.
pub const TOKEN_US: u64 = 15_000;
/// Tokens of one tool call's result.
pub const TOOL_RESULT_TOKENS: f64 = 300.0;
/// Probability that a model call fails.
pub const LLM_FAILURE: f64 = 0.02;

/// Medians and the failure probability of one call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Median cost, dollars; a skill that costs nothing is certain to.
    pub cost_usd: f64,
    /// Median latency, milliseconds.
    pub latency_ms: f64,
    /// Probability of failure.
    pub failure: f64,
}

/// What is assumed of skills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Priors {
    /// The catalogue it comes from.
    pub version: String,
    /// By skill.
    pub skills: BTreeMap<String, Prior>,
    /// Of any other: pessimistic.
    pub unknown: Prior,
}
