//! Plans which charges change under another price book.
//! Invariant: nothing is written here; a charge whose cost its writer fixed is never rated again.

use purser_domain::charge::{Charge, Match};
use purser_domain::money::Money;
use purser_domain::rerate::Why;
use purser_domain::usage_event::UsageEvent;

use crate::price_book::TenantBook;
use crate::rating;

/// What rating again would change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Every charge whose amounts change, in the order of the entries.
    pub changes: Vec<Change>,
    /// Charges whose amounts stay.
    pub unchanged: u64,
    /// Charges that stay without a rated cost.
    pub unpriced: u64,
    /// Charges whose writer fixed the cost.
    pub fixed: u64,
    /// Sum of the old costs of the changes (rated, else reported).
    pub old_usd: Money,
    /// Sum of their new costs.
    pub new_usd: Money,
}

/// One charge that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Position of the entry in the input.
    pub index: usize,
    /// The charge as it stands.
    pub old: Charge,
    /// The charge as it would be.
    pub new: Charge,
    /// Why it changes.
    pub why: Why,
}

/// Rates every entry with `book` and lists those whose amounts come out differently.
///
/// The price's version alone is no change: the same amounts under another version stay as they are.
#[must_use]
pub fn plan<'a>(book: &TenantBook, entries: impl IntoIterator<Item = (&'a UsageEvent, &'a Charge)>) -> Plan {
    let mut plan = Plan::default();
    for (index, (event, old)) in entries.into_iter().enumerate() {
        if old.matched == Match::Reported {
            plan.fixed += 1;
            continue;
        }
        let new = rating::rate_for(book, event, rating::preference::import_of(old));
        let why = match (old.rated_usd, new.rated_usd) {
            (None, None) => {
                plan.unpriced += 1;
                continue;
            }
            (None, Some(_)) => Why::Priced,
            (Some(_), None) => Why::Unpriced,
            (Some(old_usd), Some(new_usd))
                if old_usd == new_usd && old.amounts == new.amounts && old.unit_amounts == new.unit_amounts =>
            {
                plan.unchanged += 1;
                continue;
            }
            (Some(_), Some(_)) => Why::OtherPrice,
        };
        let cost = |charge: &Charge| charge.cost().map_or(Money::ZERO, |(cost, _)| cost);
        plan.old_usd = [plan.old_usd, cost(old)].into_iter().sum();
        plan.new_usd = [plan.new_usd, cost(&new)].into_iter().sum();
        plan.changes.push(Change { index, old: old.clone(), new, why });
    }
    plan
}

#[cfg(test)]
mod tests;
