//! Rates that are out of line with the others of their model.
//! Invariant: a finding is a warning until [`super::known`] argues why the catalogue is right.

use std::collections::BTreeMap;

use purser_domain::price::{Finding, Price, Rate, STANDARD, Severity, Tier};
use purser_domain::usage::Leaf;

use super::known::{self, Kind};
use super::subject;

/// A rate this many times the others of its direction is a slip of the decimal point.
const TIMES_MAX: u128 = 20;
/// Femto-dollars a token: 700 dollars a million.
const DEAREST: u128 = 700_000_000_000;

/// Rates out of proportion, far above the others, or missing where the standard tier has one apart.
pub(super) fn check(price: &Price, findings: &mut Vec<Finding>) {
    let rows: BTreeMap<(&str, u64), &Tier> =
        price.tiers.iter().map(|tier| ((tier.service_tier.as_str(), tier.over_input_tokens), tier)).collect();
    for tier in &price.tiers {
        outliers(price, tier, findings);
        if tier.service_tier != STANDARD {
            let over = tier.over_input_tokens;
            if let Some(standard) = rows.get(&(STANDARD, over)).or_else(|| rows.get(&(STANDARD, 0))) {
                proportions(price, tier, standard, findings);
            }
        }
    }
}

fn outliers(price: &Price, tier: &Tier, findings: &mut Vec<Finding>) {
    for (leaf, rate) in own(tier) {
        let others = price.tiers.iter().flat_map(own).filter(|(other, _)| {
            // Cached input is meant to be far below.
            *other != leaf && other.is_input() == leaf.is_input() && *other != Leaf::CacheRead
        });
        let dearest_other = others.map(|(_, rate)| femto(rate)).max().unwrap_or(0);
        let found = femto(rate);
        if dearest_other > 0 && found > TIMES_MAX * dearest_other {
            let message = format!("{leaf} of {} costs {rate}, over {TIMES_MAX} times the model's others", name(tier));
            findings.push(known::finding(Kind::Outlier, price, tier, leaf, &message));
        }
        if found > DEAREST {
            let message = format!("{leaf} of {} costs {rate}, over 700 USD a million", name(tier));
            findings.push(known::finding(Kind::Outlier, price, tier, leaf, &message));
        }
    }
}

fn proportions(price: &Price, tier: &Tier, standard: &Tier, findings: &mut Vec<Finding>) {
    let rate = |row: &Tier, leaf: Leaf| row.rates[leaf as usize];
    for (leaf, full) in own(standard) {
        let text = if leaf.is_input() || leaf == Leaf::Output { Leaf::Input } else { Leaf::Output };
        if leaf == Leaf::Input {
            continue;
        }
        let Some(found) = rate(tier, leaf) else {
            if rate(standard, text) != Some(full) {
                let message = format!("{} has no rate of {leaf}, which standard calls pay apart", name(tier));
                findings.push(Finding::new(Severity::Note, subject(price), message));
            }
            continue;
        };
        let (Some(own), Some(whole)) = (rate(tier, text), rate(standard, text)) else { continue };
        let (left, right) = (femto(found) * femto(whole), femto(full) * femto(own));
        if left * 5 > right * 6 || right * 5 > left * 6 {
            let message = format!(
                "{leaf} of {} costs {found} against {full} standard, {text} {own} against {whole}: out of proportion",
                name(tier)
            );
            findings.push(known::finding(Kind::Proportion, price, tier, leaf, &message));
        }
    }
}

/// The token rates of a tier.
fn own(tier: &Tier) -> impl Iterator<Item = (Leaf, Rate)> + '_ {
    Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()).filter_map(|leaf| Some((leaf, tier.rates[leaf as usize]?)))
}

/// Femto-dollars a token, near enough to compare.
fn femto(rate: Rate) -> u128 {
    let (pico, per) = rate.parts();
    u128::from(pico) * 1_000 / u128::from(per)
}

/// `batch`, `batch over 200000`.
fn name(tier: &Tier) -> String {
    match tier.over_input_tokens {
        0 => format!("tier {}", tier.service_tier),
        over => format!("tier {} over {over}", tier.service_tier),
    }
}
