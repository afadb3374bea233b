//! Rates a usage event: leaf by leaf, exact, rounded half-even once per leaf.
//! Invariant: a rated cost covers all that was used and is the sum of its amounts; anything else is reported or unpriced,
//! never zero.

mod explanation;
pub mod preference;
mod refusal;

use std::sync::Arc;

use purser_domain::charge::{Basis, Charge, Match};
use purser_domain::money::Money;
use purser_domain::unit::Quantity;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{Status, UsageEvent};

pub use self::explanation::explain;
pub use self::preference::{Prefer, Preferences};
use crate::price_book::{Found, GROUNDED_PROMPTS, Leaves, REQUEST_KIND, RateTable, TenantBook, set_of};

/// What `event` costs by the tenant's prices, and why, or why it cannot be said.
///
/// A call without a rate per request is free of a fee for it; every other leaf that was used needs a rate, its own or
/// the one that its catalogue lets stand in. Where one is missing the reported cost stands, if there is one, else the
/// event is unpriced and the rated part is its lower bound. Counts that contradict are never rated. A call that was
/// refused before the model ran costs nothing.
///
/// Where both costs are known, the book's preferences say which stands; `import` is that of the import that brings the
/// event and goes before them. A tenant's own price is overruled by that of an import only. Of a name that moves
/// (`…-latest`) the reported cost stands where the answer names no model.
#[must_use]
pub fn rate_for(book: &TenantBook, event: &UsageEvent, import: Option<Prefer>) -> Charge {
    let mut charge = Charge { reported_usd: event.reported_usd, ..Charge::default() };
    rate_alone(&mut charge, book, event);
    if event.reported_usd.is_some() {
        prefer(&mut charge, book, event, import);
    }
    charge
}

/// [`rate_for`] an event that no import with a preference brings.
#[must_use]
pub fn rate(book: &TenantBook, event: &UsageEvent) -> Charge {
    rate_for(book, event, None)
}

/// Lets the reported cost stand where a rule prefers it, and names the rule.
fn prefer(charge: &mut Charge, book: &TenantBook, event: &UsageEvent, import: Option<Prefer>) {
    let rule = match import {
        Some(prefer) => Some((prefer, preference::of_import(prefer).to_owned())),
        None if charge.rated_usd.is_none() || charge.matched == Match::Override => None,
        None => {
            let told = book.preferences().of(&event.source, &event.provider);
            told.filter(|(prefer, _)| *prefer == Prefer::Reported).or_else(|| moving(event))
        }
    };
    let Some((prefer, rule)) = rule else { return };
    let basis = charge.basis.as_deref().cloned().unwrap_or_default();
    charge.basis = Some(Arc::new(Basis { preference: Some(rule), ..basis }));
    if prefer == Prefer::Reported {
        charge.prefers_reported = true;
        clear_amounts(charge);
    }
}

/// The rule for a name that moves from model to model, where the answer does not say which one served: its sender knew,
/// the price book knows only where the name pointed on the day that the catalogue was read.
fn moving(event: &UsageEvent) -> Option<(Prefer, String)> {
    let moves = event.response_model.is_none() && event.model.ends_with("-latest");
    moves.then(|| (Prefer::Reported, format!("moving name {}", event.model)))
}

/// Rates an event as if no preference were known.
fn rate_alone(charge: &mut Charge, book: &TenantBook, event: &UsageEvent) {
    if event.contradiction.is_some() {
        charge.matched = Match::CountsContradict;
    } else if was_refused(event) {
        charge.matched = Match::NotBilled;
        charge.rated_usd = Some(Money::ZERO);
    } else {
        match book.find(event) {
            Ok(found) => fill(charge, &found, event),
            Err(reason) => charge.matched = reason,
        }
    }
}

fn fill(charge: &mut Charge, found: &Found<'_>, event: &UsageEvent) {
    if counts_nothing(found, event) || is_bill(event) {
        charge.matched = Match::NoUsage;
        return;
    }
    let Some(parts) = add_parts(charge, found, event) else {
        clear_amounts(charge);
        charge.matched = Match::TooLarge;
        return;
    };
    let table = found.served.table;
    if parts.is_whole() {
        charge.rated_usd = Some(parts.total);
        charge.matched = found.matched;
        charge.price_version = Some(found.version.clone());
        charge.basis = Some(table.basis(parts.used));
        return;
    }
    clear_amounts(charge);
    charge.matched = parts.reason();
    // What the call was served with has no price: nothing bounds it.
    let is_bounded = parts.total > Money::ZERO && charge.reported_usd.is_none() && found.served.unknown.is_none();
    charge.at_least_usd = is_bounded.then_some(parts.total);
    let basis = table.basis(parts.used);
    charge.basis = Some(Arc::new(Basis { unrated: parts.unrated(), ..(*basis).clone() }));
}

fn clear_amounts(charge: &mut Charge) {
    charge.amounts = [None; Leaf::COUNT];
    charge.unit_amounts.clear();
}

/// What could be rated of an event, and what could not.
#[derive(Default)]
struct Parts {
    total: Money,
    used: Leaves,
    missing: Leaves,
    missing_units: Vec<String>,
    unknown: Option<String>,
}

impl Parts {
    fn is_whole(&self) -> bool {
        self.missing == 0 && self.missing_units.is_empty() && self.unknown.is_none()
    }

    const fn reason(&self) -> Match {
        match (&self.unknown, self.missing) {
            (Some(_), _) => Match::NoRateForTier,
            (None, 0) => Match::NoRateForUnit,
            (None, _) => Match::NoRateForLeaf,
        }
    }

    fn unrated(self) -> Vec<String> {
        let leaves = Leaf::ALL.into_iter().filter(|leaf| self.missing & set_of(*leaf) != 0);
        let leaves = leaves.map(|leaf| leaf.name().to_owned());
        leaves.chain(self.missing_units).chain(self.unknown).collect()
    }

    /// Adds a rated amount; `None` if it or the sum fits no charge.
    fn add(&mut self, amount: Option<Money>) -> Option<Money> {
        self.total = self.total.checked_add(amount?).filter(|total| total.fits_charge())?;
        amount
    }
}

/// Rates all that was used; `None` if an amount or the sum fits no charge.
fn add_parts(charge: &mut Charge, found: &Found<'_>, event: &UsageEvent) -> Option<Parts> {
    let mut parts = Parts { unknown: found.served.unknown.clone(), ..Parts::default() };
    for ((leaf, rate), amount) in Leaf::ALL.into_iter().zip(found.rates).zip(&mut charge.amounts) {
        let quantity = event.usage.get(leaf);
        if quantity == 0 {
            continue;
        }
        let Some(rate) = rate else {
            if leaf != Leaf::Requests {
                parts.missing |= set_of(leaf);
            }
            continue;
        };
        let quantity = if leaf == Leaf::WebSearches { searches(found.served.table, event) } else { quantity };
        *amount = Some(parts.add(rate.amount(quantity))?);
        parts.used |= set_of(leaf);
    }
    let table = found.served.table;
    if !event.units.is_empty() {
        add_units(charge, table, event, &mut parts)?;
    }
    if table.has_fee_by_kind && event.usage.get(Leaf::Requests) > 0 && !is_kind_told(event) {
        parts.missing |= set_of(Leaf::Requests);
    }
    Some(parts)
}

fn add_units(charge: &mut Charge, table: &RateTable, event: &UsageEvent, parts: &mut Parts) -> Option<()> {
    for (unit, quantity) in event.units.iter().filter(|(_, quantity)| quantity.micros() > 0) {
        let Some(rate) = table.unit_rate(unit) else {
            parts.missing_units.push(unit.clone());
            continue;
        };
        let prompts = Quantity::whole(event.usage.get(Leaf::Requests).max(1)).unwrap_or(*quantity);
        let quantity = if table.is_per_prompt(unit) { prompts.min(*quantity) } else { *quantity };
        charge.unit_amounts.insert(unit.clone(), parts.add(rate.amount_of(quantity))?);
    }
    if table.is_of_units && !charge.unit_amounts.is_empty() {
        parts.missing &= !Leaf::ALL.iter().filter(|leaf| leaf.is_token()).fold(0, |set, leaf| set | set_of(*leaf));
    }
    Some(())
}

/// How many searches are billed.
fn searches(table: &RateTable, event: &UsageEvent) -> u64 {
    let searches = event.usage.get(Leaf::WebSearches);
    if !table.is_per_prompt(Leaf::WebSearches.name()) {
        return searches;
    }
    if event.units.contains_key(GROUNDED_PROMPTS) { 0 } else { searches.min(event.usage.get(Leaf::Requests).max(1)) }
}

/// Whether the event says of which kind its requests were.
fn is_kind_told(event: &UsageEvent) -> bool {
    event.units.iter().any(|(unit, quantity)| unit.starts_with(REQUEST_KIND) && quantity.micros() > 0)
}

/// Whether the call failed before a model ran, and nothing says that it cost or used anything.
fn was_refused(event: &UsageEvent) -> bool {
    event.status == Status::Error
        && event.error_type.as_deref().is_some_and(refusal::is_refusal)
        && event.reported_usd.is_none_or(|reported| reported == Money::ZERO)
        && is_bare(event)
}

/// Whether a request was made and nothing is known of it that has a rate: its cost is unknown, not zero.
///
/// A call that made no request (a cached answer) used nothing. A fee per request alone is what an answer costs, but of
/// a failed or cancelled call nobody knows whether it was billed, nor for what.
fn counts_nothing(found: &Found<'_>, event: &UsageEvent) -> bool {
    is_bare(event) && (event.status == Status::Error || found.served.table.rate(Leaf::Requests).is_none())
}

/// Whether the event is a cost without the usage that it is for, as bills have it: there is nothing to rate.
fn is_bill(event: &UsageEvent) -> bool {
    let costs = event.reported_usd.is_some_and(|reported| reported > Money::ZERO);
    costs && event.units.is_empty() && event.usage.specificity() == 0
}

/// Whether nothing but requests is counted.
fn is_bare(event: &UsageEvent) -> bool {
    event.units.is_empty() && event.usage.get(Leaf::Requests) > 0 && event.usage.specificity() == 1
}

#[cfg(test)]
mod tests;
