//! Finds what is odd in a set of prices, whatever their order.
//! Invariant: prices without an error compile to a book in which no name or instant is ambiguous.

mod known;
mod modality;
mod rate;

use std::collections::BTreeMap;

use purser_domain::price::{Finding, Price, STANDARD, Severity};
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use crate::price_book::group_by;
use crate::price_book::rate_chain;

/// The largest factor that is no surprise.
const FACTOR_MAX: u64 = 6;

/// Everything that is wrong or odd, sorted.
#[must_use]
pub fn check(prices: &[Price]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for price in prices {
        check_one(price, &mut findings);
        rate::check(price, &mut findings);
    }
    modality::check(prices, &mut findings);
    check_periods(prices, &mut findings);
    check_names(prices, &mut findings);
    findings.sort();
    findings.dedup();
    findings
}

/// The day on which the newest catalogue of the prices was read, `YYYY-MM-DD`: how fresh they are.
#[must_use]
pub fn retrieved(prices: &[Price]) -> Option<&str> {
    prices.iter().map(|price| price.source.retrieved.as_str()).max()
}

/// How a price is named in findings: `openai gpt-4o`.
#[must_use]
pub fn subject(price: &Price) -> String {
    match price.effective_from {
        Some(from) => format!("{} {} from {from}", price.provider, price.model),
        None => format!("{} {}", price.provider, price.model),
    }
}

fn check_one(price: &Price, findings: &mut Vec<Finding>) {
    let mut error = |message: String| findings.push(Finding::new(Severity::Error, subject(price), message));
    if price.model.trim().is_empty() || price.provider.trim().is_empty() {
        error(format!("provider {:?} or model {:?} is empty", price.provider, price.model));
    }
    if provider::canonical(&price.provider) != price.provider {
        error(format!("provider {:?} is spelled {:?} here", price.provider, provider::canonical(&price.provider)));
    }
    if let (Some(from), Some(to)) = (price.effective_from, price.effective_to)
        && from >= to
    {
        error(format!("effective_to {to} is not after effective_from {from}"));
    }
    if let Some(daily) = &price.daily
        && (daily.from_minute == daily.to_minute || daily.from_minute >= 1_440 || daily.to_minute > 1_440)
    {
        error(format!("daily window {} to {} is not within a day", daily.from_minute, daily.to_minute));
    }
    if price.tiers.is_empty() {
        error("has no tier, so no rate".to_owned());
    }
    check_tiers(price, findings);
    for factor in &price.factors {
        let (above, below) = (u64::from(factor.numerator), u64::from(factor.denominator));
        if above == 0 || below == 0 {
            let message = format!("factor {factor} is not a positive fraction");
            findings.push(Finding::new(Severity::Error, subject(price), message));
        } else if above > below * FACTOR_MAX || below > above * FACTOR_MAX {
            findings.push(Finding::new(Severity::Warning, subject(price), format!("factor {factor} is far from 1")));
        }
    }
}

fn check_tiers(price: &Price, findings: &mut Vec<Finding>) {
    let mut tiers: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut find = |severity, message: String| findings.push(Finding::new(severity, subject(price), message));
    for tier in &price.tiers {
        let name = &tier.service_tier;
        if name.is_empty() || name.bytes().any(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')) {
            find(Severity::Error, format!("service tier {name:?} is not of a-z 0-9 _"));
        }
        if tiers.get(name.as_str()).is_some_and(|sizes| sizes.contains(&tier.over_input_tokens)) {
            find(Severity::Error, format!("tier {name} over {} stands twice", tier.over_input_tokens));
        }
        tiers.entry(name).or_default().push(tier.over_input_tokens);
        if tier.is_empty() {
            find(Severity::Error, format!("tier {name} over {} has no rate", tier.over_input_tokens));
        }
        for leaf in Leaf::ALL {
            let needs = rate_chain::parents(leaf).last();
            if let (Some(_), Some(parent)) = (tier.rates[leaf as usize], needs)
                && tier.rates[*parent as usize].is_none()
            {
                find(Severity::Note, format!("tier {name} has a rate of {leaf}, but none of {parent}"));
            }
        }
    }
    for (name, sizes) in tiers {
        if !sizes.contains(&0) {
            find(Severity::Error, format!("tier {name} has no rates for small calls, only over {sizes:?} tokens"));
        }
    }
    if !price.tiers.is_empty() && !price.tiers.iter().any(|tier| tier.service_tier == STANDARD) {
        find(Severity::Warning, "has no standard tier: only calls that name a tier are priced".to_owned());
    }
}

/// Two prices of one model must not hold at the same instant, daily windows and whole days apart.
fn check_periods(prices: &[Price], findings: &mut Vec<Finding>) {
    let key = |price: &Price| (price.provider.clone(), price.model.to_ascii_lowercase());
    for indices in group_by(prices, key).into_values() {
        for (position, a) in indices.iter().enumerate() {
            for b in &indices[position + 1..] {
                let (a, b) = (&prices[*a], &prices[*b]);
                let (a, b) = if a.effective_from <= b.effective_from { (a, b) } else { (b, a) };
                if overlap(a, b) {
                    let at = b.effective_from.map_or_else(|| "undated".to_owned(), |from| from.to_string());
                    findings.push(Finding::new(
                        Severity::Error,
                        format!("{} {}", a.provider, a.model),
                        format!("two prices hold at once ({at})"),
                    ));
                }
            }
        }
    }
}

fn overlap(a: &Price, b: &Price) -> bool {
    let starts_in = |start: Option<Timestamp>, end: Option<Timestamp>| match (start, end) {
        (_, None) | (None, _) => true,
        (Some(start), Some(end)) => start < end,
    };
    let dates = starts_in(a.effective_from, b.effective_to) && starts_in(b.effective_from, a.effective_to);
    dates
        && match (&a.daily, &b.daily) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                // Windows of two zones are not compared: the later start decides where they meet.
                a.zone == b.zone
                    && a.weekdays.meets(b.weekdays)
                    && (a.contains_minute(b.from_minute) || b.contains_minute(a.from_minute))
            }
            _ => false,
        }
}

/// A name leads to one model of a provider.
fn check_names(prices: &[Price], findings: &mut Vec<Finding>) {
    let mut owners: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for price in prices {
        owners.insert((&price.provider, price.model.to_ascii_lowercase()), &price.model);
    }
    let mut aliases: BTreeMap<(&str, String), &str> = BTreeMap::new();
    let mut sorted: Vec<&Price> = prices.iter().collect();
    sorted.sort_by(|a, b| a.model.cmp(&b.model));
    for price in sorted {
        for alias in &price.aliases {
            let key = (price.provider.as_str(), alias.to_ascii_lowercase());
            let owner = owners.get(&key).or_else(|| aliases.get(&key)).copied();
            if let Some(owner) = owner
                && owner != price.model
            {
                findings.push(Finding::new(
                    Severity::Error,
                    format!("{} {}", price.provider, price.model),
                    format!("alias {alias:?} is already a name of {owner:?}"),
                ));
            }
            aliases.entry(key).or_insert(&price.model);
        }
    }
}

#[cfg(test)]
mod tests;
