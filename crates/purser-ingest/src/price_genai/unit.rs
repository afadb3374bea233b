//! The unit registry of genai-prices: which leaf or unit a price key is for, and for how many.
//! Source: `genai_prices/data_units.py`, whose 59 price keys are all read.

use purser_domain::unit;
use purser_domain::usage::Leaf;

/// What a rate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Leaf(Leaf),
    Unit(String),
}

const MILLION: u64 = 1_000_000;

/// Price keys that have a leaf. Text that is priced apart is what a leaf without a modality counts.
const LEAVES: [(&str, Leaf); 22] = [
    ("input_mtok", Leaf::Input),
    ("input_text_mtok", Leaf::Input),
    ("output_mtok", Leaf::Output),
    ("output_text_mtok", Leaf::Output),
    ("cache_read_mtok", Leaf::CacheRead),
    ("cache_text_read_mtok", Leaf::CacheRead),
    ("cache_write_mtok", Leaf::CacheWrite5m),
    ("cache_write_5m_mtok", Leaf::CacheWrite5m),
    ("cache_write_1h_mtok", Leaf::CacheWrite1h),
    ("cache_text_write_mtok", Leaf::CacheWrite5m),
    ("cache_text_write_5m_mtok", Leaf::CacheWrite5m),
    ("cache_text_write_1h_mtok", Leaf::CacheWrite1h),
    ("output_reasoning_mtok", Leaf::Reasoning),
    ("output_text_reasoning_mtok", Leaf::Reasoning),
    ("input_audio_mtok", Leaf::InputAudio),
    ("cache_audio_read_mtok", Leaf::CacheReadAudio),
    ("output_audio_mtok", Leaf::OutputAudio),
    ("input_image_mtok", Leaf::InputImage),
    ("cache_image_read_mtok", Leaf::CacheReadImage),
    ("output_image_mtok", Leaf::OutputImage),
    ("input_video_mtok", Leaf::InputVideo),
    ("output_video_mtok", Leaf::OutputVideo),
];

/// Price keys whose unit has another name here, and for how many the price is.
const UNITS: [(&str, &str, u64); 14] = [
    ("output_citation_mtok", "citation_tokens", MILLION),
    ("output_text_citation_mtok", "citation_tokens", MILLION),
    ("input_mchars", "characters", MILLION),
    ("input_text_messages_kcount", "text_messages", 1_000),
    ("audio_hours", "audio_seconds", 3_600),
    ("input_audio_hours", "audio_seconds", 3_600),
    ("output_audio_hours", "output_audio_seconds", 3_600),
    ("input_gpixels", "input_pixels", 1_000 * MILLION),
    ("input_document_kpages", "pages", 1_000),
    ("input_annotated_document_kpages", "annotated_pages", 1_000),
    ("rerank_searches_kcount", "queries", 1_000),
    ("social_searches_kcount", "social_searches", 1_000),
    ("storage_searches_kcount", "file_searches", 1_000),
    ("code_executions_kcount", "code_executions", 1_000),
];

/// The leaf or unit of a price key, and for how many the price is; `None` if it is of no known form.
///
/// Tokens of a kind that has no leaf are a unit by that kind: `cache_video_read_mtok` is `cache_video_read_tokens`.
pub(super) fn read(key: &str) -> Option<(Item, u64)> {
    if let Some((_, leaf)) = LEAVES.iter().find(|(known, _)| *known == key) {
        return Some((Item::Leaf(*leaf), MILLION));
    }
    match key {
        "requests_kcount" => return Some((Item::Leaf(Leaf::Requests), 1_000)),
        "web_searches_kcount" => return Some((Item::Leaf(Leaf::WebSearches), 1_000)),
        _ => {}
    }
    if let Some((_, unit, per)) = UNITS.iter().find(|(known, ..)| *known == key) {
        return Some((Item::Unit((*unit).to_owned()), *per));
    }
    let unit = format!("{}_tokens", key.strip_suffix("_mtok")?);
    unit::is_name(&unit).then_some((Item::Unit(unit), MILLION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_leaf_or_a_unit() {
        let unit = |name: &str, per| Some((Item::Unit(name.to_owned()), per));
        for (key, expected) in [
            ("input_mtok", Some((Item::Leaf(Leaf::Input), MILLION))),
            ("requests_kcount", Some((Item::Leaf(Leaf::Requests), 1_000))),
            ("audio_hours", unit("audio_seconds", 3_600)),
            ("storage_searches_kcount", unit("file_searches", 1_000)),
            ("cache_video_read_mtok", unit("cache_video_read_tokens", MILLION)),
            ("input_tool_mtok", unit("input_tool_tokens", MILLION)),
            ("moon_days", None),
            ("Input_mtok", None),
        ] {
            assert_eq!(read(key), expected, "{key}");
        }
    }
}
