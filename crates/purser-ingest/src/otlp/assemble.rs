//! Makes a usage event of a span's or log record's attributes, by the rules of its emitter.
//! Invariant: only model calls become events, and none is refused because its counts contradict each other.

use std::borrow::Cow;
use std::sync::Arc;

use purser_domain::attribution::Attribution;
use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;
use purser_domain::usage::Usage;
use purser_domain::usage_event::{FieldError, Status, UNKNOWN_MODEL, UsageEvent};

use super::codex::{self, Turns};
use super::hint::Hints;
use super::log::Agents;
use super::nesting::Nesting;
use super::{SOURCE, cost, count, model, tool};
use crate::attribute::{Attributes, Count, Text};
use crate::decoded::{Decoded, EVENTS_MAX, Place, UNFIT, Unreadable};
use crate::emitter::{self, Emitter, Role};
use crate::identity::hex_id;
use crate::normalise;

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
    /// The span's or the log event's name.
    pub name: Cow<'a, str>,
}

/// The tag of a call of which no count was sent.
pub(super) const MISSING: &str = "purser.usage";

/// What is said of such a call.
const NO_COUNTS: &str = "a call without token counts: kept unpriced, tagged purser.usage=missing";

/// Collects events from items as they are read.
pub(super) struct Assembler {
    pub(super) now: Timestamp,
    pub(super) decoded: Decoded,
    pub(super) index: usize,
    pub(super) nesting: Nesting,
    pub(super) agents: Agents,
    turns: Turns,
    scope: Arc<str>,
    names: model::Memo,
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
            names: model::Memo::default(),
            nesting: Nesting::default(),
            agents: Agents::default(),
            turns: Turns::default(),
            scope: "".into(),
        }
    }

    /// Begins the items of an instrumentation scope; whose they are.
    pub(super) fn scope(&mut self, name: &str) -> &'static Emitter {
        if *self.scope != *name {
            self.scope = name.into();
        }
        Emitter::of_scope(name)
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
        let Self { mut decoded, nesting, agents, turns, .. } = self;
        agents.pair(&mut decoded);
        turns.settle(&mut decoded);
        nesting.settle(&mut decoded);
        let missing = decoded.events.iter().filter(|incoming| incoming.event.tags.contains_key(MISSING)).count();
        if missing > 0 {
            decoded.find_times(NO_COUNTS, missing as u64);
        }
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
        let sighting = Sighting { emitter, item, attributes };
        let role = match emitter.name {
            "claude-code" => claude_span(attributes),
            "codex" => codex::role(&sighting),
            _ => emitter::role(attributes),
        };
        let operation = match role {
            Role::Inference(operation) if is_frame(&sighting, operation.as_deref()) => {
                return self.around(&sighting, Reason::NotACall);
            }
            // A gateway's own name tells more: it calls speech and pages `generate_content`.
            Role::Inference(operation) => {
                attributes.text(Text::CallType).and_then(emitter::inference).map(str::to_owned).or(operation)
            }
            Role::Aggregate if tool::is_tool(&sighting) => return self.tool(&sighting),
            Role::Aggregate => return self.around(&sighting, Reason::NotACall),
            Role::Other => return self.around(&sighting, Reason::NotGenAi),
            Role::Unknown => return self.around(&sighting, Reason::UnknownOperation),
        };
        let mut errors = Vec::new();
        let mut event = self.event(&sighting, &mut errors);
        event.operation = operation;
        if attributes.text(Text::CacheHit).is_some_and(|hit| hit.eq_ignore_ascii_case("true")) {
            make_cache_hit(&mut event);
        } else if event.model.is_empty() && event.tags.contains_key(MISSING) {
            return self.around(&sighting, Reason::NoModel);
        } else if event.model.is_empty() {
            // A span around it may name the model.
            event.model = UNKNOWN_MODEL.to_owned();
        }
        place(&mut event, item, &mut errors);
        if self.keep(event, errors)? {
            self.nesting.call(emitter, item, self.decoded.events.len() - 1);
        }
        Ok(())
    }

    /// Passes over a span that is no call, keeping what it tells the calls below it.
    fn around(&mut self, sighting: &Sighting<'_, '_>, reason: Reason) -> Result<(), Unreadable> {
        let surrounds = reason != Reason::NotGenAi;
        let operation = if surrounds { emitter::operation(sighting.attributes) } else { None };
        self.decoded.pass_over(sighting.emitter.name, operation.unwrap_or_default(), reason);
        self.note_context(sighting, surrounds);
        self.index += 1;
        Ok(())
    }

    /// Notes what a span tells the calls below it.
    pub(super) fn note_context(&mut self, sighting: &Sighting<'_, '_>, surrounds: bool) {
        let model = sighting.attributes.text(Text::RequestModel).filter(|_| surrounds).map(str::to_owned);
        let mut attribution = Attribution { model, ..attribution(sighting.attributes) };
        self.note_unfit(attribution.drop_unfit());
        self.turns.note(sighting, &attribution);
        self.nesting.around(sighting.item, attribution, surrounds, &mut self.decoded.contexts);
    }

    /// Keeps an event, or refuses it with `errors`; whether it is kept.
    #[inline]
    pub(super) fn keep(&mut self, event: UsageEvent, errors: Vec<FieldError>) -> Result<bool, Unreadable> {
        let before = self.decoded.events.len();
        if before + self.decoded.refused.len() == EVENTS_MAX {
            return Err(Unreadable::TooMany);
        }
        self.decoded.settle(event, errors, Place::Item(self.index), self.now);
        self.index += 1;
        let witness = self.witness();
        if let Some(incoming) = self.decoded.events.get_mut(before) {
            incoming.emitter = witness;
        }
        Ok(self.decoded.events.len() > before)
    }

    /// The instrumentation that sees the items that are being read.
    pub(super) fn witness(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.scope)).filter(|scope| !scope.is_empty())
    }

    /// Everything that spans and log records have in common.
    pub(super) fn event(&mut self, sighting: &Sighting<'_, '_>, errors: &mut Vec<FieldError>) -> UsageEvent {
        let Sighting { emitter, item, attributes, .. } = *sighting;
        self.decoded.ignored += attributes.ignored;
        let hints = Hints::read(attributes);
        let mut event = UsageEvent { source: SOURCE.to_owned(), ..UsageEvent::default() };
        model::fill(&mut event, emitter, attributes, &hints, &mut self.names);
        event.service_tier = tier(&[attributes.text(Text::ResponseTier), hints.response_tier.as_deref()]);
        event.speed =
            attributes.text(Text::Speed).filter(|speed| !matches!(*speed, "standard" | "normal")).map(str::to_owned);
        event.inference_geo =
            attributes.text(Text::InferenceGeo).filter(|geo| *geo != "not_available").map(str::to_owned);
        cost::fill(&mut event, attributes, &hints, &mut self.decoded);
        count::fill(&mut event, sighting, &hints, &mut self.decoded, errors);
        cost::check(&mut event, &mut self.decoded);
        if event.service_tier.is_none() {
            event.service_tier = tier(&[attributes.text(Text::RequestTier), hints.request_tier.as_deref()]);
        }
        let own = |slot| {
            attributes.text(slot).filter(|text| *text != NO_USER).map(str::to_owned).or_else(|| hints.fact(slot))
        };
        event.project = own(Text::Project);
        event.environment = own(Text::Environment);
        event.feature_tag = own(Text::FeatureTag);
        event.user_id = own(Text::UserId);
        event.agent = own(Text::Agent);
        event.skill = own(Text::Skill);
        event.run_id = own(Text::RunId);
        event.session_id = own(Text::SessionId).filter(|id| !is_response(id));
        event.tool = own(Text::Tool);
        event.mcp_server = own(Text::McpServer);
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
        event
    }
}

/// What LiteLLM's proxy calls the owner of its own key.
const NO_USER: &str = "default_user_id";

/// The first tier that leaves no choice to the provider.
fn tier(told: &[Option<&str>]) -> Option<String> {
    told.iter().flatten().find_map(|name| normalise::service_tier(name))
}

/// Whether a conversation's id is that of the answer before, which some clients put in its place.
fn is_response(id: &str) -> bool {
    id.starts_with("resp_") || id.starts_with("chatcmpl-") || id.starts_with("msg_")
}

/// Sets a span's id, its end and how long it took.
pub(super) fn place(event: &mut UsageEvent, item: &Item<'_>, errors: &mut Vec<FieldError>) {
    match (&event.trace_id, &event.span_id) {
        (Some(trace), Some(span)) => event.event_id = [trace, ":", span].concat(),
        _ => errors.push(FieldError::new("span_id", "", "a span needs a trace id of 16 bytes and a span id of 8")),
    }
    let end = if item.end_nanos > 0 { item.end_nanos } else { item.start_nanos };
    event.occurred_at = instant(end);
    if item.start_nanos > 0 && item.end_nanos >= item.start_nanos {
        event.latency_ms = Some((item.end_nanos - item.start_nanos) / 1_000_000);
    }
}

/// Makes the event of an answer out of a gateway's own cache: no model was called, nothing is owed.
fn make_cache_hit(event: &mut UsageEvent) {
    event.usage = Usage::ZERO;
    event.units.clear();
    (event.reported_usd, event.contradiction) = (None, None);
    event.tags.remove(MISSING);
    event.tags.insert("litellm.cache_hit".to_owned(), "true".to_owned());
}

/// Whether a span that is called like a call only prepares or surrounds one: it counts nothing, and its emitter has
/// another one for the call.
fn is_frame(sighting: &Sighting<'_, '_>, operation: Option<&str>) -> bool {
    let Sighting { emitter, item, attributes } = *sighting;
    if count::has_plain(attributes) {
        return false;
    }
    match emitter.name {
        // `OpenAI._prepare_chat_with_tools`
        "openinference" => item.name.rsplit('.').next().is_some_and(|method| method.starts_with("_prepare")),
        // The roots of embed, embedMany, rerank and decide.
        "ai-sdk-7" => {
            let is_root = item.parent_span_id.is_none_or(|id| id == [0; 8]);
            is_root && matches!(operation, Some("embeddings" | "rerank" | "decide"))
        }
        _ => false,
    }
}

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
        session_id: text(Text::SessionId).filter(|id| !is_response(id)),
        model: None,
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
