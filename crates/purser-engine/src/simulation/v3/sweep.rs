//! Settings of a plan tried at other values, one at a time, with the random numbers of the plan itself.

use purser_domain::estimate::{Options, Sweep, SweepPoint};
use purser_domain::plan::{COUNT_MAX, Kind, LLM_SKILL, Llm, Node, Plan};

use super::advice::set_model;
use super::compile::{SimulateError, Sources};
use super::estimate;

/// Every setting of `options.sweep`, in order.
///
/// # Errors
/// The first setting that cannot be simulated.
pub(super) fn sweep(
    plan: &Plan,
    sources: Sources<'_>,
    options: &Options,
    threads: usize,
) -> Result<Vec<SweepPoint>, SimulateError> {
    let points = options.sweep.iter().enumerate().map(|(index, setting)| {
        let (changed, prompt_factor) = with(plan, setting);
        let said = estimate(&changed, sources, options, prompt_factor, threads);
        let said = said.map_err(|reason| SimulateError::Sweep { index, reason: Box::new(reason) })?;
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

/// The plan under a setting, and the factor on its prompts.
fn with(plan: &Plan, setting: &Sweep) -> (Plan, f64) {
    let mut changed = plan.clone();
    let mut prompt_factor = 1.0;
    match setting {
        Sweep::Prompt(factor) => prompt_factor = *factor,
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
        Sweep::Counts(factor) => changed.each_mut(&mut |node| scale_counts(node, *factor)),
        Sweep::Concurrency(workers) => changed.each_mut(&mut |node| {
            if let Kind::Map { concurrency, .. } = &mut node.kind {
                *concurrency = *workers;
            }
        }),
    }
    (changed, prompt_factor)
}

/// Multiplies how often a node does what it does; rounded up, so that something is left to do.
pub(super) fn scale_counts(node: &mut Node, factor: f64) {
    let scaled = |count: u32| (f64::from(count) * factor).ceil().clamp(1.0, f64::from(COUNT_MAX)) as u32;
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
