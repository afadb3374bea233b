//! Usage events on the wire: sending, reading back, conflicts and corrections.

use std::collections::BTreeMap;

use purser_domain::charge::{AppliedFactor, Basis};
use purser_domain::money::Money;
use purser_domain::passed_over::PassedOver;
use purser_domain::time::Timestamp;
use purser_domain::unit::Units;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::ProblemField;
use crate::why::WhyRecord;

/// A usage event to send. Token leaves are exclusive: no token is in two of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageEventBody {
    /// Unique per source. Sending it again with the same payload changes nothing.
    pub event_id: String,
    /// Who reports; default `api`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the call ended, RFC 3339 with an offset.
    #[schema(format = DateTime)]
    pub occurred_at: String,
    /// Who served the call: `openai`, `anthropic`, …
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_model: Option<String>,
    /// `chat`, `embeddings`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Quantities: `input_tokens`, `cache_read_tokens`, `output_tokens`, …
    #[serde(flatten)]
    #[schema(inline)]
    pub quantities: Quantities,
    /// The tier that served the call: `standard`, `batch`, `flex`, `priority`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Short for `service_tier: "batch"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<bool>,
    /// Quantities that are not tokens, by the unit's name: `{"images": 2, "audio_seconds": 12.4}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, f64>, example = json!({"images": 2}))]
    pub units: Units,
    /// Where the model ran, as the provider prices it: `us`, `eu`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inference_geo: Option<String>,
    /// How fast the provider was asked to answer: `fast`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
    /// How many tokens each of the calls read: `<=200k`, `>200k`, `200k-1M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "<=200k")]
    pub context_window: Option<String>,
    /// Project within the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Deployment environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `namespace.action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_tag: Option<String>,
    /// The end user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The skill or tool on whose behalf the agent called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// The tool that was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The MCP server that the tool belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server: Option<String>,
    /// The agent run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// W3C trace id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// W3C span id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// W3C span id of the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<String>,
    /// The provider's id of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// 1 for the first try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// `ok` or `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Kind of error of a failed call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Wall time of the call, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What the source says it cost, decimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "0.0123")]
    pub cost_usd: Option<Money>,
    /// What the source says it cost, decimal text, in `currency`. Another currency than USD is kept and never counts
    /// as dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "10")]
    pub cost: Option<String>,
    /// The currency of `cost`, ISO 4217; USD if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "CNY")]
    pub currency: Option<String>,
    /// Why the counts cannot be told apart into leaves, and the counts as they were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contradiction: Option<ContradictionBody>,
    /// Free labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Counts that contradict each other, as the source sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContradictionBody {
    /// What contradicts what.
    pub reason: String,
    /// The counts by name.
    pub counts: BTreeMap<String, u64>,
}

/// Quantities of usage in exclusive leaves; what is absent or zero was not used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quantities {
    /// Text tokens read, not cached.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_tokens: i64,
    /// Text tokens read from a cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read_tokens: i64,
    /// Text tokens written to a five-minute cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_5m_tokens: i64,
    /// Text tokens written to a one-hour cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_1h_tokens: i64,
    /// Text tokens written to a twelve-hour cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_12h_tokens: i64,
    /// Text tokens written and visible.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_tokens: i64,
    /// Tokens of hidden reasoning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reasoning_tokens: i64,
    /// Audio tokens read, not cached.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_audio_tokens: i64,
    /// Audio tokens read from a cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read_audio_tokens: i64,
    /// Audio tokens written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_audio_tokens: i64,
    /// Image tokens read, not cached.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_image_tokens: i64,
    /// Image tokens read from a cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_read_image_tokens: i64,
    /// Image tokens written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_image_tokens: i64,
    /// Video tokens read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub input_video_tokens: i64,
    /// Video tokens written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub output_video_tokens: i64,
    /// Calls to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// Web searches made by the provider.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub web_searches: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(quantity: &i64) -> bool {
    *quantity == 0
}

/// What became of the events of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Stored now; they are on disk.
    pub accepted: u64,
    /// Known already, with the same payload.
    pub duplicates: u64,
    /// Stored as further sightings of calls that are charged elsewhere.
    pub observations: u64,
    /// Known already with another payload; nothing was stored for them.
    pub conflicts: Vec<ConflictItem>,
    /// Refused items with every reason.
    pub refused: Vec<RefusedItem>,
    /// Unknown fields of foreign formats that were passed over.
    #[serde(default)]
    pub ignored_fields: u64,
    /// Accepted events for which no price was found.
    #[serde(default)]
    pub unpriced: u64,
    /// What was read and not charged, by kind; stored events whose counts contradict each other among it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOverItem>,
    /// What the events of a dry run would cost; nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub would_charge_usd: Option<Money>,
    /// The same by provider and model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_model: Vec<ModelCost>,
}

/// What the events of a dry run come to that name one model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelCost {
    /// Canonical provider; empty if unknown.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// Events.
    pub events: u64,
    /// Calls that they stand for.
    pub requests: u64,
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written, reasoning included.
    pub output_tokens: u64,
    /// The cost of those that have one; null if none has.
    #[schema(value_type = Option<String>)]
    pub cost_usd: Option<Money>,
    /// How many events cost what their source reports.
    pub reported: u64,
    /// Events without a cost, by the reason: `unknown_model`, `no_rate_for_leaf`, …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unpriced: BTreeMap<String, u64>,
}

/// A kind of input that was read and not charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassedOverItem {
    /// Whose data it was: `codex`, `openinference`, `litellm`, …; a source or a receiver where counts are at fault.
    pub emitter: String,
    /// The operation, log event, call type, usage key, model or field; empty if it has no name.
    pub operation: String,
    /// `not_gen_ai`, `not_a_call`, `repeated`, `unknown_operation`, `no_model`, `unknown_usage`, `metric`,
    /// `counts_contradict` or `refused`.
    pub reason: String,
    /// Whether money may be missing: someone should look at it.
    pub doubtful: bool,
    /// How often.
    pub count: u64,
}

impl PassedOverItem {
    /// The kind on the wire.
    #[must_use]
    pub fn new(kind: PassedOver, count: u64) -> Self {
        let PassedOver { emitter, operation, reason } = kind;
        Self { emitter, operation, reason: reason.name().to_owned(), doubtful: reason.is_doubtful(), count }
    }
}

/// A kind of input that was read and not charged, since when and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassedOverRecord {
    /// The kind and how often.
    #[serde(flatten)]
    pub item: PassedOverItem,
    /// The same in words.
    pub message: String,
    /// When it came first.
    #[schema(value_type = String, format = DateTime)]
    pub first_at: Timestamp,
    /// When it came last.
    #[schema(value_type = String, format = DateTime)]
    pub last_at: Timestamp,
}

impl PassedOverRecord {
    /// The record on the wire.
    #[must_use]
    pub fn new(kind: PassedOver, count: u64, first_at: Timestamp, last_at: Timestamp) -> Self {
        let message = kind.to_string();
        Self { item: PassedOverItem::new(kind, count), message, first_at, last_at }
    }
}

/// What was read and not charged: doubtful kinds first, then by count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassedOverList {
    /// The kinds; of more than 1,000 those seen last.
    pub passed_over: Vec<PassedOverRecord>,
}

/// An event id that was used before for another payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConflictItem {
    /// Index of the item in the request.
    pub index: u64,
    /// Its source.
    pub source: String,
    /// Its id.
    pub event_id: String,
}

/// An item that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedItem {
    /// Index of the item in the request.
    pub index: u64,
    /// Its id, if it could be read.
    pub event_id: Option<String>,
    /// Every reason.
    pub errors: Vec<ProblemField>,
}

/// A page of ledger rows, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The rows.
    pub events: Vec<EntryRecord>,
    /// How many there are on all pages; on the first page only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EntryRecord {
    /// The event's id.
    pub event_id: String,
    /// Who reported.
    pub source: String,
    /// When the call ended.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Timestamp,
    /// When purser had it on disk; unique per row.
    #[schema(value_type = String, format = DateTime)]
    pub received_at: Timestamp,
    /// `charge`, `reversal` or `observation`.
    pub kind: String,
    /// Why a later row was written: `observation`, `rerate` or `void`.
    pub reason: Option<String>,
    /// Why, in the words given to `usage void`.
    pub note: Option<String>,
    /// Canonical provider; empty if unknown.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// The model that answered.
    pub response_model: Option<String>,
    /// The cost: rated, else reported; null while unpriced.
    #[schema(value_type = Option<String>, example = "0.001234500000")]
    pub cost_usd: Option<Money>,
    /// `rated`, `reported` or `unpriced`.
    pub cost_source: String,
    /// Why the reported cost stands, or none: the rule that prefers it, or why the event could not be rated whole.
    #[serde(default)]
    pub cost_source_reason: Option<String>,
    /// What an unpriced event costs at the least: the part that has rates.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub at_least_usd: Option<Money>,
    /// By the price book.
    #[schema(value_type = Option<String>)]
    pub rated_usd: Option<Money>,
    /// By the source.
    #[schema(value_type = Option<String>)]
    pub reported_usd: Option<Money>,
    /// 1 if the row has a cost, 0 if not, null if it charges nothing.
    pub priced_fraction: Option<f64>,
    /// Version of the price that was applied.
    pub price_version: Option<String>,
    /// How the price was found, or why none was.
    pub match_reason: String,
    /// Quantity and amount per leaf.
    pub leaves: Vec<LeafAmount>,
    /// Quantity and amount per unit that is not a token: `images`, `pages`, …
    #[serde(default)]
    pub units: Vec<UnitAmount>,
    /// What the rating went by; null if no price was found.
    #[serde(default)]
    pub basis: Option<RatingBasis>,
    /// `chat`, `embeddings`, …
    pub operation: Option<String>,
    /// The tier that served the call.
    pub service_tier: Option<String>,
    /// Where the model ran, as its provider prices it.
    #[serde(default)]
    pub inference_geo: Option<String>,
    /// How fast the provider was asked to answer.
    #[serde(default)]
    pub speed: Option<String>,
    /// The input of each call, where the source names its bounds: `<=200000`.
    #[serde(default)]
    pub context_window: Option<String>,
    /// Whether the row stands for several calls.
    #[serde(default)]
    pub aggregate: bool,
    /// Project within the tenant.
    pub project: Option<String>,
    /// Deployment environment.
    pub environment: Option<String>,
    /// `namespace.action`.
    pub feature_tag: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The skill or tool.
    pub skill: Option<String>,
    /// The tool that was called.
    #[serde(default)]
    pub tool: Option<String>,
    /// The MCP server that the tool belongs to.
    #[serde(default)]
    pub mcp_server: Option<String>,
    /// The agent run.
    pub run_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// W3C span id.
    pub span_id: Option<String>,
    /// W3C span id of the parent.
    pub parent_span_id: Option<String>,
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// 1 for the first try.
    pub attempt: Option<u32>,
    /// `ok` or `error`.
    pub status: String,
    /// Kind of error of a failed call.
    pub error_type: Option<String>,
    /// Wall time of the call, milliseconds.
    pub latency_ms: Option<u64>,
    /// What the source says it cost in another currency: `10 CNY`; it never counts as dollars.
    #[serde(default)]
    pub foreign_cost: Option<String>,
    /// Why the counts cannot be told apart, if they cannot.
    #[serde(default)]
    pub contradiction: Option<CountContradiction>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// The import that brought it.
    pub import_id: Option<String>,
}

/// One unit of an event that is not a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitAmount {
    /// `images`, `pages`, …
    pub unit: String,
    /// How much was used, decimal text.
    pub quantity: String,
    /// What that costs; null where nothing was rated.
    #[schema(value_type = Option<String>)]
    pub amount_usd: Option<Money>,
}

/// What a rating went by, beside the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RatingBasis {
    /// The service tier whose rates were applied.
    pub tier: String,
    /// The context step whose rates were applied: calls that read more tokens than this.
    pub over_input_tokens: u64,
    /// Factors on the rates, before anything was rounded.
    pub factors: Vec<RateFactor>,
    /// Leaves without a rate of their own, and whose rate they were charged at.
    pub fell_back: Vec<RateFallback>,
    /// Leaves and units that were used and have no rate.
    pub unrated: Vec<String>,
    /// The rule that lets the reported cost stand.
    pub preference: Option<String>,
}

/// A factor that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateFactor {
    /// What it depends on: `inference_geo`, `speed`, …
    pub dimension: String,
    /// The value that the event had.
    pub value: String,
    /// The exact factor as a fraction: `11/10`.
    pub ratio: String,
}

/// A leaf that was charged at another leaf's rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RateFallback {
    /// The leaf.
    pub leaf: String,
    /// The leaf whose rate it was charged at.
    pub charged_as: String,
}

/// Counts that contradict each other, as they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountContradiction {
    /// What contradicts what, with both figures.
    pub reason: String,
    /// The counts by the names that the source gave them.
    pub counts: BTreeMap<String, u64>,
}

impl From<&Basis> for RatingBasis {
    fn from(basis: &Basis) -> Self {
        let factor = |factor: &AppliedFactor| RateFactor {
            dimension: factor.dimension.clone(),
            value: factor.value.clone(),
            ratio: factor.ratio.clone(),
        };
        let fallback =
            |(leaf, charged_as): &(String, String)| RateFallback { leaf: leaf.clone(), charged_as: charged_as.clone() };
        Self {
            tier: basis.service_tier.clone(),
            over_input_tokens: basis.over_input_tokens,
            factors: basis.factors.iter().map(factor).collect(),
            fell_back: basis.fell_back.iter().map(fallback).collect(),
            unrated: basis.unrated.clone(),
            preference: basis.preference.clone(),
        }
    }
}

/// One leaf of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeafAmount {
    /// `input`, `cache_read`, …
    pub leaf: String,
    /// How much was used.
    pub quantity: u64,
    /// What that costs; null where nothing was rated.
    #[schema(value_type = Option<String>)]
    pub amount_usd: Option<Money>,
}

/// All that is known of an event id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventDetail {
    /// The id.
    pub event_id: String,
    /// Its source.
    pub source: String,
    /// `charged`, `observed` or `voided`.
    pub state: String,
    /// The charge in force; null if voided or only observed.
    pub current: Option<EntryRecord>,
    /// Why the charge in force is what it is; null without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<WhyRecord>,
    /// Other sightings of the same call.
    pub observations: Vec<EntryRecord>,
    /// Rows that corrected the first charge, oldest first.
    pub corrections: Vec<EntryRecord>,
    /// Every row of the id, oldest first.
    pub history: Vec<EntryRecord>,
}
