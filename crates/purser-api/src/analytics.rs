//! The analytics facade: usage and cost statistics over at most 90 days, in the reference's shapes.

use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The window that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatisticsWindow {
    /// First instant inside.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// `hour` or `day`.
    pub resolution: String,
}

/// Where the numbers come from and how fresh they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signals {
    /// Sources with events in the window; `["none"]` if there are none.
    pub sources: Vec<String>,
    /// Seconds since the newest event; null if there is none.
    pub freshness_sec: Option<i64>,
    /// `LIVE` (≤ 60 s), `DELAYED` (≤ 300 s), `STALE` or `NO_DATA`.
    pub state: String,
}

/// About the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Meta {
    /// Names the request in the log.
    pub request_id: String,
    /// The caller's `X-Correlation-ID`.
    pub correlation_id: Option<String>,
    /// The numbers hold for what was received until then.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
}

/// Usage statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageStatistics {
    /// The window.
    pub window: StatisticsWindow,
    /// Over the window.
    pub totals: UsageTotals,
    /// Per bucket, ascending; empty buckets are absent.
    pub series: Vec<UsagePoint>,
    /// Origin and freshness.
    pub signals: Signals,
    /// When the answer was made.
    #[schema(value_type = String, format = DateTime)]
    pub generated_at: Timestamp,
    /// About the request.
    pub meta: Meta,
}

/// Usage over a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = AnalyticsUsageTotals)]
pub struct UsageTotals {
    /// Calls to models.
    pub requests: i64,
    /// Charged executions.
    pub compute_units: i64,
    /// All tokens, both directions.
    pub tokens: i64,
}

/// Usage in one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsagePoint {
    /// A date at day resolution, an instant at hour resolution.
    pub ts: String,
    /// Its sums.
    #[serde(flatten)]
    pub totals: UsageTotals,
}

/// Cost statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostStatistics {
    /// The window.
    pub window: StatisticsWindow,
    /// Over the window.
    pub totals: CostTotals,
    /// Per bucket, ascending; empty buckets are absent.
    pub series: Vec<CostPoint>,
    /// Spend descending.
    pub by_model: Vec<ModelShare>,
    /// Spend descending.
    pub by_feature: Vec<FeatureShare>,
    /// Origin and freshness.
    pub signals: Signals,
    /// When the answer was made.
    #[schema(value_type = String, format = DateTime)]
    pub generated_at: Timestamp,
    /// About the request.
    pub meta: Meta,
}

/// Cost over a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostTotals {
    /// Rounded to whole cents, half to even.
    pub spend_cents: i64,
    /// Exact.
    #[schema(value_type = String, example = "0.001234500000")]
    pub spend_usd: Money,
    /// The same as `spend_usd`, under the name that every total has.
    #[schema(value_type = String, example = "0.001234500000")]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events; null if there are none.
    pub priced_fraction: Option<f64>,
    /// Calls to models.
    pub requests: i64,
    /// All tokens read, cached ones included.
    pub input_tokens: i64,
    /// All tokens written, reasoning included.
    pub output_tokens: i64,
}

/// Cost in one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostPoint {
    /// A date at day resolution, an instant at hour resolution.
    pub ts: String,
    /// Its sums.
    #[serde(flatten)]
    pub totals: CostTotals,
}

/// One model's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelShare {
    /// The model, `unknown` if the events name none.
    pub model: String,
    /// Rounded to whole cents.
    pub spend_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub requests: i64,
    /// All tokens.
    pub tokens: i64,
    /// Percent of the total, two decimals.
    pub pct_of_total: f64,
}

/// One feature's part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeatureShare {
    /// The tag, `untagged` if the events have none.
    pub feature_tag: String,
    /// Rounded to whole cents.
    pub spend_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub requests: i64,
    /// Percent of the total, two decimals.
    pub pct_of_total: f64,
}

/// What the facade serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalyticsStatus {
    /// `analytics`
    pub domain: String,
    /// `statistics`
    pub subdomains: Vec<String>,
    /// Per topic.
    pub topics: std::collections::BTreeMap<String, TopicStatus>,
    /// How fresh the tenant's data is.
    pub signals: Signals,
}

/// What one topic offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicStatus {
    /// Can be read.
    pub read: bool,
    /// Can be written.
    pub write: bool,
    /// How many signals feed it.
    pub signals: u32,
}

/// The facade's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalyticsHealth {
    /// `healthy`
    pub status: String,
    /// `analytics`
    pub domain: String,
}
