//! One line of the price file and its way to a price.
//! Invariant: unknown fields, leaves and sources are refused, and so is a leaf that stands twice.

use std::collections::BTreeMap;
use std::fmt;

use purser_domain::price::{DailyWindow, Price, Rate, Source, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Catalogue;

/// A price as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceLine {
    provider: String,
    model: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// Present even when `null`: the mark of an undated price.
    #[serde(deserialize_with = "Option::deserialize")]
    effective_from: Option<Timestamp>,
    #[serde(default)]
    effective_to: Option<Timestamp>,
    #[serde(default)]
    daily: Option<DailyLine>,
    source: String,
    #[serde(default)]
    url: Option<String>,
    tiers: Pairs<Pairs<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DailyLine {
    from: String,
    to: String,
}

/// A JSON object in its own order, whose keys must be distinct.
#[derive(Debug)]
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs: Vec<(String, V)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, V>()? {
                    if pairs.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom(format!("{key:?} stands twice")));
                    }
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor(std::marker::PhantomData))
    }
}

impl PriceLine {
    /// The price, or everything that is wrong with the line.
    pub(super) fn into_price(self, sources: &BTreeMap<String, Catalogue>) -> Result<Price, Vec<String>> {
        let mut errors = Vec::new();
        let source = source_of(sources, &self.source, self.url.clone(), &mut errors);
        let daily = self.daily.as_ref().and_then(|daily| {
            let window = minute(&daily.from).zip(minute(&daily.to));
            if window.is_none() {
                errors.push(format!("daily {:?} to {:?} is not HH:MM", daily.from, daily.to));
            }
            window.map(|(from_minute, to_minute)| DailyWindow { from_minute, to_minute })
        });
        let mut tiers = Vec::new();
        for (key, fields) in self.tiers.0 {
            tiers.push(parse_tier(&key, fields.0, sources, &mut errors));
        }
        if tiers.is_empty() {
            errors.push("tiers is empty".to_owned());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Price {
            provider: self.provider,
            model: self.model,
            aliases: self.aliases,
            effective_from: self.effective_from,
            effective_to: self.effective_to,
            daily,
            tiers,
            source,
        })
    }
}

fn source_of(
    sources: &BTreeMap<String, Catalogue>,
    key: &str,
    url: Option<String>,
    errors: &mut Vec<String>,
) -> Source {
    if let Some(found) = sources.get(key) {
        let url = url.or_else(|| found.url.clone());
        return Source { catalogue: found.catalogue.clone(), url, retrieved: found.retrieved.clone() };
    }
    errors.push(format!("source {key:?} is not in the header"));
    Source { catalogue: String::new(), url, retrieved: String::new() }
}

/// `standard`, `batch>200000`.
fn parse_tier(
    key: &str,
    fields: Vec<(String, String)>,
    sources: &BTreeMap<String, Catalogue>,
    errors: &mut Vec<String>,
) -> Tier {
    let (service_tier, over) = key.split_once('>').unwrap_or((key, "0"));
    let over_input_tokens = over.parse().unwrap_or_else(|_| {
        errors.push(format!("tier {key:?} is not NAME or NAME>TOKENS"));
        0
    });
    let mut tier =
        Tier { service_tier: service_tier.to_owned(), over_input_tokens, rates: [None; Leaf::COUNT], source: None };
    let (mut source, mut url) = (None, None);
    for (name, value) in fields {
        match (name.as_str(), name.parse::<Leaf>()) {
            ("source", _) => source = Some(value),
            ("url", _) => url = Some(value),
            (_, Ok(leaf)) => match Rate::parse(&value, units(leaf)) {
                Ok(rate) => tier.rates[leaf as usize] = Some(rate),
                Err(error) => errors.push(format!("{key}.{leaf}: {error}")),
            },
            (_, Err(error)) => errors.push(format!("{key}: {error}")),
        }
    }
    tier.source = source.map(|source| source_of(sources, &source, url, errors));
    tier
}

/// How many units a rate in the file is for.
pub(super) const fn units(leaf: Leaf) -> u64 {
    if leaf.is_token() { 1_000_000 } else { 1 }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}
