//! Converts LiteLLM's `model_prices_and_context_window` file to prices.
//! Invariant: a charge at the converted price equals what `litellm.cost_per_token` calculates, and every field is a
//! rate, is known to be no price, or is a finding.

mod factor;
mod field;
mod off_peak;
mod row;
mod unit;

use std::collections::BTreeMap;

use purser_domain::price::{DailyWindow, Finding, Price, Rate, STANDARD, Severity, Tier};
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use serde_json::value::RawValue;

use crate::price_catalogue::{CatalogueError, Converted, Origin, rate};
use field::Field;
use row::{FieldRates, Item};

/// One entry of the file: field → JSON text.
type Entry<'a> = BTreeMap<String, &'a RawValue>;

/// Regions of Amazon Bedrock whose names are often other names of one price.
const REGIONS: [&str; 8] = ["us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "us-gov."];

/// Rows that are no model.
const NO_MODEL: [&str; 2] = ["sample_spec", "fallback_generalizations"];

/// Converts the file. Prices are undated: the file says nothing about when they began. Only a name that moves
/// (`alias_of`) has a start: the day on which the file was read, for before it may have stood for another model.
///
/// Entries whose rates are all zero are left out, because the file does not tell "free" from
/// "unknown"; so are entries without any rate.
///
/// # Errors
/// When the text is not a JSON object of objects.
pub fn convert(json: &str, origin: &Origin) -> Result<Converted, CatalogueError> {
    let file: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
    let mut converted = Converted::default();
    let (mut entries, mut moving) = (Vec::new(), Vec::new());
    for (key, value) in file.iter().filter(|(key, _)| !NO_MODEL.contains(&key.as_str())) {
        let entry: Entry<'_> = serde_json::from_str(value.get())?;
        if let Some(target) = text(&entry, "alias_of") {
            moving.push((key, target));
            continue;
        }
        let Some(provider) = text(&entry, "litellm_provider").map(|told| canonical(&told)) else {
            converted.findings.push(Finding::new(Severity::Warning, key, "is left out: no litellm_provider"));
            continue;
        };
        let name = without_provider(&provider, key);
        entries.push((provider, name != key, name.to_owned(), key, entry));
    }
    // Names that stand as they are go before those with a provider's prefix.
    entries.sort_by(|a, b| (&a.0, a.1, &a.2, a.3).cmp(&(&b.0, b.1, &b.2, b.3)));
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut by_key: BTreeMap<&str, usize> = BTreeMap::new();
    for (provider, _, name, key, entry) in entries {
        let prices = convert_entry(&provider, &name, key, &entry, origin, &mut converted.findings);
        let Some(first) = prices.first() else { continue };
        let at = (provider, name.to_ascii_lowercase());
        if let Some(known) = taken.get(&at) {
            if converted.prices[*known].tiers != first.tiers {
                let message = format!("{key:?} gives other rates and is left out");
                converted.findings.push(Finding::new(Severity::Warning, format!("{} {}", at.0, at.1), message));
            }
            by_key.insert(key, *known);
            continue;
        }
        by_key.insert(key, converted.prices.len());
        taken.insert(at, converted.prices.len());
        converted.prices.extend(prices);
    }
    for (key, target) in moving {
        add_moving_name(key, &target, by_key.get(target.as_str()).copied(), origin, &mut taken, &mut converted);
    }
    converted.prices = with_regions_as_aliases(converted.prices);
    converted.findings.sort();
    converted.findings.dedup();
    Ok(converted)
}

/// The prices of the model that a moving name stands for, from the day on which the file was read.
fn add_moving_name(
    key: &str,
    target: &str,
    at: Option<usize>,
    origin: &Origin,
    taken: &mut BTreeMap<(String, String), usize>,
    converted: &mut Converted,
) {
    let mut find = |severity, message| converted.findings.push(Finding::new(severity, key, message));
    let Some(first) = at.and_then(|at| converted.prices.get(at)).cloned() else {
        return find(Severity::Warning, format!("is left out: {target:?}, whose name it is, has no price"));
    };
    let Ok(read) = format!("{}T00:00:00Z", origin.retrieved).parse::<Timestamp>() else {
        return find(Severity::Warning, format!("is left out: {:?} is no day from which it holds", origin.retrieved));
    };
    let name = without_provider(&first.provider, key).to_owned();
    let own = (first.provider.clone(), name.to_ascii_lowercase());
    if taken.contains_key(&own) {
        return find(Severity::Warning, "is left out: a model has that name".to_owned());
    }
    taken.insert(own, converted.prices.len());
    let of_target: Vec<Price> =
        converted.prices.iter().filter(|p| p.provider == first.provider && p.model == first.model).cloned().collect();
    let moved = |price: Price| Price { model: name.clone(), effective_from: Some(read), ..price };
    converted.prices.extend(of_target.into_iter().map(moved));
}

fn canonical(told: &str) -> String {
    for family in ["vertex_ai", "fireworks_ai"] {
        if told.starts_with(&format!("{family}-")) {
            return provider::canonical(family);
        }
    }
    provider::canonical(told)
}

fn without_provider<'a>(canonical: &str, key: &'a str) -> &'a str {
    match key.split_once('/') {
        Some((prefix, rest)) if self::canonical(prefix) == canonical => rest,
        _ => key,
    }
}

fn text(entry: &Entry<'_>, field: &str) -> Option<String> {
    entry.get(field).and_then(|value| serde_json::from_str(value.get()).ok())
}

/// The prices of an entry: the one that holds all day, then those of its off-peak windows. None if it has no rate.
fn convert_entry(
    provider: &str,
    name: &str,
    key: &str,
    entry: &Entry<'_>,
    origin: &Origin,
    findings: &mut Vec<Finding>,
) -> Vec<Price> {
    let subject = format!("{provider} {name}");
    let mut left_out = |severity, reason: &str| {
        findings.push(Finding::new(severity, &subject, format!("{key:?} is left out: {reason}")));
        Vec::new()
    };
    let off_peak = match off_peak::read(entry) {
        Ok(off_peak) => off_peak,
        Err(reason) => return left_out(Severity::Warning, &reason),
    };
    let mut noted = Vec::new();
    let read = |entry: &Entry<'_>, noted: &mut Vec<Finding>| tiers(entry, provider, &subject, noted);
    let all_day = match read(entry, &mut noted) {
        Ok(tiers) => tiers,
        Err(reason) => return left_out(Severity::Warning, &reason),
    };
    let every = |tier: &Tier| tier.rates.iter().flatten().chain(tier.units.values()).all(|rate| *rate == Rate::FREE);
    if all_day.is_empty() {
        findings.extend(noted);
        findings.push(Finding::new(Severity::Note, &subject, format!("{key:?} is left out: no rate")));
        return Vec::new();
    }
    if all_day.iter().all(every) {
        return left_out(Severity::Note, "every rate is zero, which may mean free or unknown");
    }
    let url = text(entry, "source").filter(|url| url.starts_with("http"));
    let price = |daily: Option<DailyWindow>, tiers: Vec<Tier>, factors| Price {
        provider: provider.to_owned(),
        model: name.to_owned(),
        aliases: vec![],
        effective_from: None,
        effective_to: None,
        daily,
        factors,
        tiers,
        source: origin.source(url.clone()),
    };
    let factors = factor::read(entry, &subject, &mut noted);
    let mut prices = vec![price(None, all_day, factors.clone())];
    if let Some((entry, windows)) = off_peak {
        match read(&entry, &mut noted) {
            Ok(tiers) => {
                prices.extend(windows.into_iter().map(|window| price(Some(window), tiers.clone(), factors.clone())));
            }
            Err(reason) => noted.push(Finding::new(Severity::Warning, &subject, reason)),
        }
    }
    findings.extend(noted);
    prices
}

/// Every tier of an entry; fields that are not known become findings.
fn tiers(entry: &Entry<'_>, provider: &str, subject: &str, findings: &mut Vec<Finding>) -> Result<Vec<Tier>, String> {
    let mut rates = FieldRates::default();
    for (field, value) in entry {
        read_field(field, value, provider, subject, &mut rates, findings);
    }
    add_cache_hits(entry, subject, &mut rates, findings);
    unit::add_tools(entry, provider, subject, &mut rates, findings);
    unit::settle(&mut rates, &text(entry, "mode").unwrap_or_default(), subject, findings);
    let mut tiers = rates.tiers();
    if let Some(value) = entry.get("tiered_pricing") {
        let units = tiers.first().map(|tier| tier.units.clone()).unwrap_or_default();
        tiers.retain(|tier| tier.service_tier != STANDARD);
        let ranges = ranges(value, provider, rates.standard(Leaf::Output), subject, findings)?;
        tiers.extend(ranges.into_iter().map(|mut tier| {
            tier.units.extend(units.clone());
            tier
        }));
    }
    Ok(tiers)
}

/// Reads a field into `rates`; one that is not known becomes a finding.
fn read_field(
    field: &str,
    value: &RawValue,
    provider: &str,
    subject: &str,
    rates: &mut FieldRates,
    findings: &mut Vec<Finding>,
) {
    let literal = value.get().trim();
    let subject = format!("{subject} {field}");
    match field::read(field, provider) {
        Field::Rate(_) if literal == "null" => {}
        Field::Rate(place) => {
            if let Some(found) = rate(literal, 1, &subject, findings) {
                rates.insert(place.service_tier, place.over, place.item, found);
            }
        }
        Field::Other => {}
        Field::Unknown if field == CACHE_HIT || literal == "null" || literal.trim_matches('"').parse() == Ok(0.0) => {}
        Field::Unknown => {
            findings.push(Finding::new(Severity::Note, subject, format!("{literal} is left out: no counterpart")));
        }
    }
}

/// The older name of the rate of cached input.
const CACHE_HIT: &str = "input_cost_per_token_cache_hit";

fn add_cache_hits(entry: &Entry<'_>, subject: &str, rates: &mut FieldRates, findings: &mut Vec<Finding>) {
    let Some(value) = entry.get(CACHE_HIT).filter(|value| value.get() != "null") else { return };
    let subject = format!("{subject} {CACHE_HIT}");
    let Some(found) = rate(value.get(), 1, &subject, findings) else { return };
    match rates.standard(Leaf::CacheRead) {
        None => rates.insert("", 0, Item::Leaf(Leaf::CacheRead), found),
        Some(known) if known == found => {}
        Some(known) => {
            let message = format!("{found} is left out: cache_read_input_token_cost says {known}");
            findings.push(Finding::new(Severity::Warning, subject, message));
        }
    }
}

/// `tiered_pricing`: the whole call at the rates of the range that its input falls in.
///
/// Ranges of results (of a search) are units by their size instead.
fn ranges(
    value: &RawValue,
    provider: &str,
    output: Option<Rate>,
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Tier>, String> {
    let steps: Vec<Entry<'_>> = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    let mut tiers: Vec<Tier> = Vec::new();
    let mut next_start = 0;
    let mut by_results = FieldRates::default();
    for step in steps {
        if let Some(results) = step.get("max_results_range") {
            let bounds: Vec<u64> = serde_json::from_str(results.get()).map_err(|error| error.to_string())?;
            let end = bounds.get(1).ok_or("a step of tiered_pricing has no range")?;
            let query =
                step.get("input_cost_per_query").ok_or("a step of tiered_pricing has no input_cost_per_query")?;
            if let Some(found) = rate(query.get(), 1, &format!("{subject} up to {end} results"), findings) {
                by_results.insert("", 0, Item::Unit(format!("queries_to_{end}_results")), found);
            }
            continue;
        }
        let bounds: Vec<f64> = step
            .get("range")
            .and_then(|range| serde_json::from_str(range.get()).ok())
            .ok_or("a step of tiered_pricing has no range")?;
        let whole = |bound: Option<&f64>| bound.and_then(|bound| format!("{bound:.0}").parse::<u64>().ok());
        let (Some(start), Some(end)) = (whole(bounds.first()), whole(bounds.get(1))) else {
            return Err("a step of tiered_pricing has no range".to_owned());
        };
        if start != next_start {
            return Err(format!("tiered_pricing has a gap before {start}"));
        }
        next_start = end;
        let mut own = FieldRates::default();
        for (name, value) in &step {
            read_field(name, value, provider, &format!("{subject} over {start}"), &mut own, findings);
        }
        if own.standard(Leaf::Output).is_none()
            && let Some(rate) = output
        {
            own.insert("", 0, Item::Leaf(Leaf::Output), rate);
        }
        tiers.extend(own.tiers().into_iter().map(|tier| Tier { over_input_tokens: start, ..tier }));
    }
    tiers.extend(by_results.tiers());
    Ok(tiers)
}

/// Bedrock lists one price under a name per region: equal ones become aliases of one model.
fn with_regions_as_aliases(prices: Vec<Price>) -> Vec<Price> {
    let base = |price: &Price| {
        let name = price.model.as_str();
        let stripped = REGIONS.iter().find_map(|region| name.strip_prefix(region)).unwrap_or(name);
        (price.provider == "aws.bedrock").then(|| stripped.to_owned())
    };
    let mut kept: Vec<Price> = Vec::new();
    let mut by_base: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    // The plain name first, so that it becomes the model's own.
    let (plain, regional): (Vec<Price>, Vec<Price>) =
        prices.into_iter().partition(|price| base(price).is_none_or(|base| base == price.model));
    for price in plain.into_iter().chain(regional) {
        let Some(base) = base(&price) else {
            kept.push(price);
            continue;
        };
        let same = by_base.entry(base).or_default();
        let charges_alike = |known: &Price| {
            (&known.tiers, &known.factors, &known.daily) == (&price.tiers, &price.factors, &price.daily)
        };
        match same.iter().copied().find(|index| charges_alike(&kept[*index])) {
            Some(index) => kept[index].aliases.push(price.model),
            None => {
                same.push(kept.len());
                kept.push(price);
            }
        }
    }
    kept.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
    kept
}

#[cfg(test)]
mod tests;
