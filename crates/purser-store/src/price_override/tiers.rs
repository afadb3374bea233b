//! Tiers as text: `[{"service_tier": "standard", "over_input_tokens": 0, "rates": {"input": "5000000/1"}}]`.
//! Invariant: a rate is the exact fraction of pico-dollars per unit; what cannot be read is an error, never dropped.

use std::collections::BTreeMap;

use purser_domain::price::{Rate, Source, Tier};
use purser_domain::usage::Leaf;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    service_tier: String,
    over_input_tokens: u64,
    rates: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    units: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<StoredSource>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSource {
    catalogue: String,
    url: Option<String>,
    retrieved: String,
}

pub(super) fn encode(tiers: &[Tier]) -> Result<String> {
    let stored: Vec<Stored> = tiers.iter().map(to_stored).collect();
    serde_json::to_string(&stored).map_err(|reason| Error::corrupt("price_override.tiers", reason))
}

fn to_stored(tier: &Tier) -> Stored {
    let source = tier.source.as_ref().map(|source| StoredSource {
        catalogue: source.catalogue.clone(),
        url: source.url.clone(),
        retrieved: source.retrieved.clone(),
    });
    Stored {
        service_tier: tier.service_tier.clone(),
        over_input_tokens: tier.over_input_tokens,
        rates: Leaf::ALL
            .iter()
            .zip(tier.rates)
            .filter_map(|(leaf, rate)| Some((leaf.name(), rate?)))
            .map(text)
            .collect(),
        units: tier.units.iter().map(|(unit, rate)| (unit.as_str(), *rate)).map(text).collect(),
        source,
    }
}

fn text((name, rate): (&str, Rate)) -> (String, String) {
    let (pico, per) = rate.parts();
    (name.to_owned(), format!("{pico}/{per}"))
}

pub(super) fn decode(text: &str) -> Result<Vec<Tier>> {
    let corrupt = |reason: String| Error::corrupt("price_override.tiers", reason);
    let stored: Vec<Stored> = serde_json::from_str(text).map_err(|reason| corrupt(reason.to_string()))?;
    stored.into_iter().map(|tier| from_stored(tier).map_err(corrupt)).collect()
}

fn from_stored(stored: Stored) -> std::result::Result<Tier, String> {
    let mut rates = [None; Leaf::COUNT];
    for (name, fraction) in stored.rates {
        let leaf: Leaf = name.parse()?;
        let index =
            Leaf::ALL.iter().position(|other| *other == leaf).ok_or_else(|| format!("{name:?} has no place"))?;
        rates[index] = Some(rate_of(&fraction)?);
    }
    let mut units = BTreeMap::new();
    for (name, fraction) in stored.units {
        units.insert(name, rate_of(&fraction)?);
    }
    let source = stored.source.map(|source| Source {
        catalogue: source.catalogue,
        url: source.url,
        retrieved: source.retrieved,
    });
    Ok(Tier { units, source, ..Tier::new(stored.service_tier, stored.over_input_tokens, rates) })
}

fn rate_of(fraction: &str) -> std::result::Result<Rate, String> {
    fraction
        .split_once('/')
        .and_then(|(pico, per)| Rate::new(pico.parse().ok()?, per.parse().ok()?))
        .ok_or_else(|| format!("{fraction:?} is not a rate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_stored_as_exact_fractions() {
        let mut rates = [None; Leaf::COUNT];
        rates[0] = Rate::parse("5", 1_000_000).ok();
        rates[1] = Rate::new(1, 3);
        let source = Source { catalogue: "tenant".to_owned(), url: None, retrieved: "2026-11-20".to_owned() };
        let tiers = [Tier {
            source: Some(source),
            units: [("images".to_owned(), Rate::FREE)].into(),
            ..Tier::new("batch", 200_000, rates)
        }];
        let text = concat!(
            r#"[{"service_tier":"batch","over_input_tokens":200000,"rates":{"cache_read":"1/3","input":"5000000/1"},"#,
            r#""units":{"images":"0/1"},"#,
            r#""source":{"catalogue":"tenant","url":null,"retrieved":"2026-11-20"}}]"#
        );
        assert_eq!(encode(&tiers), Ok(text.to_owned()));
        assert_eq!(decode(text), Ok(tiers.to_vec()));
    }

    #[test]
    fn what_is_no_tier_is_corrupt() {
        for text in [
            "",
            r#"[{"service_tier":"standard","over_input_tokens":0,"rates":{"smell":"1/1"}}]"#,
            r#"[{"service_tier":"standard","over_input_tokens":0,"rates":{"input":"1/0"}}]"#,
            r#"[{"service_tier":"standard","over_input_tokens":0,"rates":{"input":"0.5"}}]"#,
            r#"[{"service_tier":"standard","over_input_tokens":0,"rates":{},"note":1}]"#,
        ] {
            assert!(matches!(decode(text), Err(Error::Corrupt(_))), "{text}");
        }
    }
}
