//! The cost intelligence summaries over sliding windows of 24 hours, 7 or 30 days.

use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::usage_query::TimeRange;

/// Where a number comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// Sources with events in the window.
    pub sources: Vec<String>,
    /// The window.
    pub window: TimeRange,
    /// `sum`
    pub aggregation: String,
    /// When the answer was made.
    #[schema(value_type = String, format = DateTime)]
    pub generated_at: Timestamp,
}

/// Spend of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostSummary {
    /// The tenant of the key.
    pub tenant_id: String,
    /// `24h`, `7d` or `30d`.
    pub period: String,
    /// Rounded to whole cents.
    pub total_cost_cents: i64,
    /// Exact.
    #[schema(value_type = String, example = "0.001234500000")]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events; null if there are none.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub request_count: i64,
    /// All tokens read.
    pub input_tokens: i64,
    /// All tokens written.
    pub output_tokens: i64,
    /// The budget over the period; null without one.
    pub budget_cents: Option<i64>,
    /// Percent of the budget that is used; null without one.
    pub budget_used_pct: Option<f64>,
    /// Days until the budget is used up; null if not computable.
    pub days_remaining: Option<f64>,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

/// Spend by feature tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostByFeature {
    /// Spend descending.
    pub data: Vec<FeatureCost>,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

/// One feature tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeatureCost {
    /// The tag, `unclassified` for events without a registered, active one.
    pub feature_tag: String,
    /// Name for people, if registered.
    pub display_name: Option<String>,
    /// Rounded to whole cents.
    pub total_cost_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub request_count: i64,
    /// Percent of the total.
    pub pct_of_total: f64,
    /// The tag's planned spend.
    pub budget_cents: Option<i64>,
    /// Percent of the planned spend.
    pub budget_used_pct: Option<f64>,
}

/// Spend by user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostByUser {
    /// Spend descending; at most `limit` users.
    pub data: Vec<UserCost>,
    /// How many users there are.
    pub users: u64,
    /// The users beyond `limit` together; with them the rows add up to the period's spend. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<OtherUsers>,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

/// The users that are not listed, together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OtherUsers {
    /// How many.
    pub users: u64,
    /// Rounded to whole cents.
    pub total_cost_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub request_count: i64,
    /// Percent of the total.
    pub pct_of_total: f64,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserCost {
    /// The user, `anonymous` for events without one.
    pub user_id: String,
    /// Rounded to whole cents.
    pub total_cost_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub request_count: i64,
    /// Percent of the total.
    pub pct_of_total: f64,
    /// Whether the spend is over twice the mean of the period's users.
    pub is_anomaly: bool,
}

/// Spend by model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostByModel {
    /// Spend descending.
    pub data: Vec<ModelCost>,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelCost {
    /// The model.
    pub model: String,
    /// Rounded to whole cents.
    pub total_cost_cents: i64,
    /// Exact.
    #[schema(value_type = String)]
    pub cost_usd: Money,
    /// Events with a cost ÷ charged events.
    pub priced_fraction: Option<f64>,
    /// Calls.
    pub request_count: i64,
    /// All tokens read.
    pub input_tokens: i64,
    /// All tokens written.
    pub output_tokens: i64,
    /// Percent of the total.
    pub pct_of_total: f64,
}
