//! Usage objects whose keys carry the service tier, as LangChain and those who copy it write them:
//! `input_token_details.flex_cache_read`, `input_flex`.
//! Invariant: counts of one meaning are added up; the tier is told apart.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The tiers that stand in keys.
const TIERS: &[&str] = &["flex", "priority"];

/// The object with plain keys, and the tier that stood in them.
pub(super) fn plain(text: &str) -> (Cow<'_, str>, Option<&'static str>) {
    let named = TIERS.iter().find(|tier| text.contains(&format!("{tier}_")) || text.contains(&format!("_{tier}")));
    let Some(tier) = named else {
        return (Cow::Borrowed(text), None);
    };
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return (Cow::Borrowed(text), None);
    };
    let mut used = false;
    let object = without(object, tier, &mut used);
    (Cow::Owned(Value::Object(object).to_string()), used.then_some(*tier))
}

fn without(object: Map<String, Value>, tier: &str, used: &mut bool) -> Map<String, Value> {
    let mut plain: Map<String, Value> = Map::new();
    for (key, value) in object {
        let parts: Vec<&str> = key.split('_').filter(|part| *part != tier).collect();
        let name = parts.join("_");
        *used |= name.len() < key.len() && value.as_u64().is_some_and(|count| count > 0);
        let value = match value {
            Value::Object(inner) => Value::Object(without(inner, tier, used)),
            other => other,
        };
        // A key that is the tier alone repeats a part of the total.
        if name.is_empty() {
            continue;
        }
        match (plain.get(&name).and_then(Value::as_u64), value.as_u64()) {
            (Some(known), Some(more)) => plain.insert(name, Value::from(known.saturating_add(more))),
            _ => plain.insert(name, value),
        };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Value, Option<&'static str>) {
        let (text, tier) = plain(text);
        (serde_json::from_str(&text).expect("JSON"), tier)
    }

    #[test]
    fn the_tier_leaves_the_keys() {
        let langchain = r#"{"input_tokens":10,"input_token_details":{"audio":0,"flex_cache_read":7,"flex":3}}"#;
        let expected = serde_json::json!({"input_tokens": 10, "input_token_details": {"audio": 0, "cache_read": 7}});
        assert_eq!(read(langchain), (expected, Some("flex")));
        let langfuse = r#"{"input":0,"input_priority":3,"input_priority_cache_read":7,"total":10}"#;
        let expected = serde_json::json!({"input": 3, "input_cache_read": 7, "total": 10});
        assert_eq!(read(langfuse), (expected, Some("priority")));
    }

    #[test]
    fn other_objects_stay_as_they_are() {
        for text in [r#"{"input_tokens":10,"flexible":2}"#, "not JSON flex_", r#"{"service_tier":"flex"}"#] {
            assert_eq!(plain(text), (Cow::Borrowed(text), None));
        }
        assert_eq!(plain(r#"{"input_flex":0,"input":5}"#).1, None, "nothing was counted at that tier");
    }
}
