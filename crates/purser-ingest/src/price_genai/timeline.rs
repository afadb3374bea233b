//! Turns "the last price whose condition holds" into periods with one set of tiers each.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{DailyWindow, Factor, Finding, Rate, STANDARD, Severity, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use super::catalogue::{Conditional, Constraint, Model, Rates, Tiered, Variant};
use super::unit::{self, Item};
use crate::price_catalogue::{CatalogueError, rate};

/// A span of time in which the same rates hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) daily: Option<DailyWindow>,
    pub(super) factors: Vec<Factor>,
    pub(super) tiers: Vec<Tier>,
}

/// What a condition means in time.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Always,
    From(Timestamp),
    Daily(DailyWindow),
}

/// The periods of a model, in order; findings name what has no counterpart here.
///
/// A time of day that is listed after a dated price began with it: genai-prices itself would stretch it over all of
/// the past, where the dated price did not hold yet (pydantic/genai-prices#581).
pub(super) fn periods(
    model: &Model<'_>,
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Period>, CatalogueError> {
    let prices: Vec<(When, Conditional<'_>)> = model
        .conditionals()?
        .into_iter()
        .map(|price| Ok((when(price.constraint.as_ref())?, price)))
        .collect::<Result<_, CatalogueError>>()?;
    let mut variants: Vec<(When, &Variant<'_>)> = Vec::new();
    for variant in model.price_variants.iter().flatten() {
        match when(variant.constraint.as_ref())? {
            When::Daily(_) => findings.push(Finding::new(
                Severity::Warning,
                subject,
                format!("the variant {:?} at a time of day is left out", variant.when),
            )),
            dated => variants.push((dated, variant)),
        }
    }
    let starts: BTreeSet<Option<Timestamp>> = std::iter::once(None)
        .chain(prices.iter().map(|(when, _)| start(when)))
        .chain(variants.iter().map(|(when, _)| start(when)))
        .collect();
    let starts: Vec<Option<Timestamp>> = starts.into_iter().collect();
    let mut periods: Vec<Period> = Vec::new();
    for (index, from) in starts.iter().copied().enumerate() {
        let to = starts.get(index + 1).copied().flatten();
        let holds = |when: &When| matches!(when, When::Always) || matches!(when, When::From(at) if Some(*at) <= from);
        let active: Vec<&Variant<'_>> = variants.iter().filter(|(when, _)| holds(when)).map(|(_, v)| *v).collect();
        let whole_day = prices.iter().rposition(|(when, _)| holds(when)).or_else(|| {
            // None holds: genai-prices falls back on the first one. One with a start is not stretched.
            prices.first().filter(|(when, _)| !matches!(when, When::From(_))).map(|_| 0)
        });
        for (position, (when, price)) in prices.iter().enumerate() {
            let daily = match when {
                When::Daily(window) if Some(position) > whole_day && began(&prices[..position]) <= from => {
                    Some(window.clone())
                }
                _ if Some(position) == whole_day => None,
                _ => continue,
            };
            let (tiers, factors) = tiers(&price.prices, &active, subject, findings)?;
            extend(&mut periods, Period { from, to, daily, factors, tiers });
        }
    }
    periods.retain(|period| !period.tiers.is_empty());
    Ok(periods)
}

/// Appends a period, or stretches the one before it if the rates are the same.
fn extend(periods: &mut Vec<Period>, period: Period) {
    let before = periods.iter_mut().rev().find(|known| known.daily == period.daily);
    match before {
        Some(before)
            if before.to == period.from
                && before.to.is_some()
                && before.tiers == period.tiers
                && before.factors == period.factors =>
        {
            before.to = period.to;
        }
        _ => periods.push(period),
    }
}

/// When the last dated price of a list began.
fn began(prices: &[(When, Conditional<'_>)]) -> Option<Timestamp> {
    prices.iter().rev().find_map(|(when, _)| start(when))
}

fn start(when: &When) -> Option<Timestamp> {
    match when {
        When::From(at) => Some(*at),
        When::Always | When::Daily(_) => None,
    }
}

fn when(constraint: Option<&Constraint>) -> Result<When, CatalogueError> {
    let bad = |text: &str| CatalogueError(format!("{text:?} is not a UTC date or time of day"));
    match constraint {
        None => Ok(When::Always),
        Some(Constraint::Start { start_date }) => {
            let at = format!("{start_date}T00:00:00Z").parse().map_err(|_| bad(start_date))?;
            Ok(When::From(at))
        }
        Some(Constraint::Daily { start_time, end_time }) => {
            let from_minute = minute(start_time).ok_or_else(|| bad(start_time))?;
            let to_minute = minute(end_time).ok_or_else(|| bad(end_time))?;
            Ok(When::Daily(DailyWindow::new(from_minute, to_minute)))
        }
    }
}

/// `16:30:00Z` → 990.
fn minute(text: &str) -> Option<u16> {
    let utc = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let time: jiff::civil::Time = utc.parse().ok()?;
    (time.second() == 0 && time.subsec_nanosecond() == 0)
        .then(|| u16::try_from(i16::from(time.hour()) * 60 + i16::from(time.minute())).ok())?
}

/// The tiers and factors of one price and the variants that hold with it. A variant's rates replace the
/// standard ones key by key, the first variant that names a key winning.
fn tiers(
    standard: &Rates<'_>,
    variants: &[&Variant<'_>],
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<(Vec<Tier>, Vec<Factor>), CatalogueError> {
    let mut by_name: BTreeMap<&str, Rates<'_>> = BTreeMap::new();
    let mut others = Vec::new();
    for variant in variants {
        let Some(name) = service_tier(&variant.when) else {
            others.push(*variant);
            continue;
        };
        let own = by_name.entry(name).or_default();
        for (key, value) in &variant.prices {
            own.entry(key.clone()).or_insert(value);
        }
    }
    let mut tiers = rows(STANDARD, standard, subject, findings)?;
    for (name, own) in by_name.into_iter().filter(|(name, _)| *name != STANDARD) {
        let mut rates = standard.clone();
        rates.extend(own);
        tiers.extend(self::rows(name, &rates, subject, findings)?);
    }
    let mut factors: Vec<Factor> = Vec::new();
    for variant in others.into_iter().filter(|variant| !variant.prices.is_empty()) {
        if let Some((unit, rate)) = searches(variant, subject, findings) {
            for tier in &mut tiers {
                tier.units.entry(unit.clone()).or_insert(rate);
            }
        } else if let Some(factor) = factor(standard, variant, subject)? {
            let known = |one: &Factor| one.dimension == factor.dimension && one.value == factor.value;
            if !factors.iter().any(known) {
                factors.push(factor);
            }
        } else {
            let message = format!("the variant {:?} is no tier, factor or search and is left out", variant.when);
            findings.push(Finding::new(Severity::Warning, subject, message));
        }
    }
    Ok((tiers, factors))
}

/// The one condition of a variant.
fn condition(when: &BTreeMap<String, String>) -> Option<(&str, &str)> {
    let mut conditions = when.iter();
    let (key, value) = conditions.next()?;
    conditions.next().is_none().then_some((key.as_str(), value.as_str()))
}

/// The service tier that a variant's condition means.
fn service_tier(when: &BTreeMap<String, String>) -> Option<&str> {
    match condition(when)? {
        ("service_tier", "default" | "standard" | "auto") => Some(STANDARD),
        ("service_tier", tier) => Some(tier),
        ("processing", "batch") => Some("batch"),
        ("speed", "fast") => Some("fast"),
        _ => None,
    }
}

/// A variant for a type of search, which prices nothing but searches: a unit of its own.
fn searches(variant: &Variant<'_>, subject: &str, findings: &mut Vec<Finding>) -> Option<(String, Rate)> {
    let ("search_type", name) = condition(&variant.when)? else { return None };
    let literal = variant.prices.get("web_searches_kcount").filter(|_| variant.prices.len() == 1)?;
    let unit = format!("web_searches_{name}");
    let subject = format!("{subject} {unit}");
    Some((unit, rate(literal.get(), 1_000, &subject, findings)?))
}

/// A variant that multiplies every token rate by one number: a factor.
fn factor(standard: &Rates<'_>, variant: &Variant<'_>, subject: &str) -> Result<Option<Factor>, CatalogueError> {
    let Some((dimension, value)) = condition(&variant.when) else { return Ok(None) };
    let mut ignored = Vec::new();
    let plain = rows(STANDARD, standard, subject, &mut ignored)?;
    let mut laid = standard.clone();
    laid.extend(variant.prices.iter().map(|(key, value)| (key.clone(), *value)));
    let multiplied = rows(STANDARD, &laid, subject, &mut ignored)?;
    let mut found: Option<Factor> = None;
    for (plain, multiplied) in plain.iter().zip(&multiplied) {
        let pairs = Leaf::ALL.into_iter().zip(plain.rates.iter().zip(&multiplied.rates));
        for (_, (plain, multiplied)) in pairs.filter(|(leaf, _)| leaf.is_token()) {
            let (Some(plain), Some(multiplied)) = (plain, multiplied) else { continue };
            let Some(ratio) = ratio(*multiplied, *plain) else { return Ok(None) };
            let Some(factor) = Factor::ratio(dimension, value, ratio.0, ratio.1) else { return Ok(None) };
            if found.as_ref().is_some_and(|known| *known != factor) {
                return Ok(None);
            }
            found = Some(factor);
        }
    }
    Ok(found)
}

/// `a / b` as a fraction; `None` if either is free.
fn ratio(a: Rate, b: Rate) -> Option<(u128, u128)> {
    let ((a, a_per), (b, b_per)) = (a.parts(), b.parts());
    (a > 0 && b > 0).then(|| (u128::from(a) * u128::from(b_per), u128::from(b) * u128::from(a_per)))
}

/// One row per context size, each with every rate.
fn rows(
    service_tier: &str,
    rates: &Rates<'_>,
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Tier>, CatalogueError> {
    let mut parsed: BTreeMap<u64, Vec<(Item, Rate)>> = BTreeMap::new();
    for (key, value) in rates.iter().filter(|(_, value)| value.get() != "null") {
        let subject = format!("{subject} {service_tier}.{key}");
        let Some((item, units)) = unit::read(key) else {
            findings.push(Finding::new(Severity::Warning, subject, "is left out: the unit is not known"));
            continue;
        };
        if key == "cache_write_mtok" && rates.contains_key("cache_write_5m_mtok") {
            continue;
        }
        let (base, steps) = if value.get().starts_with('{') {
            let tiered: Tiered<'_> = serde_json::from_str(value.get())?;
            (tiered.base, tiered.tiers)
        } else {
            (*value, vec![])
        };
        let base = rate(base.get(), units, &subject, findings);
        parsed.entry(0).or_default().extend(base.map(|rate| (item.clone(), rate)));
        for step in steps {
            let found = rate(step.price.get(), units, &format!("{subject}>{}", step.start), findings);
            parsed.entry(step.start).or_default().extend(found.map(|rate| (item.clone(), rate)));
        }
    }
    let mut row = Tier::new(service_tier, 0, [None; Leaf::COUNT]);
    let mut tiers = Vec::new();
    for (over_input_tokens, own) in parsed {
        for (item, rate) in own {
            match item {
                Item::Leaf(leaf) => row.rates[leaf as usize] = Some(rate),
                Item::Unit(unit) => drop(row.units.insert(unit, rate)),
            }
        }
        tiers.push(Tier { over_input_tokens, ..row.clone() });
    }
    tiers.retain(|tier| !tier.is_empty());
    Ok(tiers)
}
