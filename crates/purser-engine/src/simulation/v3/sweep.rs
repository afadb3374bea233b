//! Settings of a plan tried at other values, one at a time, with the random numbers of the plan itself.

use std::collections::BTreeSet;

use purser_domain::driver::{Driver, POISSON_MAX};
use purser_domain::estimate::{Options, Sweep, SweepPoint};
use purser_domain::plan::{COUNT_MAX, Kind, LLM_SKILL, Llm, Node, Plan};

use super::advice::set_model;
use super::compile::{SimulateError, Sources};
use super::{Run, estimate};

/// Every setting of `options.sweep`, in order; their prices are added to `price_versions`.
///
/// # Errors
/// The first setting that cannot be simulated.
pub(super) fn sweep(
    plan: &Plan,
    sources: Sources<'_>,
    options: &Options,
    threads: usize,
    price_versions: &mut BTreeSet<String>,
) -> Result<Vec<SweepPoint>, SimulateError> {
    let points = options.sweep.iter().enumerate().map(|(index, setting)| {
        let at_fault = |reason| SimulateError::Sweep { index, reason: Box::new(reason) };
        let changed = with(plan, setting).map_err(at_fault)?;
        let prompt_factor = if let Sweep::Prompt(factor) = setting { *factor } else { 1.0 };
        let run = Run { prompt_factor, estimates: 1 + options.sweep.len(), threads };
        let said = estimate(&changed, sources, options, run).map_err(at_fault)?;
        price_versions.extend(said.basis.price_versions);
        Ok(SweepPoint {
            setting: setting.clone(),
            cost_usd: said.cost_usd,
            latency_ms: said.latency_ms,
            within_budget: said.within_budget,
            within_deadline: said.within_deadline,
            failure_probability: said.failure_probability,
            feasible: said.feasible,
        })
    });
    points.collect()
}

/// The plan under a setting.
fn with(plan: &Plan, setting: &Sweep) -> Result<Plan, SimulateError> {
    let mut changed = plan.clone();
    let mut fixed: Option<(String, f64)> = None;
    match setting {
        Sweep::Prompt(_) => {}
        Sweep::Model(name) => changed.each_mut(&mut |node| {
            let calls = match &node.kind {
                Kind::Llm(_) => true,
                Kind::Step(step, _) => &*step.skill == LLM_SKILL && Llm::from_params(&step.params).is_some(),
                _ => false,
            };
            if calls {
                set_model(node, name);
            }
        }),
        Sweep::Counts(factor) => changed.each_mut(&mut |node| {
            if !can_scale(node, *factor) {
                fixed.get_or_insert_with(|| (node.name.clone(), *factor));
            }
            scale_counts(node, *factor);
        }),
        Sweep::Concurrency(workers) => changed.each_mut(&mut |node| {
            if let Kind::Map { concurrency, .. } = &mut node.kind {
                *concurrency = *workers;
            }
        }),
    }
    if let Some((node, factor)) = fixed {
        return Err(SimulateError::FixedCount { node, factor });
    }
    changed.check_work().map_err(|(node, work)| SimulateError::TooLong { node, work })?;
    Ok(changed)
}

/// Whether a count can be multiplied: within the bounds of a plan, and of its distribution.
fn can_scale(node: &Node, factor: f64) -> bool {
    match &node.kind {
        Kind::Loop { count: Driver::Constant(count), .. } | Kind::Map { items: Driver::Constant(count), .. } => {
            count * factor <= f64::from(COUNT_MAX)
        }
        Kind::Loop { count: Driver::Bernoulli { p }, .. } | Kind::Map { items: Driver::Bernoulli { p }, .. } => {
            p * factor <= 1.0
        }
        Kind::Loop { count: Driver::Poisson { mean }, .. } | Kind::Map { items: Driver::Poisson { mean }, .. } => {
            mean * factor <= POISSON_MAX
        }
        _ => true,
    }
}

/// Multiplies how often a node does what it does; rounded up, so that something is left to do.
pub(super) fn scale_counts(node: &mut Node, factor: f64) {
    // Binary noise does not count: 10 · 1.1 is 11.
    let scaled = |count: u32| (f64::from(count) * factor - 1e-9).ceil().clamp(1.0, f64::from(COUNT_MAX)) as u32;
    match &mut node.kind {
        // A step that is called once has no count to scale.
        Kind::Step(step, _) if step.iterations > 1 => step.iterations = scaled(step.iterations),
        Kind::Loop { count, max, .. } | Kind::Map { items: count, max, .. } => {
            *count = count.scaled(factor);
            *max = scaled(*max);
        }
        _ => {}
    }
}
