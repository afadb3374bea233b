//! Fills what one catalogue leaves open from the other: rates, units, factors and weekdays.
//! Invariant: nothing that a catalogue says is changed, and every filled rate names where it was read.

use purser_domain::price::{DailyWindow, Factor, Price, Rate, Source, Tier, Weekdays};
use purser_domain::usage::Leaf;

use crate::price_book::rate_chain;

/// Adds what `other` knows of the same model: rates of tiers whose text both price alike, units and factors.
pub(super) fn from_other(price: &mut Price, other: &Price) -> usize {
    let mut filled = 0;
    for tier in &mut price.tiers {
        let key = (tier.service_tier.as_str(), tier.over_input_tokens);
        let there = other.tiers.iter().find(|there| (there.service_tier.as_str(), there.over_input_tokens) == key);
        if let Some(there) = there
            && text_agrees(tier, there)
        {
            let source = there.source.as_ref().unwrap_or(&other.source);
            filled += fill_tier(tier, there, source);
        }
    }
    for factor in &other.factors {
        let known = |one: &Factor| one.dimension == factor.dimension && one.value == factor.value;
        if !price.factors.iter().any(known) {
            price.factors.push(Factor { source: Some(other.source.clone()), ..factor.clone() });
            filled += 1;
        }
    }
    filled
}

/// `other` without the fees that `price` lacks and its own catalogue lists for a later period: that catalogue knows
/// when the fee begins.
pub(super) fn without_later_fees(other: &Price, price: &Price, catalogue: &[Price]) -> Price {
    let mut other = other.clone();
    let later: Vec<&Price> = catalogue
        .iter()
        .filter(|one| one.provider == price.provider && one.model == price.model)
        .filter(|one| one.effective_from > price.effective_from)
        .collect();
    for leaf in [Leaf::Requests, Leaf::WebSearches] {
        let lists = |price: &Price| price.tiers.iter().any(|tier| tier.rates[leaf as usize].is_some());
        if !lists(price) && later.iter().any(|price| lists(price)) {
            other.tiers.iter_mut().for_each(|tier| tier.rates[leaf as usize] = None);
        }
    }
    other
}

/// Whether both give the same rates of text in and out, where both give one; at least one of them.
fn text_agrees(here: &Tier, there: &Tier) -> bool {
    let pairs = [Leaf::Input, Leaf::Output].map(|leaf| (here.rates[leaf as usize], there.rates[leaf as usize]));
    let same = |pair: &(Option<Rate>, Option<Rate>)| pair.0 == pair.1 || pair.0.is_none() || pair.1.is_none();
    pairs.iter().all(same) && pairs.iter().any(|(here, there)| here.is_some() && here == there)
}

fn fill_tier(tier: &mut Tier, there: &Tier, source: &Source) -> usize {
    let mut filled = fees_by_size(tier, there, source);
    let charged = rate_chain::as_parts(&tier.rates);
    for leaf in Leaf::ALL {
        let index = leaf as usize;
        let says_more = tier.rates[index].is_none() && charged[index] != there.rates[index];
        let has_sizes = tier.units.keys().any(|unit| unit.starts_with(&format!("{leaf}_")))
            || (leaf == Leaf::WebSearches && there.units.contains_key(GROUNDED_PROMPTS));
        if let Some(rate) = there.rates[index]
            && says_more
            && !has_sizes
        {
            tier.rates[index] = Some(rate);
            tier.rate_sources.insert(leaf.name().to_owned(), source.clone());
            filled += 1;
        }
    }
    for (unit, rate) in &there.units {
        if !tier.units.contains_key(unit) {
            tier.units.insert(unit.clone(), *rate);
            tier.rate_sources.insert(unit.clone(), source.clone());
            filled += 1;
        }
    }
    filled
}

/// The unit of searches that are billed once a prompt.
const GROUNDED_PROMPTS: &str = "grounded_prompts";

/// A fee for every call or search that the other catalogue knows to be that of one size gives way to fees by size.
fn fees_by_size(tier: &mut Tier, there: &Tier, source: &Source) -> usize {
    let mut filled = 0;
    // One fee for all searches of a prompt is no fee for each of them.
    let per_prompt = there.units.get(GROUNDED_PROMPTS).copied();
    if per_prompt.is_some() && tier.rates[Leaf::WebSearches as usize] == per_prompt {
        tier.rates[Leaf::WebSearches as usize] = None;
    }
    for leaf in [Leaf::Requests, Leaf::WebSearches] {
        let prefix = format!("{leaf}_");
        let sizes: Vec<(&String, &Rate)> = there.units.iter().filter(|(unit, _)| unit.starts_with(&prefix)).collect();
        let flat = tier.rates[leaf as usize];
        if there.rates[leaf as usize].is_none() && sizes.iter().any(|(_, rate)| Some(**rate) == flat) {
            tier.rates[leaf as usize] = None;
            for (unit, rate) in sizes {
                tier.units.insert(unit.clone(), *rate);
                tier.rate_sources.insert(unit.clone(), source.clone());
                filled += 1;
            }
        }
    }
    filled
}

/// The model under which litellm lists what a provider's code interpreter costs, whatever model uses it.
const CONTAINER: &str = "container";

/// Gives the models of a provider that have tools the rates of those that are listed once for all of them.
pub(super) fn tools(prices: &mut [Price]) -> usize {
    let shared: Vec<Price> = prices.iter().filter(|price| price.model == CONTAINER).cloned().collect();
    let mut filled = 0;
    for price in prices.iter_mut().filter(|price| price.model != CONTAINER) {
        let Some(container) = shared.iter().find(|one| one.provider == price.provider) else { continue };
        let has_tools =
            |tier: &Tier| tier.rates[Leaf::WebSearches as usize].is_some() || tier.units.contains_key("file_searches");
        for tier in price.tiers.iter_mut().filter(|tier| has_tools(tier)) {
            for (unit, rate) in container.tiers.iter().flat_map(|tier| &tier.units) {
                if !tier.units.contains_key(unit) {
                    tier.units.insert(unit.clone(), *rate);
                    tier.rate_sources.insert(unit.clone(), container.source.clone());
                    filled += 1;
                }
            }
        }
    }
    filled
}

/// Gives windows of every day the weekdays that the other catalogue knows, where both charge the same on those days.
///
/// `here` and `there` are the prices of one model that hold at one date, with and without windows.
pub(super) fn weekdays(here: &[&Price], there: &[&Price]) -> Vec<(usize, Weekdays)> {
    let mut found = Vec::new();
    for (index, price) in here.iter().enumerate() {
        let Some(window) = price.daily.as_ref().filter(|window| window.weekdays == Weekdays::ALL) else { continue };
        let all_day = here.iter().find(|price| price.daily.is_none());
        let mut bits = 0_u8;
        let mut explained = true;
        for day in 0..7_u8 {
            let at_peak = cost_at(there, day, window.from_minute);
            if at_peak == Some(standard(price)) {
                bits |= 1 << day;
            } else {
                explained &= at_peak.is_some() && at_peak == all_day.map(|price| standard(price));
            }
        }
        if explained && let Some(days) = Weekdays::from_bits(bits).filter(|days| *days != Weekdays::ALL) {
            found.push((index, days));
        }
    }
    found
}

/// What text costs at a minute of a weekday (0: Monday): the window that holds then, else the all-day price.
fn cost_at(prices: &[&Price], day: u8, minute: u16) -> Option<[Option<Rate>; 2]> {
    let holds = |window: &DailyWindow| {
        window.zone.is_none() && window.weekdays.bits() & (1 << day) != 0 && window.contains_minute(minute)
    };
    let windowed = prices.iter().find(|price| price.daily.as_ref().is_some_and(holds));
    windowed.or_else(|| prices.iter().find(|price| price.daily.is_none())).map(|price| standard(price))
}

fn standard(price: &Price) -> [Option<Rate>; 2] {
    let tier = price.tiers.first();
    [Leaf::Input, Leaf::Output].map(|leaf| tier.and_then(|tier| tier.rates[leaf as usize]))
}
