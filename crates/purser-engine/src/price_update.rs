//! What a newer catalogue changes in the price book, from a day on.
//! Invariant: no price that held before that day changes; a model with an outlier changes only if that is asked for.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Price, Rate, Severity, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use crate::price_book::PriceBook;
use crate::{price_check, price_merge};

/// What an update may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'a> {
    /// The instant from which changed rates hold.
    pub from: Timestamp,
    /// A rate that moves by more than this factor is an outlier; `None` takes every rate.
    pub factor_max: Option<u32>,
    /// The catalogue family (`litellm`) whose prices alone may change, if not all were read.
    pub only: Option<&'a str>,
}

/// What an update comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update {
    /// Every price of every model that changes or is new, its history included.
    pub prices: Vec<Price>,
    /// Rates that change, by provider, model and field.
    pub changes: Vec<Change>,
    /// Models that the book has not: (provider, model).
    pub added: Vec<(String, String)>,
    /// Models that stay as they are, and why.
    pub refused: Vec<Refusal>,
}

/// A rate that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Canonical provider.
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// `standard.input`, `batch>200000.output`, `standard.images`.
    pub field: String,
    /// The rate until now; `None` if there was none.
    pub before: Option<Rate>,
    /// The rate from now on; `None` if there is none any more.
    pub after: Option<Rate>,
}

/// A model that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Canonical provider.
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// What is odd about its newest price.
    pub reason: String,
}

/// The prices of one model.
type Group<'a> = Vec<&'a Price>;

/// Compares the newest prices with the book, model by model.
///
/// A changed price holds from `rules.from`, or from its own start if that is later; what held before ends there. New
/// models come as the catalogue has them, of providers that the book has.
#[must_use]
pub fn update(book: &[Price], newest: &[Price], rules: &Rules<'_>) -> Update {
    let (known, _) = PriceBook::compile(book.to_vec());
    let providers: BTreeSet<&str> = book.iter().map(|price| price.provider.as_str()).collect();
    let here = groups(book);
    let mut update = Update::default();
    for ((provider, name), there) in groups(newest) {
        let Some(first) = there.first() else { continue };
        match here.get(&(provider, name.clone())) {
            Some(own) => change(own, &there, rules, &mut update),
            // Known as another name of a model, whose own price decides.
            None if known.identity(provider, &name).is_some() || !providers.contains(provider) => {}
            None => match oddity(&there).filter(|_| rules.factor_max.is_some()) {
                Some(reason) => update.refused.push(refusal(first, reason)),
                None => {
                    update.added.push((first.provider.clone(), first.model.clone()));
                    update.prices.extend(there.into_iter().cloned().map(|price| without_taken_names(price, &known)));
                }
            },
        }
    }
    price_merge::sort(&mut update.prices);
    update
}

fn groups(prices: &[Price]) -> BTreeMap<(&str, String), Group<'_>> {
    let mut groups: BTreeMap<(&str, String), Group<'_>> = BTreeMap::new();
    for price in prices {
        groups.entry((&price.provider, price.model.to_ascii_lowercase())).or_default().push(price);
    }
    groups
}

fn change(own: &Group<'_>, there: &Group<'_>, rules: &Rules<'_>, update: &mut Update) {
    let at = rules.from;
    let (before, after) = (in_force(own, at), in_force(there, at));
    let is_read = |price: &&Price| rules.only.is_none_or(|family| family_of(price) == family);
    let (Some(first), true) = (after.first(), before.iter().all(is_read)) else { return };
    let changes = changes(&before, &after);
    let starts_later = |price: &&&Price| price.effective_from.is_some_and(|from| from > at);
    let news = there.iter().filter(starts_later).any(|price| !own.iter().any(|known| charges_alike(known, price)));
    if changes.is_empty() && !news {
        return;
    }
    if let Some(factor_max) = rules.factor_max
        && let Some(reason) = jump(&changes, factor_max).or_else(|| oddity(there))
    {
        update.refused.push(refusal(first, reason));
        return;
    }
    update.changes.extend(changes);
    update.prices.extend(own.iter().filter_map(|price| until(price, at)));
    let still_holds = |price: &&&Price| price.effective_to.is_none_or(|to| to > at);
    let names = before.first().map_or(&[][..], |price| &price.aliases);
    update.prices.extend(there.iter().filter(still_holds).map(|price| {
        let effective_from = Some(price.effective_from.filter(|from| *from > at).unwrap_or(at));
        Price { effective_from, aliases: names.to_vec(), ..(*price).clone() }
    }));
}

/// The prices that hold at some time of the week of an instant.
fn in_force<'a>(prices: &[&'a Price], at: Timestamp) -> Vec<&'a Price> {
    let holds = |price: &&&Price| {
        price.effective_from.is_none_or(|from| from <= at) && price.effective_to.is_none_or(|to| at < to)
    };
    prices.iter().filter(holds).copied().collect()
}

/// A price that began before `at`, as it holds until then.
fn until(price: &Price, at: Timestamp) -> Option<Price> {
    let began = price.effective_from.is_none_or(|from| from < at);
    let effective_to = Some(price.effective_to.filter(|to| *to < at).unwrap_or(at));
    began.then(|| Price { effective_to, ..price.clone() })
}

fn charges_alike(a: &Price, b: &Price) -> bool {
    a.effective_from == b.effective_from && a.daily == b.daily && changes(&[a], &[b]).is_empty()
}

/// Where the rates, units and factors of two sets of prices differ, window by window.
fn changes(before: &[&Price], after: &[&Price]) -> Vec<Change> {
    let Some(model) = after.first().or_else(|| before.first()) else { return Vec::new() };
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|field| Change {
            provider: model.provider.clone(),
            model: model.model.clone(),
            field: field.clone(),
            before: before.get(field).copied(),
            after: after.get(field).copied(),
        })
        .collect()
}

/// Every rate by its name; a factor is shown as the number that it is.
fn fields(prices: &[&Price]) -> BTreeMap<String, Rate> {
    let mut fields = BTreeMap::new();
    for price in prices {
        let window = price.daily.as_ref().map_or_else(String::new, |daily| format!("{daily}: "));
        for tier in &price.tiers {
            let place = format!("{window}{}", name(tier));
            for leaf in Leaf::ALL {
                fields.extend(tier.rates[leaf as usize].map(|rate| (format!("{place}.{leaf}"), rate)));
            }
            fields.extend(tier.units.iter().map(|(unit, rate)| (format!("{place}.{unit}"), *rate)));
        }
        for factor in &price.factors {
            let rate = Rate::new(u64::from(factor.numerator) * 1_000_000, factor.denominator.into());
            fields.extend(rate.map(|rate| (format!("{window}factor.{}.{}", factor.dimension, factor.value), rate)));
        }
    }
    fields
}

fn name(tier: &Tier) -> String {
    match tier.over_input_tokens {
        0 => tier.service_tier.clone(),
        over => format!("{}>{over}", tier.service_tier),
    }
}

/// A rate that moves by more than the factor.
fn jump(changes: &[Change], factor_max: u32) -> Option<String> {
    changes.iter().find_map(|change| {
        let (before, after) = (change.before?, change.after?);
        let far = is_over(after, before, factor_max) || is_over(before, after, factor_max);
        far.then(|| format!("{} moves from {before} to {after}, by more than {factor_max} times", change.field))
    })
}

/// Whether `a` is more than `factor` times `b`.
fn is_over(a: Rate, b: Rate, factor: u32) -> bool {
    let ((a, a_per), (b, b_per)) = (a.parts(), b.parts());
    let times = |x: u64, y: u64| u128::from(x).saturating_mul(u128::from(y));
    times(a, b_per) > times(b, a_per).saturating_mul(u128::from(factor))
}

/// What is odd about a model's prices on their own.
fn oddity(prices: &Group<'_>) -> Option<String> {
    let own: Vec<Price> = prices.iter().map(|price| (*price).clone()).collect();
    let found = price_check::check(&own).into_iter().find(|finding| finding.severity != Severity::Note)?;
    Some(found.message)
}

fn refusal(price: &Price, reason: String) -> Refusal {
    Refusal { provider: price.provider.clone(), model: price.model.clone(), reason }
}

/// `genai-prices 0.2.3` → `genai-prices`; what is derived belongs to none.
fn family_of(price: &Price) -> &str {
    price.source.catalogue.split([' ', ':']).next().unwrap_or_default()
}

/// A price of a new model without the names that lead to other models.
fn without_taken_names(mut price: Price, known: &PriceBook) -> Price {
    price.aliases.retain(|alias| known.identity(&price.provider, alias).is_none());
    price
}

#[cfg(test)]
mod tests;
