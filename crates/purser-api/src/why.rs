//! Why an event costs what it costs, on the wire.

use std::collections::BTreeMap;

use purser_domain::charge::AppliedFactor;
use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::why::{Part, PriceName, Sighting, Why};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The explanation of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyRecord {
    /// How the price was found, or why none was.
    pub match_reason: String,
    /// The price that holds for the event; null if there is none.
    pub price: Option<WhyPrice>,
    /// The service tier whose rates were applied; empty if none was.
    pub service_tier: String,
    /// The context step whose rates were applied: calls that read more than this many tokens.
    pub over_input_tokens: u64,
    /// How many tokens a call read.
    pub context_tokens: u64,
    /// Factors that multiplied the rates of tokens.
    pub factors: Vec<WhyFactor>,
    /// The percentage off the rates that are the book's.
    pub discount_percent: Option<String>,
    /// Leaves and units that were used and have no rate, and what the call was served with that has no price.
    pub unrated: Vec<String>,
    /// The rule that lets the reported cost stand.
    pub preference: Option<String>,
    /// What an unpriced event costs at the least.
    #[schema(value_type = Option<String>)]
    pub at_least_usd: Option<Money>,
    /// Each leaf and unit that was used.
    pub parts: Vec<WhyPart>,
    /// Every report of the call, and what each knew.
    pub sightings: Vec<SightingRecord>,
}

/// The price of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyPrice {
    /// Canonical provider.
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// The price's content id.
    pub version: String,
    /// First instant of validity; null = undated.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_from: Option<Timestamp>,
    /// First instant after validity.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub effective_to: Option<Timestamp>,
    /// The catalogue it was read from.
    pub catalogue: String,
    /// The provider's page.
    pub url: Option<String>,
    /// The day it was read.
    pub retrieved: String,
    /// Whether the charge was made with another price, so that the rates of the parts are not those it paid.
    pub is_other: bool,
}

/// A factor as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyFactor {
    /// What it depends on.
    pub dimension: String,
    /// The value for which it holds.
    pub value: String,
    /// The exact factor as a fraction.
    pub ratio: String,
}

/// One leaf or unit that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyPart {
    /// The leaf's or the unit's name.
    pub name: String,
    /// How much was used, an exact decimal.
    pub quantity: String,
    /// US dollars for `per` of it, discount and factors included.
    pub rate_usd: Option<String>,
    /// What the rate is for: a million, or one.
    pub per: u64,
    /// What it is charged as, if it has no rate of its own.
    pub charged_as: Option<String>,
    /// Whether the tenant's own price names the rate.
    pub is_own: bool,
    /// What it costs.
    #[schema(value_type = Option<String>)]
    pub amount_usd: Option<Money>,
}

/// One report of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SightingRecord {
    /// Who reported.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// What it knew, by the names of the wire.
    pub knew: BTreeMap<String, String>,
}

impl WhyRecord {
    /// The explanation with every report of the call.
    #[must_use]
    pub fn new(why: Why, sightings: Vec<Sighting>) -> Self {
        Self {
            match_reason: why.matched.name().to_owned(),
            price: why.price.map(WhyPrice::from),
            service_tier: why.basis.service_tier,
            over_input_tokens: why.basis.over_input_tokens,
            context_tokens: why.context_tokens,
            factors: why.basis.factors.into_iter().map(WhyFactor::from).collect(),
            discount_percent: why.discount_percent,
            unrated: why.basis.unrated,
            preference: why.basis.preference,
            at_least_usd: why.at_least_usd,
            parts: why.parts.into_iter().map(WhyPart::from).collect(),
            sightings: sightings.into_iter().map(SightingRecord::from).collect(),
        }
    }
}

impl From<PriceName> for WhyPrice {
    fn from(price: PriceName) -> Self {
        Self {
            provider: price.provider,
            model: price.model,
            version: price.version,
            effective_from: price.effective_from,
            effective_to: price.effective_to,
            catalogue: price.source.catalogue,
            url: price.source.url,
            retrieved: price.source.retrieved,
            is_other: price.is_other,
        }
    }
}

impl From<AppliedFactor> for WhyFactor {
    fn from(factor: AppliedFactor) -> Self {
        Self { dimension: factor.dimension, value: factor.value, ratio: factor.ratio }
    }
}

impl From<Part> for WhyPart {
    fn from(part: Part) -> Self {
        let Part { name, quantity, rate_usd, per, charged_as, is_own, amount_usd } = part;
        Self { name, quantity, rate_usd, per, charged_as, is_own, amount_usd }
    }
}

impl From<Sighting> for SightingRecord {
    fn from(sighting: Sighting) -> Self {
        let Sighting { source, event_id, knew } = sighting;
        Self { source, event_id, knew }
    }
}
