//! Why an event costs what it costs: the price and all that was applied to it, part by part.
//! Invariant: what is told is what was charged; where the price has changed since, that is said.

use crate::charge::{Basis, CostSource, Match};
use crate::money::Money;
use crate::price::Source;
use crate::time::Timestamp;

/// The explanation of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// How the price was found, or why none was.
    pub matched: Match,
    /// The cost and its origin; `None` while unpriced.
    pub cost: Option<(Money, CostSource)>,
    /// What the price book makes of the event.
    pub rated_usd: Option<Money>,
    /// What the source said.
    pub reported_usd: Option<Money>,
    /// What an unpriced event costs at the least.
    pub at_least_usd: Option<Money>,
    /// The price that holds for the event, if there is one.
    pub price: Option<PriceName>,
    /// What the rating went by.
    pub basis: Basis,
    /// How many tokens a call read: what the context step goes by.
    pub context_tokens: u64,
    /// The percentage off the rates that are the book's.
    pub discount_percent: Option<String>,
    /// Each leaf and unit that was used.
    pub parts: Vec<Part>,
}

/// The price of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceName {
    /// Canonical provider.
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// The price's content id.
    pub version: String,
    /// First instant of validity.
    pub effective_from: Option<Timestamp>,
    /// First instant after validity.
    pub effective_to: Option<Timestamp>,
    /// Where it was read.
    pub source: Source,
    /// Whether the charge was made with another price, so that the rates of the parts are not those it paid.
    pub is_other: bool,
}

/// One leaf or unit that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The short name of the leaf, or the unit.
    pub name: String,
    /// How much was used, an exact decimal.
    pub quantity: String,
    /// US dollars for `per` of it, discount and factors included; an exact decimal or fraction.
    pub rate_usd: Option<String>,
    /// What the rate is for: a million tokens, or one.
    pub per: u64,
    /// What it is charged as, if it has no rate of its own.
    pub charged_as: Option<String>,
    /// Whether the tenant's own price names the rate.
    pub is_own: bool,
    /// What it costs; `None` if it has no rate or the charge was made with another price.
    pub amount_usd: Option<Money>,
}
