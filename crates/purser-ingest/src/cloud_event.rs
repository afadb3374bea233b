//! CloudEvents 1.0 about model calls, one or a batch, as OpenMeter takes them.
//! Invariant: (source, id) of the CloudEvent is the identity, so a repeated delivery is a duplicate.

use std::borrow::Cow;
use std::collections::BTreeSet;

use purser_domain::money::Money;
use purser_domain::passed_over::Reason;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::unit::Quantity;
use purser_domain::usage_event::{FieldError, Status, UsageEvent};

use crate::decoded::{Decoded, Place, Unreadable};
use crate::field::{self, Field};
use crate::json::{self, Picked};
use crate::normalise::{self, Reported};
use crate::usage_object::{self, Api, Origin, UsageObject, number};

/// The source of an event is this and the CloudEvent's own `source`.
pub const SOURCE: &str = "cloudevents";
/// Whose data it is, for what is passed over.
const EMITTER: &str = "cloudevents";

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
        let Some((event, is_dated)) = read(item, now, &mut decoded, &mut errors) else {
            continue;
        };
        let place = decoded.events.len();
        decoded.settle(event, errors, Place::Item(index), now);
        if decoded.events.len() > place && !is_dated {
            decoded.undated.push(place);
        }
    }
    Ok(decoded)
}

/// The usage event, and whether it says when it happened; `None` if the CloudEvent is about something else.
fn read(item: &str, now: Timestamp, decoded: &mut Decoded, errors: &mut Vec<FieldError>) -> Option<(UsageEvent, bool)> {
    let mut event = UsageEvent { occurred_at: now, ..UsageEvent::default() };
    let Some(envelope) = Picked::read(item, NAMES) else {
        errors.push(FieldError::new("", "", "must be an object"));
        return Some((event, false));
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
    let is_dated = envelope.raw("time").is_some();
    if !errors.is_empty() {
        return Some((event, is_dated));
    }
    let Some(told) = Told::read(data).filter(|told| told.model().is_some()) else {
        decoded.pass_over(EMITTER, &kind, Reason::NoModel);
        return None;
    };
    read_data(data, &told, &mut event, decoded, errors);
    if kind == "litellm_tokens" {
        event.response_id = Some(event.event_id.clone());
    }
    Some((event, is_dated))
}

const DATA: [&str; 30] = [
    "data",
    "output",
    "candidates",
    "serviceTier",
    "id",
    "responseId",
    "model",
    "modelVersion",
    "model_version",
    "provider",
    "custom_llm_provider",
    "cost",
    "cost_usd",
    "currency",
    "cost_currency",
    "service_tier",
    "type",
    "object",
    "tokens",
    "user",
    "usage",
    "usageMetadata",
    "usage_metadata",
    "usage_info",
    "meta",
    "x_groq",
    "response",
    "message",
    "status",
    "error",
];

/// Where a provider's answer has its usage object.
const USAGES: [&str; 4] = ["usage", "usageMetadata", "usage_metadata", "usage_info"];

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

/// What is told about the call: in `data` itself, or in the provider's answer within it.
struct Told<'a> {
    /// `data`, then the answers nested in it.
    levels: Vec<(&'a str, Picked<'a, { DATA.len() }>)>,
}

impl<'a> Told<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut levels = vec![(text, Picked::read(text, DATA)?)];
        while let Some((_, last)) = levels.last()
            && levels.len() < 4
            && let Some(inner) = ["response", "message"].iter().find_map(|name| last.raw(name))
            && let Some(picked) = Picked::read(inner, DATA)
        {
            levels.push((inner, picked));
        }
        Some(Self { levels })
    }

    fn outer(&self) -> &Picked<'a, { DATA.len() }> {
        &self.levels[0].1
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.levels.iter().find_map(|(_, level)| level.raw(name))
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.levels.iter().find_map(|(_, level)| level.text(name))
    }

    fn model(&self) -> Option<Cow<'a, str>> {
        ["model", "modelVersion", "model_version"].iter().find_map(|name| self.text(name))
    }

    /// The id of the provider's answer: `data` itself is one if it has a usage object.
    fn response_id(&self) -> Option<String> {
        let is_answer = |level: &Picked<'_, { DATA.len() }>| USAGES.iter().any(|name| level.raw(name).is_some());
        let answer = self.levels.iter().map(|(_, level)| level).find(|level| is_answer(level))?;
        answer.first(&["responseId", "id"])
    }

    /// The tier that served the call; Bedrock has it in an object of its own.
    fn tier(&self) -> Option<String> {
        let object = |text| Picked::read(text, ["type"]).and_then(|tier| tier.text("type"));
        let named = ["service_tier", "serviceTier"].iter().find_map(|name| self.text(name));
        let named = named.or_else(|| self.raw("serviceTier").and_then(object));
        named.and_then(|tier| normalise::service_tier(&tier))
    }

    /// How many searches Gemini grounded its answer in.
    fn searches(&self) -> u64 {
        let queries = |candidate| {
            let grounding = Picked::read(candidate, ["groundingMetadata"])?.raw("groundingMetadata")?;
            Picked::read(grounding, ["webSearchQueries"])?.raw("webSearchQueries")
        };
        let candidates = self.raw("candidates").map(json::elements).unwrap_or_default();
        candidates.into_iter().filter_map(queries).map(|queries| json::elements(queries).len() as u64).sum()
    }

    /// Tools that OpenAI's Responses list as items of the output: searches of the web, and units.
    fn tools(&self) -> (u64, [(&'static str, u64); 3]) {
        let (mut searches, mut files, mut images) = (0, 0, 0);
        let mut containers = BTreeSet::new();
        for item in self.raw("output").map(json::elements).unwrap_or_default() {
            let Some(item) = Picked::read(item, ["type", "action", "container_id"]) else { continue };
            let action = item.raw("action").and_then(|action| Picked::read(action, ["type"]));
            match item.text("type").as_deref() {
                // Opening a page or looking for words in it is no search.
                Some("web_search_call") => {
                    let kind = action.and_then(|action| action.text("type"));
                    searches += u64::from(kind.is_none_or(|kind| kind == "search"));
                }
                Some("file_search_call") => files += 1,
                Some("image_generation_call") => images += 1,
                Some("code_interpreter_call") => drop(containers.insert(item.first(&["container_id"]))),
                _ => {}
            }
        }
        let sessions = containers.len() as u64;
        (searches, [("file_searches", files), ("images", images), ("code_interpreter_sessions", sessions)])
    }

    /// How many images an answer holds that counts nothing else.
    fn images(&self) -> u64 {
        let is_image = |item: &&str| {
            Picked::read(item, ["url", "b64_json"])
                .is_some_and(|item| item.raw("url").or(item.raw("b64_json")).is_some())
        };
        self.raw("data").map(json::elements).unwrap_or_default().iter().filter(|item| is_image(item)).count() as u64
    }

    /// The provider's usage object.
    fn usage(&self) -> Option<&'a str> {
        let within = |name: &str, inner: &'static str| {
            self.raw(name).and_then(|text| Picked::read(text, [inner])).and_then(|fields| fields.raw(inner))
        };
        let found = USAGES.iter().find_map(|name| self.raw(name)).filter(|text| text.starts_with('{'));
        // Groq's streams and Cohere's first version have it one level down.
        found.or_else(|| within("x_groq", "usage")).or_else(|| self.raw("meta"))
    }
}

fn read_data(text: &str, told: &Told<'_>, event: &mut UsageEvent, decoded: &mut Decoded, errors: &mut Vec<FieldError>) {
    let data = told.outer();
    event.response_id = told.response_id();
    set_provider(told, event);
    event.service_tier = told.tier();
    if let Some(user) = data.text("user") {
        event.user_id = Some(user.into_owned());
    }
    let _ = json::fields(text, |key, value| {
        if let Some(field) = OURS.into_iter().find(|field| field.name() == key) {
            field.set_json(event, value, "data.", errors);
        }
    });
    set_status(told, event);
    set_cost(data, event, errors);
    set_usage(text, told, event, decoded, errors);
}

/// The provider that is named, else that of the answer's id or of the model.
fn set_provider(told: &Told<'_>, event: &mut UsageEvent) {
    let model = told.model().unwrap_or_default();
    let id = event.response_id.as_deref().unwrap_or_default();
    let named = told.outer().first(&["provider", "custom_llm_provider"]).unwrap_or_default();
    // OpenRouter's answers name the host that it chose as their provider.
    let is_routed = id.starts_with("gen-") && model.contains('/');
    let named = if is_routed { "openrouter".to_owned() } else { provider::canonical(&named) };
    let (mut provider, model) = normalise::split_model(&named, &model);
    if provider.is_empty() {
        provider = provider::of_answer(id, model).unwrap_or_default().to_owned();
    }
    event.model = model.to_owned();
    event.provider = provider;
}

/// A call that was cancelled or that failed is known by its status or its error.
fn set_status(told: &Told<'_>, event: &mut UsageEvent) {
    let status = told.text("status").map(|status| status.to_ascii_lowercase());
    let error = told.raw("error").filter(|error| !matches!(*error, "false" | "\"\"" | "{}" | "[]"));
    let failed = status.as_deref().is_some_and(|status| FAILED.contains(&status)) || error.is_some();
    if !failed && event.error_type.is_none() {
        return;
    }
    event.status = Status::Error;
    if event.error_type.is_none() {
        let named =
            error.and_then(|error| Picked::read(error, ["type", "code"])).and_then(|e| e.first(&["type", "code"]));
        event.error_type = named.or(status.filter(|status| FAILED.contains(&status.as_str())));
    }
}

/// Words for a call that did not end well.
const FAILED: [&str; 8] =
    ["error", "failed", "failure", "cancelled", "canceled", "aborted", "timeout", "incomplete_stream"];

/// The cost that the sender names beside the usage; what is not in USD is kept apart.
fn set_cost(data: &Picked<'_, { DATA.len() }>, event: &mut UsageEvent, errors: &mut Vec<FieldError>) {
    let in_usd = data.raw("cost_usd");
    let Some(cost) = in_usd.or(data.raw("cost")).filter(|cost| !cost.starts_with('{')) else { return };
    let currency = if in_usd.is_some() { None } else { data.first(&["currency", "cost_currency"]) };
    match field::money(&field::shown(cost)) {
        Ok(cost) => usage_object::set_cost(cost, currency.as_deref(), event),
        Err(reason) => errors.push(FieldError::new("data.cost", &field::shown(cost), reason)),
    }
}

fn set_usage(text: &str, told: &Told<'_>, event: &mut UsageEvent, decoded: &mut Decoded, errors: &mut Vec<FieldError>) {
    let (provider, model) =
        (event.provider.clone(), event.response_model.clone().unwrap_or_else(|| event.model.clone()));
    let operation = event.operation.clone().unwrap_or_default();
    let origin = |api| Origin { provider: &provider, model: &model, operation: &operation, api };
    let nested = told.usage().and_then(|text| UsageObject::read(text, origin(Api::Any)));
    let flat = || UsageObject::read(text, origin(Api::Flat));
    let object = nested.filter(|object| object.has_counts() || !object.errors.is_empty()).or_else(flat);
    if let Some(mut object) = object {
        object.ground(told.searches(), &model);
        let (searches, units) = told.tools();
        object.add_tools(searches, &units);
        errors.extend(
            object.errors.iter().map(|error| FieldError { field: format!("data.{}", error.field), ..error.clone() }),
        );
        object.fill(EMITTER, event, decoded);
        if object.has_counts() {
            return drop_zero_cost(event, decoded);
        }
    }
    match pair(told.outer()) {
        Some(reported) => reported.fill(normalise::Accounting::TOTALS, event),
        None if told.images() > 0 => {
            event.units.insert("images".to_owned(), Quantity::whole(told.images()).unwrap_or_default());
        }
        None => {
            decoded.find("a call without token counts: charged as none, tagged purser.usage=missing");
            event.tags.insert("purser.usage".to_owned(), "missing".to_owned());
        }
    }
    drop_zero_cost(event, decoded);
}

/// A cost of 0 for a call with tokens is a sender without a price.
fn drop_zero_cost(event: &mut UsageEvent, decoded: &mut Decoded) {
    let used = event.usage.total_tokens() > 0 || event.contradiction.is_some();
    if used && event.reported_usd == Some(Money::ZERO) {
        event.reported_usd = None;
        decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
    }
}

/// OpenMeter's pair of `tokens` and `type` = input or output.
fn pair(data: &Picked<'_, { DATA.len() }>) -> Option<Reported> {
    let tokens = data.raw("tokens").and_then(|tokens| number::count(tokens).ok()).flatten()?;
    match data.text("type").as_deref() {
        Some("input" | "system" | "prompt") => Some(Reported { input: tokens, ..Reported::default() }),
        Some("output" | "completion") => Some(Reported { output: tokens, ..Reported::default() }),
        _ => None,
    }
}
