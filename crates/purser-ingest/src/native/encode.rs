//! The inverse of decoding: an event in the shape that `POST /api/v1/usage/events` takes.
//! Invariant: decoding what is encoded here gives the same event.

use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;
use serde_json::{Value, json};

/// An event as `POST /api/v1/usage/events` takes it.
#[must_use]
pub fn encode(event: &UsageEvent) -> Value {
    let mut body = serde_json::Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("event_id", json!(event.event_id));
    put("occurred_at", json!(event.occurred_at));
    put("provider", json!(event.provider));
    put("model", json!(event.model));
    put("status", json!(event.status));
    for (name, text) in event.texts() {
        if let Some(text) = text {
            put(name, json!(text));
        }
    }
    put("requests", json!(event.usage.get(Leaf::Requests)));
    for (leaf, quantity) in event.usage.iter() {
        put(leaf.quantity_name(), json!(quantity));
    }
    if let Some(attempt) = event.attempt {
        put("attempt", json!(attempt));
    }
    if let Some(latency_ms) = event.latency_ms {
        put("latency_ms", json!(latency_ms));
    }
    if let Some(reported) = event.reported_usd {
        put("cost_usd", json!(reported));
    }
    if let Some((cost, currency)) = event.foreign_cost.as_deref().and_then(|cost| cost.rsplit_once(' ')) {
        put("cost", json!(cost));
        put("currency", json!(currency));
    }
    if let Some(window) = event.context_window {
        put("context_window", json!(window.to_string()));
    }
    if !event.units.is_empty() {
        put("units", json!(event.units));
    }
    if let Some(contradiction) = &event.contradiction {
        put("contradiction", json!(contradiction));
    }
    if !event.tags.is_empty() {
        put("tags", json!(event.tags));
    }
    Value::Object(body)
}
