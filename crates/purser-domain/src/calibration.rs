//! Usage drivers fitted from a tenant's own runs.
//! Invariant: dated and versioned; what had too few runs is listed as refused, never fitted.

use serde::{Deserialize, Serialize};

use crate::driver::Driver;
use crate::time::Timestamp;

/// The drivers of one tenant, as they were learned at one time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibration {
    /// Content id, `none` if nothing was fitted.
    pub version: String,
    /// When it was fitted.
    pub fitted_at: Timestamp,
    /// By skill, then model.
    pub fits: Vec<Fit>,
    /// Groups with too few runs.
    pub refused: Vec<Refused>,
}

/// What was learned of one skill under one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fit {
    /// The skill.
    pub skill: String,
    /// The model; empty if the skill calls none, or for all its models together.
    pub model: String,
    /// Runs it was learned from.
    pub runs: u64,
    /// Dollars of one run.
    pub cost_usd: Option<Driver>,
    /// Milliseconds of one run.
    pub latency_ms: Option<Driver>,
    /// Model calls of one run.
    pub turns: Option<Driver>,
    /// Tokens answered in one call.
    pub output_tokens: Option<Driver>,
    /// Tool calls after one call.
    pub tool_calls: Option<Driver>,
    /// Probability that a run fails.
    pub failure: Option<f64>,
}

/// A group that had too few runs to be fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The skill.
    pub skill: String,
    /// The model.
    pub model: String,
    /// Its runs.
    pub runs: u64,
    /// How many it takes.
    pub required: u64,
}

/// One past run, as calibration reads it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSample {
    /// The skill.
    pub skill: String,
    /// The model; empty if none.
    pub model: String,
    /// What it cost, dollars; none if unpriced.
    pub cost_usd: Option<f64>,
    /// How long it took, milliseconds.
    pub latency_ms: Option<f64>,
    /// Model calls.
    pub turns: Option<f64>,
    /// Tokens answered per call, on average.
    pub output_tokens: Option<f64>,
    /// Tool calls per model call, on average.
    pub tool_calls: Option<f64>,
    /// Whether it failed.
    pub failed: Option<bool>,
}

impl Calibration {
    /// Nothing learned yet.
    #[must_use]
    pub fn none() -> Self {
        Self { version: "none".to_owned(), ..Self::default() }
    }

    /// What is known of `skill` under `model`; else of `skill` under all its models.
    #[must_use]
    pub fn find(&self, skill: &str, model: &str) -> Option<&Fit> {
        let named = |wanted: &str| self.fits.iter().find(|fit| fit.skill == skill && fit.model == wanted);
        named(model).or_else(|| named(""))
    }
}
