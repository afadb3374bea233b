//! LiteLLM's records: the StandardLoggingPayload of its webhook and file loggers, and rows of its SpendLogs.
//! Source: litellm 1.110.2. Invariant: `messages` and the text of `response` are never read.

use std::borrow::Cow;

use purser_domain::money::{Money, parse_decimal};
use purser_domain::passed_over::Reason;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::unit::{self, Quantity};
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{FieldError, Status, UsageEvent};

use crate::attribute::split_label;
use crate::decoded::{Decoded, Place, Unreadable};
use crate::field;
use crate::json::{self, Picked};
use crate::normalise::{self, Accounting, Reported};
use crate::usage_object::{Api, Origin, UsageObject, number};

pub(crate) mod call_type;
mod payload;

use call_type::Work;
use payload::Payload;

/// The source of these events.
pub const SOURCE: &str = "litellm";

/// Decodes one record, an array of them, or one per line.
///
/// # Errors
/// When the body is no JSON, or too large, too deep or too long. Bad records are refusals.
pub fn decode(body: &[u8], now: Timestamp) -> Result<Decoded, Unreadable> {
    let mut decoded = Decoded::default();
    for (index, item) in json::items(body)?.into_iter().enumerate() {
        decode_item(item, Place::Item(index), now, &mut decoded);
    }
    Ok(decoded)
}

/// Decodes one record into `decoded`.
pub(crate) fn decode_item(item: &str, place: Place, now: Timestamp, decoded: &mut Decoded) {
    let Some(top) = payload::top(item) else {
        let errors = vec![FieldError::new("", "", "must be an object")];
        decoded.settle(UsageEvent::default(), errors, place, now);
        return;
    };
    let (metadata, response) = (payload::unquoted(&top, "metadata"), payload::unquoted(&top, "response"));
    let payload = Payload::new(top, &metadata, &response);
    decoded.ignored += payload.others();
    let call_type = payload.text("call_type").unwrap_or_default();
    let work = if call_type.is_empty() { Some(Work::Call("")) } else { call_type::work(&call_type) };
    let mut errors = Vec::new();
    let mut found = Decoded::default();
    let mut event = UsageEvent { source: SOURCE.to_owned(), ..UsageEvent::default() };
    if let Some(Work::Call(operation)) = work
        && !operation.is_empty()
    {
        event.operation = Some(operation.to_owned());
    }
    read(&payload, work, &mut event, &mut found, &mut errors);
    if let Some(reason) = left_out(&payload, work, &event).filter(|_| errors.is_empty() || work == Some(Work::IfPaid)) {
        decoded.pass_over(SOURCE, &call_type, reason);
        return;
    }
    decoded.absorb(found);
    decoded.settle(event, errors, place, now);
}

/// Why the record is not charged, if it is not.
fn left_out(payload: &Payload<'_>, work: Option<Work>, event: &UsageEvent) -> Option<Reason> {
    let costs = event.reported_usd.is_some_and(|cost| cost > Money::ZERO);
    let counts = event.usage.total_tokens() > 0 || !event.units.is_empty() || event.contradiction.is_some();
    match work {
        Some(Work::IfPaid) => (!costs).then_some(Reason::NotACall),
        Some(Work::Batch) => (!costs && !counts || !is_finished(payload)).then_some(Reason::NotACall),
        None => (!costs).then_some(Reason::UnknownOperation),
        // The answer of a background call is charged by the record that has its counts.
        Some(Work::Call(_)) if !costs && !counts && is_pending(payload) => Some(Reason::NotACall),
        // A route that LiteLLM passes through without knowing what it is.
        Some(Work::Call(_)) if !costs && !counts && event.model == NO_MODEL => Some(Reason::NoModel),
        Some(Work::Call(_)) => None,
    }
}

/// What LiteLLM writes where it knows no model.
const NO_MODEL: &str = "unknown";

/// Whether a batch has an end; LiteLLM's rows of history do not say, and are written at the end alone.
fn is_finished(payload: &Payload<'_>) -> bool {
    let ended = ["completed", "complete", "failed", "cancelled", "expired", "ended"];
    payload.answer("status").is_none_or(|status| ended.contains(&status.as_str()))
}

fn is_pending(payload: &Payload<'_>) -> bool {
    payload.answer("status").is_some_and(|status| status == "queued" || status == "in_progress")
}

fn read(
    payload: &Payload<'_>,
    work: Option<Work>,
    event: &mut UsageEvent,
    decoded: &mut Decoded,
    errors: &mut Vec<FieldError>,
) {
    set_times(payload, event, errors);
    let failed = payload.text("status").as_deref() == Some("failure");
    let cached = is_true(payload.raw("cache_hit"));
    set_ids(payload, event, failed, cached);
    set_models(payload, event);
    if failed {
        event.status = Status::Error;
        let error = payload.raw("error_information").or(payload.meta_raw("error_information"));
        let error = error.and_then(|text| Picked::read(text, ["error_class", "error_code"]));
        event.error_type = error.and_then(|error| error.first(&["error_class", "error_code"]));
    }
    if cached {
        // Answered from LiteLLM's own cache: no model was called, nothing is owed.
        event.usage = Usage::ZERO;
        event.tags.insert("litellm.cache_hit".to_owned(), "true".to_owned());
    } else {
        set_cost(payload, event, decoded);
        set_usage(payload, event, decoded, errors);
        set_tool(payload, event);
        set_extras(payload, event);
        drop_zero_cost(event, decoded, failed);
    }
    if work == Some(Work::Batch) {
        set_batch(payload, event);
    }
    set_tier(payload, event);
    set_labels(payload, event);
}

/// `true`, and `"True"` as SpendLogs has it.
fn is_true(value: Option<&str>) -> bool {
    value.is_some_and(|value| field::shown(value).eq_ignore_ascii_case("true"))
}

fn set_models(payload: &Payload<'_>, event: &mut UsageEvent) {
    let named = payload.text("model").or_else(|| payload.sent_model()).or_else(|| payload.text("model_group"));
    let asked = named.unwrap_or_else(|| Cow::Owned(event.operation.clone().unwrap_or_default()));
    let told = provider::canonical(&payload.text("custom_llm_provider").unwrap_or_default());
    let (mut provider, model) = normalise::split_model(&told, &asked);
    event.model = model.to_owned();
    if let Some(sent) = payload.sent_model().filter(|_| provider.is_empty()) {
        provider = normalise::split_model("", &sent).0;
    }
    let answered = payload.answer("model");
    if provider.is_empty() {
        let id = event.response_id.as_deref().unwrap_or_default();
        let model = answered.as_deref().unwrap_or(&event.model);
        provider = provider::of_answer(id, model).unwrap_or_default().to_owned();
    }
    event.response_model = answered.map(|name| normalise::split_model(&provider, &name).1.to_owned());
    event.provider = provider;
    if let Some(group) = payload.text("model_group").filter(|group| *group != asked) {
        event.tags.insert("model_group".to_owned(), group.into_owned());
    }
}

/// A success is known by its response, a failure by its call and start: retries of a call share the call's id.
fn set_ids(payload: &Payload<'_>, event: &mut UsageEvent, failed: bool, cached: bool) {
    let id = payload.text("id").or_else(|| payload.text("request_id")).map(Cow::into_owned);
    let call = payload.text("litellm_call_id").map(Cow::into_owned);
    if failed {
        let start = payload.raw("startTime").map_or_else(String::new, |start| format!(":{}", field::shown(start)));
        event.event_id = call.or(id).map(|call| format!("{call}{start}")).unwrap_or_default();
        return;
    }
    if !cached {
        event.response_id = payload.answer("id").or_else(|| id.clone());
    }
    event.event_id = id.or(call).unwrap_or_default();
    event.trace_id = payload
        .text("trace_id")
        .map(|id| id.replace('-', "").to_ascii_lowercase())
        .filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

/// A batch is known by its own id and its end, so that it is charged once however often it is asked for.
fn set_batch(payload: &Payload<'_>, event: &mut UsageEvent) {
    const SUFFIX: &str = "_batch_cost";
    let id = payload.answer("id").unwrap_or_else(|| event.event_id.clone());
    let id = id.strip_suffix(SUFFIX).unwrap_or(&id).to_owned();
    event.event_id = format!("{id}{SUFFIX}");
    event.response_id = Some(id);
    event.latency_ms = None;
    event.operation = Some("chat".to_owned());
    event.service_tier = Some("batch".to_owned());
    if let Some(Ok(end)) = payload.response.as_ref().and_then(|response| response.raw("completed_at")).map(instant) {
        event.occurred_at = end;
    }
    let models: Vec<_> = payload
        .meta_raw("batch_models")
        .map(json::elements)
        .unwrap_or_default()
        .into_iter()
        .filter_map(json::string)
        .collect();
    match models.as_slice() {
        [] => {}
        // One name alone has one price; several have only what LiteLLM says.
        [model] => event.model = normalise::split_model(&event.provider, model).1.to_owned(),
        models => event.model = models.join("+"),
    }
    let requests = |name: &str| payload.meta_raw(name).and_then(|count| number::count(count).ok()).flatten();
    let requests = requests("batch_successful_requests").unwrap_or(0) + requests("batch_failed_requests").unwrap_or(0);
    if requests > 0 {
        event.usage.set(Leaf::Requests, requests);
    }
}

fn set_times(payload: &Payload<'_>, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
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

fn set_usage(payload: &Payload<'_>, event: &mut UsageEvent, decoded: &mut Decoded, errors: &mut Vec<FieldError>) {
    let (provider, model) =
        (event.provider.clone(), event.response_model.clone().unwrap_or_else(|| event.model.clone()));
    let operation = event.operation.clone().unwrap_or_default();
    let origin = Origin { provider: &provider, model: &model, operation: &operation, api: Api::LiteLlm };
    let objects: Vec<UsageObject> =
        payload.usage_objects().filter_map(|text| UsageObject::read(text, origin)).filter(|o| o.is_told()).collect();
    // Anthropic's own object says what LiteLLM's copy of it no longer does: that the cache stands beside the input.
    let own = objects.iter().find(|object| object.has_tokens() && object.accounting() == Accounting::ANTHROPIC);
    let object = own.or(objects.first());
    if let Some(object) = object {
        errors.extend(object.errors.iter().cloned());
        object.fill(SOURCE, event, decoded);
    }
    if object.is_some_and(UsageObject::has_tokens) {
        return;
    }
    let mut count = |name: &str| match payload.raw(name).map(|value| (value, number::count(value))) {
        Some((_, Ok(count))) => count.unwrap_or(0),
        Some((value, Err(reason))) => {
            errors.push(FieldError::new(name, &field::shown(value), reason));
            0
        }
        None => 0,
    };
    let (input, output) = (count("prompt_tokens"), count("completion_tokens"));
    if input + output > 0 {
        let web_searches = event.usage.get(Leaf::WebSearches);
        let reported = Reported { input, output, total: count("total_tokens"), web_searches, ..Reported::default() };
        reported.fill(Accounting::TOTALS, event);
    }
}

fn set_cost(payload: &Payload<'_>, event: &mut UsageEvent, decoded: &mut Decoded) {
    let Some(cost) = payload.cost() else { return };
    match field::money(&field::shown(cost)) {
        Ok(cost) => event.reported_usd = Some(cost),
        Err(_) => decoded.find("a reported cost that is no number was left out"),
    }
}

/// LiteLLM writes 0 for models that it has no price for, and for calls that failed, billed or not.
fn drop_zero_cost(event: &mut UsageEvent, decoded: &mut Decoded, failed: bool) {
    let counts = event.usage.total_tokens() > 0 || event.contradiction.is_some();
    if event.reported_usd == Some(Money::ZERO) && (counts || failed) {
        event.reported_usd = None;
        if counts {
            decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
        }
    }
}

/// A tool or a search is charged by the call.
fn set_tool(payload: &Payload<'_>, event: &mut UsageEvent) {
    let one = Quantity::whole(1).unwrap_or_default();
    match event.operation.as_deref() {
        Some("execute_tool") => {
            event.units.insert("calls".to_owned(), one);
        }
        Some("search") if event.units.is_empty() => {
            event.units.insert("queries".to_owned(), one);
        }
        _ => {}
    }
    let called = payload.meta_raw("mcp_tool_call_metadata");
    let called = called.and_then(|text| Picked::read(text, ["name", "mcp_server_name", "namespaced_tool_name"]));
    let namespaced = payload.text("mcp_namespaced_tool_name").map(Cow::into_owned);
    let namespaced = called.as_ref().and_then(|called| called.first(&["namespaced_tool_name"])).or(namespaced);
    let (server, name) = match &namespaced {
        Some(name) => {
            name.split_once('/').map_or((None, Some(name.as_str())), |(server, name)| (Some(server), Some(name)))
        }
        None => (None, None),
    };
    let part = |key: &str| called.as_ref().and_then(|called| called.first(&[key]));
    event.tool = part("name").or_else(|| name.map(str::to_owned));
    event.mcp_server = part("mcp_server_name").or_else(|| server.map(str::to_owned));
}

/// Parts of LiteLLM's cost that no count stands for: rating must know that it does not know them.
fn set_extras(payload: &Payload<'_>, event: &mut UsageEvent) {
    let is_paid = |value: &str| field::money(&field::shown(value)).is_ok_and(|cost| cost > Money::ZERO);
    let mut add = |name: &str| {
        if unit::is_name(name) {
            event.units.entry(name.to_owned()).or_insert(Quantity::whole(1).unwrap_or_default());
        }
    };
    if payload.cost_part("guardrail_cost").is_some_and(is_paid) {
        add("guardrail_checks");
    }
    if let Some(additional) = payload.cost_part("additional_costs") {
        let _ = json::fields(additional, |name, value| {
            if is_paid(value) {
                add(&name.to_ascii_lowercase());
            }
        });
    }
    let has_tools = event.usage.get(Leaf::WebSearches) > 0 || !event.units.is_empty();
    if !has_tools && payload.cost_part("tool_usage_cost").is_some_and(is_paid) {
        event.units.insert("tool_uses".to_owned(), Quantity::whole(1).unwrap_or_default());
    }
}

/// The tier and the place that served the call, else those that LiteLLM priced, else those that were asked for.
fn set_tier(payload: &Payload<'_>, event: &mut UsageEvent) {
    let parameters = payload.raw("model_parameters").and_then(|text| Picked::read(text, ["service_tier", "user"]));
    let parameter = |name: &str| parameters.as_ref().and_then(|parameters| parameters.text(name)).map(Cow::into_owned);
    let priced = |name| payload.cost_part(name).and_then(json::string).map(Cow::into_owned);
    let counted = event.service_tier.take();
    let tiers = [
        counted.clone().filter(|tier| tier == "batch"),
        payload.answer("service_tier"),
        counted,
        priced("service_tier"),
        parameter("service_tier"),
    ];
    event.service_tier = tiers.into_iter().flatten().find_map(|tier| normalise::service_tier(&tier));
    let places = [event.inference_geo.take(), priced("data_residency"), priced("vertex_location")];
    event.inference_geo = places.into_iter().flatten().find(|place| !place.is_empty());
    event.user_id = payload.text("end_user").map(Cow::into_owned).or_else(|| parameter("user"));
}

/// Names that a caller attaches, beside LiteLLM's own keys or one level down.
const CALLER: [&str; 8] =
    ["feature_tag", "run_id", "agent", "session_id", "project", "environment", "skill", "user_id"];

fn set_labels(payload: &Payload<'_>, event: &mut UsageEvent) {
    let nested = ["requester_metadata", "spend_logs_metadata"].map(|name| payload.meta_raw(name));
    let nested: Vec<_> = nested.into_iter().flatten().filter_map(|text| Picked::read(text, CALLER)).collect();
    let caller = |name: &str| payload.meta(name).or_else(|| nested.iter().find_map(|inner| inner.first(&[name])));
    let of_key = || payload.meta("user_api_key_end_user_id").or_else(|| payload.meta("user_api_key_user_id"));
    let user = || payload.text("user").map(Cow::into_owned);
    event.user_id = event.user_id.take().or_else(|| caller("user_id")).or_else(of_key).or_else(user);
    event.feature_tag = caller("feature_tag");
    event.run_id = caller("run_id");
    event.agent = caller("agent").or_else(|| payload.text("agent_id").map(Cow::into_owned));
    event.skill = caller("skill");
    event.environment = caller("environment");
    event.session_id = payload.text("session_id").map(Cow::into_owned).or_else(|| caller("session_id"));
    if event.session_id.is_none() && event.trace_id.is_none() {
        // LiteLLM's own trace ids are UUIDs; anything else is the session that the caller named.
        event.session_id = payload.text("trace_id").map(Cow::into_owned);
    }
    let project = || payload.meta("user_api_key_project_alias").or_else(|| payload.meta("user_api_key_project_id"));
    event.project = caller("project").or_else(project);
    let own = |name: &str| payload.text(name).map(Cow::into_owned);
    for (tag, value) in [
        ("key_alias", payload.meta("user_api_key_alias")),
        ("team", payload.meta("user_api_key_team_alias")),
        ("team_id", payload.meta("user_api_key_team_id").or_else(|| own("team_id"))),
        ("organization_id", payload.meta("user_api_key_org_id").or_else(|| own("organization_id"))),
    ] {
        if let Some(value) = value {
            event.tags.insert(tag.to_owned(), value);
        }
    }
    let labels = payload.raw("request_tags").map(|text| json::string(text).unwrap_or(Cow::Borrowed(text)));
    for label in labels.as_deref().map(json::elements).unwrap_or_default() {
        if let Some(label) = json::string(label) {
            let (key, value) = split_label(&label);
            event.tags.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
}
