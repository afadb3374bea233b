//! Turns "the last price whose condition holds" into periods with one set of tiers each.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{DailyWindow, Finding, STANDARD, Severity, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;

use super::catalogue::{Conditional, Constraint, Model, Rates, Tiered, Variant};
use crate::price_catalogue::{CatalogueError, rate};

/// A span of time in which the same rates hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) daily: Option<DailyWindow>,
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
                When::Daily(window) if Some(position) > whole_day => Some(window.clone()),
                _ if Some(position) == whole_day => None,
                _ => continue,
            };
            let tiers = tiers(&price.prices, &active, subject, findings)?;
            extend(&mut periods, Period { from, to, daily, tiers });
        }
    }
    periods.retain(|period| !period.tiers.is_empty());
    Ok(periods)
}

/// Appends a period, or stretches the one before it if the rates are the same.
fn extend(periods: &mut Vec<Period>, period: Period) {
    let before = periods.iter_mut().rev().find(|known| known.daily == period.daily);
    match before {
        Some(before) if before.to == period.from && before.to.is_some() && before.tiers == period.tiers => {
            before.to = period.to;
        }
        _ => periods.push(period),
    }
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

/// The tiers of one price and the variants that hold with it. A variant's rates replace the
/// standard ones key by key, the first variant that names a key winning.
fn tiers(
    standard: &Rates<'_>,
    variants: &[&Variant<'_>],
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Tier>, CatalogueError> {
    let mut by_name: BTreeMap<&str, Rates<'_>> = BTreeMap::new();
    for variant in variants {
        let Some(name) = service_tier(&variant.when) else {
            let message = format!("the variant {:?} is no service tier and is left out", variant.when);
            findings.push(Finding::new(Severity::Warning, subject, message));
            continue;
        };
        let own = by_name.entry(name).or_default();
        for (key, value) in &variant.prices {
            own.entry(key.clone()).or_insert(value);
        }
    }
    let mut rows = rows(STANDARD, standard, subject, findings)?;
    for (name, own) in by_name.into_iter().filter(|(name, _)| *name != STANDARD) {
        let mut rates = standard.clone();
        rates.extend(own);
        rows.extend(self::rows(name, &rates, subject, findings)?);
    }
    Ok(rows)
}

/// The service tier that a variant's condition means.
fn service_tier(when: &BTreeMap<String, String>) -> Option<&str> {
    let mut conditions = when.iter();
    let (key, value) = conditions.next()?;
    if conditions.next().is_some() {
        return None;
    }
    match (key.as_str(), value.as_str()) {
        ("service_tier", "default" | "standard" | "auto") => Some(STANDARD),
        ("service_tier", tier) => Some(tier),
        ("processing", "batch") => Some("batch"),
        ("speed", "fast") => Some("fast"),
        _ => None,
    }
}

/// One row per context size, each with every rate.
fn rows(
    service_tier: &str,
    rates: &Rates<'_>,
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Tier>, CatalogueError> {
    let mut parsed: BTreeMap<u64, Vec<(Leaf, purser_domain::price::Rate)>> = BTreeMap::new();
    for (key, value) in rates {
        let subject = format!("{subject} {service_tier}.{key}");
        let Some((leaf, units)) = leaf_of(key) else {
            findings.push(Finding::new(Severity::Note, subject, "is left out: the unit has no counterpart"));
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
        parsed.entry(0).or_default().extend(rate(base.get(), units, &subject, findings).map(|rate| (leaf, rate)));
        for step in steps {
            let found = rate(step.price.get(), units, &format!("{subject}>{}", step.start), findings);
            parsed.entry(step.start).or_default().extend(found.map(|rate| (leaf, rate)));
        }
    }
    let mut row = [None; Leaf::COUNT];
    let mut tiers = Vec::new();
    for (over_input_tokens, own) in parsed {
        for (leaf, rate) in own {
            row[leaf as usize] = Some(rate);
        }
        tiers.push(Tier::new(service_tier, over_input_tokens, row));
    }
    tiers.retain(|tier| tier.rates.iter().any(Option::is_some));
    Ok(tiers)
}

/// The leaf of a price key, and for how many units the price is.
fn leaf_of(key: &str) -> Option<(Leaf, u64)> {
    const MILLION: u64 = 1_000_000;
    Some(match key {
        "input_mtok" => (Leaf::Input, MILLION),
        "output_mtok" => (Leaf::Output, MILLION),
        "cache_read_mtok" => (Leaf::CacheRead, MILLION),
        "cache_write_mtok" | "cache_write_5m_mtok" => (Leaf::CacheWrite5m, MILLION),
        "cache_write_1h_mtok" => (Leaf::CacheWrite1h, MILLION),
        "output_reasoning_mtok" => (Leaf::Reasoning, MILLION),
        "input_audio_mtok" => (Leaf::InputAudio, MILLION),
        "cache_audio_read_mtok" => (Leaf::CacheReadAudio, MILLION),
        "output_audio_mtok" => (Leaf::OutputAudio, MILLION),
        "input_image_mtok" => (Leaf::InputImage, MILLION),
        "cache_image_read_mtok" => (Leaf::CacheReadImage, MILLION),
        "output_image_mtok" => (Leaf::OutputImage, MILLION),
        "input_video_mtok" => (Leaf::InputVideo, MILLION),
        "output_video_mtok" => (Leaf::OutputVideo, MILLION),
        "requests_kcount" => (Leaf::Requests, 1_000),
        "web_searches_kcount" => (Leaf::WebSearches, 1_000),
        _ => return None,
    })
}
