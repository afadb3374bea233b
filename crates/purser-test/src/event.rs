//! Usage events as JSON, good unless a test makes them bad.

use serde_json::{Value, json};

/// A good event: 1,000 input and 500 output tokens of `gpt-4o`, an hour before the fixed clock.
#[must_use]
pub fn event(id: &str) -> Value {
    json!({
        "event_id": id,
        "occurred_at": "2026-11-20T11:00:00Z",
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 500
    })
}

/// The same with some fields set to other values; `null` removes one.
#[must_use]
pub fn event_with(id: &str, changes: &Value) -> Value {
    let mut event = event(id);
    if let (Some(event), Some(changes)) = (event.as_object_mut(), changes.as_object()) {
        for (name, value) in changes {
            if value.is_null() {
                event.remove(name);
            } else {
                event.insert(name.clone(), value.clone());
            }
        }
    }
    event
}
