//! What an estimate means for spending: what a stop at the budget does, how the budget burns down, what many runs cost.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// What becomes of runs that are stopped as soon as they have spent the budget, to the last token.
///
/// A stop between calls spends up to one call more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StopLoss {
    /// Probability that a run is stopped: its cost would be above the budget.
    pub stopped_probability: f64,
    /// Mean cost of a run, stopped or not.
    pub mean_usd: Money,
    /// Mean cost of all runs for each that ends within the budget and without failing; absent if none does.
    pub cost_per_success_usd: Option<Money>,
}

/// What is spent once a step of the plan's own list has ended, all before it included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burn {
    /// The step.
    pub node: String,
    /// The mean.
    pub mean_usd: Money,
    /// Nine runs in ten have spent at most this; from the first 20,480 draws.
    pub p90_usd: Money,
}

/// What many runs of the plan come to together, each drawn for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollUp {
    /// How many.
    pub runs: u64,
    /// The mean.
    pub mean_usd: Money,
    /// One such sum in ten is at most this.
    pub p10_usd: Money,
    /// Nine such sums in ten are at most this.
    pub p90_usd: Money,
}
