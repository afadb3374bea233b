//! How good past predictions were.

use serde::{Deserialize, Serialize};

use crate::time::Window;

/// A prediction and what came of it, in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The predicted mean.
    pub mean: f64,
    /// The predicted 10th percentile.
    pub p10: f64,
    /// The predicted median.
    pub p50: f64,
    /// The predicted 90th percentile.
    pub p90: f64,
    /// What came.
    pub actual: f64,
}

/// How good predictions were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many.
    pub pairs: u64,
    /// Σ(mean − actual) / Σ actual: above zero if too high.
    pub bias: Option<f64>,
    /// Σ|mean − actual| / Σ actual.
    pub wape: Option<f64>,
    /// Σ|median − actual| / Σ actual: the median is the better guess by this measure.
    pub wape_p50: Option<f64>,
    /// Mean pinball loss of the median, in the pairs' unit.
    pub pinball_p50: f64,
    /// Mean pinball loss of P90.
    pub pinball_p90: f64,
    /// The share of actual values at most P90; 0.9 is right.
    pub coverage_p90: f64,
    /// The share within P10 and P90; 0.8 is right.
    pub coverage_p10_p90: f64,
}

/// How good the predictions of the cost of a window's runs were, dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When the runs were.
    pub window: Window,
    /// The number of the calibration that was in force when the window began; `None` if there was none.
    pub calibration: Option<i64>,
    /// The version of what the predictions rest on, `none` if nothing could be learned.
    pub calibration_version: String,
    /// What that was learned from.
    pub learned_from: Option<Window>,
    /// By skill and model, then runs by their own plan.
    pub rows: Vec<Row>,
    /// All of them.
    pub total: Option<Score>,
    /// Runs that could not be scored: a part of them has no price, or their plan has none any more.
    pub unpriced: u64,
}

/// One group of predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The skill; empty for runs by their own plan.
    pub skill: String,
    /// The model; empty for runs by their own plan.
    pub model: String,
    /// Whether the runs' own plans were simulated.
    pub by_plan: bool,
    /// How good they were.
    pub score: Score,
}
