//! The fields of our own event format: their names, and how a text or a JSON value fills them.
//! Invariant: one table of names serves JSON, NDJSON, CSV and `--map`.

use std::borrow::Cow;

use purser_domain::money::Money;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{FieldError, Status, TAGS_MAX, TEXT_MAX, UsageEvent};

use crate::decoded::ERRORS_MAX;
use crate::json;

/// A field of a usage event as clients name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `event_id`
    EventId,
    /// `source`
    Source,
    /// `occurred_at`
    OccurredAt,
    /// `provider`
    Provider,
    /// `model`
    Model,
    /// `response_model`
    ResponseModel,
    /// `operation`
    Operation,
    /// `service_tier`
    ServiceTier,
    /// `batch`: true means that the service tier is `batch`
    Batch,
    /// `project`
    Project,
    /// `environment`
    Environment,
    /// `feature_tag`
    FeatureTag,
    /// `user_id`
    UserId,
    /// `agent`
    Agent,
    /// `skill`
    Skill,
    /// `run_id`
    RunId,
    /// `session_id`
    SessionId,
    /// `trace_id`
    TraceId,
    /// `span_id`
    SpanId,
    /// `parent_span_id`
    ParentSpanId,
    /// `response_id`
    ResponseId,
    /// `attempt`
    Attempt,
    /// `status`
    Status,
    /// `error_type`
    ErrorType,
    /// `latency_ms`
    LatencyMs,
    /// `cost_usd`
    CostUsd,
    /// `tags`
    Tags,
    /// One of the quantities: `input_tokens`, …, `requests`, `web_searches`
    Leaf(Leaf),
}

impl Field {
    /// Every field that is no quantity.
    pub const PLAIN: [Self; 27] = [
        Self::EventId,
        Self::Source,
        Self::OccurredAt,
        Self::Provider,
        Self::Model,
        Self::ResponseModel,
        Self::Operation,
        Self::ServiceTier,
        Self::Batch,
        Self::Project,
        Self::Environment,
        Self::FeatureTag,
        Self::UserId,
        Self::Agent,
        Self::Skill,
        Self::RunId,
        Self::SessionId,
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::ResponseId,
        Self::Attempt,
        Self::Status,
        Self::ErrorType,
        Self::LatencyMs,
        Self::CostUsd,
        Self::Tags,
    ];

    /// The field called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "event_id" => Self::EventId,
            "source" => Self::Source,
            "occurred_at" => Self::OccurredAt,
            "provider" => Self::Provider,
            "model" => Self::Model,
            "response_model" => Self::ResponseModel,
            "operation" => Self::Operation,
            "service_tier" => Self::ServiceTier,
            "batch" => Self::Batch,
            "project" => Self::Project,
            "environment" => Self::Environment,
            "feature_tag" => Self::FeatureTag,
            "user_id" => Self::UserId,
            "agent" => Self::Agent,
            "skill" => Self::Skill,
            "run_id" => Self::RunId,
            "session_id" => Self::SessionId,
            "trace_id" => Self::TraceId,
            "span_id" => Self::SpanId,
            "parent_span_id" => Self::ParentSpanId,
            "response_id" => Self::ResponseId,
            "attempt" => Self::Attempt,
            "status" => Self::Status,
            "error_type" => Self::ErrorType,
            "latency_ms" => Self::LatencyMs,
            "cost_usd" => Self::CostUsd,
            "tags" => Self::Tags,
            "input_tokens" => Self::Leaf(Leaf::Input),
            "output_tokens" => Self::Leaf(Leaf::Output),
            _ => Self::Leaf(Leaf::ALL.into_iter().find(|leaf| leaf.quantity_name() == name)?),
        })
    }

    /// The field's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event_id",
            Self::Source => "source",
            Self::OccurredAt => "occurred_at",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::ResponseModel => "response_model",
            Self::Operation => "operation",
            Self::ServiceTier => "service_tier",
            Self::Batch => "batch",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::FeatureTag => "feature_tag",
            Self::UserId => "user_id",
            Self::Agent => "agent",
            Self::Skill => "skill",
            Self::RunId => "run_id",
            Self::SessionId => "session_id",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::ResponseId => "response_id",
            Self::Attempt => "attempt",
            Self::Status => "status",
            Self::ErrorType => "error_type",
            Self::LatencyMs => "latency_ms",
            Self::CostUsd => "cost_usd",
            Self::Tags => "tags",
            Self::Leaf(leaf) => leaf.quantity_name(),
        }
    }

    /// The field's bit in a set of fields.
    pub(crate) const fn bit(self) -> u64 {
        let index = match self {
            Self::Leaf(leaf) => 32 + leaf as u32,
            Self::EventId => 0,
            Self::Source => 1,
            Self::OccurredAt => 2,
            Self::Provider => 3,
            Self::Model => 4,
            Self::ResponseModel => 5,
            Self::Operation => 6,
            Self::ServiceTier => 7,
            Self::Batch => 8,
            Self::Project => 9,
            Self::Environment => 10,
            Self::FeatureTag => 11,
            Self::UserId => 12,
            Self::Agent => 13,
            Self::Skill => 14,
            Self::RunId => 15,
            Self::SessionId => 16,
            Self::TraceId => 17,
            Self::SpanId => 18,
            Self::ParentSpanId => 19,
            Self::ResponseId => 20,
            Self::Attempt => 21,
            Self::Status => 22,
            Self::ErrorType => 23,
            Self::LatencyMs => 24,
            Self::CostUsd => 25,
            Self::Tags => 26,
        };
        1 << index
    }

    /// Where an optional text goes.
    fn slot(self, event: &mut UsageEvent) -> Option<&mut Option<String>> {
        Some(match self {
            Self::ResponseModel => &mut event.response_model,
            Self::Operation => &mut event.operation,
            Self::ServiceTier => &mut event.service_tier,
            Self::Project => &mut event.project,
            Self::Environment => &mut event.environment,
            Self::FeatureTag => &mut event.feature_tag,
            Self::UserId => &mut event.user_id,
            Self::Agent => &mut event.agent,
            Self::Skill => &mut event.skill,
            Self::RunId => &mut event.run_id,
            Self::SessionId => &mut event.session_id,
            Self::TraceId => &mut event.trace_id,
            Self::SpanId => &mut event.span_id,
            Self::ParentSpanId => &mut event.parent_span_id,
            Self::ResponseId => &mut event.response_id,
            Self::ErrorType => &mut event.error_type,
            _ => return None,
        })
    }

    /// Fills the field from a text, as a CSV cell or `--set` has it. An empty text leaves it out.
    ///
    /// # Errors
    /// The reason why the text does not fit the field.
    pub fn set_text(self, event: &mut UsageEvent, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        match self {
            Self::EventId => text.clone_into(&mut event.event_id),
            Self::Source => text.clone_into(&mut event.source),
            Self::Model => text.clone_into(&mut event.model),
            Self::Provider => event.provider = provider::canonical(text),
            Self::OccurredAt => event.occurred_at = instant(text)?,
            Self::Batch => set_batch(event, parse_bool(text)?),
            Self::Attempt => event.attempt = Some(attempt(text)?),
            Self::Status => event.status = status(text)?,
            Self::LatencyMs => event.latency_ms = Some(count(text)?),
            Self::CostUsd => event.reported_usd = Some(money(text)?),
            Self::Leaf(leaf) => event.usage.set(leaf, count(text)?),
            Self::Tags => {
                if !set_tags(event, text, "", &mut Vec::new()) {
                    return Err("must be a JSON object of strings".to_owned());
                }
            }
            _ => {
                if let Some(slot) = self.slot(event) {
                    *slot = Some(text.to_owned());
                }
            }
        }
        Ok(())
    }

    /// Fills the field from a JSON value given as its text. `null` leaves it out.
    ///
    /// Returns whether a value stands now; what is wrong goes to `errors`, prefixed by `path`.
    pub(crate) fn set_json(
        self,
        event: &mut UsageEvent,
        value: &str,
        path: &str,
        errors: &mut Vec<FieldError>,
    ) -> bool {
        if value == "null" {
            return false;
        }
        let outcome = match self {
            Self::Leaf(_) | Self::LatencyMs | Self::Attempt => {
                if value.starts_with('"') {
                    Err(NOT_COUNT.to_owned())
                } else {
                    self.set_text(event, value)
                }
            }
            Self::Batch => match value {
                "true" | "false" => self.set_text(event, value),
                _ => Err("must be true or false".to_owned()),
            },
            Self::CostUsd => match json::string(value) {
                Some(text) => self.set_text(event, &text),
                None => self.set_text(event, value),
            },
            Self::Tags => {
                if set_tags(event, value, path, errors) {
                    return true;
                }
                Err("must be an object of strings".to_owned())
            }
            _ => match json::string(value) {
                Some(text) => self.set_text(event, &text),
                None => Err("must be a string".to_owned()),
            },
        };
        match outcome {
            Ok(()) => true,
            Err(reason) => {
                errors.push(FieldError::new(format!("{path}{}", self.name()), &shown(value), reason));
                true
            }
        }
    }
}

/// Leaves out optional texts and tags that the rules of the wire refuse; returns how many.
pub(crate) fn drop_unfit_labels(event: &mut UsageEvent) -> u64 {
    let fits = |text: &str| text.len() <= TEXT_MAX && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    let mut dropped = 0;
    for field in Field::PLAIN {
        // Which model answered, and which response it was, decides money: those are never left out.
        if matches!(field, Field::ResponseModel | Field::ResponseId | Field::ServiceTier) {
            continue;
        }
        if let Some(slot) = field.slot(event)
            && slot.as_deref().is_some_and(|text| !fits(text))
        {
            *slot = None;
            dropped += 1;
        }
    }
    let tags = event.tags.len();
    event.tags.retain(|key, value| !key.is_empty() && fits(key) && fits(value));
    while event.tags.len() > TAGS_MAX {
        event.tags.pop_last();
    }
    dropped + (tags - event.tags.len()) as u64
}

const NOT_COUNT: &str = "must be a whole number, 0 or more";

/// A JSON value as the errors show it: strings without quotes.
pub(crate) fn shown(value: &str) -> Cow<'_, str> {
    json::string(value).unwrap_or(Cow::Borrowed(value))
}

/// Reads a whole number that is not negative.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_COUNT.to_owned());
    }
    text.parse().map_err(|_| "must be below 2^53".to_owned())
}

fn attempt(text: &str) -> Result<u32, String> {
    match count(text)?.try_into() {
        Ok(0) | Err(_) => Err("must be from 1 to 4294967295".to_owned()),
        Ok(attempt) => Ok(attempt),
    }
}

/// Reads an amount of dollars, rounding float noise below a pico-dollar.
pub(crate) fn money(text: &str) -> Result<Money, String> {
    Money::parse_rounded(text).map_err(|_| "must be a decimal number of dollars".to_owned())
}

fn status(text: &str) -> Result<Status, String> {
    match text {
        "ok" => Ok(Status::Ok),
        "error" => Ok(Status::Error),
        _ => Err("must be ok or error".to_owned()),
    }
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "true" | "True" | "TRUE" | "1" => Ok(true),
        "false" | "False" | "FALSE" | "0" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

fn set_batch(event: &mut UsageEvent, batch: bool) {
    if batch && event.service_tier.is_none() {
        event.service_tier = Some("batch".to_owned());
    }
}

fn instant_reason(error: &purser_domain::time::ParseTimestampError) -> String {
    use purser_domain::time::ParseTimestampError::{Naive, NotRfc3339};
    match error {
        Naive(_) => "has no offset: end it with Z or +hh:mm".to_owned(),
        NotRfc3339(_) => "must be an RFC 3339 date and time".to_owned(),
    }
}

/// Reads a JSON object of strings into the tags; false if it is no object.
fn set_tags(event: &mut UsageEvent, value: &str, path: &str, errors: &mut Vec<FieldError>) -> bool {
    let read = json::fields(value, |key, tag| match json::string(tag) {
        Some(text) => {
            event.tags.insert(key.into_owned(), text.into_owned());
        }
        None if errors.len() < ERRORS_MAX => {
            errors.push(FieldError::new(format!("{path}tags.{key}"), tag, "must be a string"));
        }
        None => {}
    });
    read == Ok(true)
}

/// Reads an instant of our own format.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    match crate::instant::plain(text, false) {
        Some(at) => Ok(at),
        None => text.parse().map_err(|error| instant_reason(&error)),
    }
}
