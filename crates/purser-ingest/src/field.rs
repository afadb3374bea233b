//! The fields of our own event format: their names, and how a text or a JSON value fills them.
//! Invariant: one table of names serves JSON, NDJSON, CSV and `--map`.

use std::borrow::Cow;

use purser_domain::context_window::ContextWindow;
use purser_domain::price::{STANDARD, service_tier};
use purser_domain::provider;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{FieldError, TAGS_MAX, TEXT_MAX, UsageEvent};

use crate::json;

mod pending;
mod value;

pub(crate) use pending::Pending;
pub(crate) use value::{count, instant, money, quantity};

/// Words for a place or a window that is not told; the first is Anthropic's.
const UNTOLD: [&str; 7] = ["not_available", "unknown", "unspecified", "none", "null", "n/a", "-"];

macro_rules! plain_fields {
    ($($field:ident = $name:literal),+ $(,)?) => {
        /// A field of a usage event as clients name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Field {
            $(#[doc = concat!("`", $name, "`")] $field,)+
            /// One of the quantities: `input_tokens`, …, `requests`, `web_searches`
            Leaf(Leaf),
        }

        /// The plain fields' places in a set of fields.
        enum Place { $($field),+ }

        impl Field {
            /// Every field that is no quantity.
            pub const PLAIN: &[Self] = &[$(Self::$field),+];

            /// The field called `name`.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$field,)+
                    "input_tokens" => Self::Leaf(Leaf::Input),
                    "output_tokens" => Self::Leaf(Leaf::Output),
                    _ => Self::Leaf(Leaf::ALL.into_iter().find(|leaf| leaf.quantity_name() == name)?),
                })
            }

            /// The field's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $name,)+
                    Self::Leaf(leaf) => leaf.quantity_name(),
                }
            }

            /// The field's bit in a set of fields.
            pub(crate) const fn bit(self) -> u64 {
                1 << match self {
                    $(Self::$field => Place::$field as u32,)+
                    Self::Leaf(leaf) => Self::PLAIN.len() as u32 + leaf as u32,
                }
            }
        }
    };
}

plain_fields! {
    EventId = "event_id",
    Source = "source",
    OccurredAt = "occurred_at",
    Provider = "provider",
    Model = "model",
    ResponseModel = "response_model",
    Operation = "operation",
    ServiceTier = "service_tier",
    Batch = "batch",
    InferenceGeo = "inference_geo",
    Speed = "speed",
    ContextWindow = "context_window",
    Project = "project",
    Environment = "environment",
    FeatureTag = "feature_tag",
    UserId = "user_id",
    Agent = "agent",
    Skill = "skill",
    Tool = "tool",
    McpServer = "mcp_server",
    RunId = "run_id",
    SessionId = "session_id",
    TraceId = "trace_id",
    SpanId = "span_id",
    ParentSpanId = "parent_span_id",
    ResponseId = "response_id",
    Attempt = "attempt",
    Status = "status",
    ErrorType = "error_type",
    LatencyMs = "latency_ms",
    CostUsd = "cost_usd",
    Cost = "cost",
    Currency = "currency",
    Units = "units",
    Contradiction = "contradiction",
    Tags = "tags",
}

// A set of fields is 64 bits.
const _: () = assert!(Field::PLAIN.len() + Leaf::COUNT <= 64);

impl Field {
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
            Self::Tool => &mut event.tool,
            Self::McpServer => &mut event.mcp_server,
            Self::InferenceGeo => &mut event.inference_geo,
            Self::Speed => &mut event.speed,
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
    /// Fields that others have a say in are [`Pending`]'s.
    fn set_text(self, event: &mut UsageEvent, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        match self {
            Self::InferenceGeo | Self::ContextWindow if UNTOLD.contains(&text) => {}
            Self::Speed if service_tier(text).is_none_or(|tier| tier == STANDARD) => {}
            Self::EventId => text.clone_into(&mut event.event_id),
            Self::Source => text.clone_into(&mut event.source),
            Self::Model => text.clone_into(&mut event.model),
            Self::Provider => event.provider = provider::canonical(text),
            Self::OccurredAt => event.occurred_at = instant(text)?,
            Self::ContextWindow => event.context_window = Some(text.parse::<ContextWindow>()?),
            Self::Attempt => event.attempt = Some(value::attempt(text)?),
            Self::Status => event.status = value::status(text)?,
            Self::LatencyMs => event.latency_ms = Some(count(text)?),
            Self::Leaf(leaf) => event.usage.set(leaf, count(text)?),
            Self::Tags if value::set_tags(event, text, "", &mut Vec::new()) => {}
            Self::Tags => return Err("must be a JSON object of strings".to_owned()),
            Self::Units if value::set_units(event, text, "", &mut Vec::new()) => {}
            Self::Units => return Err("must be a JSON object of numbers".to_owned()),
            Self::Contradiction => event.contradiction = Some(value::contradiction(text)?),
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
        Pending::default().set_json(self, event, value, path, errors)
    }
}

/// Leaves out optional texts and tags that the rules of the wire refuse; returns how many.
pub(crate) fn drop_unfit_labels(event: &mut UsageEvent) -> u64 {
    let fits = |text: &str| text.len() <= TEXT_MAX && !text.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    let mut dropped = 0;
    for field in Field::PLAIN.iter().copied() {
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

/// A JSON value as the errors show it: strings without quotes.
pub(crate) fn shown(value: &str) -> Cow<'_, str> {
    json::string(value).unwrap_or(Cow::Borrowed(value))
}

#[cfg(test)]
mod tests;
