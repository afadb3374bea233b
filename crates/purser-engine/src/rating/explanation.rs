//! Explains a charge with the prices that hold for its event.
//! Invariant: pure; rating the event again with the same prices gives what is told here.

use purser_domain::charge::Charge;
use purser_domain::price::{Discount, Rate};
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;
use purser_domain::why::{Part, PriceName, Why};

use crate::price_book::{Found, Origin, TenantBook};

/// Why `event` was charged as `charge` says, by the prices of `book`.
#[must_use]
pub fn explain(book: &TenantBook, event: &UsageEvent, charge: &Charge) -> Why {
    let found = book.find(event).ok();
    let is_other = match (&found, &charge.price_version) {
        (Some(found), Some(version)) => found.version != version,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let origin = book.origin(event);
    let price = origin.map(|Origin { dated, .. }| PriceName {
        provider: dated.price.provider.clone(),
        model: dated.price.model.clone(),
        version: dated.version.to_string(),
        effective_from: dated.price.effective_from,
        effective_to: dated.price.effective_to,
        source: dated.price.source.clone(),
        is_other,
    });
    Why {
        matched: charge.matched,
        cost: charge.cost(),
        rated_usd: charge.rated_usd,
        reported_usd: charge.reported_usd,
        at_least_usd: charge.at_least_usd,
        price,
        basis: charge.basis.as_deref().cloned().unwrap_or_default(),
        context_tokens: event.context_tokens(),
        discount_percent: origin.and_then(|origin| origin.discount).map(Discount::percent),
        parts: parts(found.as_ref(), event, charge, is_other),
    }
}

fn parts(found: Option<&Found<'_>>, event: &UsageEvent, charge: &Charge, is_other: bool) -> Vec<Part> {
    let table = found.map(|found| found.served.table);
    let leaves = event.usage.iter().map(|(leaf, quantity)| {
        let rate = table.and_then(|table| table.rate(leaf));
        let told = charge.amounts[leaf as usize];
        let per = if leaf.is_token() { 1_000_000 } else { 1 };
        Part {
            name: leaf.name().to_owned(),
            quantity: quantity.to_string(),
            rate_usd: rate.map(|rate| shown(rate, per)),
            per,
            charged_as: table.and_then(|table| table.stand_in(leaf)).map(str::to_owned),
            is_own: table.is_some_and(|table| table.is_own(leaf)),
            amount_usd: told.or_else(|| rate.filter(|_| !is_other)?.amount(quantity)),
        }
    });
    let units = event.units.iter().map(|(unit, quantity)| {
        let rate = table.and_then(|table| table.unit_rate(unit));
        let told = charge.unit_amounts.get(unit).copied();
        Part {
            name: unit.clone(),
            quantity: quantity.to_string(),
            rate_usd: rate.map(|rate| shown(rate, 1)),
            per: 1,
            charged_as: None,
            is_own: table.is_some_and(|table| table.is_own_unit(unit)),
            amount_usd: told.or_else(|| rate.filter(|_| !is_other)?.amount_of(*quantity)),
        }
    });
    // A request without a fee is no part of the cost, unless it is what is missing.
    let missing =
        |name: &str| charge.basis.as_ref().is_some_and(|basis| basis.unrated.iter().any(|other| other == name));
    let counts = |part: &Part| part.name != Leaf::Requests.name() || part.rate_usd.is_some() || missing(&part.name);
    leaves.chain(units).filter(counts).collect()
}

/// US dollars for `per` units.
fn shown(rate: Rate, per: u64) -> String {
    let (pico, units) = rate.parts();
    let scaled = units.checked_mul(1_000_000 / per).and_then(|units| Rate::new(pico, units));
    scaled.map_or_else(|| format!("{pico}/{units} pico-dollars"), |rate| rate.to_string())
}

#[cfg(test)]
mod tests;
