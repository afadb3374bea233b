//! Multipliers of an entry: geography, endpoint and speed.

use std::collections::BTreeMap;

use purser_domain::price::{Factor, Finding, Severity};
use serde_json::value::RawValue;

use super::Entry;

/// Parts of `provider_specific_entry` that are no multipliers.
const NO_FACTOR: [&str; 6] = [
    "bedrock_invocation_schema",
    "dashscope_video_reference_input",
    "realtime_ga_only",
    "transcription_json_or_text_only",
    "transcription_usage_duration",
    "volcengine_video_frames",
];

/// Geographies that `provider_specific_entry` may name.
const GEOGRAPHIES: [&str; 8] = ["us", "eu", "uk", "jp", "au", "ca", "in", "apac"];

/// The geography that a multiplier field is for: `!global` is any other.
pub(super) fn geography(field: &str) -> Option<&str> {
    match field {
        "fedramp_uplift_multiplier" => Some("fedramp"),
        "regional_endpoint_uplift_multiplier" => Some("!global"),
        _ => field.strip_prefix("regional_processing_uplift_multiplier_"),
    }
}

/// The factors of an entry; one that cannot be expressed is a finding.
pub(super) fn read(entry: &Entry<'_>, subject: &str, findings: &mut Vec<Finding>) -> Vec<Factor> {
    let mut found = Vec::new();
    let mut add =
        |dimension: &str, value: &str, field: &str, literal: &str, findings: &mut Vec<Finding>| match Factor::parse(
            dimension,
            value,
            literal.trim_matches('"'),
        ) {
            Some(factor) if factor.numerator == factor.denominator => {}
            Some(factor) => found.push(factor),
            None => findings.push(Finding::new(
                Severity::Warning,
                format!("{subject} {field}"),
                format!("{literal} is left out: no multiplier that can be expressed"),
            )),
        };
    for (field, value) in entry.iter().filter(|(_, value)| value.get() != "null") {
        if let Some(geography) = geography(field) {
            add("inference_geo", geography, field, value.get(), findings);
        }
    }
    let parts: BTreeMap<String, &RawValue> = entry
        .get("provider_specific_entry")
        .and_then(|value| serde_json::from_str(value.get()).ok())
        .unwrap_or_default();
    for (name, value) in parts {
        let field = format!("provider_specific_entry.{name}");
        match name.as_str() {
            "fast" => add("speed", "fast", &field, value.get(), findings),
            name if GEOGRAPHIES.contains(&name) => add("inference_geo", name, &field, value.get(), findings),
            name if NO_FACTOR.contains(&name) => {}
            _ => findings.push(Finding::new(
                Severity::Warning,
                format!("{subject} {field}"),
                format!("{} is left out: not known", value.get()),
            )),
        }
    }
    found
}
