//! Makes a usage event of a span's or log record's attributes, by the rules of its emitter.
//! Invariant: only model calls become events; contradictions refuse the item, with their numbers.

use std::borrow::Cow;

use purser_domain::attribution::Attribution;
use purser_domain::money::Money;
use purser_domain::passed_over::Reason;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, Status, UsageEvent};

use super::SOURCE;
use super::log::Agents;
use super::nesting::Nesting;
use crate::attribute::{Attributes, Count, Text};
use crate::decoded::{Decoded, EVENTS_MAX, Place, UNFIT, Unreadable};
use crate::emitter::{self, Emitter, Role};
use crate::field;
use crate::identity::{hex, hex_id};
use crate::json;
use crate::normalise::{self, Accounting, ProviderMemo, Reported};
use crate::usage_object::{Api, Origin, UsageObject};

/// What a span or a log record has beside its attributes.
#[derive(Debug, Default)]
pub(super) struct Item<'a> {
    pub trace_id: Option<[u8; 16]>,
    pub span_id: Option<[u8; 8]>,
    pub parent_span_id: Option<[u8; 8]>,
    /// Start of a span; time of a log record.
    pub start_nanos: u64,
    /// End of a span; time at which a log record was observed.
    pub end_nanos: u64,
    /// The span's status is an error.
    pub failed: bool,
    /// The log event's name.
    pub name: Cow<'a, str>,
}

/// Collects events from items as they are read.
pub(super) struct Assembler {
    now: Timestamp,
    pub(super) decoded: Decoded,
    pub(super) index: usize,
    pub(super) nesting: Nesting,
    pub(super) agents: Agents,
    providers: ProviderMemo,
}

/// Everything known of one item.
pub(super) struct Sighting<'s, 'a> {
    pub emitter: &'static Emitter,
    pub item: &'s Item<'a>,
    pub attributes: &'s Attributes<'a>,
}

impl Assembler {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            decoded: Decoded::default(),
            index: 0,
            providers: ProviderMemo::default(),
            nesting: Nesting::default(),
            agents: Agents::default(),
        }
    }

    /// Begins the items of a resource.
    pub(super) fn resource(&mut self, attributes: &Attributes<'_>) {
        let mut attribution = attribution(attributes);
        attribution.project = attribution.project.or_else(|| {
            attributes.text(Text::Service).filter(|name| !name.starts_with("unknown_service")).map(str::to_owned)
        });
        self.note_unfit(attribution.drop_unfit());
        self.nesting.resource(attribution);
    }

    /// Everything taken in, each call with what the spans around it and its resource tell.
    pub(super) fn finish(self) -> Decoded {
        let Self { mut decoded, nesting, agents, .. } = self;
        agents.pair(&mut decoded);
        nesting.settle(&mut decoded);
        decoded
    }

    fn note_unfit(&mut self, dropped: u64) {
        if dropped > 0 {
            self.decoded.find_times(UNFIT, dropped);
        }
    }

    /// Takes a span.
    pub(super) fn span(
        &mut self,
        emitter: &'static Emitter,
        item: &Item<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<(), Unreadable> {
        let role = if emitter.name == "claude-code" { claude_span(attributes) } else { emitter::role(attributes) };
        let sighting = Sighting { emitter, item, attributes };
        let operation = match role {
            Role::Inference(operation) => operation,
            Role::Aggregate => return self.around(&sighting, Reason::NotACall),
            Role::Other => return self.around(&sighting, Reason::NotGenAi),
            Role::Unknown => return self.around(&sighting, Reason::UnknownOperation),
        };
        let mut errors = Vec::new();
        let mut event = self.event(&sighting, &mut errors);
        event.operation = operation;
        match (item.trace_id, item.span_id) {
            (Some(trace), Some(span)) if trace != [0; 16] && span != [0; 8] => {
                event.event_id = format!("{}:{}", hex(&trace), hex(&span));
            }
            _ => errors.push(FieldError::new("span_id", "", "a span needs a trace id of 16 bytes and a span id of 8")),
        }
        let end = if item.end_nanos > 0 { item.end_nanos } else { item.start_nanos };
        event.occurred_at = instant(end);
        if item.start_nanos > 0 && item.end_nanos >= item.start_nanos {
            event.latency_ms = Some((item.end_nanos - item.start_nanos) / 1_000_000);
        }
        if self.keep(event, errors)? {
            self.nesting.call(item, self.decoded.events.len() - 1);
        }
        Ok(())
    }

    /// Passes over a span that is no call, keeping what it tells the calls below it.
    fn around(&mut self, sighting: &Sighting<'_, '_>, reason: Reason) -> Result<(), Unreadable> {
        let surrounds = reason != Reason::NotGenAi;
        let operation = if surrounds { emitter::operation(sighting.attributes) } else { None };
        self.decoded.pass_over(sighting.emitter.name, operation.unwrap_or_default(), reason);
        let mut attribution = attribution(sighting.attributes);
        self.note_unfit(attribution.drop_unfit());
        self.nesting.around(sighting.item, attribution, surrounds, &mut self.decoded.contexts);
        self.index += 1;
        Ok(())
    }

    /// Keeps an event, or refuses it with `errors`; whether it is kept.
    pub(super) fn keep(&mut self, event: UsageEvent, errors: Vec<FieldError>) -> Result<bool, Unreadable> {
        let before = self.decoded.events.len();
        if before + self.decoded.refused.len() == EVENTS_MAX {
            return Err(Unreadable::TooMany);
        }
        self.decoded.settle(event, errors, Place::Item(self.index), self.now);
        self.index += 1;
        Ok(self.decoded.events.len() > before)
    }

    /// Everything that spans and log records have in common.
    pub(super) fn event(&mut self, sighting: &Sighting<'_, '_>, errors: &mut Vec<FieldError>) -> UsageEvent {
        let Sighting { emitter, item, attributes, .. } = *sighting;
        self.decoded.ignored += attributes.ignored;
        let hints = Hints::read(attributes);
        let mut event = UsageEvent { source: SOURCE.to_owned(), ..UsageEvent::default() };
        set_models(&mut event, emitter, attributes, &hints, &mut self.providers);
        self.set_usage(&mut event, sighting, &hints, errors);
        event.service_tier = [attributes.text(Text::ResponseTier), hints.response_tier.as_deref()]
            .into_iter()
            .chain([hints.usage.as_ref().and_then(|usage| usage.service_tier.as_deref())])
            .chain([attributes.text(Text::RequestTier), hints.request_tier.as_deref()])
            .flatten()
            .find_map(normalise::service_tier);
        event.speed = attributes.text(Text::Speed).filter(|speed| *speed == "fast").map(str::to_owned);
        event.inference_geo = attributes.text(Text::InferenceGeo).map(str::to_owned);
        let own = |slot| attributes.text(slot).map(str::to_owned);
        event.project = own(Text::Project);
        event.environment = own(Text::Environment);
        event.feature_tag = own(Text::FeatureTag).or(hints.feature_tag);
        event.user_id = own(Text::UserId);
        event.agent = own(Text::Agent);
        event.skill = own(Text::Skill);
        event.run_id = own(Text::RunId).or(hints.run_id);
        event.session_id = own(Text::SessionId);
        event.trace_id = item.trace_id.as_ref().and_then(|id| hex_id(id));
        event.span_id = item.span_id.as_ref().and_then(|id| hex_id(id));
        event.parent_span_id = item.parent_span_id.as_ref().and_then(|id| hex_id(id));
        event.response_id = attributes.text(Text::ResponseId).map(str::to_owned).or(hints.response_id);
        event.attempt = attributes.quantity(Count::Attempt).and_then(|attempt| u32::try_from(attempt).ok());
        event.error_type = attributes.text(Text::ErrorType).map(str::to_owned);
        if item.failed || event.error_type.is_some() {
            event.status = Status::Error;
        }
        for (key, value) in &attributes.tags {
            if !event.tags.contains_key(&**key) {
                event.tags.insert(key.to_string(), value.to_string());
            }
        }
        self.set_cost(&mut event, sighting);
        event
    }

    fn set_usage(
        &mut self,
        event: &mut UsageEvent,
        sighting: &Sighting<'_, '_>,
        hints: &Hints,
        errors: &mut Vec<FieldError>,
    ) {
        let attributes = sighting.attributes;
        for (name, value) in &attributes.bad {
            errors.push(FieldError::new(name, value, "must be a whole number"));
        }
        if let Some(number) = attributes.negative() {
            errors.push(FieldError::new("gen_ai.usage", &number, "a count must not be negative"));
            return;
        }
        let accounting = sighting.emitter.accounting_for(&event.provider);
        let (reported, accounting) = match &hints.usage {
            Some(object) => {
                for key in &object.unknown {
                    self.decoded
                        .find(format!("usage bucket {key:?} of {} is not known: not charged", sighting.emitter.name));
                }
                (object.reported, object.accounting())
            }
            None => reported(attributes, accounting, hints),
        };
        reported.fill(accounting, event);
        let known = hints.usage.is_some() || USAGE.iter().any(|count| attributes.count(*count).is_some());
        if !known && !sighting.item.failed && attributes.text(Text::ErrorType).is_none() {
            self.decoded.find("a call without token counts: charged as none, tagged purser.usage=missing");
            event.tags.insert("purser.usage".to_owned(), "missing".to_owned());
        }
    }

    fn set_cost(&mut self, event: &mut UsageEvent, sighting: &Sighting<'_, '_>) {
        let attributes = sighting.attributes;
        let text = match attributes.text(Text::Cost) {
            Some(text) => Some(text.to_owned()),
            None => attributes.text(Text::CostDetails).and_then(total_cost),
        };
        let Some(text) = text else {
            return;
        };
        if attributes.text(Text::CostCurrency).is_some_and(|currency| !currency.eq_ignore_ascii_case("usd")) {
            self.decoded.find("a cost that is not in USD was left out");
            return;
        }
        match field::money(&text) {
            Ok(Money::ZERO) if event.usage.total_tokens() > 0 => {
                self.decoded.find("a reported cost of 0 for a call with tokens was taken as unknown");
            }
            Ok(cost) => event.reported_usd = Some(cost),
            Err(_) => self.decoded.find("a reported cost that is no number was left out"),
        }
    }
}

/// The counts that make usage known.
const USAGE: [Count; 5] = [Count::Input, Count::Output, Count::InputUncached, Count::CacheRead, Count::InputAudio];

/// What a span or a resource says of who spent the calls below it.
fn attribution(attributes: &Attributes<'_>) -> Attribution {
    let text = |slot| attributes.text(slot).map(str::to_owned);
    Attribution {
        project: text(Text::Project),
        environment: text(Text::Environment),
        feature_tag: text(Text::FeatureTag),
        user_id: text(Text::UserId),
        agent: text(Text::Agent),
        skill: text(Text::Skill),
        run_id: text(Text::RunId),
        session_id: text(Text::SessionId),
        tags: attributes.tags.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    }
}

/// Claude Code's own spans repeat what its log events say.
fn claude_span(attributes: &Attributes<'_>) -> Role {
    match emitter::role(attributes) {
        Role::Other => Role::Other,
        _ => Role::Aggregate,
    }
}

pub(super) fn instant(nanos: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(nanos / 1_000).unwrap_or(i64::MAX))
}

/// Single facts out of attributes that hold JSON; the rest of them is never kept.
#[derive(Debug, Default)]
struct Hints {
    request_model: Option<String>,
    request_tier: Option<String>,
    response_id: Option<String>,
    response_tier: Option<String>,
    cache_write: Option<u64>,
    usage: Option<UsageObject>,
    feature_tag: Option<String>,
    run_id: Option<String>,
}

impl Hints {
    fn read(attributes: &Attributes<'_>) -> Self {
        let mut hints = Self::default();
        let owned = |value: &str| json::string(value).filter(|text| !text.is_empty()).map(Cow::into_owned);
        if let Some(parameters) = attributes.text(Text::InvocationParameters) {
            let _ = json::fields(parameters, |key, value| match &*key {
                "model" => hints.request_model = owned(value),
                "service_tier" => hints.request_tier = owned(value),
                _ => {}
            });
        }
        if let Some(output) = attributes.text(Text::OutputValue).filter(|text| text.starts_with('{')) {
            let _ = json::fields(output, |key, value| match &*key {
                "id" => hints.response_id = owned(value),
                "service_tier" => hints.response_tier = owned(value),
                _ => {}
            });
        }
        if let Some(metadata) = attributes.text(Text::ProviderMetadata) {
            let _ = json::fields(metadata, |_, of_provider| {
                let _ = json::fields(of_provider, |key, value| match &*key {
                    "serviceTier" => hints.response_tier = owned(value),
                    "cacheCreationInputTokens" => hints.cache_write = value.parse().ok(),
                    _ => {}
                });
            });
        }
        let details = attributes.text(Text::UsageDetails).and_then(|text| UsageObject::read(text, Origin::default()));
        let object = || {
            let text = attributes.text(Text::UsageObject)?;
            UsageObject::read(text, Origin::default()).or_else(|| UsageObject::read_python(text, Origin::default()))
        };
        let mut in_metadata = None;
        if let Some(metadata) = attributes.text(Text::Metadata) {
            let _ = json::fields(metadata, |key, value| match &*key {
                "usage_object" => {
                    in_metadata = UsageObject::read(value, Origin { api: Api::LiteLlm, ..Origin::default() })
                }
                "feature_tag" => hints.feature_tag = owned(value),
                "run_id" => hints.run_id = owned(value),
                _ => {}
            });
        }
        hints.usage = details.or_else(object).or(in_metadata).filter(UsageObject::has_tokens);
        hints
    }
}

fn set_models(
    event: &mut UsageEvent,
    emitter: &Emitter,
    attributes: &Attributes<'_>,
    hints: &Hints,
    providers: &mut ProviderMemo,
) {
    let llm_name = attributes.text(Text::LlmModelName);
    let asked = attributes.text(Text::RequestModel).or(hints.request_model.as_deref());
    let answered = attributes.text(Text::ResponseModel).or(llm_name.filter(|_| asked.is_some()));
    let model = asked.or(llm_name).or(answered).unwrap_or_default();
    let provider = attributes.text(Text::Provider).map_or(emitter.provider, |name| providers.get(name));
    let (mut provider, model) = normalise::split_model(provider, model);
    if provider.is_empty() && emitter.provider_is_maker {
        provider = provider::maker(model).unwrap_or_default().to_owned();
    }
    event.model = model.to_owned();
    event.response_model = answered.map(|name| normalise::split_model(&provider, name).1.to_owned());
    event.provider = provider;
}

/// The plain token attributes.
fn reported(attributes: &Attributes<'_>, accounting: Accounting, hints: &Hints) -> (Reported, Accounting) {
    let count = |slot| attributes.quantity(slot).unwrap_or(0);
    let mut accounting = accounting;
    let mut reported = Reported {
        input: count(Count::Input),
        cache_read: count(Count::CacheRead),
        cache_write: attributes.quantity(Count::CacheWrite).or(hints.cache_write).unwrap_or(0),
        cache_write_5m: count(Count::CacheWrite5m),
        cache_write_1h: count(Count::CacheWrite1h),
        output: count(Count::Output),
        reasoning: count(Count::Reasoning),
        input_audio: count(Count::InputAudio),
        cache_read_audio: count(Count::CacheReadAudio),
        output_audio: count(Count::OutputAudio),
        input_image: count(Count::InputImage),
        cache_read_image: count(Count::CacheReadImage),
        output_image: count(Count::OutputImage),
        input_video: count(Count::InputVideo),
        output_video: count(Count::OutputVideo),
        web_searches: count(Count::WebSearches),
        total: count(Count::Total),
        ..Reported::default()
    };
    add_tool_results(&mut reported, count(Count::ToolResults));
    if let Some(uncached) = attributes.quantity(Count::InputUncached) {
        // The emitter has split the total itself, and its output is a total for every provider.
        reported.input = uncached;
        accounting = Accounting { input_is_total: false, output_is_total: true };
    }
    (reported, accounting)
}

/// Gemini counts what tools returned beside the input; where the sum of all tokens has no room for it, it is inside.
fn add_tool_results(reported: &mut Reported, tool_results: u64) {
    let beside = [reported.input, tool_results, reported.output, reported.reasoning].iter().sum::<u64>();
    if reported.total == 0 || beside <= reported.total {
        reported.input += tool_results;
    }
}

/// The total of Langfuse's cost buckets.
fn total_cost(text: &str) -> Option<String> {
    let (mut total, mut sum, mut parts) = (None, Money::ZERO, 0);
    json::fields(text, |key, value| {
        if key == "total" {
            total = Some(value.to_owned());
        } else if let Ok(part) = field::money(value) {
            sum = [sum, part].into_iter().sum();
            parts += 1;
        }
    })
    .ok()?;
    total.or_else(|| (parts > 0).then(|| sum.to_string()))
}
