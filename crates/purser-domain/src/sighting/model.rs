//! Whether two sightings may name the same model.

use crate::usage_event::{UNKNOWN_MODEL, UsageEvent};

/// Words before a dot that say where a model is served or who made it.
const PREFIXES: [&str; 20] = [
    "us",
    "eu",
    "apac",
    "ap",
    "jp",
    "au",
    "ca",
    "uk",
    "global",
    "us-gov",
    "anthropic",
    "amazon",
    "meta",
    "mistral",
    "cohere",
    "deepseek",
    "openai",
    "google",
    "qwen",
    "ai21",
];

/// The name without what gateways, clouds and snapshots add: maker's or region's prefixes, versions, dates.
pub(super) fn family(model: &str) -> String {
    let lower = model.trim().to_ascii_lowercase();
    let mut name = lower.rsplit('/').next().unwrap_or_default();
    while let Some((prefix, rest)) = name.split_once('.').filter(|(prefix, _)| PREFIXES.contains(prefix)) {
        debug_assert!(!prefix.is_empty());
        name = rest;
    }
    name = name.split(['@', ':', '[']).next().unwrap_or_default();
    for end in ["-latest", "-v1", "-v2"] {
        name = name.strip_suffix(end).unwrap_or(name);
    }
    without_date(name).replace(['.', '_'], "-")
}

/// Strips `-20250929` or `-2025-09-29`.
fn without_date(name: &str) -> &str {
    for length in [9, 11] {
        let Some((rest, end)) = name.len().checked_sub(length).and_then(|at| name.split_at_checked(at)) else {
            continue;
        };
        let digits = end.bytes().filter(u8::is_ascii_digit).count();
        let dashes = end.bytes().filter(|byte| *byte == b'-').count();
        if end.starts_with("-20") && digits == 8 && digits + dashes == length {
            return rest;
        }
    }
    name
}

/// Whether one name of the one is, but for prefixes, dates and versions, a name of the other.
pub(super) fn may_be_same(one: &UsageEvent, other: &UsageEvent) -> bool {
    let names = |event: &UsageEvent| -> Vec<String> {
        let named = [Some(event.model.as_str()), event.response_model.as_deref()];
        named.into_iter().flatten().filter(|name| !name.is_empty() && *name != UNKNOWN_MODEL).map(family).collect()
    };
    let (one, other) = (names(one), names(other));
    one.is_empty() || other.is_empty() || one.iter().any(|name| other.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_dates_and_versions_are_no_part_of_a_family() {
        for (name, expected) in [
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
            ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
            ("claude-opus-5[1m]", "claude-opus-5"),
            ("gpt-4o-2024-08-06", "gpt-4o"),
            ("models/gemini-2.5-flash", "gemini-2-5-flash"),
            ("GPT-5-mini", "gpt-5-mini"),
            ("gpt-4o-mini", "gpt-4o-mini"),
            ("command-r-08-2024", "command-r-08-2024"),
            ("", ""),
        ] {
            assert_eq!(family(name), expected, "{name}");
        }
    }

    #[test]
    fn the_model_that_answered_speaks_for_an_alias() {
        let event = |model: &str, answered: Option<&str>| UsageEvent {
            model: model.to_owned(),
            response_model: answered.map(str::to_owned),
            ..UsageEvent::default()
        };
        let alias = event("my-alias", Some("gpt-4o-2024-08-06"));
        assert!(may_be_same(&alias, &event("openai/gpt-4o", None)));
        assert!(!may_be_same(&alias, &event("gpt-4o-mini", None)));
        assert!(!may_be_same(&event("my-alias", None), &event("gpt-4o", None)));
        assert!(may_be_same(&event(UNKNOWN_MODEL, None), &event("gpt-4o", None)), "the span's model comes later");
    }
}
