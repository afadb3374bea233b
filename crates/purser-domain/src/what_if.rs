//! What past usage would have cost under other models or prices.
//! Invariant: usage that cannot be priced anew keeps its actual cost on both sides and is counted apart.

use crate::charge::Match;
use crate::money::Money;
use crate::price::Discount;
use crate::provider;
use crate::time::{Timestamp, Window};
use crate::usage_query::Dimension;

/// Another model in place of one that was used; names as in the price book, perhaps `provider/model`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The model that was asked for or answered.
    pub from: String,
    /// The model in its place.
    pub to: String,
}

impl std::str::FromStr for Switch {
    type Err = String;

    /// Reads `modelA=modelB`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=').map(|(from, to)| (from.trim(), to.trim())) {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => {
                Ok(Self { from: from.to_owned(), to: to.to_owned() })
            }
            _ => Err(format!("{text:?} is not MODEL=MODEL")),
        }
    }
}

/// Reads a discount: `PERCENT`, `MODEL=PERCENT` or `PROVIDER/*=PERCENT`.
///
/// # Errors
/// When the text is none of these, naming it.
pub fn parse_discount(text: &str) -> Result<Discount, String> {
    let (subject, percent) = text.rsplit_once('=').unwrap_or(("", text));
    let percent_milli = Discount::percent_milli(percent.trim())
        .ok_or_else(|| format!("{text:?} is not [MODEL=]PERCENT with 0 to 100 percent and at most three decimals"))?;
    let (provider, model) = match subject.trim() {
        "" if text.contains('=') => return Err(format!("{text:?} names no model before =")),
        "" => (None, None),
        subject => match subject.strip_suffix("/*") {
            Some(name) => (Some(provider::canonical(name)), None),
            None => (None, Some(subject.to_owned())),
        },
    };
    Ok(Discount { id: String::new(), provider, model, percent_milli, effective_from: None, effective_to: None })
}

/// Which usage, and what is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// When the usage occurred.
    pub window: Window,
    /// Cut the answer by these fields.
    pub by: Vec<Dimension>,
    /// Other models; the first that fits a call holds.
    pub switches: Vec<Switch>,
    /// Discounts in place of the tenant's own; with any, all usage is priced anew.
    pub discounts: Vec<Discount>,
    /// Whether usage that no switch names is priced anew too.
    pub reprice_all: bool,
    /// The date of the prices.
    pub price_at: Timestamp,
}

/// What some usage did cost, and what it would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// As charged.
    pub actual: Money,
    /// With every cache as warm as it was.
    pub warm: Money,
    /// With a cold cache wherever the model is another one: what was read from a cache is read anew.
    pub cold: Money,
    /// Charged events.
    pub events: i64,
    /// Events priced anew.
    pub repriced: i64,
    /// Events that should have been priced anew and could not be, or have no cost at all.
    pub unpriced: i64,
}

impl Costs {
    /// Adds `other` to itself.
    pub fn add(&mut self, other: &Self) {
        self.actual = [self.actual, other.actual].into_iter().sum();
        self.warm = [self.warm, other.warm].into_iter().sum();
        self.cold = [self.cold, other.cold].into_iter().sum();
        self.events += other.events;
        self.repriced += other.repriced;
        self.unpriced += other.unpriced;
    }

    /// The least and the most that it would have cost.
    #[must_use]
    pub fn range(&self) -> (Money, Money) {
        (self.warm.min(self.cold), self.warm.max(self.cold))
    }

    /// The least and the most that would have been saved; negative if it would have cost more.
    #[must_use]
    pub fn savings(&self) -> (Money, Money) {
        let (low, high) = self.range();
        let less = |new: Money| Money::from_pico(self.actual.pico() - new.pico());
        (less(high), less(low))
    }
}

/// One group of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its values in the order of the question's `by`.
    pub keys: Vec<Option<String>>,
    /// Its costs.
    pub costs: Costs,
}

/// Usage that could not be priced anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Canonical provider of the usage.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Why.
    pub reason: Match,
    /// Charged events.
    pub events: i64,
}

/// What the usage would have cost; rows by largest saving first, then by keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The groups.
    pub rows: Vec<Row>,
    /// Their sum.
    pub total: Costs,
    /// What keeps its actual cost because it has no price there.
    pub left: Vec<Left>,
    /// The switches, by their place in the question, that no usage fits.
    pub unused: Vec<usize>,
    /// The `received_at` up to which the answer holds.
    pub as_of: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_names_two_models() {
        let switch: Switch = "gpt-4o = openai/gpt-4o-mini".parse().expect("two names");
        assert_eq!((switch.from.as_str(), switch.to.as_str()), ("gpt-4o", "openai/gpt-4o-mini"));
        for bad in ["gpt-4o", "=b", "a=", ""] {
            assert!(bad.parse::<Switch>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_discount_is_for_all_or_a_model_or_a_provider() {
        let parts = |text: &str| {
            let discount = parse_discount(text).expect(text);
            (discount.provider, discount.model, discount.percent_milli)
        };
        assert_eq!(parts("10"), (None, None, 10_000));
        assert_eq!(parts("gpt-4o = 12.5"), (None, Some("gpt-4o".to_owned()), 12_500));
        assert_eq!(parts("openai/*=5"), (Some("openai".to_owned()), None, 5_000));
        for bad in ["", "gpt-4o", "gpt-4o=101", "=5", "-1"] {
            assert!(parse_discount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn savings_range_from_the_cold_to_the_warm_cache() {
        let usd = Money::from_pico;
        let costs = Costs { actual: usd(10), warm: usd(4), cold: usd(12), ..Costs::default() };
        assert_eq!(costs.savings(), (usd(-2), usd(6)));
    }
}
