//! Converts genai-prices' catalogue (JSON, as `data/genai_prices_json.py` exports it) to prices.
//! Invariant: a charge at the converted price equals what genai-prices calculates, at any instant at which its times of
//! day hold already.

mod catalogue;
mod clause;
mod timeline;
mod unit;

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::price::{Finding, Price, Severity};
use purser_domain::provider;
use purser_domain::time::Timestamp;

use crate::price_catalogue::{CatalogueError, Converted, KnownNames, Origin};
use catalogue::{Model, Provider};

/// Converts the export: an object with `catalogue`, `retrieved` and `providers`, or a bare list of providers.
///
/// What the export says about itself goes before `origin`. Match clauses become aliases: those of
/// `known`, of the catalogue's own ids and of its `equals` clauses that a model is the first to match.
///
/// # Errors
/// When the text is not such an export.
pub fn convert(json: &str, origin: &Origin, known: &KnownNames) -> Result<Converted, CatalogueError> {
    let export = catalogue::read(json)?;
    let origin = Origin {
        catalogue: export.catalogue.unwrap_or_else(|| origin.catalogue.clone()),
        retrieved: export.retrieved.unwrap_or_else(|| origin.retrieved.clone()),
    };
    let mut converted = Converted::default();
    for provider in &export.providers {
        for canonical in targets(&provider.id) {
            convert_provider(provider, &canonical, &origin, known, &mut converted)?;
        }
    }
    converted.findings.sort();
    converted.findings.dedup();
    Ok(converted)
}

/// Hours by which dates of a provider's prices are earlier than midnight UTC: it announces them in its own zone.
/// Source: <https://github.com/ccusage/ccusage/issues/1643>, which has 16:00 UTC of the day before.
const EAST: [(&str, i64); 1] = [("deepseek", 8)];

/// Google's catalogue holds for both of its services.
fn targets(id: &str) -> Vec<String> {
    match id {
        "google" => vec!["gcp.gemini".to_owned(), "gcp.vertex_ai".to_owned()],
        _ => vec![provider::canonical(id)],
    }
}

fn convert_provider(
    provider: &Provider<'_>,
    canonical: &str,
    origin: &Origin,
    known: &KnownNames,
    converted: &mut Converted,
) -> Result<(), CatalogueError> {
    let sold_here = |model: &&Model<'_>| canonical != "gcp.gemini" || !model.id.starts_with("claude");
    let models: Vec<&Model<'_>> = provider.models.iter().filter(sold_here).collect();
    let mut aliases = expand(&models, canonical, known, &mut converted.findings);
    let source = origin.source(provider.pricing_urls.as_ref().and_then(|urls| urls.first().cloned()));
    let hours = EAST.iter().find(|(seller, _)| *seller == canonical).map_or(0, |(_, hours)| *hours);
    let in_own_zone = |at: Timestamp| at.plus_micros(-hours * 3_600_000_000);
    let mut taken = BTreeSet::new();
    for model in models {
        let subject = format!("{canonical} {}", model.id);
        if !taken.insert(model.id.to_ascii_lowercase()) {
            converted.findings.push(Finding::new(Severity::Warning, subject, "stands twice: the first one counts"));
            continue;
        }
        let periods = timeline::periods(model, &subject, &mut converted.findings)?;
        if periods.is_empty() {
            converted.findings.push(Finding::new(Severity::Note, subject, "is left out: no rate"));
            continue;
        }
        let names = aliases.remove(model.id.as_str()).unwrap_or_default();
        converted.prices.extend(periods.into_iter().map(|period| Price {
            provider: canonical.to_owned(),
            model: model.id.clone(),
            aliases: names.clone(),
            effective_from: period.from.map(in_own_zone),
            effective_to: period.to.map(in_own_zone),
            daily: period.daily,
            factors: period.factors,
            tiers: period.tiers,
            source: source.clone(),
        }));
    }
    Ok(())
}

/// Every known name that a model is the first to match, by the model's id.
fn expand<'a>(
    models: &[&'a Model<'_>],
    canonical: &str,
    known: &KnownNames,
    findings: &mut Vec<Finding>,
) -> BTreeMap<&'a str, Vec<String>> {
    let own: BTreeSet<String> = models.iter().map(|model| model.id.to_ascii_lowercase()).collect();
    let mut names: BTreeSet<String> = known.of(canonical).map(str::to_owned).collect();
    for model in models {
        model.matches.listed_names(&mut names);
    }
    let first = |name: &str| models.iter().find(|model| model.matches.is_match(name)).map(|model| model.id.as_str());
    for model in models {
        let id = model.id.to_ascii_lowercase();
        match first(&id) {
            Some(matched) if matched != model.id => findings.push(Finding::new(
                Severity::Note,
                format!("{canonical} {}", model.id),
                format!("its own id matches {matched:?} first"),
            )),
            _ => {}
        }
    }
    let mut aliases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in names {
        if !own.contains(&name)
            && let Some(id) = first(&name)
        {
            aliases.entry(id).or_default().push(name);
        }
    }
    aliases
}

#[cfg(test)]
mod tests;
