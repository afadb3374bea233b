//! Writes the price file: the same prices always give the same bytes.

use std::collections::BTreeSet;

use purser_domain::price::{DailyWindow, Factor, Price, Rate, STANDARD, Tier, Weekdays};
use purser_domain::usage::Leaf;

use super::line::{UNIT, units};
use super::source_keys::SourceKeys;
use super::{FORMAT, Header, VERSION, units_told};

/// The prices as a price file, sorted by provider, model and start.
/// The lowest version of the format that holds them is written.
#[must_use]
pub fn write(prices: &[Price]) -> String {
    let mut sorted: Vec<&Price> = prices.iter().collect();
    sorted.sort_by_key(|price| {
        let daily = price.daily.as_ref().map(DailyWindow::key);
        (&price.provider, &price.model, price.effective_from, daily, price.effective_to)
    });
    let keys = SourceKeys::of(&sorted);
    let version = if prices.iter().any(is_v2) { VERSION } else { 1 };
    let units = units_told(version).to_owned();
    let header = Header { format: FORMAT.to_owned(), version, units, sources: keys.header() };
    let mut out = json(&header);
    out.push('\n');
    for price in sorted {
        write_price(&mut out, price, &keys);
        out.push('\n');
    }
    out
}

fn write_price(out: &mut String, price: &Price, keys: &SourceKeys) {
    out.push_str(&format!("{{\"provider\":{},\"model\":{}", json(&price.provider), json(&price.model)));
    if !price.aliases.is_empty() {
        let aliases: BTreeSet<&String> = price.aliases.iter().collect();
        out.push_str(&format!(",\"aliases\":{}", json(&aliases)));
    }
    out.push_str(&format!(",\"effective_from\":{}", json(&price.effective_from)));
    if let Some(to) = price.effective_to {
        out.push_str(&format!(",\"effective_to\":{}", json(&to)));
    }
    if let Some(daily) = &price.daily {
        out.push_str(&format!(",\"daily\":{{{}}}", window(daily)));
    }
    if !price.factors.is_empty() {
        let factors: Vec<String> = price.factors.iter().map(|one| factor(one, &price.provider, keys)).collect();
        out.push_str(&format!(",\"factors\":[{}]", factors.join(",")));
    }
    out.push_str(&keys.fields(&price.provider, &price.source));
    out.push_str(",\"tiers\":{");
    let mut tiers: Vec<&Tier> = price.tiers.iter().collect();
    tiers.sort_by_key(|tier| (tier.service_tier != STANDARD, &tier.service_tier, tier.over_input_tokens));
    for (index, tier) in tiers.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_tier(out, price, tier, keys);
    }
    out.push_str("}}");
}

fn window(daily: &DailyWindow) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, to) = (time(daily.from_minute), time(daily.to_minute));
    let mut text = format!("\"from\":\"{from}\",\"to\":\"{to}\"");
    if daily.weekdays != Weekdays::ALL {
        text.push_str(&format!(",\"weekdays\":\"{}\"", daily.weekdays));
    }
    if let Some(zone) = daily.zone_name() {
        text.push_str(&format!(",\"zone\":{}", json(&zone)));
    }
    if let Some(day) = daily.first_day {
        text.push_str(&format!(",\"first_day\":\"{day}\""));
    }
    text
}

fn factor(factor: &Factor, provider: &str, keys: &SourceKeys) -> String {
    let (dimension, value) = (json(&factor.dimension), json(&factor.value));
    let source = factor.source.as_ref().map_or_else(String::new, |source| keys.fields(provider, source));
    let ratio = format!("{}/{}", factor.numerator, factor.denominator);
    format!("{{\"dimension\":{dimension},\"value\":{value},\"ratio\":\"{ratio}\"{source}}}")
}

fn write_tier(out: &mut String, price: &Price, tier: &Tier, keys: &SourceKeys) {
    let key = match tier.over_input_tokens {
        0 => tier.service_tier.clone(),
        over => format!("{}>{over}", tier.service_tier),
    };
    let mut fields = Vec::new();
    for leaf in Leaf::ALL {
        let Some(rate) = tier.rates[leaf as usize] else { continue };
        fields.push(format!("\"{leaf}\":\"{}\"", shown(rate, units(leaf))));
    }
    fields.extend(tier.units.iter().map(|(unit, rate)| format!("\"{UNIT}{unit}\":\"{}\"", shown(*rate, 1))));
    let mut body = fields.join(",");
    if let Some(source) = &tier.source {
        body.push_str(&keys.fields(&price.provider, source));
    }
    for (name, source) in &tier.rate_sources {
        body.push_str(&keys.fields_of(&price.provider, source, &format!(".{name}")));
    }
    out.push_str(&format!("{}:{{{}}}", json(&key), body.trim_start_matches(',')));
}

/// Dollars for `units` units: an exact decimal, or one over a whole number.
fn shown(rate: Rate, units: u64) -> String {
    // `Rate` shows dollars per million: scale so that this means dollars per `units`.
    let decimal = |rate: Rate| {
        let (pico, per) = rate.parts();
        let shown = Rate::new(pico, per.checked_mul(1_000_000 / units)?)?.to_string();
        (!shown.contains('/')).then_some(shown)
    };
    decimal(rate).unwrap_or_else(|| {
        let (pico, per) = rate.parts();
        let whole = Rate::new(pico, 1).and_then(decimal).unwrap_or_default();
        format!("{whole}/{per}")
    })
}

/// Whether a price needs what version 1 has not.
fn is_v2(price: &Price) -> bool {
    let plain = |daily: &DailyWindow| *daily == DailyWindow::new(daily.from_minute, daily.to_minute % 1_440);
    let fraction = |tier: &Tier| {
        let rates = Leaf::ALL.into_iter().zip(tier.rates);
        rates.filter_map(|(leaf, rate)| Some(shown(rate?, units(leaf)))).any(|text| text.contains('/'))
    };
    !price.factors.is_empty()
        || price.daily.as_ref().is_some_and(|daily| !plain(daily))
        || price.tiers.iter().any(|tier| {
            !(tier.units.is_empty() && tier.rate_sources.is_empty())
                || tier.rates[Leaf::CacheWrite12h as usize].is_some()
                || fraction(tier)
        })
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and maps of texts are always JSON")
}
