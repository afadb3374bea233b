//! Fits usage drivers from a tenant's own runs, each group pulled towards all runs of its skill, and these towards
//! all runs together.
//! Invariant: the same runs in any order give the same fit; a group below [`RUNS_MIN`] is refused.
//!
//! Quantities are log-normal. A group of n runs counts n/(n + [`PSEUDO_RUNS`]) in its own location and spread;
//! the spread is that of the next run, not of those seen, so it is wider for few runs. Every quantity's spread is then
//! stretched or shrunk, for all groups alike, until P90 holds for nine tenths of the values above zero (the `stretch` module).

use std::collections::BTreeMap;

use purser_domain::calibration::{Calibration, Fit, Refused, RunSample};
use purser_domain::driver::Driver;
use purser_domain::time::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use log_normal::Moments;

mod log_normal;
mod stretch;

/// A group with fewer runs is not fitted: its skill's fit stands in, or the prior.
pub const RUNS_MIN: u64 = 5;
/// How many runs the pooled fit counts as.
pub const PSEUDO_RUNS: f64 = 4.0;

/// Fits every (skill, model), every skill over all its models (model empty), and all runs together (both empty),
/// as of `now`.
#[must_use]
pub fn calibrate(runs: &[RunSample], now: Timestamp) -> Calibration {
    let mut members: BTreeMap<Key<'_>, Vec<&RunSample>> = BTreeMap::new();
    for run in runs {
        for key in path((&run.skill, &run.model)) {
            members.entry(key).or_default().push(run);
        }
    }
    let groups: Groups<'_> = members.iter().map(|(key, runs)| (*key, Group::of(runs))).collect();
    let stretches = std::array::from_fn(|quantity| stretch::of(runs, &groups, quantity));
    let mut calibration = Calibration { fitted_at: now, ..Calibration::none() };
    for (key, group) in &groups {
        let (skill, model) = (key.0.to_owned(), key.1.to_owned());
        if group.runs >= RUNS_MIN {
            calibration.fits.push(fit(*key, &groups, &stretches));
        } else if !skill.is_empty() {
            calibration.refused.push(Refused { skill, model, runs: group.runs, required: RUNS_MIN });
        }
    }
    if !calibration.fits.is_empty() {
        calibration.version = version(&calibration);
    }
    calibration
}

/// The content id of what was fitted, its date aside.
fn version(calibration: &Calibration) -> String {
    let content = serde_json::to_vec(&(&calibration.fits, &calibration.refused)).unwrap_or_default();
    format!("{:032x}", xxh3_128(&content))
}

/// The quantities of a run that are fitted, in the order of [`Pooled`].
const QUANTITIES: [fn(&RunSample) -> Option<f64>; 5] =
    [|run| run.cost_usd, |run| run.latency_ms, |run| run.turns, |run| run.output_tokens, |run| run.tool_calls];

/// Skill and model; either empty for all.
type Key<'a> = (&'a str, &'a str);
type Groups<'a> = BTreeMap<Key<'a>, Group>;

/// The groups that a run of `skill` under `model` is in, the widest first.
fn path<'a>((skill, model): Key<'a>) -> impl Iterator<Item = Key<'a>> {
    let depth = match (skill.is_empty(), model.is_empty()) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    [("", ""), (skill, ""), (skill, model)].into_iter().take(depth)
}

/// What a group's own runs say.
#[derive(Debug)]
struct Group {
    runs: u64,
    quantities: [Quantity; QUANTITIES.len()],
    /// Runs whose end is known, and those of them that failed.
    ended: f64,
    failed: f64,
}

/// One quantity of a group: how many values, and the logarithms of those that are not zero.
#[derive(Debug)]
struct Quantity {
    values: f64,
    moments: Moments,
}

impl Group {
    fn of(runs: &[&RunSample]) -> Self {
        let quantities = QUANTITIES.map(|quantity| {
            let values = runs.iter().filter_map(|run| quantity(run)).filter(|value| value.is_finite() && *value >= 0.0);
            let mut values: Vec<f64> = values.collect();
            values.sort_by(f64::total_cmp);
            let logs: Vec<f64> = values.iter().filter(|value| **value > 0.0).map(|value| libm::log(*value)).collect();
            Quantity { values: values.len() as f64, moments: Moments::of(&logs) }
        });
        let ended = runs.iter().filter_map(|run| run.failed);
        Self {
            runs: runs.len() as u64,
            quantities,
            ended: ended.clone().count() as f64,
            failed: ended.filter(|failed| *failed).count() as f64,
        }
    }
}

/// What is expected of the next run of a group: its own runs, pulled towards each wider group.
fn fit(key: Key<'_>, groups: &Groups<'_>, stretches: &[f64; QUANTITIES.len()]) -> Fit {
    let path: Vec<&Group> = path(key).filter_map(|key| groups.get(&key)).collect();
    let driver = |quantity: usize| {
        let own = path.iter().rev().map(|group| &group.quantities[quantity]).find(|own| own.values > 0.0)?;
        let zeros = (own.values - own.moments.count) / own.values;
        let located = log_normal::pulled(path.iter().map(|group| Some(group.quantities[quantity].moments)));
        Some(located.filter(|_| zeros < 1.0).map_or(Driver::Constant(0.0), |it| it.driver(zeros, stretches[quantity])))
    };
    let [cost_usd, latency_ms, turns, output_tokens, tool_calls] = std::array::from_fn(driver);
    let failure = path.iter().fold(None, |above: Option<f64>, group| {
        // Without a group above, Laplace: one run more of each kind.
        let (prior, weight) = above.map_or((0.5, 2.0), |failure| (failure, PSEUDO_RUNS));
        (group.ended > 0.0).then(|| (group.failed + prior * weight) / (group.ended + weight))
    });
    let (skill, model) = (key.0.to_owned(), key.1.to_owned());
    let runs = path.last().map_or(0, |group| group.runs);
    Fit { skill, model, runs, cost_usd, latency_ms, turns, output_tokens, tool_calls, failure }
}

#[cfg(test)]
mod tests;
