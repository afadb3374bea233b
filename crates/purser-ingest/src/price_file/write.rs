//! Writes the price file: the same prices always give the same bytes.

use std::collections::BTreeSet;

use purser_domain::price::{Price, Rate, STANDARD, Tier};
use purser_domain::usage::Leaf;

use super::line::units;
use super::source_keys::SourceKeys;
use super::{FORMAT, Header, UNITS, VERSION};

/// A price that the file cannot hold exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A rate is no finite decimal.
    #[error("{provider} {model} {field}: {rate} is not a finite decimal")]
    NotDecimal {
        /// The price's provider.
        provider: String,
        /// The price's model.
        model: String,
        /// Tier and leaf.
        field: String,
        /// The rate as a fraction.
        rate: String,
    },
}

/// The prices as a price file, sorted by provider, model and start.
///
/// # Errors
/// [`WriteError::NotDecimal`] if a rate has no finite decimal; rates that were read from decimals do.
pub fn write(prices: &[Price]) -> Result<String, WriteError> {
    let mut sorted: Vec<&Price> = prices.iter().collect();
    sorted.sort_by_key(|price| {
        let daily = price.daily.map(|daily| (daily.from_minute, daily.to_minute));
        (&price.provider, &price.model, price.effective_from, daily, price.effective_to)
    });
    let keys = SourceKeys::of(&sorted);
    let header =
        Header { format: FORMAT.to_owned(), version: VERSION, units: UNITS.to_owned(), sources: keys.header() };
    let mut out = json(&header);
    out.push('\n');
    for price in sorted {
        write_price(&mut out, price, &keys)?;
        out.push('\n');
    }
    Ok(out)
}

fn write_price(out: &mut String, price: &Price, keys: &SourceKeys) -> Result<(), WriteError> {
    out.push_str(&format!("{{\"provider\":{},\"model\":{}", json(&price.provider), json(&price.model)));
    if !price.aliases.is_empty() {
        let aliases: BTreeSet<&String> = price.aliases.iter().collect();
        out.push_str(&format!(",\"aliases\":{}", json(&aliases)));
    }
    out.push_str(&format!(",\"effective_from\":{}", json(&price.effective_from)));
    if let Some(to) = price.effective_to {
        out.push_str(&format!(",\"effective_to\":{}", json(&to)));
    }
    if let Some(daily) = price.daily {
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (from, to) = (time(daily.from_minute), time(daily.to_minute));
        out.push_str(&format!(",\"daily\":{{\"from\":\"{from}\",\"to\":\"{to}\"}}"));
    }
    out.push_str(&keys.fields(&price.provider, &price.source));
    out.push_str(",\"tiers\":{");
    let mut tiers: Vec<&Tier> = price.tiers.iter().collect();
    tiers.sort_by_key(|tier| (tier.service_tier != STANDARD, &tier.service_tier, tier.over_input_tokens));
    for (index, tier) in tiers.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_tier(out, price, tier, keys)?;
    }
    out.push_str("}}");
    Ok(())
}

fn write_tier(out: &mut String, price: &Price, tier: &Tier, keys: &SourceKeys) -> Result<(), WriteError> {
    let key = match tier.over_input_tokens {
        0 => tier.service_tier.clone(),
        over => format!("{}>{over}", tier.service_tier),
    };
    let mut fields = Vec::new();
    for leaf in Leaf::ALL {
        let Some(rate) = tier.rates[leaf as usize] else { continue };
        let text = decimal(rate, units(leaf)).ok_or_else(|| WriteError::NotDecimal {
            provider: price.provider.clone(),
            model: price.model.clone(),
            field: format!("{key}.{leaf}"),
            rate: rate.to_string(),
        })?;
        fields.push(format!("\"{leaf}\":\"{text}\""));
    }
    let mut body = fields.join(",");
    if let Some(source) = &tier.source {
        body.push_str(&keys.fields(&price.provider, source));
    }
    out.push_str(&format!("{}:{{{}}}", json(&key), body.trim_start_matches(',')));
    Ok(())
}

/// Dollars for `units` units as an exact decimal.
fn decimal(rate: Rate, units: u64) -> Option<String> {
    // `Rate` shows dollars per million: scale so that this means dollars per `units`.
    let (pico, per) = rate.parts();
    let shown = Rate::new(pico, per.checked_mul(1_000_000 / units)?)?.to_string();
    (!shown.contains('/')).then_some(shown)
}

pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and maps of texts are always JSON")
}
