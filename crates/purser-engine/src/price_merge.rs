//! Joins two catalogues: where both price a model, the preferred one's price ships.
//! Invariant: every rate of the result stands in one of the catalogues, or is derived from rates that do, with its
//! own source.

mod derive;
mod fill;

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{DailyWindow, Price, Rate, STANDARD, Source, Tier};
use purser_domain::time::Timestamp;

use crate::price_book::PriceBook;
use crate::price_diff::{self, Diff};

/// A joined catalogue and where the two it was made of differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Sorted by provider, model and start.
    pub prices: Vec<Price>,
    /// The preferred catalogue (left) against the other (right).
    pub diff: Diff,
    /// How many service tiers of the other catalogue were added to preferred prices.
    pub tiers_added: usize,
    /// How many rates, units, factors and weekdays were filled from the other catalogue or derived.
    pub filled: usize,
}

/// `preferred`, and what only `other` knows: models, and service tiers, rates, units and factors of models whose
/// standard rates both give alike at `at`.
#[must_use]
pub fn merge(preferred: &[Price], other: &[Price], at: Timestamp) -> Merged {
    let diff = price_diff::diff(preferred, other, at);
    let (book, _) = PriceBook::compile(preferred.to_vec());
    let (other_book, _) = PriceBook::compile(other.to_vec());
    let mut prices = preferred.to_vec();
    let (mut tiers_added, mut filled) = (0, 0);
    for price in prices.iter_mut().filter(|price| is_all_day(price, preferred)) {
        let when = price.effective_to.map_or(at, |to| to.plus_micros(-1));
        for name in std::iter::once(price.model.clone()).chain(price.aliases.clone()) {
            if let Ok((there, _)) = other_book.find(&price.provider, &name, when)
                && is_all_day(there, other)
            {
                let there = fill::without_later_fees(there, price, preferred);
                let (added, more) = (add_tiers(price, &there), fill::from_other(price, &there));
                (tiers_added, filled) = (tiers_added + added, filled + more);
                if added + more > 0 {
                    break;
                }
            }
        }
    }
    filled += adopt_weekdays(&mut prices, other);
    let mut prices = coalesce(prices);
    filled += derive::earlier_tiers(&mut prices);
    let batches = derive::Batches::observe(&[preferred, other]);
    filled += prices.iter_mut().map(|price| batches.fill(price)).sum::<usize>();
    let mut prices = coalesce(prices);
    let mut taken: BTreeSet<(String, String)> = preferred.iter().flat_map(names).collect();
    let mut groups: BTreeMap<(&str, String), Vec<&Price>> = BTreeMap::new();
    for price in other {
        groups.entry((&price.provider, price.model.to_ascii_lowercase())).or_default().push(price);
    }
    groups.retain(|(provider, model), _| {
        !taken.contains(&((*provider).to_owned(), model.clone())) && book.identity(provider, model).is_none()
    });
    taken.extend(groups.keys().map(|(provider, model)| ((*provider).to_owned(), model.clone())));
    for ((provider, model), group) in groups {
        let own = (provider.to_owned(), model);
        let mut claimed = Vec::new();
        for price in group {
            let mut price = price.clone();
            price.aliases.retain(|alias| {
                let name = (provider.to_owned(), alias.to_ascii_lowercase());
                name != own && !taken.contains(&name)
            });
            claimed.extend(names(&price));
            filled += batches.fill(&mut price);
            prices.push(price);
        }
        taken.extend(claimed);
    }
    filled += fill::tools(&mut prices);
    filled += derive::modalities(&mut prices);
    sort(&mut prices);
    Merged { prices, diff, tiers_added, filled }
}

/// Gives the windows of the last period of each model the weekdays that `other` knows.
fn adopt_weekdays(prices: &mut [Price], other: &[Price]) -> usize {
    let mut models: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, price) in prices.iter().enumerate().filter(|(_, price)| price.effective_to.is_none()) {
        models.entry((price.provider.clone(), price.model.clone())).or_default().push(index);
    }
    let mut adopted = 0;
    for ((provider, model), indices) in models {
        let there: Vec<&Price> = other.iter().filter(|p| p.provider == provider && p.model == model).collect();
        let here: Vec<&Price> = indices.iter().map(|index| &prices[*index]).collect();
        let found = fill::weekdays(&here, &there);
        for (position, weekdays) in found {
            let catalogue = there.first().map(|price| price.source.catalogue.clone()).unwrap_or_default();
            let price = &mut prices[indices[position]];
            if let Some(daily) = &mut price.daily {
                daily.weekdays = weekdays;
            }
            let own = std::mem::take(&mut price.source.catalogue);
            price.source.catalogue = format!("{}{own} on the weekdays of {catalogue}", derive::DERIVED);
            adopted += 1;
        }
    }
    adopted
}

/// The order of price files: provider, model, start, daily window.
pub fn sort(prices: &mut [Price]) {
    prices.sort_by(|a, b| key(a).cmp(&key(b)));
}

fn key(price: &Price) -> impl Ord + '_ {
    let daily = price.daily.as_ref().map(DailyWindow::key);
    (&price.provider, &price.model, price.effective_from, daily, price.effective_to)
}

fn names(price: &Price) -> Vec<(String, String)> {
    std::iter::once(&price.model)
        .chain(&price.aliases)
        .map(|name| (price.provider.clone(), name.to_ascii_lowercase()))
        .collect()
}

/// Whether no price of the model depends on the time of day.
fn is_all_day(price: &Price, prices: &[Price]) -> bool {
    prices.iter().filter(|p| p.provider == price.provider && p.model == price.model).all(|p| p.daily.is_none())
}

/// Joins successive prices of a model that charge the same; the later one's sources stay.
fn coalesce(mut prices: Vec<Price>) -> Vec<Price> {
    sort(&mut prices);
    let mut joined: Vec<Price> = Vec::new();
    for price in prices {
        let before = joined.pop_if(|before| {
            before.provider == price.provider
                && before.model == price.model
                && before.daily == price.daily
                && before.effective_to.is_some()
                && before.effective_to == price.effective_from
                && rates(before) == rates(&price)
                && factors(before) == factors(&price)
        });
        joined.push(match before {
            Some(before) => joined_with(&before, price),
            None => price,
        });
    }
    joined
}

/// `price` from the start of `before`, which charges the same; what was derived or filled for it says so.
fn joined_with(before: &Price, mut price: Price) -> Price {
    let is_derived = |source: &Source| source.catalogue.starts_with(derive::DERIVED);
    for tier in &mut price.tiers {
        let key = (tier.service_tier.as_str(), tier.over_input_tokens);
        let earlier = before.tiers.iter().find(|one| (one.service_tier.as_str(), one.over_input_tokens) == key);
        let Some(earlier) = earlier else { continue };
        if let Some(source) = earlier.source.as_ref().filter(|source| is_derived(source)) {
            tier.source = Some(source.clone());
        }
        for (rate, source) in &earlier.rate_sources {
            tier.rate_sources.entry(rate.clone()).or_insert_with(|| source.clone());
        }
    }
    Price { effective_from: before.effective_from, ..price }
}

/// Every rate that is not a token's, too.
type AllRates<'a> = (&'a [Option<Rate>], &'a BTreeMap<String, Rate>);

fn rates(price: &Price) -> BTreeMap<(String, u64), AllRates<'_>> {
    let key = |tier: &Tier| (tier.service_tier.clone(), tier.over_input_tokens);
    price.tiers.iter().map(|tier| (key(tier), (&tier.rates[..], &tier.units))).collect()
}

fn factors(price: &Price) -> BTreeSet<String> {
    price.factors.iter().map(ToString::to_string).collect()
}

/// Whether standard calls pay the same for every unit that both price.
fn units_agree(here: &Price, there: &Price) -> bool {
    let standard = |price: &Price| price.tiers.iter().find(|tier| tier.service_tier == STANDARD).cloned();
    let (Some(here), Some(there)) = (standard(here), standard(there)) else { return true };
    here.units.iter().all(|(unit, rate)| there.units.get(unit).is_none_or(|other| other == rate))
}

fn add_tiers(price: &mut Price, other: &Price) -> usize {
    let standard_agrees = price_diff::differences(price, other)
        .iter()
        .filter(|difference| difference.is_contradiction())
        .all(|difference| !difference.field.starts_with(STANDARD));
    if !standard_agrees || !units_agree(price, other) {
        return 0;
    }
    let known: BTreeSet<String> = price.tiers.iter().map(|tier| tier.service_tier.clone()).collect();
    let mut added = BTreeSet::new();
    for tier in other.tiers.iter().filter(|tier| !known.contains(&tier.service_tier)) {
        added.insert(tier.service_tier.clone());
        let source = tier.source.clone().unwrap_or_else(|| other.source.clone());
        price.tiers.push(Tier { source: Some(source), ..tier.clone() });
    }
    added.len()
}

#[cfg(test)]
mod tests;
