//! Prices past usage anew: other models, other discounts, another price book.
//! Invariant: tokens stay as they were counted; only rates change. Sums of tokens are priced once and rounded once, so a
//! group may differ from its events rated one by one by half a pico-dollar per event and leaf, never more.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::charge::Match;
use purser_domain::money::{Money, div_half_even};
use purser_domain::price::Price;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use purser_domain::usage_query::Totals;
use purser_domain::what_if::{Answer, Costs, Left, Row, Switch};

use crate::price_book::{PriceBook, Rates, TenantBook};

/// Sums of the calls that share all that a price depends on but its date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The values that the answer is cut by.
    pub keys: Vec<Option<String>>,
    /// Canonical provider.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The model that answered.
    pub response_model: Option<String>,
    /// Service tier.
    pub service_tier: Option<String>,
    /// How many of [`Scenario::input_sizes`] each call's input is above.
    pub size: usize,
    /// Their sums.
    pub totals: Totals,
}

/// A switch with its models looked up.
#[derive(Debug, Clone)]
struct Target {
    /// What calls are compared with: the name as given, and the book's own name for it.
    from: BTreeSet<String>,
    /// Who sells the other model, and under which name. A call stays with its provider if that one does.
    to: BTreeMap<String, String>,
}

/// Why a switch cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSwitch {
    /// Position of the switch.
    pub index: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Other terms than the ones that were charged.
#[derive(Debug, Clone)]
pub struct Scenario {
    book: TenantBook,
    targets: Vec<Target>,
    reprice_all: bool,
    at: Timestamp,
    sizes: Vec<u64>,
}

impl Scenario {
    /// Prices by `book` as of `at`; calls that a switch names as its other model.
    ///
    /// # Errors
    /// When a target is in no price book at `at`, or under several providers of which none is told.
    pub fn new(book: TenantBook, switches: &[Switch], reprice_all: bool, at: Timestamp) -> Result<Self, BadSwitch> {
        let mut targets = Vec::with_capacity(switches.len());
        for (index, switch) in switches.iter().enumerate() {
            targets.push(target(book.book(), switch, at).map_err(|reason| BadSwitch { index, reason })?);
        }
        let sizes = input_sizes(book.book(), reprice_all, &targets);
        Ok(Self { book, targets, reprice_all, at, sizes })
    }

    /// The input sizes, ascending, above which some price in question changes: calls must be grouped by them.
    #[must_use]
    pub fn input_sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// What `groups` would have cost.
    #[must_use]
    pub fn answer(&self, groups: &[Group], as_of: Timestamp) -> Answer {
        let mut rows: BTreeMap<&[Option<String>], Costs> = BTreeMap::new();
        let mut left: BTreeMap<(&str, &str, &str), (Match, i64)> = BTreeMap::new();
        let mut total = Costs::default();
        let mut is_used = vec![false; self.targets.len()];
        for group in groups {
            let mut fitting =
                self.targets.iter().enumerate().filter(|(_, target)| target.fits(group, self.book.book()));
            let first = fitting.next();
            for (switch, _) in first.into_iter().chain(fitting).filter(|_| group.totals.charged != 0) {
                is_used[switch] = true;
            }
            let costs = match self.costs(group, first.map(|(_, target)| target)) {
                Ok(costs) => costs,
                Err(reason) => {
                    let key = (group.provider.as_str(), group.model.as_str(), reason.name());
                    left.entry(key).or_insert((reason, 0)).1 += group.totals.charged;
                    Costs { unpriced: group.totals.charged, ..kept(&group.totals) }
                }
            };
            total.add(&costs);
            rows.entry(&group.keys).or_default().add(&costs);
        }
        let mut rows: Vec<Row> = rows.into_iter().map(|(keys, costs)| Row { keys: keys.to_vec(), costs }).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.costs.savings().1));
        let left = left.into_iter().map(|((provider, model, _), (reason, events))| Left {
            provider: provider.to_owned(),
            model: model.to_owned(),
            reason,
            events,
        });
        let unused = is_used.iter().enumerate().filter(|(_, used)| !**used).map(|(switch, _)| switch).collect();
        Answer { rows, total, left: left.filter(|left| left.events != 0).collect(), unused, as_of }
    }

    fn costs(&self, group: &Group, switched: Option<&Target>) -> Result<Costs, Match> {
        if switched.is_none() && !self.reprice_all {
            return Ok(kept(&group.totals));
        }
        let call = self.call(group, switched).ok_or(Match::UnknownModel)?;
        let rates = self.book.find(&call)?.rates;
        let warm = amount(rates, &group.totals, |leaf| leaf)?;
        let cold = if switched.is_some() { amount(rates, &group.totals, uncached)? } else { warm };
        Ok(Costs {
            actual: group.totals.cost,
            warm,
            cold,
            events: group.totals.charged,
            repriced: group.totals.charged,
            unpriced: 0,
        })
    }

    /// A call that stands for the group's: its names, its tier, its size. `None`: several others sell the other model.
    fn call(&self, group: &Group, switched: Option<&Target>) -> Option<UsageEvent> {
        let input = group.size.checked_sub(1).and_then(|below| self.sizes.get(below)).map_or(0, |over| over + 1);
        let (provider, model, response_model) = match switched {
            Some(target) => {
                let own = target.to.get_key_value(&group.provider);
                let (provider, model) = own.or_else(|| target.to.iter().next().filter(|_| target.to.len() == 1))?;
                (provider.clone(), model.clone(), None)
            }
            None => (group.provider.clone(), group.model.clone(), group.response_model.clone()),
        };
        Some(UsageEvent {
            provider,
            model,
            response_model,
            service_tier: group.service_tier.clone(),
            occurred_at: self.at,
            usage: Usage::default().with(Leaf::Input, input),
            ..UsageEvent::default()
        })
    }
}

impl Target {
    fn fits(&self, group: &Group, book: &PriceBook) -> bool {
        let names = [Some(group.model.as_str()), group.response_model.as_deref()];
        names.into_iter().flatten().any(|name| {
            self.from.contains(&name.to_ascii_lowercase())
                || book.identity(&group.provider, name).is_some_and(|(provider, model)| {
                    self.from.contains(&format!("{provider}/{}", model.to_ascii_lowercase()))
                })
        })
    }
}

/// Looks up both sides of a switch.
fn target(book: &PriceBook, switch: &Switch, at: Timestamp) -> Result<Target, String> {
    let mut from = BTreeSet::from([switch.from.to_ascii_lowercase()]);
    from.extend(named(book, &switch.from).iter().map(|p| format!("{}/{}", p.provider, p.model.to_ascii_lowercase())));
    let known = named(book, &switch.to);
    if known.is_empty() {
        return Err(format!("{:?} has no price", switch.to));
    }
    let valid = known.iter().filter(|price| book.find(&price.provider, &price.model, at).is_ok());
    let to: BTreeMap<String, String> = valid.map(|price| (price.provider.clone(), price.model.clone())).collect();
    let own = |provider: &String| from.iter().any(|name| name.split_once('/').is_some_and(|(p, _)| p == provider));
    match to.len() {
        0 => Err(format!("{:?} has no price at {at}", switch.to)),
        1 => Ok(Target { from, to }),
        _ if to.keys().any(own) => Ok(Target { from, to }),
        _ => {
            let providers: Vec<&str> = to.keys().map(String::as_str).collect();
            Err(format!("{:?} is sold by {}: write PROVIDER/MODEL", switch.to, providers.join(", ")))
        }
    }
}

/// The prices that a name means: `provider/model` is that provider's if it has one, else any of exactly that name.
fn named<'a>(book: &'a PriceBook, name: &str) -> Vec<&'a Price> {
    if let Some((provider, model)) = name.split_once('/') {
        let provider = provider::canonical(provider);
        let own: Vec<&Price> = book.known_as(model).into_iter().filter(|price| price.provider == provider).collect();
        if !own.is_empty() {
            return own;
        }
    }
    book.known_as(name)
}

/// The context sizes at which a price in question changes.
fn input_sizes(book: &PriceBook, all: bool, targets: &[Target]) -> Vec<u64> {
    let is_target = |provider: &str, model: &str| {
        targets.iter().any(|target| target.to.get(provider).is_some_and(|name| name == model))
    };
    let prices = book.iter().map(|(price, _)| price).filter(|price| all || is_target(&price.provider, &price.model));
    let sizes: BTreeSet<u64> = prices.flat_map(|price| &price.tiers).map(|tier| tier.over_input_tokens).collect();
    sizes.into_iter().filter(|size| *size > 0).collect()
}

/// Usage that stays as it is.
fn kept(totals: &Totals) -> Costs {
    Costs {
        actual: totals.cost,
        warm: totals.cost,
        cold: totals.cost,
        events: totals.charged,
        repriced: 0,
        unpriced: totals.charged - totals.priced,
    }
}

/// The leaf that a cached one becomes when the cache is cold.
const fn uncached(leaf: Leaf) -> Leaf {
    match leaf {
        Leaf::CacheRead => Leaf::Input,
        Leaf::CacheReadAudio => Leaf::InputAudio,
        Leaf::CacheReadImage => Leaf::InputImage,
        other => other,
    }
}

fn amount(rates: &Rates, totals: &Totals, charged_as: impl Fn(Leaf) -> Leaf) -> Result<Money, Match> {
    let mut pico = 0_i128;
    for leaf in Leaf::ALL {
        let quantity = i128::from(totals.get(leaf));
        let rate = rates[charged_as(leaf) as usize];
        match rate.map(purser_domain::price::Rate::parts) {
            _ if quantity == 0 => {}
            Some((numerator, per)) => pico += div_half_even(quantity * i128::from(numerator), i128::from(per)),
            None if leaf == Leaf::Requests => {}
            None => return Err(Match::NoRateForLeaf),
        }
    }
    Ok(Money::from_pico(pico))
}

#[cfg(test)]
mod tests;
