//! What an estimate means for spending, and how it would look under other settings.

use purser_domain::estimate::{Burn, Estimate, Options, SweepPoint};
use purser_domain::money::Money;

use super::words;
use crate::view::amount::{self, Amount};

/// One row of what is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spend {
    /// On what.
    pub name: String,
    /// One in ten is at most this, if that is known.
    pub p10: Option<Amount>,
    /// The mean; none if there is nothing to take it of.
    pub mean: Option<Amount>,
    /// Nine in ten are at most this, if that is known.
    pub p90: Option<Amount>,
}

/// What is spent once a step has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Burned {
    /// The step.
    pub node: String,
    /// Mean.
    pub mean: Amount,
    /// P90.
    pub p90: Amount,
    /// The mean's part of the budget.
    pub share: Option<String>,
}

/// The plan with one setting at another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The setting.
    pub name: String,
    /// Mean cost.
    pub mean: Amount,
    /// P90 of the cost.
    pub p90: Amount,
    /// P90 of the latency.
    pub latency: String,
    /// Runs that fail.
    pub fails: String,
    /// Whether the plan is feasible then.
    pub feasible: bool,
}

/// Cost per success, what a stop at the budget does, and what many runs come to.
pub(super) fn spends(said: &Estimate) -> Vec<Spend> {
    let of_mean =
        |name: String, mean: Option<Money>| Spend { name, p10: None, mean: mean.map(amount::money), p90: None };
    let mut rows = vec![of_mean("A run, for each that succeeds".to_owned(), said.cost_per_success_usd)];
    if let Some(stop) = &said.stop_at_budget {
        let stopped = words::percent(stop.stopped_probability);
        rows.push(of_mean(format!("A run, if stopped at the budget ({stopped} are)"), Some(stop.mean_usd)));
        rows.push(of_mean("The same, for each that succeeds".to_owned(), stop.cost_per_success_usd));
    }
    rows.extend(said.roll_up.iter().map(|sum| Spend {
        name: match sum.runs {
            1 => "1 run alone".to_owned(),
            runs => format!("{} runs together", amount::count(i64::try_from(runs).unwrap_or(i64::MAX)).text),
        },
        p10: Some(amount::money(sum.p10_usd)),
        mean: Some(amount::money(sum.mean_usd)),
        p90: Some(amount::money(sum.p90_usd)),
    }));
    rows
}

/// How the budget burns down, if there is one and there are steps on the way.
pub(super) fn burn_down(options: &Options, said: &Estimate) -> Vec<Burned> {
    let Some(budget) = options.budget_usd.filter(|_| said.burn_down.len() > 1) else { return Vec::new() };
    let row = |Burn { node, mean_usd, p90_usd }: &Burn| Burned {
        node: node.clone(),
        mean: amount::money(*mean_usd),
        p90: amount::money(*p90_usd),
        share: amount::percent(mean_usd.pico(), budget.pico()),
    };
    said.burn_down.iter().map(row).collect()
}

/// The other settings that were tried.
pub(super) fn settings(said: &Estimate) -> Vec<Setting> {
    let row = |point: &SweepPoint| Setting {
        name: point.setting.to_string(),
        mean: amount::money(point.cost_usd.mean),
        p90: amount::money(point.cost_usd.p90),
        latency: words::span(point.latency_ms.p90),
        fails: words::percent(point.failure_probability),
        feasible: point.feasible,
    };
    said.sweep.iter().map(row).collect()
}
