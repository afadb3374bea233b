//! CloudEvents 1.0 about model calls, one or a batch, as OpenMeter takes them.
//! Invariant: (source, id) of the CloudEvent is the identity, so a repeated delivery is a duplicate.

use std::borrow::Cow;

use purser_domain::money::Money;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::decoded::{Decoded, Place, Unreadable};
use crate::field::{self, Field};
use crate::json::{self, Picked};
use crate::normalise::{self, Reported};
use crate::usage_object::{Api, Origin, UsageObject};

/// The source of an event is this and the CloudEvent's own `source`.
pub const SOURCE: &str = "cloudevents";

const NAMES: [&str; 9] =
    ["specversion", "type", "id", "time", "subject", "source", "data", "datacontenttype", "dataschema"];

/// Decodes one CloudEvent in structured mode, or a batch.
///
/// # Errors
/// When the body is no JSON, or too large, too deep or too long. Bad events are refusals.
pub fn decode(body: &[u8], now: Timestamp) -> Result<Decoded, Unreadable> {
    let mut decoded = Decoded::default();
    for (index, item) in json::items(body)?.into_iter().enumerate() {
        let mut errors = Vec::new();
        let Some(event) = read(item, now, &mut decoded, &mut errors) else {
            decoded.skipped += 1;
            continue;
        };
        let place = decoded.events.len();
        decoded.settle(event, errors, Place::Item(index), now);
        if decoded.events.len() > place && !is_dated(item) {
            decoded.undated.push(place);
        }
    }
    Ok(decoded)
}

/// Whether the CloudEvent says when it happened.
fn is_dated(item: &str) -> bool {
    Picked::read(item, ["time"]).is_some_and(|envelope| envelope.raw("time").is_some())
}

/// The usage event; `None` if the CloudEvent is about something else.
fn read(item: &str, now: Timestamp, decoded: &mut Decoded, errors: &mut Vec<FieldError>) -> Option<UsageEvent> {
    let mut event = UsageEvent { occurred_at: now, ..UsageEvent::default() };
    let Some(envelope) = Picked::read(item, NAMES) else {
        errors.push(FieldError::new("", "", "must be an object"));
        return Some(event);
    };
    decoded.ignored += envelope.others;
    for name in ["id", "source", "type"] {
        if envelope.text(name).is_none() {
            errors.push(FieldError::new(name, &envelope.raw(name).unwrap_or_default(), "must be a string, not empty"));
        }
    }
    if let Some(version) = envelope.raw("specversion").filter(|version| *version != "\"1.0\"") {
        errors.push(FieldError::new("specversion", &field::shown(version), "must be 1.0"));
    }
    let kind = envelope.text("type").unwrap_or_default();
    event.event_id = envelope.text("id").unwrap_or_default().into_owned();
    event.source = format!("{SOURCE}:{}", envelope.text("source").unwrap_or_default());
    if let Some(time) = envelope.raw("time") {
        match field::instant(&field::shown(time)) {
            Ok(at) => event.occurred_at = at,
            Err(reason) => errors.push(FieldError::new("time", &field::shown(time), reason)),
        }
    }
    event.user_id = envelope.text("subject").map(Cow::into_owned);
    let data = envelope.raw("data").unwrap_or("{}");
    if !errors.is_empty() {
        return Some(event);
    }
    if Picked::read(data, ["model"]).is_none_or(|data| data.text("model").is_none()) {
        decoded.find(format!("events of type {kind:?} name no model: not charged"));
        return None;
    }
    read_data(data, &mut event, decoded, errors);
    if kind == "litellm_tokens" {
        event.response_id = Some(event.event_id.clone());
    }
    Some(event)
}

const DATA: [&str; 10] = [
    "model",
    "provider",
    "custom_llm_provider",
    "cost",
    "cost_usd",
    "service_tier",
    "type",
    "tokens",
    "user",
    "duration_ms",
];

/// Fields of our own format that data may carry under our own names.
const OURS: [Field; 13] = [
    Field::ResponseModel,
    Field::Operation,
    Field::Project,
    Field::Environment,
    Field::FeatureTag,
    Field::UserId,
    Field::Agent,
    Field::Skill,
    Field::RunId,
    Field::SessionId,
    Field::ResponseId,
    Field::ErrorType,
    Field::LatencyMs,
];

fn read_data(text: &str, event: &mut UsageEvent, decoded: &mut Decoded, errors: &mut Vec<FieldError>) {
    let Some(data) = Picked::read(text, DATA) else {
        return;
    };
    let model = data.text("model").unwrap_or_default();
    let provider = provider::canonical(&data.first(&["provider", "custom_llm_provider"]).unwrap_or_default());
    let (provider, model) = normalise::split_model(&provider, &model);
    event.model = model.to_owned();
    event.provider = provider;
    event.service_tier = data.text("service_tier").and_then(|tier| normalise::service_tier(&tier));
    if let Some(user) = data.text("user") {
        event.user_id = Some(user.into_owned());
    }
    let _ = json::fields(text, |key, value| {
        if let Some(field) = OURS.into_iter().find(|field| field.name() == key) {
            field.set_json(event, value, "data.", errors);
        }
    });
    let origin = Origin { provider: &event.provider, model: &event.model, api: Api::Any };
    match usage(text, &data, origin).map(|(reported, accounting)| reported.leaves(accounting)) {
        Some(Ok(usage)) => event.usage = usage,
        Some(Err(wrong)) => errors.push(FieldError::new(format!("data.{}", wrong.field), &wrong.total, wrong.reason)),
        None => decoded.find("a call without token counts was charged as none"),
    }
    if let Some(cost) = data.raw("cost_usd").or(data.raw("cost")) {
        match field::money(&field::shown(cost)) {
            Ok(Money::ZERO) if event.usage.total_tokens() > 0 => {
                decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
            }
            Ok(cost) => event.reported_usd = Some(cost),
            Err(reason) => errors.push(FieldError::new("data.cost", &field::shown(cost), reason)),
        }
    }
}

/// A usage object, or OpenMeter's pair of `tokens` and `type` = input or output.
fn usage(
    text: &str,
    data: &Picked<'_, { DATA.len() }>,
    origin: Origin<'_>,
) -> Option<(Reported, normalise::Accounting)> {
    let object = UsageObject::read(text, origin)?;
    if object.has_tokens() {
        return Some((object.reported, object.accounting()));
    }
    let tokens = data.raw("tokens").and_then(|tokens| field::count(&field::shown(tokens)).ok())?;
    let mut reported = Reported::default();
    match data.text("type").as_deref() {
        Some("input" | "system" | "prompt") => reported.input = tokens,
        Some("output" | "completion") => reported.output = tokens,
        _ => return None,
    }
    Some((reported, normalise::Accounting::TOTALS))
}
