//! Prices as JSON and as table rows.

use purser_domain::price::{DailyWindow, Factor, Finding, Price, Rate};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use serde_json::{Value, json};

use crate::output::{self, Column};

/// A price with every rate as exact decimal text: dollars for a million tokens, or for one request or search.
pub(super) fn record(price: &Price) -> Value {
    let tiers: Vec<Value> = price
        .tiers
        .iter()
        .map(|tier| {
            let rates = Leaf::ALL.into_iter().filter_map(|leaf| {
                let rate = tier.rates[leaf as usize]?;
                Some((leaf.name().to_owned(), json!(per_unit(leaf, rate))))
            });
            json!({
                "service_tier": tier.service_tier,
                "over_input_tokens": tier.over_input_tokens,
                "usd": rates.collect::<serde_json::Map<_, _>>(),
                "units_usd": tier.units.iter().map(|(unit, rate)| (unit.clone(), json!(each(*rate)))).collect::<serde_json::Map<_, _>>(),
                "rate_sources": tier.rate_sources.iter().map(|(name, source)| (name.clone(), json!(source.catalogue))).collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    json!({
        "version": purser_engine::price_book::version(price),
        "provider": price.provider,
        "model": price.model,
        "aliases": price.aliases,
        "effective_from": price.effective_from,
        "effective_to": price.effective_to,
        "undated": price.effective_from.is_none(),
        "daily": price.daily.as_ref().map(ToString::to_string),
        "factors": price.factors.iter().map(factor).collect::<Vec<_>>(),
        "tiers": tiers,
        "source": {
            "catalogue": price.source.catalogue,
            "url": price.source.url,
            "retrieved": price.source.retrieved,
        },
    })
}

/// A rate as people read it: per million tokens, or each.
pub(super) fn per_unit(leaf: Leaf, rate: Rate) -> String {
    let units = if leaf.is_token() { 1_000_000 } else { 1 };
    purser_engine::focus::decimal::Decimal::price(rate, units).map_or_else(|| rate.to_string(), |usd| usd.to_string())
}

/// Dollars for one unit: a decimal, or a fraction where it has no end.
fn each(rate: Rate) -> String {
    purser_engine::focus::decimal::Decimal::price(rate, 1).map_or_else(|| rate.to_string(), |usd| usd.to_string())
}

fn factor(factor: &Factor) -> Value {
    json!({
        "dimension": factor.dimension,
        "value": factor.value,
        "ratio": format!("{}/{}", factor.numerator, factor.denominator),
    })
}

/// One row per tier; the usual leaves in columns of their own, the others in the last.
pub(super) fn table<'a>(prices: impl IntoIterator<Item = &'a Price>) -> anyhow::Result<()> {
    const OWN: [Leaf; 5] = [Leaf::Input, Leaf::CacheRead, Leaf::CacheWrite5m, Leaf::CacheWrite1h, Leaf::Output];
    let columns = [
        Column::Text("Provider"),
        Column::Text("Model"),
        Column::Text("Valid"),
        Column::Text("Tier"),
        Column::Number("Input"),
        Column::Number("Cache read"),
        Column::Number("Write 5m"),
        Column::Number("Write 1h"),
        Column::Number("Output"),
        Column::Text("Others"),
        Column::Text("Source"),
    ];
    let mut rows = Vec::new();
    for price in prices {
        for tier in &price.tiers {
            let over = match tier.over_input_tokens {
                0 => String::new(),
                over => format!(" >{}", output::grouped(over.into())),
            };
            let mut row = vec![
                price.provider.clone(),
                price.model.clone(),
                validity(price),
                format!("{}{over}", tier.service_tier),
            ];
            row.extend(OWN.map(|leaf| tier.rates[leaf as usize].map_or_else(String::new, |rate| per_unit(leaf, rate))));
            let others = Leaf::ALL.into_iter().filter(|leaf| !OWN.contains(leaf));
            let others = others
                .filter_map(|leaf| tier.rates[leaf as usize].map(|rate| format!("{leaf} {}", per_unit(leaf, rate))));
            let units = tier.units.iter().map(|(unit, rate)| format!("{unit} {}", each(*rate)));
            let factors = price.factors.iter().map(ToString::to_string);
            row.push(others.chain(units).chain(factors).collect::<Vec<_>>().join(", "));
            row.push(tier.source.as_ref().unwrap_or(&price.source).catalogue.clone());
            rows.push(row);
        }
    }
    output::table(&columns, rows)?;
    output::talk("USD for a million tokens; requests, web searches and units each");
    Ok(())
}

fn validity(price: &Price) -> String {
    let date = |at: Timestamp| at.to_jiff().strftime("%Y-%m-%d").to_string();
    let span = match (price.effective_from, price.effective_to) {
        (None, None) => "undated".to_owned(),
        (Some(from), None) => format!("from {}", date(from)),
        (None, Some(to)) => format!("until {}", date(to)),
        (Some(from), Some(to)) => format!("{} to {}", date(from), date(to)),
    };
    let zone = |window: &DailyWindow| if window.zone.is_none() { " UTC" } else { "" };
    price.daily.as_ref().map_or(span.clone(), |window| format!("{span}, {window}{}", zone(window)))
}

/// Findings as lines for people, the worst first.
pub(super) fn talk_findings(findings: &[Finding]) {
    const SHOWN: usize = 50;
    for finding in findings.iter().take(SHOWN) {
        output::talk(format!("{}: {}: {}", severity(finding), finding.subject, finding.message));
    }
    if findings.len() > SHOWN {
        output::talk(format!("… and {} more; --json lists them all", findings.len() - SHOWN));
    }
}

/// A finding as JSON.
pub(super) fn finding(finding: &Finding) -> Value {
    json!({ "severity": severity(finding), "subject": finding.subject, "message": finding.message })
}

fn severity(finding: &Finding) -> &'static str {
    use purser_domain::price::Severity;
    match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
