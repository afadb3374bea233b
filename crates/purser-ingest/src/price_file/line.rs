//! One line of the price file and its way to a price.
//! Invariant: unknown fields, leaves and sources are refused, and so is a leaf that stands twice.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use purser_domain::price::{DailyWindow, Factor, Price, Rate, Source, Tier, Weekdays};
use purser_domain::time::Timestamp;
use purser_domain::unit;
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
    #[serde(default)]
    factors: Vec<FactorLine>,
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
    #[serde(default)]
    weekdays: Option<String>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    first_day: Option<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorLine {
    dimension: String,
    value: String,
    ratio: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    url: Option<String>,
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
        let daily = self.daily.and_then(|daily| daily.into_window().map_err(|error| errors.push(error)).ok());
        let mut factors = Vec::new();
        for line in self.factors {
            factors.extend(line.into_factor(sources, &mut errors));
        }
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
            factors,
            tiers,
            source,
        })
    }
}

impl DailyLine {
    fn into_window(self) -> Result<DailyWindow, String> {
        let Self { from, to, weekdays, zone, first_day } = self;
        let (from_minute, to_minute) =
            minute(&from).zip(end_minute(&to)).ok_or_else(|| format!("daily {from:?} to {to:?} is not HH:MM"))?;
        let weekdays = weekdays.map_or(Ok(Weekdays::ALL), |days| days.parse())?;
        let zone = zone.map(|name| TimeZone::get(&name).map_err(|_| format!("zone {name:?} is not known")));
        Ok(DailyWindow { from_minute, to_minute, weekdays, zone: zone.transpose()?, first_day })
    }
}

impl FactorLine {
    fn into_factor(self, sources: &BTreeMap<String, Catalogue>, errors: &mut Vec<String>) -> Option<Factor> {
        let factor = self
            .ratio
            .split_once('/')
            .and_then(|(above, below)| Some((above.parse().ok()?, below.parse().ok()?)))
            .and_then(|(above, below)| Factor::ratio(&self.dimension, &self.value, above, below));
        if factor.is_none() {
            errors.push(format!("factor {} {}: {:?} is not a fraction", self.dimension, self.value, self.ratio));
        }
        let source = self.source.map(|source| source_of(sources, &source, self.url, errors));
        Some(Factor { source, ..factor? })
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
    let mut tier = Tier::new(service_tier, over_input_tokens, [None; Leaf::COUNT]);
    let mut origins: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
    for (name, value) in fields {
        if let Some(of) = name.strip_prefix("source") {
            origins.entry(of.trim_start_matches('.').to_owned()).or_default().0 = Some(value);
            continue;
        }
        if let Some(of) = name.strip_prefix("url") {
            origins.entry(of.trim_start_matches('.').to_owned()).or_default().1 = Some(value);
            continue;
        }
        match (name.as_str(), name.parse::<Leaf>()) {
            (_, Ok(leaf)) => match rate(&value, units(leaf)) {
                Ok(rate) => tier.rates[leaf as usize] = Some(rate),
                Err(error) => errors.push(format!("{key}.{leaf}: {error}")),
            },
            (name, Err(error)) => match name.strip_prefix(UNIT).filter(|unit| unit::is_name(unit)) {
                Some(unit) => match rate(&value, 1) {
                    Ok(rate) => drop(tier.units.insert(unit.to_owned(), rate)),
                    Err(error) => errors.push(format!("{key}.{name}: {error}")),
                },
                None => errors.push(format!("{key}: {error}")),
            },
        }
    }
    for (of, (source, url)) in origins {
        let source = source_of(sources, &source.unwrap_or_default(), url, errors);
        if of.is_empty() {
            tier.source = Some(source);
        } else if has_rate(&tier, &of) {
            tier.rate_sources.insert(of, source);
        } else {
            errors.push(format!("{key}: {of:?} has a source, but no rate"));
        }
    }
    tier
}

fn has_rate(tier: &Tier, name: &str) -> bool {
    tier.units.contains_key(name) || name.parse::<Leaf>().is_ok_and(|leaf| tier.rates[leaf as usize].is_some())
}

/// What goes before the name of a unit, where leaves have none.
pub(super) const UNIT: &str = "unit.";

/// `2.5`, or `0.36/3600` where the rate has no finite decimal.
fn rate(text: &str, units: u64) -> Result<Rate, String> {
    let (usd, below) = text.split_once('/').unwrap_or((text, "1"));
    let units = below.parse().ok().and_then(|below: u64| units.checked_mul(below)).filter(|units| *units > 0);
    let units = units.ok_or_else(|| format!("{text:?} is not a decimal over a whole number"))?;
    Rate::parse(usd, units).map_err(|error| error.to_string())
}

/// How many units a rate in the file is for.
pub(super) const fn units(leaf: Leaf) -> u64 {
    if leaf.is_token() { 1_000_000 } else { 1 }
}

/// As [`minute`], where 24:00 is the end of the day.
fn end_minute(text: &str) -> Option<u16> {
    if text == "24:00" { Some(1_440) } else { minute(text) }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}
