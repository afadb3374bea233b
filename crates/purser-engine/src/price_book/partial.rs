//! A tenant's own price laid over the book's: what it names is final, the rest is the book's.
//! Invariant: a rate that the tenant named holds at every context size of its tier, without discount.

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
    Price { daily: base.daily, tiers, ..own.clone() }
}

fn laid_over(own: &Price, base: &Price, tier: &Tier) -> Tier {
    let mut rates = tier.rates;
    for leaf in Leaf::ALL {
        if let Some(rate) = named(own, tier, leaf) {
            rates[leaf as usize] = Some(rate);
        }
    }
    Tier { rates, source: Some(tier.source.as_ref().unwrap_or(&base.source).clone()), ..tier.clone() }
}

/// The rate that `own` names for a leaf in the largest step that `tier` is not below.
fn named(own: &Price, tier: &Tier, leaf: Leaf) -> Option<Rate> {
    own.tiers
        .iter()
        .filter(|other| other.service_tier == tier.service_tier && other.over_input_tokens <= tier.over_input_tokens)
        .filter(|other| other.rates[leaf as usize].is_some())
        .max_by_key(|other| other.over_input_tokens)
        .and_then(|other| other.rates[leaf as usize])
}

/// The leaves of `tier` whose rates `own` names.
pub(super) fn named_leaves(own: &Price, tier: &Tier) -> Leaves {
    let leaves = Leaf::ALL.into_iter().filter(|leaf| named(own, tier, *leaf).is_some());
    leaves.fold(0, |set, leaf| set | set_of(leaf))
}
