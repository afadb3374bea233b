//! Rates a usage event: leaf by leaf, exact, rounded half-even once per leaf.
//! Invariant: a rated cost covers all that was used and is the sum of its amounts; anything else is reported or unpriced,
//! never zero.

pub mod preference;
mod refusal;

use std::sync::Arc;

use purser_domain::charge::{Basis, Charge, Match};
use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{Status, UsageEvent};

pub use self::preference::{Prefer, Preferences};
use crate::price_book::{Found, Leaves, TenantBook, set_of};

/// What `event` costs by the tenant's prices, and why, or why it cannot be said.
///
/// A call without a rate per request is free of a fee for it; every other leaf that was used needs a rate, its own or
/// the one that its catalogue lets stand in. Where one is missing the reported cost stands, if there is one, else the
/// event is unpriced and the rated part is its lower bound. Counts that contradict are never rated. A call that was
/// refused before the model ran costs nothing.
///
/// Where both costs are known, the book's preferences say which stands; `import` is that of the import that brings the
/// event and goes before them. A tenant's own price is overruled by that of an import only.
#[must_use]
pub fn rate_for(book: &TenantBook, event: &UsageEvent, import: Option<Prefer>) -> Charge {
    let mut charge = rate_alone(book, event);
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
        None => book.preferences().of(&event.source, &event.provider).filter(|(prefer, _)| *prefer == Prefer::Reported),
    };
    let Some((prefer, rule)) = rule else { return };
    let basis = charge.basis.as_deref().cloned().unwrap_or_default();
    charge.basis = Some(Arc::new(Basis { preference: Some(rule), ..basis }));
    if prefer == Prefer::Reported {
        charge.prefers_reported = true;
        charge.amounts = [None; Leaf::COUNT];
    }
}

fn rate_alone(book: &TenantBook, event: &UsageEvent) -> Charge {
    let mut charge = Charge { reported_usd: event.reported_usd, ..Charge::default() };
    if event.contradiction.is_some() {
        charge.matched = Match::CountsContradict;
        return charge;
    }
    if was_refused(event) {
        charge.matched = Match::NotBilled;
        charge.rated_usd = Some(Money::ZERO);
        return charge;
    }
    match book.find(event) {
        Ok(found) => fill(&mut charge, &found, event),
        Err(reason) => charge.matched = reason,
    }
    charge
}

fn fill(charge: &mut Charge, found: &Found<'_>, event: &UsageEvent) {
    if counts_nothing(found, event) {
        charge.matched = Match::NoUsage;
        return;
    }
    match add_leaves(charge, found, event) {
        Ok((total, Parts { used, missing: 0 })) => {
            charge.rated_usd = Some(total);
            charge.matched = found.matched;
            charge.price_version = Some(found.version.clone());
            charge.basis = Some(found.table.basis(used));
        }
        Ok((total, parts)) => {
            charge.matched = Match::NoRateForLeaf;
            charge.at_least_usd = (charge.reported_usd.is_none() && total > Money::ZERO).then_some(total);
            charge.basis = Some(incomplete(&found.table.basis(parts.used), parts.missing));
            charge.amounts = [None; Leaf::COUNT];
        }
        Err(reason) => {
            charge.matched = reason;
            charge.amounts = [None; Leaf::COUNT];
        }
    }
}

/// Which leaves were rated, and which could not be.
struct Parts {
    used: Leaves,
    missing: Leaves,
}

fn add_leaves(charge: &mut Charge, found: &Found<'_>, event: &UsageEvent) -> Result<(Money, Parts), Match> {
    let mut total = Money::ZERO;
    let mut parts = Parts { used: 0, missing: 0 };
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
        let rated = rate.amount(quantity).ok_or(Match::TooLarge)?;
        total = total.checked_add(rated).filter(|total| total.fits_charge()).ok_or(Match::TooLarge)?;
        parts.used |= set_of(leaf);
        *amount = Some(rated);
    }
    Ok((total, parts))
}

fn incomplete(basis: &Basis, missing: Leaves) -> Arc<Basis> {
    let unrated = Leaf::ALL.into_iter().filter(|leaf| missing & set_of(*leaf) != 0);
    Arc::new(Basis { unrated: unrated.map(|leaf| leaf.name().to_owned()).collect(), ..basis.clone() })
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
    is_bare(event) && (event.status == Status::Error || found.table.rate(Leaf::Requests).is_none())
}

/// Whether nothing but requests is counted.
fn is_bare(event: &UsageEvent) -> bool {
    event.units.is_empty() && event.usage.get(Leaf::Requests) > 0 && event.usage.specificity() == 1
}

#[cfg(test)]
mod tests;
