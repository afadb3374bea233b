//! Rates per unit whose fields' names do not say enough: by mode, by size, and beside rates per token.
//! Invariant: of two rates for one and the same thing, one is kept and the other is a finding.

use std::collections::BTreeMap;

use purser_domain::price::{Finding, Rate, Severity};
use purser_domain::usage::Leaf;
use serde_json::value::RawValue;

use super::row::{FieldRates, Item, Row};
use super::{Entry, text};
use crate::price_catalogue::rate;

/// `input_cost_per_second`, whose meaning depends on the mode.
pub(super) const INPUT_SECONDS: &str = "INPUT_SECONDS";
/// `output_cost_per_second`.
pub(super) const OUTPUT_SECONDS: &str = "OUTPUT_SECONDS";

/// A unit, and the leaves whose rates make it another way to say the same price.
const ALTERNATIVES: [(&str, &[Leaf]); 7] = [
    ("images", &[Leaf::OutputImage, Leaf::Output]),
    ("input_images", &[Leaf::InputImage, Leaf::Input]),
    ("audio_seconds", &[Leaf::InputAudio, Leaf::OutputAudio]),
    ("input_video_seconds", &[Leaf::InputVideo]),
    ("characters", &[Leaf::Input]),
    ("output_characters", &[Leaf::Output]),
    ("pages", &[Leaf::Input]),
];

/// Gives every unit its name and leaves out the free ones and those that say a token's price again.
pub(super) fn settle(rates: &mut FieldRates, mode: &str, subject: &str, findings: &mut Vec<Finding>) {
    for row in rates.0.values_mut() {
        row.units.retain(|_, rate| *rate != Rate::FREE);
        row.units = std::mem::take(&mut row.units).into_iter().map(|(unit, rate)| (named(&unit, mode), rate)).collect();
        if mode.starts_with("image_") && !row.units.keys().any(|unit| unit.starts_with("images")) {
            rename(row, "input_images", "images");
        }
    }
    let standard = rates.0.get(&("", 0)).cloned().unwrap_or_default();
    let costs = |leaf: &Leaf| standard.rates[*leaf as usize].is_some_and(|rate| rate != Rate::FREE);
    for row in rates.0.values_mut() {
        row.units.retain(|unit, rate| {
            // An embedding of an image or of a second is billed as such, beside its text.
            let by_token = mode != "embedding"
                && ALTERNATIVES.iter().any(|(name, leaves)| is_a(unit, name) && leaves.iter().any(costs));
            let by_image = unit == "pixels" && standard.units.contains_key("images");
            if by_token || by_image {
                let other = if by_image { "image" } else { "token" };
                let message = format!("{rate} per million {unit} is left out: the price per {other} says the same");
                findings.push(Finding::new(Severity::Note, subject, message));
            }
            !(by_token || by_image)
        });
    }
}

/// `images`, `images_1k`.
fn is_a(unit: &str, name: &str) -> bool {
    unit.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn named(unit: &str, mode: &str) -> String {
    let seconds = match mode {
        "video_generation" => "video_seconds",
        "chat" | "completion" => "provisioned_seconds",
        _ => "audio_seconds",
    };
    unit.strip_prefix(INPUT_SECONDS)
        .or_else(|| unit.strip_prefix(OUTPUT_SECONDS))
        .map_or_else(|| unit.to_owned(), |rest| format!("{seconds}{rest}"))
}

fn rename(row: &mut Row, from: &str, to: &str) {
    if let Some(rate) = row.units.remove(from) {
        row.units.insert(to.to_owned(), rate);
    }
}

/// Adds searches, map groundings and guardrails, whose rates stand in structures or follow a billing unit.
///
/// A search that costs the same whatever its size is a leaf; by size it is a unit per size. Perplexity's fee is for
/// the request. Gemini 2 is billed by the grounded prompt, Gemini 3 by the query.
pub(super) fn add_tools(
    entry: &Entry<'_>,
    provider: &str,
    subject: &str,
    rates: &mut FieldRates,
    findings: &mut Vec<Finding>,
) {
    let per_query = text(entry, "web_search_billing_unit").as_deref() == Some("per_query");
    let per_prompt = provider.starts_with("gcp.") && !per_query;
    let mut add = |item, rate| rates.insert("", 0, item, rate);
    let sizes = object(entry, "search_context_cost_per_query", subject, findings);
    let first = sizes.values().next().copied();
    for (size, found) in &sizes {
        let size = size.trim_start_matches("search_context_size_");
        let item = match (first.is_some_and(|first| sizes.values().all(|rate| *rate == first)), provider) {
            (true, _) if per_prompt => Item::Unit("grounded_prompts".to_owned()),
            (true, _) => Item::Leaf(Leaf::WebSearches),
            (false, "perplexity") => Item::Unit(format!("requests_{size}")),
            (false, _) => Item::Unit(format!("web_searches_{size}")),
        };
        add(item, *found);
    }
    if let Some(value) = entry.get("google_maps_grounding_cost_per_query")
        && let Some(found) = rate(value.get(), 1, &format!("{subject} google_maps_grounding_cost_per_query"), findings)
    {
        let unit = if per_prompt { "maps_grounded_prompts" } else { "maps_groundings" };
        add(Item::Unit(unit.to_owned()), found);
    }
    for (name, found) in object(entry, "guardrail_cost_per_unit", subject, findings) {
        if found != Rate::FREE {
            add(Item::Unit(snake_case(&name)), found);
        }
    }
}

/// The rates of an object of numbers.
fn object(entry: &Entry<'_>, field: &str, subject: &str, findings: &mut Vec<Finding>) -> BTreeMap<String, Rate> {
    let Some(value) = entry.get(field) else { return BTreeMap::new() };
    let subject = format!("{subject} {field}");
    let Ok(parts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(value.get()) else {
        findings.push(Finding::new(Severity::Warning, subject, "is left out: no object of rates"));
        return BTreeMap::new();
    };
    parts.into_iter().filter_map(|(name, value)| Some((name, rate(value.get(), 1, &subject, findings)?))).collect()
}

/// `contentPolicyUnits` → `content_policy_units`.
fn snake_case(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
