//! A tenant's own price laid over the book's: what it names is final, the rest is the book's.
//! Invariant: a rate that the tenant named holds at every context size of its tier, without discount.

use std::collections::BTreeSet;

use purser_domain::price::{Price, Rate, Tier};
use purser_domain::usage::Leaf;

use super::rate_table::{Leaves, set_of};

/// `own` with every rate that it leaves out taken from `base`.
pub(super) fn lay_over(own: &Price, base: &Price) -> Price {
    let mut tiers: Vec<Tier> = base.tiers.iter().map(|tier| laid_over(own, base, tier)).collect();
    for tier in &own.tiers {
        let same = |other: &Tier| other.service_tier == tier.service_tier;
        if tiers.iter().any(|other| same(other) && other.over_input_tokens == tier.over_input_tokens) {
            continue;
        }
        // A step of the tenant's own: what it leaves out costs as in the book's next smaller step.
        let below = base.tiers.iter().filter(|other| same(other) && other.over_input_tokens < tier.over_input_tokens);
        let below = below.max_by_key(|other| other.over_input_tokens);
        tiers.push(match below {
            Some(below) => {
                let step = Tier { over_input_tokens: tier.over_input_tokens, ..below.clone() };
                laid_over(own, base, &step)
            }
            None => tier.clone(),
        });
    }
    Price { daily: base.daily.clone(), factors: base.factors.clone(), tiers, ..own.clone() }
}

fn laid_over(own: &Price, base: &Price, tier: &Tier) -> Tier {
    let mut rates = tier.rates;
    for leaf in Leaf::ALL {
        if let Some(rate) = named(own, tier, leaf) {
            rates[leaf as usize] = Some(rate);
        }
    }
    let mut units = tier.units.clone();
    for other in steps_until(own, tier) {
        units.extend(other.units.iter().map(|(unit, rate)| (unit.clone(), *rate)));
    }
    Tier { rates, units, source: Some(tier.source.as_ref().unwrap_or(&base.source).clone()), ..tier.clone() }
}

/// The rate that `own` names for a leaf in the largest step that `tier` is not below.
fn named(own: &Price, tier: &Tier, leaf: Leaf) -> Option<Rate> {
    steps_until(own, tier).into_iter().rev().find_map(|step| step.rates[leaf as usize])
}

/// The steps of `own` in the service tier of `tier` that it is not below, ascending.
fn steps_until<'a>(own: &'a Price, tier: &Tier) -> Vec<&'a Tier> {
    let same =
        |other: &&Tier| other.service_tier == tier.service_tier && other.over_input_tokens <= tier.over_input_tokens;
    let mut steps: Vec<&Tier> = own.tiers.iter().filter(same).collect();
    steps.sort_by_key(|step| step.over_input_tokens);
    steps
}

/// What of a price's rates a tenant named itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) leaves: Leaves,
    pub(super) units: BTreeSet<String>,
}

/// What `own` names of the rates of `tier`.
pub(super) fn named_in(own: &Price, tier: &Tier) -> Named {
    let leaves = Leaf::ALL.into_iter().filter(|leaf| named(own, tier, *leaf).is_some());
    let units = steps_until(own, tier).into_iter().flat_map(|step| step.units.keys().cloned());
    Named { leaves: leaves.fold(0, |set, leaf| set | set_of(leaf)), units: units.collect() }
}
