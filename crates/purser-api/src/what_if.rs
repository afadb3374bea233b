//! What past usage would have cost under other models or prices.

use std::collections::BTreeMap;

use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::usage_query::Dimension;
use purser_domain::what_if::{Answer, Costs, Question, Switch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::usage_query::TimeRange;

/// Which usage, and what is different. At least one switch, discount or price file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfRequest {
    /// First instant inside.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// First instant after.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// `modelA=modelB`: calls of A as if they had gone to B. A name may be `provider/model`.
    #[serde(default)]
    pub switch: Vec<String>,
    /// `PERCENT`, `MODEL=PERCENT` or `PROVIDER/*=PERCENT` off unit prices, in place of the tenant's own discounts.
    #[serde(default)]
    pub discount: Vec<String>,
    /// A price file (JSON Lines) laid over the price book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<String>,
    /// Cut the answer by these dimensions; `feature` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Vec<String>>,
    /// The date of the prices; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub price_at: Option<Timestamp>,
}

/// What the usage would have cost. Rows by largest saving; they add up to `total` to the last digit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfAnswer {
    /// The window, half-open.
    pub window: TimeRange,
    /// The dimensions of `keys`.
    pub group_by: Vec<String>,
    /// The date of the prices.
    #[schema(value_type = String, format = DateTime)]
    pub price_at: Timestamp,
    /// The groups.
    pub rows: Vec<WhatIfRow>,
    /// Their sum.
    pub total: WhatIfCosts,
    /// Usage that has no price there and keeps its actual cost.
    pub not_repriced: Vec<NotRepriced>,
    /// The switches that no usage of the window fits: they change nothing.
    pub unused_switches: Vec<String>,
    /// Holds for what was received until then.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Timestamp,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfRow {
    /// The group's value per dimension; null = the events have none.
    pub keys: BTreeMap<String, Option<String>>,
    /// Its costs.
    #[serde(flatten)]
    pub costs: WhatIfCosts,
}

/// Actual cost, and the range of the other one: from every cache as warm as it was to a cold cache wherever the model
/// is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfCosts {
    /// As charged.
    #[schema(value_type = String, example = "12.340000000000")]
    pub actual_usd: Money,
    /// The least it would have cost.
    #[schema(value_type = String, example = "3.210000000000")]
    pub low_usd: Money,
    /// The most it would have cost.
    #[schema(value_type = String, example = "4.560000000000")]
    pub high_usd: Money,
    /// The least saving; negative if it could have cost more.
    #[schema(value_type = String, example = "7.780000000000")]
    pub saving_low_usd: Money,
    /// The most.
    #[schema(value_type = String, example = "9.130000000000")]
    pub saving_high_usd: Money,
    /// Charged events.
    pub events: i64,
    /// Of these, priced anew.
    pub repriced_events: i64,
    /// Of these, without a price now or then.
    pub unpriced_events: i64,
}

/// Usage that could not be priced anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotRepriced {
    /// Canonical provider.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// `unknown_model`, `no_price_at_date`, `no_rate_for_tier`, `no_rate_for_leaf`, …
    pub reason: String,
    /// Charged events.
    pub events: i64,
}

impl From<&Costs> for WhatIfCosts {
    fn from(costs: &Costs) -> Self {
        let ((low_usd, high_usd), (saving_low_usd, saving_high_usd)) = (costs.range(), costs.savings());
        Self {
            actual_usd: costs.actual,
            low_usd,
            high_usd,
            saving_low_usd,
            saving_high_usd,
            events: costs.events,
            repriced_events: costs.repriced,
            unpriced_events: costs.unpriced,
        }
    }
}

impl WhatIfAnswer {
    /// The answer to `question` on the wire.
    #[must_use]
    pub fn new(question: &Question, answer: &Answer) -> Self {
        let names: Vec<String> = question.by.iter().map(Dimension::name).collect();
        let rows = answer.rows.iter().map(|row| WhatIfRow {
            keys: names.iter().cloned().zip(row.keys.iter().cloned()).collect(),
            costs: (&row.costs).into(),
        });
        let left = answer.left.iter().map(|left| NotRepriced {
            provider: left.provider.clone(),
            model: left.model.clone(),
            reason: left.reason.name().to_owned(),
            events: left.events,
        });
        let text = |switch: &Switch| format!("{}={}", switch.from, switch.to);
        Self {
            window: question.window.into(),
            rows: rows.collect(),
            group_by: names,
            price_at: question.price_at,
            total: (&answer.total).into(),
            not_repriced: left.collect(),
            unused_switches: answer
                .unused
                .iter()
                .filter_map(|switch| question.switches.get(*switch))
                .map(text)
                .collect(),
            as_of: answer.as_of,
        }
    }
}
