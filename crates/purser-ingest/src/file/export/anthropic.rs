//! Anthropic's exports of the Console: tokens (a row per hour or day) and costs (a row per day and type of token).
//! Columns as in exports of 2024 to 2026.

use purser_domain::usage::Leaf;

use super::{Cells, Layout, model_of_display_name};
use crate::decoded::Decoded;
use crate::field::Field;
use crate::file::Draft;

pub(super) const USAGE: Layout = Layout {
    marks: &[&["usage_date_utc", "model_version", "usage_output_tokens"]],
    columns: &[
        "usage_date_utc",
        "model_version",
        "api_key",
        "api_key_id",
        "api_key_status",
        "workspace",
        "usage_type",
        "context_window",
        "usage_input_tokens_no_cache",
        "usage_input_tokens_cache_write",
        "usage_input_tokens_cache_write_5m",
        "usage_input_tokens_cache_write_1h",
        "usage_input_tokens_cache_read",
        "usage_output_tokens",
        "web_search_count",
        "inference_geo",
        "speed",
    ],
    fill: usage,
};

const LEAVES: [(&str, Leaf); 7] = [
    ("usage_input_tokens_no_cache", Leaf::Input),
    // Before the split by time to live.
    ("usage_input_tokens_cache_write", Leaf::CacheWrite5m),
    ("usage_input_tokens_cache_write_5m", Leaf::CacheWrite5m),
    ("usage_input_tokens_cache_write_1h", Leaf::CacheWrite1h),
    ("usage_input_tokens_cache_read", Leaf::CacheRead),
    ("usage_output_tokens", Leaf::Output),
    ("web_search_count", Leaf::WebSearches),
];

fn usage(cells: &mut Cells<'_>, draft: &mut Draft, decoded: &mut Decoded) -> bool {
    if !cells.counts_any(&LEAVES.map(|(column, _)| column)) {
        return false;
    }
    cells.set(draft, Field::OccurredAt, &["usage_date_utc"]);
    cells.set(draft, Field::Model, &["model_version"]);
    for (column, leaf) in LEAVES {
        let known = draft.event.usage.get(leaf);
        draft.event.usage.set(leaf, known + cells.count(column));
    }
    if cells.text("context_window").is_none() && draft.event.context_window.is_none() {
        decoded.find("rows do not say how much their calls read: each is rated as a short one");
        draft.event.context_window = "<=100k".parse().ok();
    }
    how(cells, draft);
    true
}

/// Tier, context, geography, speed, workspace and key.
fn how(cells: &mut Cells<'_>, draft: &mut Draft) {
    match cells.text("usage_type") {
        None | Some("standard" | "message" | "messages") => {}
        Some("message_batch" | "batches") => draft.event.service_tier = Some("batch".to_owned()),
        Some(tier) => draft.event.service_tier = Some(tier.to_owned()),
    }
    cells.set(draft, Field::ContextWindow, &["context_window"]);
    cells.set(draft, Field::InferenceGeo, &["inference_geo"]);
    cells.set(draft, Field::Speed, &["speed"]);
    cells.set(draft, Field::Project, &["workspace"]);
    cells.tag(draft, "api_key", &["api_key"]);
    cells.tag(draft, "api_key_id", &["api_key_id"]);
}

pub(super) const COSTS: Layout = Layout {
    marks: &[&["usage_date_utc", "cost_usd", "token_type"], &["usage_date_utc", "cost_usd", "cost_type"]],
    columns: &[
        "usage_date_utc",
        "model",
        "workspace",
        "api_key",
        "api_key_id",
        "api_key_status",
        "usage_type",
        "context_window",
        "token_type",
        "cost_usd",
        "list_price_usd",
        "cost_type",
        "inference_geo",
        "speed",
    ],
    fill: costs,
};

fn costs(cells: &mut Cells<'_>, draft: &mut Draft, _: &mut Decoded) -> bool {
    if !cells.costs("cost_usd") {
        return false;
    }
    cells.set(draft, Field::OccurredAt, &["usage_date_utc"]);
    cells.set(draft, Field::CostUsd, &["cost_usd"]);
    draft.event.usage.set(Leaf::Requests, 0);
    let model = cells.text("model").or(cells.text("cost_type")).unwrap_or("unspecified");
    draft.event.model = model_of_display_name(model).into_owned();
    let token_type = match cells.text("token_type") {
        Some("input_no_cache") => Some("input"),
        Some("input_cache_read") => Some("cache_read"),
        Some("input_cache_write_5m" | "input_cache_write") => Some("cache_write_5m"),
        Some("input_cache_write_1h") => Some("cache_write_1h"),
        other => other.or(cells.text("cost_type")),
    };
    if let Some(token_type) = token_type {
        draft.event.tags.insert("token_type".to_owned(), token_type.to_owned());
    }
    cells.tag(draft, "list_price_usd", &["list_price_usd"]);
    how(cells, draft);
    true
}
