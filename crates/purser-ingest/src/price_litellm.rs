//! Converts LiteLLM's `model_prices_and_context_window` file to prices.
//! Invariant: a charge at the converted price equals what `litellm.cost_per_token` calculates.

mod field;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Finding, Price, Rate, STANDARD, Severity, Tier};
use purser_domain::provider;
use purser_domain::usage::Leaf;
use serde_json::value::RawValue;

use crate::price_catalogue::{CatalogueError, Converted, Origin, rate};

/// One entry of the file: field → JSON text.
type Entry<'a> = BTreeMap<String, &'a RawValue>;

/// Regions of Amazon Bedrock whose names are often other names of one price.
const REGIONS: [&str; 8] = ["us.", "eu.", "apac.", "global.", "jp.", "au.", "ca.", "us-gov."];

/// Converts the file. Prices are undated: the file says nothing about when they began.
///
/// Entries whose rates are all zero are left out, because the file does not tell "free" from
/// "unknown"; so are entries without any rate per token, and those whose price depends on the weekday.
///
/// # Errors
/// When the text is not a JSON object of objects.
pub fn convert(json: &str, origin: &Origin) -> Result<Converted, CatalogueError> {
    let file: BTreeMap<String, &RawValue> = serde_json::from_str(json)?;
    let mut converted = Converted::default();
    let mut entries = Vec::new();
    for (key, value) in &file {
        if key == "sample_spec" {
            continue;
        }
        let entry: Entry<'_> = serde_json::from_str(value.get())?;
        let Some(provider) = text(&entry, "litellm_provider").map(|told| canonical(&told)) else {
            converted.findings.push(Finding::new(Severity::Note, key, "is left out: no litellm_provider"));
            continue;
        };
        let name = without_provider(&provider, key);
        entries.push((provider, name != key, name.to_owned(), key, entry));
    }
    // Names that stand as they are go before those with a provider's prefix.
    entries.sort_by(|a, b| (&a.0, a.1, &a.2, a.3).cmp(&(&b.0, b.1, &b.2, b.3)));
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (provider, _, name, key, entry) in entries {
        let Some(price) = convert_entry(&provider, &name, key, &entry, origin, &mut converted.findings) else {
            continue;
        };
        let at = (provider, name.to_ascii_lowercase());
        if let Some(known) = taken.get(&at) {
            if converted.prices[*known].tiers != price.tiers {
                let message = format!("{key:?} gives other rates and is left out");
                converted.findings.push(Finding::new(Severity::Warning, format!("{} {}", at.0, at.1), message));
            }
            continue;
        }
        taken.insert(at, converted.prices.len());
        converted.prices.push(price);
    }
    converted.prices = with_regions_as_aliases(converted.prices);
    converted.findings.sort();
    converted.findings.dedup();
    Ok(converted)
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

fn convert_entry(
    provider: &str,
    name: &str,
    key: &str,
    entry: &Entry<'_>,
    origin: &Origin,
    findings: &mut Vec<Finding>,
) -> Option<Price> {
    let subject = format!("{provider} {name}");
    let left_out = |severity, reason: &str, findings: &mut Vec<Finding>| {
        findings.push(Finding::new(severity, &subject, format!("{key:?} is left out: {reason}")));
    };
    if entry.contains_key("off_peak_pricing") {
        left_out(Severity::Warning, "its off-peak hours depend on the weekday", findings);
        return None;
    }
    let mut rates = rows::FieldRates::default();
    for (field, value) in entry {
        field::read(field, value, provider, &subject, &mut rates, findings);
    }
    add_web_searches(entry, &subject, &mut rates, findings);
    let mut tiers = rates.tiers();
    if let Some(value) = entry.get("tiered_pricing") {
        let output = rates.get("", 0, Leaf::Output);
        tiers.retain(|tier| tier.service_tier != STANDARD);
        match ranges(value, output, &subject, findings) {
            Ok(found) => tiers.extend(found),
            Err(reason) => {
                left_out(Severity::Warning, &reason, findings);
                return None;
            }
        }
    }
    let any_token =
        |tier: &Tier| Leaf::ALL.into_iter().any(|leaf| leaf.is_token() && tier.rates[leaf as usize].is_some());
    if !tiers.iter().any(any_token) {
        left_out(Severity::Note, "no rate per token", findings);
        return None;
    }
    if tiers.iter().flat_map(|tier| tier.rates).flatten().all(|rate| rate == Rate::FREE) {
        left_out(Severity::Note, "every rate is zero, which may mean free or unknown", findings);
        return None;
    }
    let url = text(entry, "source").filter(|url| url.starts_with("http"));
    Some(Price {
        provider: provider.to_owned(),
        model: name.to_owned(),
        aliases: vec![],
        effective_from: None,
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers,
        source: origin.source(url),
    })
}

/// A search costs the same whatever its size, or it is not priced.
fn add_web_searches(entry: &Entry<'_>, subject: &str, rates: &mut rows::FieldRates, findings: &mut Vec<Finding>) {
    let Some(value) = entry.get("search_context_cost_per_query") else { return };
    let subject = format!("{subject} search_context_cost_per_query");
    let sizes: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
    let found: Vec<Option<Rate>> = sizes.values().map(|value| rate(value.get(), 1, &subject, findings)).collect();
    match found.first() {
        Some(Some(first)) if found.iter().all(|rate| *rate == Some(*first)) => {
            rates.insert("", 0, Leaf::WebSearches, *first);
        }
        _ => findings.push(Finding::new(Severity::Warning, subject, "is left out: it depends on the search's size")),
    }
}

/// `tiered_pricing`: the whole call at the rates of the range that its input falls in.
fn ranges(
    value: &RawValue,
    output: Option<Rate>,
    subject: &str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Tier>, String> {
    let steps: Vec<Entry<'_>> = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    let mut tiers = Vec::new();
    let mut next_start = 0;
    for step in steps {
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
        let mut own = rows::FieldRates::default();
        for (name, value) in step.iter().filter(|(name, _)| *name != "range") {
            field::read(name, value, "", &format!("{subject} over {start}"), &mut own, findings);
        }
        if own.get("", 0, Leaf::Output).is_none()
            && let Some(rate) = output
        {
            own.insert("", 0, Leaf::Output, rate);
        }
        tiers.extend(own.tiers().into_iter().map(|tier| Tier { over_input_tokens: start, ..tier }));
    }
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
        match same.iter().copied().find(|index| kept[*index].tiers == price.tiers) {
            Some(index) => kept[index].aliases.push(price.model),
            None => {
                same.push(kept.len());
                kept.push(price);
            }
        }
    }
    kept.sort_by(|a, b| (&a.provider, &a.model).cmp(&(&b.provider, &b.model)));
    let mut seen = BTreeSet::new();
    kept.retain(|price| seen.insert((price.provider.clone(), price.model.clone())));
    kept
}

#[cfg(test)]
mod tests;
