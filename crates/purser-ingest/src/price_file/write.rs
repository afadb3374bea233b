//! Writes the price file: the same prices always give the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Price, Rate, STANDARD, Source, Tier};
use purser_domain::usage::Leaf;

use super::line::units;
use super::{Catalogue, FORMAT, Header, UNITS, VERSION};

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
    let keys = source_keys(&sorted);
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        units: UNITS.to_owned(),
        sources: keys.iter().map(|(catalogue, key)| (key.clone(), catalogue.clone())).collect(),
    };
    let mut out = json(&header);
    out.push('\n');
    for price in sorted {
        write_price(&mut out, price, &keys)?;
        out.push('\n');
    }
    Ok(out)
}

/// A key per catalogue: its first letter, with a number where two share it.
fn source_keys(prices: &[&Price]) -> BTreeMap<Catalogue, String> {
    let catalogue =
        |source: &Source| Catalogue { catalogue: source.catalogue.clone(), retrieved: source.retrieved.clone() };
    let all: BTreeSet<Catalogue> = prices
        .iter()
        .flat_map(|price| std::iter::once(&price.source).chain(price.tiers.iter().filter_map(|t| t.source.as_ref())))
        .map(catalogue)
        .collect();
    let mut taken = BTreeSet::new();
    all.into_iter()
        .map(|catalogue| {
            let letter: String = catalogue.catalogue.chars().take(1).collect();
            let key = std::iter::once(letter.clone())
                .chain((2..).map(|number: u32| format!("{letter}{number}")))
                .find(|key| !taken.contains(key))
                .expect("there are more keys than catalogues");
            taken.insert(key.clone());
            (catalogue, key)
        })
        .collect()
}

fn write_price(out: &mut String, price: &Price, keys: &BTreeMap<Catalogue, String>) -> Result<(), WriteError> {
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
    out.push_str(&source_fields(&price.source, keys));
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

fn source_fields(source: &Source, keys: &BTreeMap<Catalogue, String>) -> String {
    let catalogue = Catalogue { catalogue: source.catalogue.clone(), retrieved: source.retrieved.clone() };
    let key = keys.get(&catalogue).expect("every source of every price was collected");
    match &source.url {
        Some(url) => format!(",\"source\":{},\"url\":{}", json(key), json(url)),
        None => format!(",\"source\":{}", json(key)),
    }
}

fn write_tier(
    out: &mut String,
    price: &Price,
    tier: &Tier,
    keys: &BTreeMap<Catalogue, String>,
) -> Result<(), WriteError> {
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
        body.push_str(&source_fields(source, keys));
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

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and maps of texts are always JSON")
}
