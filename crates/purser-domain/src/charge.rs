//! What an event costs and why: leaf amounts, the price version and how it was matched.
//! Invariant: `cost_usd` is the sum of the rounded leaf amounts, else the reported cost, else absent.

use std::sync::Arc;

use crate::money::Money;
use crate::time::Timestamp;
use crate::usage::Leaf;

/// The outcome of rating one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charge {
    /// Rounded amount per leaf, in the order of [`Leaf::ALL`]; `None` where nothing was rated.
    pub amounts: [Option<Money>; Leaf::COUNT],
    /// The sum of `amounts`; `None` if the event could not be rated.
    pub rated_usd: Option<Money>,
    /// What the source said it cost.
    pub reported_usd: Option<Money>,
    /// The version of the price that was applied (its content id in the price book).
    pub price_version: Option<Arc<str>>,
    /// How the price was found, or why none was.
    pub matched: Match,
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
    /// The price has no rates for that service tier.
    NoRateForTier,
    /// The call answered, but its source counted nothing that has a rate.
    NoUsage,
    /// The amount does not fit a charge.
    TooLarge,
}

impl Match {
    /// Every value.
    pub const ALL: [Self; 10] = [
        Self::ResponseModel,
        Self::RequestModel,
        Self::Override,
        Self::Reported,
        Self::UnknownModel,
        Self::NoPriceAtDate,
        Self::NoRateForLeaf,
        Self::NoRateForTier,
        Self::NoUsage,
        Self::TooLarge,
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
            Self::NoRateForTier => "no_rate_for_tier",
            Self::NoUsage => "no_usage",
            Self::TooLarge => "too_large",
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
    /// The cost and its origin: rated, else reported, else unpriced.
    #[must_use]
    pub fn cost(&self) -> Option<(Money, CostSource)> {
        match (self.rated_usd, self.reported_usd) {
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
