//! What a plan is expected to cost and to take, as a distribution, and what drives it.
//! Invariant: money is exact per draw; every figure names the seed, the draws and the versions it rests on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::driver::Source;
use crate::money::Money;
use crate::usage_event::FieldError;

mod spending;
mod sweep;

pub use spending::{Burn, RollUp, StopLoss};
pub use sweep::{SWEEP_MAX, Sweep, SweepPoint};

/// The most draws of one estimate.
pub const DRAWS_MAX: u32 = 1_000_000;
/// Below that many draws quantiles are exact; from there on their relative error is at most [`SKETCH_ERROR`].
pub const DRAWS_EXACT: u32 = 100_000;
/// The relative error of quantiles from a sketch.
pub const SKETCH_ERROR: f64 = 1.0 / 2_048.0;
/// The most runs of a [`RollUp`].
pub const RUNS_MAX: u64 = 1_000_000_000;

/// What is asked of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The most it may cost.
    pub budget_usd: Option<Money>,
    /// The longest it may take, milliseconds.
    pub deadline_ms: Option<u64>,
    /// How probable it must be that budget and deadline are kept, each: above 0, at most 1.
    pub confidence: f64,
    /// The skills it may call; none of them if empty, any if absent.
    pub allowed_skills: Option<BTreeSet<String>>,
    /// Draws, 1 to [`DRAWS_MAX`].
    pub draws: u32,
    /// Where the random numbers start.
    pub seed: u64,
    /// Whether changes are simulated too.
    pub advice: bool,
    /// Models that could stand in for any other, `provider/model`; without any, cheaper ones of the
    /// same provider are tried.
    pub alternatives: Vec<String>,
    /// How likely two calls to one provider, or of one skill, share their fate in a run: the correlation of their
    /// failures. 0 to 1.
    pub failure_correlation: f64,
    /// So many runs are added up, [`RUNS_MAX`] at most.
    pub runs: Option<u64>,
    /// Settings to try at other values, one at a time.
    pub sweep: Vec<Sweep>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            budget_usd: None,
            deadline_ms: None,
            confidence: 0.9,
            allowed_skills: None,
            draws: 10_000,
            seed: 42,
            advice: true,
            alternatives: Vec::new(),
            failure_correlation: 0.0,
            runs: None,
            sweep: Vec::new(),
        }
    }
}

impl Options {
    /// Appends what is out of range.
    pub fn check(&self, errors: &mut Vec<FieldError>) {
        if !(self.confidence > 0.0 && self.confidence <= 1.0) {
            errors.push(FieldError::new("confidence", &self.confidence, "must be above 0 and at most 1"));
        }
        if !(1..=DRAWS_MAX).contains(&self.draws) {
            errors.push(FieldError::new("draws", &self.draws, format!("must be from 1 to {DRAWS_MAX}")));
        }
        if self.budget_usd.is_some_and(|budget| budget < Money::ZERO) {
            let budget = self.budget_usd.unwrap_or_default();
            errors.push(FieldError::new("budget_usd", &budget, "must not be negative"));
        }
        if self.alternatives.len() > 20 {
            errors.push(FieldError::new("alternatives", &self.alternatives.len(), "must be 20 at most"));
        }
        if !(0.0..=1.0).contains(&self.failure_correlation) {
            let reason = "must be from 0 to 1";
            errors.push(FieldError::new("failure_correlation", &self.failure_correlation, reason));
        }
        if let Some(runs) = self.runs.filter(|runs| !(1..=RUNS_MAX).contains(runs)) {
            errors.push(FieldError::new("runs", &runs, format!("must be from 1 to {RUNS_MAX}")));
        }
        if self.sweep.len() > SWEEP_MAX {
            errors.push(FieldError::new("sweep", &self.sweep.len(), format!("must be {SWEEP_MAX} settings at most")));
        }
    }
}

/// Mean and quantiles of one quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread<T> {
    /// The mean.
    pub mean: T,
    /// The mean's standard error.
    pub standard_error: T,
    /// One draw in ten is at most this.
    pub p10: T,
    /// The median.
    pub p50: T,
    /// Nine draws in ten are at most this.
    pub p90: T,
    /// 99 draws in 100 are at most this.
    pub p99: T,
}

/// The answer about one plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Whether every constraint holds with the confidence asked for.
    pub feasible: bool,
    /// Each constraint that does not, and by how much.
    pub violations: Vec<Violation>,
    /// Cost, dollars.
    pub cost_usd: Spread<Money>,
    /// Latency along the critical path, milliseconds, rounded up.
    pub latency_ms: Spread<u64>,
    /// Probability that the cost is at most the budget; absent without one.
    pub within_budget: Option<f64>,
    /// Probability that the latency is at most the deadline; absent without one.
    pub within_deadline: Option<f64>,
    /// How much the cost exceeds the budget on average, draws within it counting zero.
    pub expected_overrun_usd: Option<Money>,
    /// Probability that the plan fails.
    pub failure_probability: f64,
    /// Average cost of attempts that failed, all of a failed run included.
    pub failed_work_usd: Money,
    /// Mean cost of all runs for each that does not fail; absent if all fail. What plans that fail differently often are
    /// compared by.
    #[serde(default)]
    pub cost_per_success_usd: Option<Money>,
    /// What a stop at the budget would do; absent without one.
    #[serde(default)]
    pub stop_at_budget: Option<StopLoss>,
    /// What has been spent after each step of the plan's own list, 50 points at most; empty without a budget.
    #[serde(default)]
    pub burn_down: Vec<Burn>,
    /// What so many runs come to; absent if not asked for.
    #[serde(default)]
    pub roll_up: Option<RollUp>,
    /// What drives the cost, most of P90 first.
    pub drivers: Vec<DriverShare>,
    /// How many more drivers there are.
    #[serde(default)]
    pub drivers_left_off: u64,
    /// Mean cost and cost around P90 of every node that calls something: for comparing, no part of the answer's text.
    #[serde(skip)]
    pub node_costs: BTreeMap<String, NodeCost>,
    /// What would change it, the largest saving first.
    pub advice: Vec<Advice>,
    /// The settings that were to be tried, in the order asked for.
    #[serde(default)]
    pub sweep: Vec<SweepPoint>,
    /// Skills of which nothing was known.
    pub unknown_skills: Vec<String>,
    /// What all this rests on.
    pub basis: Basis,
}

/// What an estimate rests on: the same basis and plan give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Always `v3`.
    pub model: String,
    /// The version of the simulator.
    pub model_version: String,
    /// The fitted drivers.
    pub calibration_version: String,
    /// The assumptions for skills of which nothing was measured.
    pub prior_version: String,
    /// The prices used, those of the advice included, by their content ids.
    pub price_versions: Vec<String>,
    /// Where the random numbers started.
    pub seed: u64,
    /// How many draws.
    pub draws: u32,
    /// How many drivers the request told.
    pub drivers_from_request: u64,
    /// How many were fitted.
    pub drivers_fitted: u64,
    /// How many were assumed.
    pub drivers_assumed: u64,
}

/// A constraint that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "constraint", rename_all = "snake_case")]
pub enum Violation {
    /// The budget is kept too rarely.
    Budget {
        /// How often it is kept.
        probability: f64,
        /// How much higher it would have to be.
        margin_usd: Money,
    },
    /// The deadline is kept too rarely.
    Deadline {
        /// How often it is kept.
        probability: f64,
        /// How much later it would have to be.
        margin_ms: u64,
    },
    /// A node calls a skill that is not allowed.
    Permission {
        /// The node.
        node: String,
        /// The skill.
        skill: String,
    },
}

/// What a driver spends money on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A skill's own charge.
    Call,
    /// Tokens read in the first turn.
    InputTokens,
    /// Tokens answered in the first turn.
    OutputTokens,
    /// Every turn after the first: its answers and the growing context.
    Turns,
    /// Attempts of the node that failed.
    Failure,
}

impl Part {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::InputTokens => "input tokens",
            Self::OutputTokens => "output tokens",
            Self::Turns => "further turns",
            Self::Failure => "failed attempts",
        }
    }
}

/// How much of the cost one driver of one node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriverShare {
    /// The node.
    pub node: String,
    /// What for.
    pub part: Part,
    /// Where the driver's distribution comes from.
    pub source: Source,
    /// Its part of the mean cost.
    pub mean_usd: Money,
    /// Its part of the cost in draws around P90 (from P85 to P95).
    pub p90_usd: Money,
}

/// A change that was simulated, with the same random numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// What is changed.
    pub change: Change,
    /// The mean saved.
    pub saving_mean_usd: Money,
    /// The P90 saved.
    pub saving_p90_usd: Money,
    /// How P90 of the latency changes, milliseconds; negative is faster.
    pub latency_p90_ms: i64,
    /// The failure probability afterwards.
    pub failure_probability: f64,
    /// Whether the plan is feasible afterwards.
    pub feasible: bool,
}

/// A change to a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// Another model, at the same tokens; whether it answers as well is not judged.
    SwitchModel {
        /// The model of the plan.
        from: String,
        /// The other, `provider/model`.
        to: String,
    },
    /// Every model call caches what it sends again.
    Cache,
    /// Every model call is sent as a batch, which may take a day.
    Batch,
    /// Every loop, map and iteration count is halved.
    HalveCounts,
    /// Nothing is tried twice.
    NoRetries,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SwitchModel { from, to } => write!(f, "{to} in place of {from}"),
            Self::Cache => f.write_str("cache what is sent again"),
            Self::Batch => f.write_str("send calls as a batch"),
            Self::HalveCounts => f.write_str("halve loops, maps and iterations"),
            Self::NoRetries => f.write_str("try nothing twice"),
        }
    }
}

/// Two estimates beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Mean cost, second minus first.
    pub mean_usd: Money,
    /// P50 of cost, second minus first.
    pub p50_usd: Money,
    /// P90 of cost, second minus first.
    pub p90_usd: Money,
    /// P50 of latency, second minus first.
    pub latency_p50_ms: i64,
    /// P90 of latency, second minus first.
    pub latency_p90_ms: i64,
    /// Failure probability, second minus first.
    pub failure_probability: f64,
    /// Cost for each run that does not fail, second minus first; absent if all of one plan's runs fail.
    pub cost_per_success_usd: Option<Money>,
    /// Whether both are equally feasible.
    pub feasibility_match: bool,
    /// Cost by node, those that differ, the largest change of the mean first.
    pub nodes: Vec<NodeDifference>,
}

/// What one node costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeCost {
    /// On average.
    pub mean_usd: Money,
    /// In draws around P90 of the plan's cost (from P85 to P95).
    pub p90_usd: Money,
}

/// How one node's cost differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeDifference {
    /// The node.
    pub node: String,
    /// Its mean cost in the first plan; absent if it is not there.
    pub before_usd: Option<Money>,
    /// Its mean cost in the second.
    pub after_usd: Option<Money>,
    /// Its cost around the first plan's P90.
    pub before_p90_usd: Option<Money>,
    /// Its cost around the second plan's P90: how the change of P90 comes about.
    pub after_p90_usd: Option<Money>,
}
