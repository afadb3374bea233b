//! The reference's `POST /api/v1/cost/record`: one call with its cost in cents, sub-cents kept.
//! Invariant: the amount is exact; the cost is the one reported, whatever the price book says.

use purser_domain::money::{Money, parse_decimal};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::decoded::{Decoded, ERRORS_MAX, Incoming, Refusal, Unreadable};
use crate::field::{count, shown};
use crate::json;

/// The source of these events.
pub const SOURCE: &str = "cost_record";

/// Decodes one record. `fallback_id` becomes the event's id where the record has no `request_id`.
///
/// # Errors
/// When the body is no JSON object, or too large or deep. A bad field is a refusal.
pub fn decode(body: &[u8], fallback_id: &str, now: Timestamp) -> Result<Decoded, Unreadable> {
    let items = json::items(body)?;
    let [item] = items.as_slice() else {
        return Err(Unreadable::Syntax("the body must be one object".to_owned()));
    };
    let mut event = UsageEvent { source: SOURCE.to_owned(), occurred_at: now, ..UsageEvent::default() };
    let mut errors = Vec::new();
    let mut given: Vec<&str> = Vec::new();
    let is_object = json::fields(item, |name, value| {
        if errors.len() >= ERRORS_MAX {
            return;
        }
        let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
            errors.push(FieldError::new(&*name, &shown(value), "is not a field of a cost record"));
            return;
        };
        if given.contains(&field) {
            errors.push(FieldError::new(field, &shown(value), "is given twice"));
        } else if value != "null"
            && let Err(reason) = set(&mut event, field, value)
        {
            errors.push(FieldError::new(field, &shown(value), reason));
        }
        given.push(field);
    });
    if is_object != Ok(true) {
        return Err(Unreadable::Syntax("the body must be one object".to_owned()));
    }
    if event.reported_usd.is_none() && errors.iter().all(|error| error.field != "cost_cents") {
        errors.push(FieldError::new("cost_cents", "", "is required"));
    }
    if event.event_id.is_empty() {
        fallback_id.clone_into(&mut event.event_id);
    }
    let mut rules = Vec::new();
    event.check("", now, &mut rules);
    rules.retain(|rule| errors.iter().all(|known| known.field != wire_name(&rule.field)));
    for mut rule in rules {
        wire_name(&rule.field).to_owned().clone_into(&mut rule.field);
        errors.push(rule);
    }
    let mut decoded = Decoded::default();
    if errors.is_empty() {
        decoded.undated.push(0);
        decoded.events.push(Incoming::new(event, 0));
    } else {
        decoded.refused.push(Refusal { index: 0, id: Some(event.event_id), errors });
    }
    Ok(decoded)
}

const FIELDS: [&str; 9] = [
    "user_id",
    "feature_tag",
    "request_id",
    "workflow_id",
    "skill_id",
    "model",
    "input_tokens",
    "output_tokens",
    "cost_cents",
];

fn set(event: &mut UsageEvent, name: &str, value: &str) -> Result<(), String> {
    let text = || json::string(value).map(std::borrow::Cow::into_owned).ok_or_else(|| "must be a string".to_owned());
    match name {
        "user_id" => event.user_id = Some(text()?),
        "feature_tag" => event.feature_tag = Some(text()?),
        "request_id" => event.event_id = text()?,
        "skill_id" => event.skill = Some(text()?),
        "workflow_id" => {
            event.tags.insert("workflow_id".to_owned(), text()?);
        }
        "model" => event.model = text()?,
        "input_tokens" => event.usage.set(Leaf::Input, count(value)?),
        "output_tokens" => event.usage.set(Leaf::Output, count(value)?),
        "cost_cents" => {
            let cents = json::string(value);
            event.reported_usd = Some(dollars(cents.as_deref().unwrap_or(value))?);
        }
        _ => {}
    }
    Ok(())
}

/// Cents as dollars, to the last digit.
pub(crate) fn dollars(cents: &str) -> Result<Money, String> {
    let wrong = |_| "must be a decimal number of cents".to_owned();
    let (digits, scale) = parse_decimal(cents).map_err(wrong)?;
    let exponent = scale.checked_add(2).ok_or("must be a decimal number of cents")?;
    Money::parse_rounded(&format!("{digits}e{}", -i64::from(exponent))).map_err(wrong)
}

/// What the record calls a field of the event.
fn wire_name(field: &str) -> &str {
    match field {
        "event_id" => "request_id",
        "cost_usd" => "cost_cents",
        "skill" => "skill_id",
        "tags.workflow_id" => "workflow_id",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: &str) -> Decoded {
        let now = "2026-11-20T12:00:00Z".parse().expect("a literal of this test");
        decode(body.as_bytes(), "made-up", now).expect("readable")
    }

    #[test]
    fn a_fraction_of_a_cent_is_kept() {
        for (cents, pico) in
            [("0.3", 3_000_000_000), ("\"0.0015\"", 15_000_000), ("12", 120_000_000_000), ("1e-3", 10_000_000)]
        {
            let decoded = run(&format!(r#"{{"model":"m","input_tokens":3,"output_tokens":4,"cost_cents":{cents}}}"#));
            let event = &decoded.events[0].event;
            assert_eq!(event.reported_usd, Some(Money::from_pico(pico)), "{cents}");
            assert_eq!(event.event_id, "made-up");
        }
    }

    #[test]
    fn every_field_of_the_reference_arrives() {
        let decoded =
            run(r#"{"user_id":"u","feature_tag":"a.b","request_id":"r1","workflow_id":"w","skill_id":"s","model":"m",
                "input_tokens":5,"output_tokens":6,"cost_cents":7}"#);
        let event = &decoded.events[0].event;
        assert_eq!((event.event_id.as_str(), event.skill.as_deref()), ("r1", Some("s")));
        assert_eq!(event.tags.get("workflow_id").map(String::as_str), Some("w"));
        assert_eq!((event.usage.get(Leaf::Input), event.usage.get(Leaf::Output)), (5, 6));
    }

    #[test]
    fn all_bad_fields_come_at_once_under_the_names_of_the_record() {
        let decoded = run(r#"{"input_tokens":-1,"cost_cents":"-2","colour":1,"request_id":7}"#);
        let fields: Vec<&str> = decoded.refused[0].errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["input_tokens", "colour", "request_id", "model", "cost_cents"]);
        let decoded = run(r#"{"model":"m"}"#);
        assert_eq!(decoded.refused[0].errors[0].reason, "is required");
        assert!(decode(b"[]", "x", Timestamp::EARLIEST).is_err());
        assert!(decode(b"7", "x", Timestamp::EARLIEST).is_err());
    }
}
