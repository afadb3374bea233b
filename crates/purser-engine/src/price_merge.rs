//! Joins two catalogues: where both price a model, the preferred one's price ships.
//! Invariant: every rate of the result stands in one of the catalogues, with its own source.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{DailyWindow, Price, Rate, STANDARD, Tier};
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
}

/// `preferred`, and what only `other` knows: models, and service tiers of models whose standard
/// rates both give alike at `at`.
#[must_use]
pub fn merge(preferred: &[Price], other: &[Price], at: Timestamp) -> Merged {
    let diff = price_diff::diff(preferred, other, at);
    let (book, _) = PriceBook::compile(preferred.to_vec());
    let (other_book, _) = PriceBook::compile(other.to_vec());
    let mut prices = preferred.to_vec();
    let mut tiers_added = 0;
    for price in prices.iter_mut().filter(|price| is_all_day(price, preferred)) {
        let when = price.effective_to.map_or(at, |to| to.plus_micros(-1));
        for name in std::iter::once(price.model.clone()).chain(price.aliases.clone()) {
            if let Ok((there, _)) = other_book.find(&price.provider, &name, when)
                && is_all_day(there, other)
                && let added @ 1.. = add_tiers(price, there)
            {
                tiers_added += added;
                break;
            }
        }
    }
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
            prices.push(price);
        }
        taken.extend(claimed);
    }
    sort(&mut prices);
    Merged { prices, diff, tiers_added }
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
        });
        joined.push(match before {
            Some(before) => Price { effective_from: before.effective_from, ..price },
            None => price,
        });
    }
    joined
}

fn rates(price: &Price) -> BTreeMap<(&str, u64), &[Option<Rate>]> {
    price.tiers.iter().map(|tier| ((tier.service_tier.as_str(), tier.over_input_tokens), &tier.rates[..])).collect()
}

fn add_tiers(price: &mut Price, other: &Price) -> usize {
    let standard_agrees = price_diff::differences(price, other)
        .iter()
        .filter(|difference| difference.is_contradiction())
        .all(|difference| !difference.field.starts_with(STANDARD));
    if !standard_agrees {
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
