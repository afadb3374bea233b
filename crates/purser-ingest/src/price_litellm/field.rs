//! Reads one field's name: which leaf or unit, tier and context size its rate is for.
//! Invariant: a field is a rate, is handled elsewhere, or is listed as no price; any other is reported.

use purser_domain::usage::Leaf;

use super::row::Item;

/// Fields of token rates, longest first where one begins another.
const LEAVES: [(&str, Leaf); 15] = [
    ("cache_creation_input_token_cost_above_12hr", Leaf::CacheWrite12h),
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

/// Fields of rates per unit. Names in capitals depend on the entry's mode, see [`super::unit`].
const UNITS: [(&str, &str); 21] = [
    ("output_cost_per_image", "images"),
    ("input_cost_per_image", "input_images"),
    ("output_cost_per_pixel", "pixels"),
    ("input_cost_per_pixel", "pixels"),
    ("input_cost_per_audio_per_second", "audio_seconds"),
    ("input_cost_per_video_per_second", "input_video_seconds"),
    ("output_cost_per_video_per_second", "video_seconds"),
    ("input_cost_per_second", super::unit::INPUT_SECONDS),
    ("output_cost_per_second", super::unit::OUTPUT_SECONDS),
    ("cost_per_second", "provisioned_seconds"),
    ("input_cost_per_character", "characters"),
    ("output_cost_per_character", "output_characters"),
    ("ocr_cost_per_page", "pages"),
    ("annotation_cost_per_page", "annotated_pages"),
    ("ocr_cost_per_credit", "credits"),
    ("input_cost_per_query", "queries"),
    ("input_cost_per_text_message", "text_messages"),
    ("code_interpreter_cost_per_session", "code_interpreter_sessions"),
    ("citation_cost_per_token", "citation_tokens"),
    ("explicit_cache_read_input_token_cost", "explicit_cache_read_tokens"),
    ("cache_creation_input_audio_token_cost", "cache_write_audio_tokens"),
];

/// The suffix of a field, and the service tier that it means.
const SUFFIXES: [(&str, &str); 6] = [
    ("_batches", "batch"),
    ("_flex", "flex"),
    ("_priority", "priority"),
    ("_ultrafast", "ultrafast"),
    ("_balanced", "balanced"),
    ("_decisions", "decisions"),
];

/// Fields that several fields or a structure decide, read by name elsewhere.
const HANDLED: [&str; 12] = [
    "alias_of",
    "fedramp_uplift_multiplier",
    "google_maps_grounding_cost_per_query",
    "guardrail_cost_per_unit",
    "litellm_provider",
    "mode",
    "off_peak_pricing",
    "provider_specific_entry",
    "search_context_cost_per_query",
    "source",
    "tiered_pricing",
    "web_search_billing_unit",
];

/// Fields that say nothing of a price.
const NO_PRICE: [&str; 21] = [
    "audio_transcription_config",
    "comment",
    "default_reasoning_effort",
    "deprecation_date",
    "deprecation_source",
    "max_input_tokens",
    "max_output_tokens",
    "max_tokens",
    "metadata",
    "output_vector_size",
    "prompt_cache_min_tokens",
    "range",
    "rpm",
    "successor_model",
    "supported_regions",
    "thinking_always_on",
    "thinking_on_by_default",
    "tpm",
    "use_openai_responses_path",
    "uses_embed_content",
    "vertex_ai_audio_api",
];

/// How fields of abilities begin.
const ABILITIES: [&str; 6] = ["supports_", "supported_", "bedrock_", "gemini_", "reasoning_", "token_count_"];

/// Words that no field without a price has.
const PRICED: [&str; 6] = ["cost", "price", "pricing", "multiplier", "uplift", "fee"];

/// Where a rate belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) item: Item,
    /// Empty: standard.
    pub(super) service_tier: &'static str,
    pub(super) over: u64,
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// A rate.
    Rate(Place),
    /// Read by name elsewhere, or no price at all.
    Other,
    /// Not known.
    Unknown,
}

/// What a field's name says.
pub(super) fn read(field: &str, provider: &str) -> Field {
    if let Some(place) = place(field, provider) {
        return Field::Rate(place);
    }
    let is_listed = HANDLED.contains(&field) || NO_PRICE.contains(&field) || super::factor::geography(field).is_some();
    let is_ability =
        ABILITIES.iter().any(|start| field.starts_with(start)) && !PRICED.iter().any(|w| field.contains(w));
    if is_listed || is_ability { Field::Other } else { Field::Unknown }
}

fn place(field: &str, provider: &str) -> Option<Place> {
    if field == "input_cost_per_request" {
        return Some(Place { item: Item::Leaf(Leaf::Requests), service_tier: "", over: 0 });
    }
    let leaf = LEAVES.iter().find(|(base, _)| field.starts_with(base));
    let of_leaf = leaf.and_then(|(base, leaf)| {
        let suffix = Suffix::read(&field[base.len()..], provider)?;
        let item = Item::Leaf(*leaf);
        suffix.size.is_none().then_some(Place { item, service_tier: suffix.service_tier, over: suffix.over })
    });
    of_leaf.or_else(|| {
        let (base, unit) = UNITS.iter().find(|(base, _)| field.starts_with(base))?;
        let Suffix { size, service_tier, over } = Suffix::read(&field[base.len()..], provider)?;
        let item = Item::Unit(size.map_or_else(|| (*unit).to_owned(), |size| format!("{unit}_{size}")));
        Some(Place { item, service_tier, over })
    })
}

/// What follows the base of a field: a size, a context and a tier.
struct Suffix {
    size: Option<String>,
    service_tier: &'static str,
    over: u64,
}

impl Suffix {
    fn read(text: &str, provider: &str) -> Option<Self> {
        let mut rest = text;
        let mut service_tier = "";
        if let Some((suffix, tier)) = SUFFIXES.into_iter().find(|(suffix, _)| rest.ends_with(suffix)) {
            (rest, service_tier) = (&rest[..rest.len() - suffix.len()], tier);
        }
        let (mut size, mut over) = (None, 0);
        if let Some(threshold) = rest.strip_prefix("_above_").and_then(|rest| rest.strip_suffix("_tokens")) {
            over = match threshold.strip_suffix('k') {
                Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1_000)?,
                None => threshold.parse().ok()?,
            };
            // xAI bills the higher rate from the threshold on, the others above it.
            over -= u64::from(provider == "x_ai" && over > 0);
        } else if let Some(length) = rest.strip_prefix("_above_").and_then(|rest| rest.strip_suffix("_interval")) {
            size = Some(format!("over_{length}"));
        } else if let Some(told) = rest.strip_prefix('_') {
            let is_size = told.starts_with(|c: char| c.is_ascii_digit())
                && told.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
            size = Some(is_size.then(|| told.to_ascii_lowercase().replace('.', "_"))?);
        } else if !rest.is_empty() {
            return None;
        }
        Some(Self { size, service_tier, over })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_name_says_leaf_tier_and_context() {
        for (field, provider, leaf, service_tier, over) in [
            ("input_cost_per_token", "openai", Leaf::Input, "", 0),
            ("output_cost_per_token_batches", "openai", Leaf::Output, "batch", 0),
            ("input_cost_per_token_above_200k_tokens_priority", "openai", Leaf::Input, "priority", 200_000),
            ("input_cost_per_token_above_200k_tokens", "x_ai", Leaf::Input, "", 199_999),
            ("cache_creation_input_token_cost_above_1hr", "anthropic", Leaf::CacheWrite1h, "", 0),
            (
                "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
                "anthropic",
                Leaf::CacheWrite1h,
                "",
                200_000,
            ),
            ("cache_creation_input_token_cost_above_12hr_flex", "openai", Leaf::CacheWrite12h, "flex", 0),
            ("cache_read_input_token_cost_flex", "openai", Leaf::CacheRead, "flex", 0),
            ("output_cost_per_reasoning_token", "openai", Leaf::Reasoning, "", 0),
            ("output_cost_per_image_token_batches", "gcp.gemini", Leaf::OutputImage, "batch", 0),
            ("input_cost_per_request", "perplexity", Leaf::Requests, "", 0),
        ] {
            let expected = Place { item: Item::Leaf(leaf), service_tier, over };
            assert_eq!(read(field, provider), Field::Rate(expected), "{field}");
        }
    }

    #[test]
    fn a_field_name_says_unit_and_size() {
        for (field, unit, service_tier, over) in [
            ("output_cost_per_image", "images", "", 0),
            ("output_cost_per_image_0.5K", "images_0_5k", "", 0),
            ("output_cost_per_second_1080p", "OUTPUT_SECONDS_1080p", "", 0),
            ("input_cost_per_image_above_128k_tokens", "input_images", "", 128_000),
            ("input_cost_per_video_per_second_above_8s_interval", "input_video_seconds_over_8s", "", 0),
            ("ocr_cost_per_page_batches", "pages", "batch", 0),
            ("input_cost_per_query", "queries", "", 0),
            ("code_interpreter_cost_per_session", "code_interpreter_sessions", "", 0),
        ] {
            let expected = Place { item: Item::Unit(unit.to_owned()), service_tier, over };
            assert_eq!(read(field, "p"), Field::Rate(expected), "{field}");
        }
    }

    #[test]
    fn a_field_that_no_list_has_is_unknown() {
        for field in ["supports_vision", "deprecation_date", "provider_specific_entry", "fedramp_uplift_multiplier"] {
            assert_eq!(read(field, "p"), Field::Other, "{field}");
        }
        for field in [
            "input_cost_per_token_cache_hit",
            "input_dbu_cost_per_token",
            "supports_cost_plus",
            "storage_price",
            "colour",
            "output_cost_per_image_hd",
        ] {
            assert_eq!(read(field, "p"), Field::Unknown, "{field}");
        }
    }
}
