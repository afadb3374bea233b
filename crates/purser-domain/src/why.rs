//! Why an event costs what it costs: the price and all that was applied to it, part by part.
//! Invariant: what is told is what was charged; where the price has changed since, that is said.

use std::collections::BTreeMap;

use crate::charge::{Basis, CostSource, Match};
use crate::money::Money;
use crate::price::Source;
use crate::time::Timestamp;
use crate::usage_event::UsageEvent;

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

/// One report of the call, and what it knew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Who reported.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// Counts, units, the reported cost, and texts such as tier, user or run, by their names on the wire.
    pub knew: BTreeMap<String, String>,
}

impl Sighting {
    /// What an event knew of its call.
    #[must_use]
    pub fn of(event: &UsageEvent) -> Self {
        let counts = event.usage.iter().map(|(leaf, count)| (leaf.quantity_name().to_owned(), count.to_string()));
        let units = event.units.iter().map(|(unit, quantity)| (format!("units.{unit}"), quantity.to_string()));
        let texts = event.texts().into_iter().filter(|(name, _)| *name != "source");
        let texts = texts.filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
        let names = [("provider", &event.provider), ("model", &event.model)];
        let names = names.into_iter().filter(|(_, text)| !text.is_empty());
        let mut knew: BTreeMap<String, String> = counts.chain(units).chain(texts).collect();
        knew.extend(names.map(|(name, text)| (name.to_owned(), text.clone())));
        knew.extend(event.reported_usd.map(|cost| ("cost_usd".to_owned(), cost.to_string())));
        knew.extend(event.foreign_cost.clone().map(|cost| ("foreign_cost".to_owned(), cost)));
        knew.extend(event.contradiction.as_ref().map(|found| ("contradiction".to_owned(), found.reason.clone())));
        Self { source: event.source.clone(), event_id: event.event_id.clone(), knew }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::{Leaf, Usage};

    #[test]
    fn a_sighting_tells_what_it_knew_and_nothing_else() {
        let event = UsageEvent {
            event_id: "1".to_owned(),
            source: "otlp".to_owned(),
            model: "m".to_owned(),
            usage: Usage::default().with(Leaf::Input, 7),
            user_id: Some("ada".to_owned()),
            reported_usd: Some(Money::from_cents(5)),
            ..UsageEvent::default()
        };
        let knew: Vec<String> = Sighting::of(&event).knew.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(knew, ["cost_usd=0.050000000000", "input_tokens=7", "model=m", "requests=1", "user_id=ada"]);
    }
}
