//! Rates a usage event: leaf by leaf, exact, rounded half-even once per leaf.
//! Invariant: the cost is the sum of the leaves; whatever cannot be rated exactly is unpriced, never zero.

use purser_domain::charge::{Charge, Match};
use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{Status, UsageEvent};

use crate::price_book::{Found, TenantBook};

/// What `event` costs by the tenant's prices, and why, or why it cannot be said.
///
/// The reported cost stands beside it. A call without a rate per request is free of a fee for it;
/// every other leaf that was used needs a rate, its own or its parent's.
#[must_use]
pub fn rate(book: &TenantBook, event: &UsageEvent) -> Charge {
    let mut charge = Charge { reported_usd: event.reported_usd, ..Charge::default() };
    let found = match book.find(event) {
        Ok(found) => found,
        Err(reason) => {
            charge.matched = reason;
            return charge;
        }
    };
    match fill_amounts(&found, event, &mut charge.amounts) {
        Ok(total) => {
            charge.rated_usd = Some(total);
            charge.price_version = Some(found.version.clone());
            charge.matched = found.matched;
        }
        Err(reason) => {
            charge.amounts = [None; Leaf::COUNT];
            charge.matched = reason;
        }
    }
    charge
}

fn fill_amounts(
    found: &Found<'_>,
    event: &UsageEvent,
    amounts: &mut [Option<Money>; Leaf::COUNT],
) -> Result<Money, Match> {
    if counts_nothing(found, event) {
        return Err(Match::NoUsage);
    }
    let mut total = Money::ZERO;
    for ((leaf, rate), amount) in Leaf::ALL.into_iter().zip(found.rates).zip(amounts) {
        let quantity = event.usage.get(leaf);
        if quantity == 0 {
            continue;
        }
        let Some(rate) = rate else {
            if leaf == Leaf::Requests {
                continue;
            }
            return Err(Match::NoRateForLeaf);
        };
        let rated = rate.amount(quantity).ok_or(Match::TooLarge)?;
        total = total.checked_add(rated).filter(|total| total.fits_charge()).ok_or(Match::TooLarge)?;
        *amount = Some(rated);
    }
    Ok(total)
}

/// Whether the call answered and yet nothing is known of it that has a rate: its cost is unknown, not zero.
///
/// A failed call and one that made no request (a cached answer) may well have used nothing.
fn counts_nothing(found: &Found<'_>, event: &UsageEvent) -> bool {
    event.status == Status::Ok
        && found.rates[Leaf::Requests as usize].is_none()
        && event.usage.get(Leaf::Requests) > 0
        && event.usage.specificity() == 1
}

#[cfg(test)]
mod tests;
