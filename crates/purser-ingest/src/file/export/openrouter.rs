//! OpenRouter's activity: a row per generation, or a row per day and model. What it says it charged is what it charged.

use purser_domain::usage::Leaf;
use purser_domain::usage_event::Status;

use super::{Cells, Layout};
use crate::decoded::Decoded;
use crate::field::Field;
use crate::file::Draft;

pub(super) const ACTIVITY: Layout = Layout {
    marks: &[&["generation_id", "cost_total", "model_permaslug"], &["date", "slug", "usage", "prompt tokens"]],
    columns: &[
        "generation_id",
        "created_at",
        "cost_total",
        "cost_web_search",
        "cost_cache",
        "cost_file_processing",
        "byok_usage_inference",
        "tokens_prompt",
        "tokens_completion",
        "tokens_reasoning",
        "tokens_cached",
        "model_permaslug",
        "provider_name",
        "variant",
        "cancelled",
        "streamed",
        "user",
        "finish_reason_raw",
        "finish_reason_normalized",
        "generation_time_ms",
        "time_to_first_token_ms",
        "api_key_disabled",
        "api_key_name",
        "app_name",
        "num_search_results",
        "date",
        "slug",
        "usage",
        "byok usage",
        "requests",
        "prompt tokens",
        "completion tokens",
        "reasoning tokens",
    ],
    fill: activity,
};

fn activity(cells: &mut Cells<'_>, draft: &mut Draft, _: &mut Decoded) -> bool {
    if cells.first(&["model_permaslug", "slug"]).is_none() && !cells.counts_any(&["cost_total", "usage"]) {
        return false;
    }
    if let Some(id) = cells.text("generation_id") {
        id.clone_into(&mut draft.event.event_id);
        draft.event.response_id = Some(id.to_owned());
    }
    cells.set(draft, Field::OccurredAt, &["created_at", "date"]);
    cells.set(draft, Field::Model, &["model_permaslug", "slug"]);
    cells.set(draft, Field::CostUsd, &["cost_total", "usage"]);
    // The prompt contains what was cached, the completion what was thought.
    draft.pending.total_input = Some(cells.count("tokens_prompt") + cells.count("prompt tokens"));
    draft.pending.total_output = Some(cells.count("tokens_completion") + cells.count("completion tokens"));
    let reasoning = cells.count("tokens_reasoning") + cells.count("reasoning tokens");
    let cached = cells.count("tokens_cached");
    draft.event.usage.set(Leaf::Reasoning, reasoning);
    draft.event.usage.set(Leaf::CacheRead, cached);
    cells.requests(draft, &["requests"]);
    cells.set(draft, Field::LatencyMs, &["generation_time_ms"]);
    cells.set(draft, Field::UserId, &["user"]);
    if cells.text("finish_reason_normalized") == Some("error") {
        draft.event.status = Status::Error;
    }
    for (key, columns) in [
        ("upstream", &["provider_name"][..]),
        ("variant", &["variant"]),
        ("api_key", &["api_key_name"]),
        ("app", &["app_name"]),
    ] {
        cells.tag(draft, key, columns);
    }
    true
}
