//! OpenAI's exports of the pages Usage and Cost. Usage has a file for each kind of call; a row is a group within a day,
//! an hour or a minute. Columns as in exports of 2025 and 2026.

use purser_domain::usage::Leaf;

use super::{Cells, Layout};
use crate::decoded::Decoded;
use crate::field::Field;
use crate::file::Draft;
use crate::normalise::{Accounting, Reported};

const EMPTY: [&str; 4] = ["start_time", "end_time", "start_time_iso", "end_time_iso"];

pub(super) const USAGE: Layout = Layout {
    marks: &[
        &["start_time", "end_time", "num_model_requests"],
        &["start_time", "end_time", "model", "input_tokens"],
        &["start_time", "end_time", "num_images"],
        &["start_time", "end_time", "num_sessions"],
        &["start_time", "end_time", "num_requests"],
    ],
    columns: &[
        "start_time",
        "end_time",
        "start_time_iso",
        "end_time_iso",
        "project_id",
        "project_name",
        "num_model_requests",
        "num_requests",
        "user_id",
        "user_email",
        "api_key_id",
        "api_key_name",
        "organization_id",
        "organization_name",
        "api_source",
        "model",
        "batch",
        "service_tier",
        "input_tokens",
        "output_tokens",
        "input_cached_tokens",
        "input_cache_write_tokens",
        "input_uncached_tokens",
        "input_text_tokens",
        "output_text_tokens",
        "input_cached_text_tokens",
        "input_audio_tokens",
        "input_cached_audio_tokens",
        "output_audio_tokens",
        "input_image_tokens",
        "input_cached_image_tokens",
        "output_image_tokens",
        "images",
        "num_images",
        "characters",
        "num_characters",
        "seconds",
        "num_seconds",
        "num_sessions",
        "sessions",
        "source",
        "size",
    ],
    fill: usage,
};

const COUNTS: [&str; 12] = [
    "num_model_requests",
    "num_requests",
    "input_tokens",
    "output_tokens",
    "images",
    "num_images",
    "characters",
    "num_characters",
    "seconds",
    "num_seconds",
    "num_sessions",
    "sessions",
];

fn usage(cells: &mut Cells<'_>, draft: &mut Draft, _: &mut Decoded) -> bool {
    if !cells.counts_any(&COUNTS) {
        return false;
    }
    cells.set(draft, Field::OccurredAt, &["start_time", "start_time_iso"]);
    if !cells.set(draft, Field::Model, &["model"]) && cells.has("num_sessions") {
        "code_interpreter".clone_into(&mut draft.event.model);
    }
    tokens(cells).fill(Accounting::TOTALS, &mut draft.event);
    cells.requests(draft, &["num_model_requests", "num_requests"]);
    for (unit, columns) in [
        ("images", &["images", "num_images"][..]),
        ("characters", &["characters", "num_characters"]),
        ("audio_seconds", &["seconds", "num_seconds"]),
        ("code_interpreter_sessions", &["num_sessions", "sessions"]),
    ] {
        cells.unit(draft, unit, columns);
    }
    if draft.event.operation.is_none() && cells.has("input_tokens") && !cells.has("output_tokens") {
        draft.event.operation = Some("embeddings".to_owned());
    }
    cells.set(draft, Field::Batch, &["batch"]);
    cells.set(draft, Field::ServiceTier, &["service_tier"]);
    who(cells, draft);
    true
}

/// The counts of a row. A modality contains its cached part or stands beside it: the sum of the modalities decides.
fn tokens(cells: &mut Cells<'_>) -> Reported {
    let mut count = |column: &str| cells.count(column);
    let (text, cached_text) = (count("input_text_tokens"), count("input_cached_text_tokens"));
    let (audio, cached_audio) = (count("input_audio_tokens"), count("input_cached_audio_tokens"));
    let (image, cached_image) = (count("input_image_tokens"), count("input_cached_image_tokens"));
    let (input, written) = (count("input_tokens"), count("input_cache_write_tokens"));
    let (output, output_text) = (count("output_tokens"), count("output_text_tokens"));
    let (output_audio, output_image) = (count("output_audio_tokens"), count("output_image_tokens"));
    let plain = text + cached_text;
    let apart = audio + cached_audio + image + cached_image;
    let is_apart = [plain, plain + written].iter().any(|plain| plain + apart == input || *plain == input);
    let (audio, image) = if is_apart { (audio + cached_audio, image + cached_image) } else { (audio, image) };
    // A total of text alone: the other modalities stand beside it.
    let beside = |total: u64, text: u64, others: u64| if others > 0 && total == text { total + others } else { total };
    Reported {
        input: beside(input, plain, audio + image),
        cache_read: count("input_cached_tokens").max(cached_text + cached_audio + cached_image),
        cache_write: written,
        input_audio: audio,
        cache_read_audio: cached_audio,
        input_image: image,
        cache_read_image: cached_image,
        output: beside(output, output_text, output_audio + output_image),
        output_audio,
        output_image,
        ..Reported::default()
    }
}

/// Project, user and key.
fn who(cells: &mut Cells<'_>, draft: &mut Draft) {
    cells.set(draft, Field::Project, &["project_id"]);
    cells.set(draft, Field::UserId, &["user_id"]);
    cells.tag(draft, "project_name", &["project_name"]);
    cells.tag(draft, "api_key_id", &["api_key_id"]);
    cells.tag(draft, "api_key", &["api_key_name"]);
    cells.tag(draft, "size", &["size"]);
}

pub(super) const COSTS: Layout = Layout {
    marks: &[&["start_time", "end_time", "amount_value"], &EMPTY],
    columns: &[
        "start_time",
        "end_time",
        "start_time_iso",
        "end_time_iso",
        "amount_value",
        "amount_currency",
        "quantity",
        "quantity_unit",
        "line_item",
        "user_id",
        "user_email",
        "api_key_id",
        "project_id",
        "project_name",
        "organization_id",
        "organization_name",
        "api_source",
    ],
    fill: costs,
};

fn costs(cells: &mut Cells<'_>, draft: &mut Draft, _: &mut Decoded) -> bool {
    if !cells.costs("amount_value") {
        return false;
    }
    cells.set(draft, Field::OccurredAt, &["start_time", "start_time_iso"]);
    cells.set(draft, Field::Cost, &["amount_value"]);
    cells.set(draft, Field::Currency, &["amount_currency"]);
    draft.event.usage.set(Leaf::Requests, 0);
    who(cells, draft);
    let item = cells.text("line_item").map(LineItem::read).unwrap_or_default();
    item.model.unwrap_or("unspecified").clone_into(&mut draft.event.model);
    draft.event.service_tier = item.tier.map(str::to_owned);
    if let Some(token_type) = item.token_type {
        draft.event.tags.insert("token_type".to_owned(), token_type.to_owned());
    }
    for column in ["line_item", "quantity", "quantity_unit"] {
        cells.tag(draft, column, &[column]);
    }
    true
}

/// A line item of the costs: `gpt-5.5, cached input`, `priority | gpt-5.6, output, long context`,
/// `gpt-image-1 image, output`, `web search tool calls`.
#[derive(Debug, Default, PartialEq, Eq)]
struct LineItem<'a> {
    tier: Option<&'a str>,
    model: Option<&'a str>,
    /// The leaf's name, or the words of the item.
    token_type: Option<&'a str>,
}

impl<'a> LineItem<'a> {
    fn read(item: &'a str) -> Self {
        let (tier, rest) = match item.split_once('|') {
            Some((tier, rest)) => (Some(tier.trim()), rest.trim()),
            None => (None, item.trim()),
        };
        let Some((subject, kind)) = rest.split_once(',') else {
            return Self { tier, model: Some(rest), token_type: None };
        };
        let (model, modality) = subject.trim().split_once(' ').unwrap_or((subject.trim(), "text"));
        let direction = kind.split(',').next().unwrap_or_default().trim();
        let token_type = match (modality, direction) {
            ("text", "input" | "input_tokens") => "input",
            ("text", "cached input" | "input_cached_tokens") => "cache_read",
            ("text", "cache write" | "input_cache_write_tokens") => "cache_write_5m",
            ("text", "output" | "output_tokens") => "output",
            ("audio", "input") => "input_audio",
            ("audio", "cached input") => "cache_read_audio",
            ("audio", "output") => "output_audio",
            ("image", "input") => "input_image",
            ("image", "cached input") => "cache_read_image",
            ("image", "output") => "output_image",
            _ => direction,
        };
        Self { tier, model: Some(model), token_type: Some(token_type) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_item_names_tier_model_and_type() {
        for (item, tier, model, token_type) in [
            ("gpt-5.5-2026-04-23, cached input", None, "gpt-5.5-2026-04-23", Some("cache_read")),
            ("priority | gpt-5.6-sol, output, long context", Some("priority"), "gpt-5.6-sol", Some("output")),
            ("gpt-image-2 image, output", None, "gpt-image-2", Some("output_image")),
            ("gpt-5-nano, input_tokens", None, "gpt-5-nano", Some("input")),
            ("whisper-1, audio", None, "whisper-1", Some("audio")),
            ("web search tool calls", None, "web search tool calls", None),
        ] {
            assert_eq!(LineItem::read(item), LineItem { tier, model: Some(model), token_type }, "{item}");
        }
    }
}
