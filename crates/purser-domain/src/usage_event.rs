//! One model call as a client reported it, before it is money.
//! Invariant: it carries counts and names only, never message content.

use std::collections::BTreeMap;

use crate::context_window::ContextWindow;
use crate::money::Money;
use crate::time::Timestamp;
use crate::unit::{self, Units};
use crate::usage::{Leaf, Usage};

/// The model of a call of which no source names it yet.
pub const UNKNOWN_MODEL: &str = "unknown";

/// A reported model call. Identity is (tenant, `source`, `event_id`); all else is payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsageEvent {
    /// The id the source gave, or one derived from the row's content.
    pub event_id: String,
    /// Who reported: `api`, `otlp`, `litellm`, `csv`, or a name of the user's own.
    pub source: String,
    /// When the call ended.
    pub occurred_at: Timestamp,
    /// Canonical provider, see [`crate::provider::canonical`]; empty if unknown.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The model that answered.
    pub response_model: Option<String>,
    /// `gen_ai.operation.name`: `chat`, `embeddings`, …
    pub operation: Option<String>,
    /// Quantities in exclusive leaves.
    pub usage: Usage,
    /// Quantities that are not tokens, by the unit's name: `images`, `pages`, …
    pub units: Units,
    /// The tier that served the call: `standard`, `batch`, `flex`, `priority`, …
    pub service_tier: Option<String>,
    /// Where the model ran, as the provider prices it (Anthropic's `inference_geo`): `us`, `eu`, …
    pub inference_geo: Option<String>,
    /// How fast the provider was asked to answer (Anthropic's `speed`): `fast`.
    pub speed: Option<String>,
    /// The context that each call had, where the event stands for many or names it.
    pub context_window: Option<ContextWindow>,
    /// Project within the tenant.
    pub project: Option<String>,
    /// Deployment environment: `production`, `staging`, …
    pub environment: Option<String>,
    /// What the call was for: `namespace.action`.
    pub feature_tag: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The agent (`gen_ai.agent.name`).
    pub agent: Option<String>,
    /// The skill or tool on whose behalf the agent called.
    pub skill: Option<String>,
    /// The tool that was called (`gen_ai.tool.name`).
    pub tool: Option<String>,
    /// The MCP server that the tool belongs to.
    pub mcp_server: Option<String>,
    /// The agent run.
    pub run_id: Option<String>,
    /// The conversation or session (`gen_ai.conversation.id`).
    pub session_id: Option<String>,
    /// W3C trace id, lower-case hex.
    pub trace_id: Option<String>,
    /// W3C span id, lower-case hex.
    pub span_id: Option<String>,
    /// Parent span id, lower-case hex.
    pub parent_span_id: Option<String>,
    /// The provider's id of the response (`gen_ai.response.id`).
    pub response_id: Option<String>,
    /// 1 for the first try.
    pub attempt: Option<u32>,
    /// How the call ended.
    pub status: Status,
    /// `error.type` of a failed call.
    pub error_type: Option<String>,
    /// Wall time of the call, milliseconds.
    pub latency_ms: Option<u64>,
    /// What the source says the call cost.
    pub reported_usd: Option<Money>,
    /// What the source says the call cost, in a currency that is not USD: `10 CNY`. It never counts as dollars.
    pub foreign_cost: Option<String>,
    /// Why the counts cannot be told apart into leaves, if they cannot: `usage` then holds no tokens.
    pub contradiction: Option<Box<Contradiction>>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// Counts that contradict each other, as the source sent them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Contradiction {
    /// What contradicts what, with both figures.
    pub reason: String,
    /// The counts as they were sent, by name.
    pub counts: BTreeMap<String, u64>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It answered.
    #[default]
    Ok,
    /// It failed; tokens may still be billed.
    Error,
}

impl Status {
    /// `ok` or `error`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// A bad item: which field, the value it had, and why it is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldError {
    /// Dotted path of the field, with the item's index where there is one: `[3].occurred_at`.
    pub field: String,
    /// The value as given, cut to 100 characters.
    pub value: String,
    /// Why it is refused.
    pub reason: String,
}

impl FieldError {
    /// Describes a refused value, cutting it to 100 characters.
    #[must_use]
    pub fn new(field: impl Into<String>, value: &(impl ToString + ?Sized), reason: impl Into<String>) -> Self {
        let value = value.to_string();
        let value = match value.char_indices().nth(100) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        };
        Self { field: field.into(), value, reason: reason.into() }
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} (got {:?})", self.field, self.reason, self.value)
    }
}

/// The longest accepted text field, bytes.
pub const TEXT_MAX: usize = 1024;
/// The most tags of one event.
pub const TAGS_MAX: usize = 32;
/// How far in the future `occurred_at` may lie, microseconds.
pub const SKEW_MAX_MICROS: i64 = 3_600_000_000;

impl UsageEvent {
    /// Every optional text field with its wire name, in the lake's column order. The order is part of stored hashes: a
    /// new field comes last.
    #[must_use]
    pub fn texts(&self) -> [(&'static str, Option<&str>); 21] {
        [
            ("response_model", self.response_model.as_deref()),
            ("operation", self.operation.as_deref()),
            ("service_tier", self.service_tier.as_deref()),
            ("project", self.project.as_deref()),
            ("environment", self.environment.as_deref()),
            ("feature_tag", self.feature_tag.as_deref()),
            ("user_id", self.user_id.as_deref()),
            ("agent", self.agent.as_deref()),
            ("skill", self.skill.as_deref()),
            ("run_id", self.run_id.as_deref()),
            ("session_id", self.session_id.as_deref()),
            ("trace_id", self.trace_id.as_deref()),
            ("span_id", self.span_id.as_deref()),
            ("parent_span_id", self.parent_span_id.as_deref()),
            ("response_id", self.response_id.as_deref()),
            ("error_type", self.error_type.as_deref()),
            ("source", Some(&self.source)),
            ("inference_geo", self.inference_geo.as_deref()),
            ("speed", self.speed.as_deref()),
            ("tool", self.tool.as_deref()),
            ("mcp_server", self.mcp_server.as_deref()),
        ]
    }

    /// Whether the event stands for several calls: which step of a price applies then goes by the average call.
    #[must_use]
    pub const fn is_aggregate(&self) -> bool {
        self.usage.get(Leaf::Requests) > 1
    }

    /// How many tokens a call read, cached ones included: what the steps of prices go by.
    ///
    /// Of an event that stands for many calls it is the average call, rounded up, within the context window if one
    /// is named.
    #[must_use]
    pub fn context_tokens(&self) -> u64 {
        let average = self.usage.total_input().div_ceil(self.usage.get(Leaf::Requests).max(1));
        self.context_window.map_or(average, |window| window.clamp(average))
    }

    /// Appends to `errors` every rule of the wire that the event breaks, fields prefixed by `path`.
    ///
    /// Limits: texts 1 KiB and without control characters, 32 tags, 32 units, quantities below 2⁵³,
    /// `occurred_at` from 2015 to an hour after `now`.
    pub fn check(&self, path: &str, now: Timestamp, errors: &mut Vec<FieldError>) {
        let mut refuse = |field: &str, value: &dyn ToString, reason: &str| {
            errors.push(FieldError::new(format!("{path}{field}"), &value.to_string(), reason));
        };
        for (field, text) in [("event_id", &self.event_id), ("source", &self.source), ("model", &self.model)] {
            if text.is_empty() {
                refuse(field, text, "must not be empty");
            }
        }
        let required = [("event_id", self.event_id.as_str()), ("provider", &self.provider), ("model", &self.model)];
        let optional = self.texts().into_iter().filter_map(|(field, text)| text.map(|text| (field, text)));
        for (field, text) in required.into_iter().chain(optional) {
            check_text(field, text, &mut refuse);
        }
        if self.tags.len() > TAGS_MAX {
            refuse("tags", &self.tags.len(), "at most 32 tags");
        }
        for (key, value) in &self.tags {
            if key.is_empty() {
                refuse("tags", key, "a tag key must not be empty");
            }
            check_text("tags", key, &mut refuse);
            if let Some(reason) = unfit(value) {
                refuse(&format!("tags.{}", key.chars().take(64).collect::<String>()), value, reason);
            }
        }
        for (leaf, quantity) in self.usage.iter() {
            if quantity > Usage::MAX {
                refuse(leaf.quantity_name(), &quantity, "must be below 2^53");
            }
        }
        if self.units.len() > unit::UNITS_MAX {
            refuse("units", &self.units.len(), "at most 32 units");
        }
        for name in self.units.keys().filter(|name| !unit::is_name(name)) {
            refuse("units", name, "a unit's name is made of lower-case letters, digits and underscores, 64 at most");
        }
        if let Some(cost) = &self.foreign_cost {
            check_text("foreign_cost", cost, &mut refuse);
        }
        if self.latency_ms.is_some_and(|ms| ms > Usage::MAX) {
            refuse("latency_ms", &self.latency_ms.unwrap_or_default(), "must be below 2^53");
        }
        if self.occurred_at < Timestamp::EARLIEST {
            refuse("occurred_at", &self.occurred_at, "is before 2015");
        }
        if self.occurred_at > now.plus_micros(SKEW_MAX_MICROS) {
            refuse("occurred_at", &self.occurred_at, "is more than an hour in the future");
        }
        if let Some(reported) = self.reported_usd {
            if reported < Money::ZERO {
                refuse("cost_usd", &reported, "must not be negative");
            }
            if !reported.fits_charge() {
                refuse("cost_usd", &reported, "must be below 1000000");
            }
        }
    }
}

fn check_text(field: &str, text: &str, refuse: &mut impl FnMut(&str, &dyn ToString, &str)) {
    if let Some(reason) = unfit(text) {
        refuse(field, &text, reason);
    }
}

/// Why a text may not be stored, if it may not.
#[must_use]
pub fn unfit(text: &str) -> Option<&'static str> {
    if text.len() > TEXT_MAX {
        return Some("is longer than 1 KiB");
    }
    // Without an early end, so that it runs over many bytes at once.
    let controls = text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == 0x7f));
    controls.then_some("has control characters")
}
