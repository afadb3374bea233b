//! Log records that tell of model calls: those of Claude Code, Codex, Gemini CLI and Qwen Code, and OpenTelemetry's own
//! event `gen_ai.client.inference.operation.details`.
//! Invariant: a record ends as an event, is refused, or is passed over with its reason; one call gives one event.

use std::collections::HashMap;

use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;

use super::SOURCE;
use super::assemble::{Assembler, Item, Sighting, instant};
use crate::agent;
use crate::attribute::{Attributes, Count, Text};
use crate::decoded::{Decoded, Unreadable};
use crate::emitter::{self, Emitter, Role};
use crate::identity::{content_id, hex};

/// OpenTelemetry's event of a call.
const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// How far apart the two records of one response of Gemini CLI are at most, microseconds.
const TWIN_MICROS: u64 = 1_000_000;

/// What the records of one request tell about calls that other records of it tell.
#[derive(Debug, Default)]
pub(super) struct Agents {
    /// Codex names the provider once, where a conversation starts.
    providers: HashMap<String, String>,
    /// Gemini CLI tells the response's id in a second record.
    twins: Vec<Twin>,
}

/// The second record of one response: its id and what it repeats.
#[derive(Debug)]
struct Twin {
    session_id: Option<String>,
    model: String,
    time: Timestamp,
    input: u64,
    response_id: String,
}

/// What a log record stands for.
enum Record<'a> {
    /// One call of a model.
    Call,
    /// OpenTelemetry's event, to be read by its operation.
    Details,
    /// No call, or one that is told elsewhere.
    Passed(&'a str, Reason),
}

impl Assembler {
    /// Takes a log record.
    pub(super) fn log(
        &mut self,
        emitter: &'static Emitter,
        item: &Item<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<(), Unreadable> {
        let name = attributes.text(Text::EventName).unwrap_or(&item.name);
        let sighting = Sighting { emitter, item, attributes };
        let (operation, reason) = match record(emitter, name, attributes) {
            Record::Call => return self.call(&sighting, Some("chat".to_owned())),
            Record::Details => match emitter::role(attributes) {
                Role::Inference(operation) => return self.call(&sighting, operation),
                Role::Unknown => {
                    (emitter::operation(attributes).unwrap_or_default().to_owned(), Reason::UnknownOperation)
                }
                Role::Aggregate | Role::Other => (name.to_owned(), Reason::NotACall),
            },
            Record::Passed(name, reason) => {
                self.agents.note(&sighting, name, self.decoded.events.len());
                (name.to_owned(), reason)
            }
        };
        self.index += 1;
        self.decoded.pass_over(emitter.name, &operation, reason);
        Ok(())
    }

    fn call(&mut self, sighting: &Sighting<'_, '_>, operation: Option<String>) -> Result<(), Unreadable> {
        let Sighting { emitter, item, attributes, .. } = *sighting;
        let mut errors = Vec::new();
        let mut event = self.event(sighting, &mut errors);
        event.operation = operation;
        let time = nanos(item);
        event.occurred_at = instant(time);
        event.latency_ms = attributes.quantity(Count::LatencyMs);
        match emitter.name {
            "claude-code" => {
                event.provider = agent::claude_provider(attributes.text(Text::Provider).unwrap_or_default()).to_owned();
                event.model = agent::claude_model(&event.model).to_owned();
                event.response_id = attributes.text(Text::RequestId).map(str::to_owned);
                event.event_id = claude_id(item, &event, attributes, time);
            }
            "codex" | "gemini-cli" | "qwen-code" => {
                event.provider = self.agents.provider(emitter, attributes, &event);
                event.event_id = record_id(item, &event, attributes, time);
            }
            _ => {
                event.event_id = record_id(item, &event, attributes, time);
                // The record stands inside the span in whose context it was emitted.
                event.parent_span_id = event.span_id.take();
            }
        }
        if self.keep(event, errors)? {
            self.nesting.event(self.decoded.events.len() - 1);
        }
        Ok(())
    }
}

/// When a record was made, else when it was observed.
fn nanos(item: &Item<'_>) -> u64 {
    if item.start_nanos > 0 { item.start_nanos } else { item.end_nanos }
}

/// What a record stands for, by its emitter and name.
fn record<'a>(emitter: &Emitter, name: &'a str, attributes: &Attributes<'_>) -> Record<'a> {
    let has_counts = attributes.count(Count::Input).is_some() || attributes.count(Count::Output).is_some();
    match emitter.name {
        "claude-code" => match name.strip_prefix("claude_code.").unwrap_or(name) {
            "api_request" => Record::Call,
            // A request that failed is not billed; one that was tried again is told when it is answered.
            name => Record::Passed(name, Reason::NotACall),
        },
        // Each response is completed twice: as it comes over the wire, then with its counts.
        "codex" => match attributes.text(Text::EventKind) {
            Some("response.completed") if has_counts => Record::Call,
            Some("response.completed") => Record::Passed(name, Reason::Repeated),
            _ => Record::Passed(name, Reason::NotACall),
        },
        "gemini-cli" | "qwen-code" => match name {
            "gemini_cli.api_response" | "qwen-code.api_response" => Record::Call,
            // Lacks the cache and the thoughts.
            DETAILS => Record::Passed(name, Reason::Repeated),
            _ => Record::Passed(name, Reason::NotACall),
        },
        _ if name == DETAILS => Record::Details,
        _ if name.starts_with("gen_ai.") => Record::Passed(name, Reason::NotACall),
        _ => Record::Passed("", Reason::NotGenAi),
    }
}

impl Agents {
    /// Notes what a record that is no call of its own tells about calls.
    fn note(&mut self, sighting: &Sighting<'_, '_>, name: &str, events: usize) {
        let attributes = sighting.attributes;
        if name == "codex.conversation_starts"
            && let (Some(session), Some(provider)) = (attributes.text(Text::SessionId), attributes.text(Text::Provider))
        {
            self.providers.insert(session.to_owned(), provider.to_owned());
        }
        if name == DETAILS
            && events > 0
            && let Some(response_id) = attributes.text(Text::ResponseId)
        {
            self.twins.push(Twin {
                session_id: attributes.text(Text::SessionId).map(str::to_owned),
                model: attributes.text(Text::RequestModel).unwrap_or_default().to_owned(),
                time: instant(nanos(sighting.item)),
                input: attributes.quantity(Count::Input).unwrap_or(0),
                response_id: response_id.to_owned(),
            });
        }
    }

    /// The provider of an agent's call.
    fn provider(&self, emitter: &Emitter, attributes: &Attributes<'_>, event: &UsageEvent) -> String {
        if emitter.name == "codex" {
            let told = event.session_id.as_ref().and_then(|session| self.providers.get(session));
            return agent::codex_provider(told.map(String::as_str), &event.model);
        }
        match agent::gemini_provider(attributes.text(Text::AuthType), &event.model) {
            "" => emitter.provider.to_owned(),
            provider => provider.to_owned(),
        }
    }

    /// Gives each event of Gemini CLI the response id that its second record tells.
    pub(super) fn pair(self, decoded: &mut Decoded) {
        for twin in self.twins {
            let is_own = |event: &UsageEvent| {
                event.response_id.is_none()
                    && event.session_id == twin.session_id
                    && event.model == twin.model
                    && event.usage.total_input() >= twin.input
                    && event.occurred_at.micros().abs_diff(twin.time.micros()) <= TWIN_MICROS
            };
            let own = decoded.events.iter_mut().map(|incoming| &mut incoming.event);
            // Each twin follows its event.
            if let Some(event) = own.rev().find(|event| is_own(event)) {
                event.response_id = Some(twin.response_id);
            }
        }
    }
}

/// The id of Claude Code's record: the request's, else its place in the session, else what it says.
fn claude_id(item: &Item<'_>, event: &UsageEvent, attributes: &Attributes<'_>, time: u64) -> String {
    match (&event.response_id, attributes.count(Count::Sequence), &event.session_id) {
        (Some(request), ..) => request.clone(),
        (None, Some(sequence), Some(session)) => format!("{session}:{sequence}"),
        _ => record_id(item, event, attributes, time),
    }
}

/// The id of a record: what it says of which conversation or span, when.
fn record_id(item: &Item<'_>, event: &UsageEvent, attributes: &Attributes<'_>, time: u64) -> String {
    let nanos = time.to_string();
    let counts = [Count::Input, Count::CacheRead, Count::Output, Count::Total]
        .map(|slot| attributes.count(slot).unwrap_or(0).to_string());
    let (trace, span) = (item.trace_id.unwrap_or_default(), item.span_id.unwrap_or_default());
    let place = format!("{}:{}", hex(&trace), hex(&span));
    let session = event.session_id.as_deref().unwrap_or_default();
    let when = attributes.text(Text::EventTime).unwrap_or(&nanos);
    let response = event.response_id.as_deref().unwrap_or_default();
    let parts = [&place, session, when, &event.model, response].into_iter();
    content_id(SOURCE, parts.chain(counts.iter().map(String::as_str)), 0)
}

#[cfg(test)]
mod tests;
