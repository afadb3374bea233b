//! LiteLLM's StandardLoggingPayload, as its generic webhook and its file loggers write it.
//! Source: litellm 1.106, `types/utils.py`. Invariant: `messages` and `response` text is never read.

use std::borrow::Cow;

use purser_domain::money::{Money, parse_decimal};
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::Usage;
use purser_domain::usage_event::{FieldError, Status, UsageEvent};

use crate::attribute::split_label;
use crate::decoded::{Decoded, Place, Unreadable};
use crate::emitter;
use crate::field;
use crate::json::{self, Picked};
use crate::normalise::{self, Accounting, Reported};
use crate::usage_object::{Api, Origin, UsageObject};

/// The source of these events.
pub const SOURCE: &str = "litellm";

/// Decodes one payload, an array of them, or one per line.
///
/// # Errors
/// When the body is no JSON, or too large, too deep or too long. Bad payloads are refusals.
pub fn decode(body: &[u8], now: Timestamp) -> Result<Decoded, Unreadable> {
    let mut decoded = Decoded::default();
    for (index, item) in json::items(body)?.into_iter().enumerate() {
        decode_item(item, Place::Item(index), now, &mut decoded);
    }
    Ok(decoded)
}

const NAMES: [&str; 22] = [
    "id",
    "litellm_call_id",
    "trace_id",
    "session_id",
    "call_type",
    "cache_hit",
    "status",
    "custom_llm_provider",
    "startTime",
    "endTime",
    "response_time",
    "model",
    "metadata",
    "response_cost",
    "prompt_tokens",
    "completion_tokens",
    "request_tags",
    "end_user",
    "response",
    "error_information",
    "model_parameters",
    "hidden_params",
];

const METADATA: [&str; 17] = [
    "usage_object",
    "user_api_key_alias",
    "user_api_key_team_alias",
    "user_api_key_team_id",
    "user_api_key_project_alias",
    "user_api_key_project_id",
    "user_api_key_user_id",
    "user_api_key_end_user_id",
    "requester_metadata",
    "spend_logs_metadata",
    "feature_tag",
    "run_id",
    "agent",
    "session_id",
    "project",
    "environment",
    "skill",
];

const CALLER: [&str; 7] = ["feature_tag", "run_id", "agent", "session_id", "project", "environment", "skill"];

/// Decodes one payload into `decoded`.
pub(crate) fn decode_item(item: &str, place: Place, now: Timestamp, decoded: &mut Decoded) {
    let Some(payload) = Picked::read(item, NAMES) else {
        let errors = vec![FieldError::new("", "", "must be an object")];
        decoded.settle(UsageEvent::default(), errors, place, now);
        return;
    };
    decoded.ignored += payload.others;
    let call_type = payload.text("call_type");
    let operation = match call_type.as_deref().map(|name| (name, emitter::inference(name))) {
        Some((name, None)) => {
            decoded.find(format!("LiteLLM's {name:?} calls no model: not charged"));
            decoded.skipped += 1;
            return;
        }
        Some((_, operation)) => operation.map(str::to_owned),
        None => None,
    };
    let mut errors = Vec::new();
    let mut event = UsageEvent { source: SOURCE.to_owned(), operation, ..UsageEvent::default() };
    read(&payload, &mut event, decoded, &mut errors);
    decoded.settle(event, errors, place, now);
}

fn read(
    payload: &Picked<'_, { NAMES.len() }>,
    event: &mut UsageEvent,
    decoded: &mut Decoded,
    errors: &mut Vec<FieldError>,
) {
    let metadata = payload.raw("metadata").and_then(|text| Picked::read(text, METADATA));
    let response =
        payload.raw("response").and_then(|text| Picked::read(text, ["id", "model", "usage", "service_tier"]));
    let part = |name| response.as_ref().and_then(|response| response.text(name)).map(Cow::into_owned);
    let asked = payload.text("model").unwrap_or_default();
    let provider = provider::canonical(&payload.text("custom_llm_provider").unwrap_or_default());
    let (provider, model) = normalise::split_model(&provider, &asked);
    event.model = model.to_owned();
    event.response_model = part("model").map(|name| normalise::split_model(&provider, &name).1.to_owned());
    event.provider = provider;
    set_times(payload, event, errors);
    let failed = payload.text("status").as_deref() == Some("failure");
    let cached = payload.raw("cache_hit") == Some("true");
    set_ids(payload, event, failed, cached, part("id"));
    if failed {
        event.status = Status::Error;
        let error = payload.raw("error_information").and_then(|text| Picked::read(text, ["error_class", "error_code"]));
        event.error_type = error.and_then(|error| error.first(&["error_class", "error_code"]));
    }
    if cached {
        // Answered from LiteLLM's own cache: no model was called, nothing is owed.
        event.usage = Usage::ZERO;
        event.tags.insert("litellm.cache_hit".to_owned(), "true".to_owned());
    } else {
        let objects =
            [metadata.as_ref().and_then(|m| m.raw("usage_object")), response.as_ref().and_then(|r| r.raw("usage"))];
        set_usage(payload, objects, event, errors);
        set_cost(payload, event, decoded);
    }
    let parameters = payload.raw("model_parameters").and_then(|text| Picked::read(text, ["service_tier", "user"]));
    let parameter = |name: &str| parameters.as_ref().and_then(|parameters| parameters.text(name)).map(Cow::into_owned);
    let tiers = [part("service_tier"), event.service_tier.take(), parameter("service_tier")];
    event.service_tier = tiers.into_iter().flatten().find_map(|tier| normalise::service_tier(&tier));
    event.user_id = payload.text("end_user").map(Cow::into_owned).or_else(|| parameter("user"));
    event.session_id = payload.text("session_id").map(Cow::into_owned);
    if let Some(metadata) = &metadata {
        set_metadata(metadata, event);
    }
    for label in payload.raw("request_tags").map(json::elements).unwrap_or_default() {
        if let Some(label) = json::string(label) {
            let (key, value) = split_label(&label);
            event.tags.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
}

/// A success is known by its response, a failure by its call and start: retries of a call share the call's id.
fn set_ids(
    payload: &Picked<'_, { NAMES.len() }>,
    event: &mut UsageEvent,
    failed: bool,
    cached: bool,
    response_id: Option<String>,
) {
    let id = payload.text("id").map(Cow::into_owned);
    let call = payload.text("litellm_call_id").map(Cow::into_owned);
    if failed {
        let start = payload.raw("startTime").map_or_else(String::new, |start| format!(":{}", field::shown(start)));
        event.event_id = call.or(id).map(|call| format!("{call}{start}")).unwrap_or_default();
        return;
    }
    if !cached {
        event.response_id = response_id.or_else(|| id.clone());
    }
    event.event_id = id.or(call).unwrap_or_default();
    event.trace_id = payload
        .text("trace_id")
        .map(|id| id.replace('-', "").to_ascii_lowercase())
        .filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

fn set_times(payload: &Picked<'_, { NAMES.len() }>, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
    let mut at = |name: &str| {
        let value = payload.raw(name)?;
        match instant(value) {
            Ok(at) => Some(at),
            Err(reason) => {
                errors.push(FieldError::new(name, &field::shown(value), reason));
                None
            }
        }
    };
    let (start, end) = (at("startTime"), at("endTime"));
    match end.or(start) {
        Some(at) => event.occurred_at = at,
        None if errors.is_empty() => errors.push(FieldError::new("endTime", "", "is required")),
        None => {}
    }
    if let (Some(start), Some(end)) = (start, end) {
        event.latency_ms = u64::try_from(end.micros() - start.micros()).ok().map(|micros| micros / 1_000);
    }
}

/// Seconds since the epoch with a fraction, or RFC 3339; without an offset it is UTC, as LiteLLM writes it.
fn instant(value: &str) -> Result<Timestamp, String> {
    let wrong = || "must be seconds since 1970 or an RFC 3339 date and time".to_owned();
    let text = field::shown(value);
    if let Ok((digits, scale)) = parse_decimal(&text) {
        let micros = purser_domain::money::div_half_even;
        let micros = match u32::try_from(scale - 6) {
            Ok(excess) => 10_i128.checked_pow(excess).map(|divisor| micros(digits, divisor)),
            Err(_) => 10_i128.checked_pow((6 - scale).unsigned_abs()).and_then(|factor| digits.checked_mul(factor)),
        };
        return micros.and_then(|micros| i64::try_from(micros).ok()).map(Timestamp::from_micros).ok_or_else(wrong);
    }
    text.parse().or_else(|_| format!("{text}Z").parse()).map_err(|_| wrong())
}

fn set_usage(
    payload: &Picked<'_, { NAMES.len() }>,
    objects: [Option<&str>; 2],
    event: &mut UsageEvent,
    errors: &mut Vec<FieldError>,
) {
    let origin = Origin {
        provider: &event.provider,
        model: &event.model,
        operation: event.operation.as_deref().unwrap_or_default(),
        api: Api::LiteLlm,
    };
    let object =
        objects.into_iter().flatten().filter_map(|text| UsageObject::read(text, origin)).find(UsageObject::has_tokens);
    let mut count = |name: &str| match payload.raw(name).map(|value| (value, field::count(value))) {
        Some((_, Ok(count))) => count,
        Some((value, Err(reason))) => {
            errors.push(FieldError::new(name, &field::shown(value), reason));
            0
        }
        None => 0,
    };
    let (input, output) = (count("prompt_tokens"), count("completion_tokens"));
    let (reported, accounting) = match object {
        Some(object) => {
            event.service_tier.clone_from(&object.service_tier);
            (object.reported, object.accounting())
        }
        None => (Reported { input, output, ..Reported::default() }, Accounting::TOTALS),
    };
    match reported.leaves(accounting) {
        Ok(usage) => event.usage = usage,
        Err(wrong) => errors.push(FieldError::new(wrong.field, &wrong.total, wrong.reason)),
    }
}

fn set_cost(payload: &Picked<'_, { NAMES.len() }>, event: &mut UsageEvent, decoded: &mut Decoded) {
    let Some(cost) = payload.raw("response_cost") else {
        return;
    };
    match field::money(cost) {
        // LiteLLM writes 0 for models that it has no price for.
        Ok(Money::ZERO) if event.usage.total_tokens() > 0 => {
            decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
        }
        Ok(cost) => event.reported_usd = Some(cost),
        Err(_) => decoded.find("a reported cost that is no number was left out"),
    }
}

fn set_metadata(metadata: &Picked<'_, { METADATA.len() }>, event: &mut UsageEvent) {
    let user = metadata.first(&["user_api_key_end_user_id", "user_api_key_user_id"]);
    event.user_id = event.user_id.take().or(user);
    for (tag, name) in
        [("key_alias", "user_api_key_alias"), ("team", "user_api_key_team_alias"), ("team_id", "user_api_key_team_id")]
    {
        if let Some(value) = metadata.text(name) {
            event.tags.insert(tag.to_owned(), value.into_owned());
        }
    }
    // What the caller attached: beside LiteLLM's own keys, or one level down.
    let nested = ["requester_metadata", "spend_logs_metadata"].map(|name| metadata.raw(name));
    let nested: Vec<_> = nested.into_iter().flatten().filter_map(|text| Picked::read(text, CALLER)).collect();
    let caller = |name: &str| metadata.first(&[name]).or_else(|| nested.iter().find_map(|inner| inner.first(&[name])));
    event.feature_tag = caller("feature_tag");
    event.run_id = caller("run_id");
    event.agent = caller("agent");
    event.skill = caller("skill");
    event.environment = caller("environment");
    event.session_id = event.session_id.take().or_else(|| caller("session_id"));
    let project = metadata.first(&["user_api_key_project_alias", "user_api_key_project_id"]);
    event.project = caller("project").or(project);
}
