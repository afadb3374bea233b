//! Changes to a plan, each simulated with the random numbers of the plan itself.

use std::collections::BTreeSet;

use purser_domain::estimate::{Advice, Change, Estimate, Options};
use purser_domain::money::Money;
use purser_domain::plan::{Cache, Kind, LLM_SKILL, Llm, Node, Plan};
use purser_domain::price::Price;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use super::compile::{SimulateError, Sources};
use super::sweep::scale_counts;
use super::tariff::Tariff;
use super::{Run, estimate};

/// The plan with `change` made, or nothing if there is nothing to change.
#[must_use]
pub(super) fn apply(plan: &Plan, change: &Change) -> Option<Plan> {
    let mut changed = plan.clone();
    changed.each_mut(&mut |node| alter(node, change));
    (changed != *plan).then_some(changed)
}

fn alter(node: &mut Node, change: &Change) {
    match change {
        Change::SwitchModel { from, to } => switch(node, from, to),
        Change::Cache => {
            if let Kind::Llm(llm) = &mut node.kind
                && llm.cache == Cache::Off
            {
                llm.cache = Cache::Cold;
            }
        }
        Change::Batch => {
            if let Kind::Llm(llm) = &mut node.kind
                && llm.service_tier.is_none()
            {
                llm.batch = true;
            }
        }
        Change::HalveCounts => scale_counts(node, 0.5),
        Change::NoRetries => node.guard.retry = None,
    }
}

fn switch(node: &mut Node, from: &str, to: &str) {
    let is_from = |llm: &Llm| named(&llm.provider, &llm.model) == from || llm.model == from;
    let fits = match &node.kind {
        Kind::Llm(llm) => is_from(llm),
        Kind::Step(step, _) if &*step.skill == LLM_SKILL => {
            Llm::from_params(&step.params).is_some_and(|llm| is_from(&llm))
        }
        _ => false,
    };
    if fits {
        set_model(node, to);
    }
}

/// Lets a node that calls a model call `name`.
pub(super) fn set_model(node: &mut Node, name: &str) {
    let (provider, model) = split(name);
    match &mut node.kind {
        Kind::Llm(llm) => (llm.provider, llm.model) = (provider, model),
        Kind::Step(step, _) => {
            step.params.insert("provider".to_owned(), provider.into());
            step.params.insert("model".to_owned(), model.into());
        }
        _ => {}
    }
}

fn named(provider: &str, model: &str) -> String {
    if provider.is_empty() { model.to_owned() } else { format!("{provider}/{model}") }
}

/// `provider/model`; a name without a provider is the model's alone.
fn split(name: &str) -> (String, String) {
    match name.split_once('/') {
        Some((provider, model)) => (provider.to_owned(), model.to_owned()),
        None => (String::new(), name.to_owned()),
    }
}

/// The estimate of a plan with changes made to it one after the other, its prices those of `sources`.
///
/// The random numbers are those of the plan unchanged, so that [`super::compare`] shows the changes alone.
///
/// # Errors
/// As [`super::simulate`].
pub fn what_if(
    plan: &Plan,
    changes: &[Change],
    sources: Sources<'_>,
    options: &Options,
    threads: usize,
) -> Result<Estimate, SimulateError> {
    let mut changed = plan.clone();
    for change in changes {
        changed.each_mut(&mut |node| alter(node, change));
    }
    estimate(&changed, sources, options, Run::alone(threads))
}

/// Whether each model that is to be tried can be priced at all.
pub(super) fn check(sources: Sources<'_>, options: &Options) -> Result<(), SimulateError> {
    for (index, name) in options.alternatives.iter().enumerate() {
        let (provider, model) = split(name);
        let found = Tariff::find(sources.book, (&provider, &model), None, sources.at, 1);
        found.map_err(|reason| SimulateError::Alternative { index, model: name.clone(), reason })?;
    }
    Ok(())
}

/// Every change that saves, simulated, the largest saving of P90 first; and the prices that all this rests on.
pub(super) fn advise(
    plan: &Plan,
    sources: Sources<'_>,
    options: &Options,
    before: &Estimate,
    threads: usize,
) -> (Vec<Advice>, BTreeSet<String>) {
    let mut advice = Vec::new();
    let mut price_versions: BTreeSet<String> = before.basis.price_versions.iter().cloned().collect();
    for change in changes(plan, sources, options) {
        let Some(changed) = apply(plan, &change) else { continue };
        let Ok(after) = estimate(&changed, sources, options, Run::alone(threads)) else { continue };
        price_versions.extend(after.basis.price_versions);
        let saved = |before: Money, after: Money| Money::from_pico(before.pico() - after.pico());
        let saving_mean_usd = saved(before.cost_usd.mean, after.cost_usd.mean);
        if saving_mean_usd > Money::ZERO {
            advice.push(Advice {
                change,
                saving_mean_usd,
                saving_p90_usd: saved(before.cost_usd.p90, after.cost_usd.p90),
                latency_p90_ms: after.latency_ms.p90 as i64 - before.latency_ms.p90 as i64,
                failure_probability: after.failure_probability,
                feasible: after.feasible,
            });
        }
    }
    advice.sort_by_key(|advice| std::cmp::Reverse((advice.saving_p90_usd, advice.saving_mean_usd)));
    (advice, price_versions)
}

fn changes(plan: &Plan, sources: Sources<'_>, options: &Options) -> Vec<Change> {
    let mut models = BTreeSet::new();
    plan.each(&mut |node| match &node.kind {
        Kind::Llm(llm) => {
            models.insert((llm.provider.clone(), llm.model.clone()));
        }
        Kind::Step(step, _) if &*step.skill == LLM_SKILL => {
            models.extend(Llm::from_params(&step.params).map(|llm| (llm.provider, llm.model)));
        }
        _ => {}
    });
    let mut changes = Vec::new();
    for (provider, model) in &models {
        let from = named(provider, model);
        let told = options.alternatives.iter().filter(|to| **to != from).cloned();
        let others: Vec<String> = if options.alternatives.is_empty() {
            cheaper(sources, provider, model).into_iter().collect()
        } else {
            told.collect()
        };
        changes.extend(others.into_iter().map(|to| Change::SwitchModel { from: from.clone(), to }));
    }
    if options.deadline_ms.is_none() {
        changes.push(Change::Batch);
    }
    changes.extend([Change::Cache, Change::HalveCounts, Change::NoRetries]);
    changes
}

/// The dearest model of the same provider that costs at least 30 % less both ways.
fn cheaper(sources: Sources<'_>, provider: &str, model: &str) -> Option<String> {
    let at = sources.at;
    let own = Tariff::find(sources.book, (provider, model), None, at, 1).ok()?;
    let (input, output) = own.per_million();
    let provider = own.provider.as_str();
    let mut best: Option<((u64, u64), &str)> = None;
    for (price, _) in sources.book.book().iter() {
        if price.provider != provider || !speaks(price, at) {
            continue;
        }
        let Ok(tariff) = Tariff::find(sources.book, (provider, &price.model), None, at, 1) else { continue };
        let cost = tariff.per_million();
        let less = cost.0 <= input / 10 * 7 && cost.1 <= output / 10 * 7 && cost.1 > 0;
        if less && best.is_none_or(|(dearest, name)| ((cost.1, cost.0), price.model.as_str()) > (dearest, name)) {
            best = Some(((cost.1, cost.0), &price.model));
        }
    }
    best.map(|(_, model)| format!("{provider}/{model}"))
}

/// Whether a price holds at `at` and is of a model for text alone.
fn speaks(price: &Price, at: Timestamp) -> bool {
    let holds = price.effective_from.is_none_or(|from| from <= at) && price.effective_to.is_none_or(|to| at < to);
    let other = [Leaf::InputAudio, Leaf::OutputAudio, Leaf::OutputImage, Leaf::OutputVideo, Leaf::Requests];
    holds && price.tiers.iter().all(|tier| other.iter().all(|leaf| tier.rates[*leaf as usize].is_none()))
}
