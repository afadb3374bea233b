//! What an event costs and why: leaf amounts, the price version and how it was matched.
//! Invariant: `cost_usd` is the sum of the rounded amounts, or the reported cost, or absent.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::money::Money;
use crate::time::Timestamp;
use crate::usage::Leaf;

/// The outcome of rating one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charge {
    /// Rounded amount per leaf, in the order of [`Leaf::ALL`]; `None` where nothing was rated.
    pub amounts: [Option<Money>; Leaf::COUNT],
    /// Rounded amount per unit that is not a token.
    pub unit_amounts: BTreeMap<String, Money>,
    /// What the price book makes of the event; `None` if it could not be rated whole.
    pub rated_usd: Option<Money>,
    /// What the event costs at the least, if it could be rated in part only.
    pub at_least_usd: Option<Money>,
    /// What the source said it cost.
    pub reported_usd: Option<Money>,
    /// The version of the price that was applied (its content id in the price book).
    pub price_version: Option<Arc<str>>,
    /// How the price was found, or why none was.
    pub matched: Match,
    /// The reported cost stands although the event was rated: its source's own bill is the truth.
    pub prefers_reported: bool,
    /// What the rating went by; `None` if no price was found.
    pub basis: Option<Arc<Basis>>,
}

/// What a rating went by, beside the price.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Basis {
    /// The service tier whose rates were applied.
    #[serde(rename = "tier")]
    pub service_tier: String,
    /// The context step whose rates were applied: calls that read more than this many tokens.
    #[serde(rename = "over", default, skip_serializing_if = "is_zero")]
    pub over_input_tokens: u64,
    /// Factors that multiplied the rates before anything was rounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<AppliedFactor>,
    /// Leaves that had no rate of their own, each with the leaf whose rate it was charged at; short names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fell_back: Vec<(String, String)>,
    /// Names of leaves and units that were used and have no rate: the event could not be rated whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrated: Vec<String>,
    /// The rule that lets the reported cost stand: `provider openrouter`, `source cursor`, `import`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<String>,
}

/// A factor as it was applied: `inference_geo`, `us`, `11/10`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedFactor {
    /// What it depends on.
    pub dimension: String,
    /// The value that the event had.
    pub value: String,
    /// The exact factor as a fraction.
    pub ratio: String,
}

const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a price was found, or why none was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Match {
    /// By the model that answered.
    ResponseModel,
    /// By the model asked for.
    RequestModel,
    /// By a tenant's override of either.
    Override,
    /// The writer fixed the cost; no price was looked up.
    Reported,
    /// No price book knows the model.
    #[default]
    UnknownModel,
    /// The model is known, but not at that date.
    NoPriceAtDate,
    /// The price has no rate for a leaf that was used.
    NoRateForLeaf,
    /// The price has no rate for a unit that was used.
    NoRateForUnit,
    /// The price has no rates for that service tier.
    NoRateForTier,
    /// The counts contradict each other: what was used is not known.
    CountsContradict,
    /// The call answered, but its source counted nothing that has a rate.
    NoUsage,
    /// The amount does not fit a charge.
    TooLarge,
    /// The call was refused before the model ran: it costs nothing.
    NotBilled,
}

impl Match {
    /// Every value.
    pub const ALL: [Self; 13] = [
        Self::ResponseModel,
        Self::RequestModel,
        Self::Override,
        Self::Reported,
        Self::UnknownModel,
        Self::NoPriceAtDate,
        Self::NoRateForLeaf,
        Self::NoRateForUnit,
        Self::NoRateForTier,
        Self::CountsContradict,
        Self::NoUsage,
        Self::TooLarge,
        Self::NotBilled,
    ];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResponseModel => "response_model",
            Self::RequestModel => "request_model",
            Self::Override => "override",
            Self::Reported => "reported",
            Self::UnknownModel => "unknown_model",
            Self::NoPriceAtDate => "no_price_at_date",
            Self::NoRateForLeaf => "no_rate_for_leaf",
            Self::NoRateForUnit => "no_rate_for_unit",
            Self::NoRateForTier => "no_rate_for_tier",
            Self::CountsContradict => "counts_contradict",
            Self::NoUsage => "no_usage",
            Self::TooLarge => "too_large",
            Self::NotBilled => "not_billed",
        }
    }
}

impl std::str::FromStr for Match {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|m| m.name() == text).ok_or_else(|| format!("{text:?} is not a match reason"))
    }
}

/// Where a charge's `cost_usd` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CostSource {
    /// Rated with the price book.
    Rated,
    /// As the source reported.
    Reported,
}

impl CostSource {
    /// `rated` or `reported`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Reported => "reported",
        }
    }
}

/// Usage of one model that has no price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced {
    /// Canonical provider.
    pub provider: String,
    /// The model asked for.
    pub model: String,
    /// Why it has no price.
    pub matched: Match,
    /// Charged events, net.
    pub count: i64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

impl Charge {
    /// The cost and its origin: rated, else reported, else unpriced; reported first where it is preferred.
    #[must_use]
    pub fn cost(&self) -> Option<(Money, CostSource)> {
        match (self.rated_usd, self.reported_usd) {
            (_, Some(reported)) if self.prefers_reported => Some((reported, CostSource::Reported)),
            (Some(rated), _) => Some((rated, CostSource::Rated)),
            (None, Some(reported)) => Some((reported, CostSource::Reported)),
            (None, None) => None,
        }
    }

    /// A charge whose cost is what the writer says, and nothing else.
    #[must_use]
    pub fn reported(amount: Money) -> Self {
        Self { reported_usd: Some(amount), matched: Match::Reported, ..Self::default() }
    }
}
