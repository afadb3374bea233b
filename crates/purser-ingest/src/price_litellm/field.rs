//! Reads one field of an entry: which leaf, tier and context size its rate is for.

use purser_domain::price::{Finding, Severity};
use purser_domain::usage::Leaf;
use serde_json::value::RawValue;

use super::rows::FieldRates;
use crate::price_catalogue::rate;

/// Fields of rates, longest first where one begins another.
const BASES: [(&str, Leaf); 14] = [
    ("cache_creation_input_token_cost_above_1hr", Leaf::CacheWrite1h),
    ("cache_creation_input_token_cost", Leaf::CacheWrite5m),
    ("cache_read_input_token_cost", Leaf::CacheRead),
    ("cache_read_input_audio_token_cost", Leaf::CacheReadAudio),
    ("cache_read_input_image_token_cost", Leaf::CacheReadImage),
    ("input_cost_per_token", Leaf::Input),
    ("input_cost_per_audio_token", Leaf::InputAudio),
    ("input_cost_per_image_token", Leaf::InputImage),
    ("input_cost_per_video_token", Leaf::InputVideo),
    ("output_cost_per_token", Leaf::Output),
    ("output_cost_per_reasoning_token", Leaf::Reasoning),
    ("output_cost_per_audio_token", Leaf::OutputAudio),
    ("output_cost_per_image_token", Leaf::OutputImage),
    ("output_cost_per_video_token", Leaf::OutputVideo),
];

/// The suffix of a field, and the service tier that it means.
pub(super) const SUFFIXES: [(&str, &str); 6] = [
    ("_batches", "batch"),
    ("_flex", "flex"),
    ("_priority", "priority"),
    ("_ultrafast", "ultrafast"),
    ("_balanced", "balanced"),
    ("_decisions", "decisions"),
];

/// Which rate a field names: leaf, service tier (empty: standard) and context size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) leaf: Leaf,
    pub(super) service_tier: &'static str,
    pub(super) over: u64,
}

/// Reads a field into `rates`; one that has no counterpart becomes a finding.
pub(super) fn read(
    field: &str,
    value: &RawValue,
    provider: &str,
    subject: &str,
    rates: &mut FieldRates,
    findings: &mut Vec<Finding>,
) {
    let is_price = field.contains("cost") || field.ends_with("multiplier_us") || field.ends_with("multiplier");
    let handled = matches!(field, "tiered_pricing" | "search_context_cost_per_query" | "range");
    if !is_price || handled {
        return;
    }
    let subject = format!("{subject} {field}");
    let literal = value.get().trim();
    if literal == "null" {
        return;
    }
    let Some(place) = place(field, provider) else {
        if literal.trim_matches('"').parse() != Ok(0.0) {
            findings.push(Finding::new(Severity::Note, subject, format!("{literal} is left out: no counterpart")));
        }
        return;
    };
    if let Some(found) = rate(literal, 1, &subject, findings) {
        rates.insert(place.service_tier, place.over, place.leaf, found);
    }
}

/// What a field's name says; `None` if it is no rate that can be represented.
pub(super) fn place(field: &str, provider: &str) -> Option<Place> {
    if field == "input_cost_per_request" {
        return Some(Place { leaf: Leaf::Requests, service_tier: "", over: 0 });
    }
    let (base, leaf) = BASES.into_iter().find(|(base, _)| field.starts_with(base))?;
    let mut rest = &field[base.len()..];
    let mut service_tier = "";
    if let Some((suffix, tier)) = SUFFIXES.into_iter().find(|(suffix, _)| rest.ends_with(suffix)) {
        (rest, service_tier) = (&rest[..rest.len() - suffix.len()], tier);
    }
    let mut over = 0;
    if let Some(threshold) = rest.strip_prefix("_above_").and_then(|rest| rest.strip_suffix("_tokens")) {
        over = match threshold.strip_suffix('k') {
            Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1_000)?,
            None => threshold.parse().ok()?,
        };
        // xAI bills the higher rate from the threshold on, the others above it.
        over -= u64::from(provider == "x_ai" && over > 0);
        rest = "";
    }
    rest.is_empty().then_some(Place { leaf, service_tier, over })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_name_says_leaf_tier_and_context() {
        let some = |leaf, service_tier, over| Some(Place { leaf, service_tier, over });
        for (field, provider, expected) in [
            ("input_cost_per_token", "openai", some(Leaf::Input, "", 0)),
            ("output_cost_per_token_batches", "openai", some(Leaf::Output, "batch", 0)),
            ("input_cost_per_token_above_200k_tokens_priority", "openai", some(Leaf::Input, "priority", 200_000)),
            ("input_cost_per_token_above_200k_tokens", "x_ai", some(Leaf::Input, "", 199_999)),
            ("cache_creation_input_token_cost_above_1hr", "anthropic", some(Leaf::CacheWrite1h, "", 0)),
            (
                "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
                "anthropic",
                some(Leaf::CacheWrite1h, "", 200_000),
            ),
            ("cache_creation_input_token_cost_above_12hr", "openai", None),
            ("cache_read_input_token_cost_flex", "openai", some(Leaf::CacheRead, "flex", 0)),
            ("output_cost_per_reasoning_token", "openai", some(Leaf::Reasoning, "", 0)),
            ("input_cost_per_token_cache_hit", "deepseek", None),
            ("input_cost_per_second", "openai", None),
            ("output_cost_per_image", "openai", None),
            ("input_cost_per_request", "perplexity", some(Leaf::Requests, "", 0)),
        ] {
            assert_eq!(place(field, provider), expected, "{field}");
        }
    }
}
