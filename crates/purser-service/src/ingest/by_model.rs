//! What a dry run would charge, by provider and model.
//! Invariant: events = priced events + the sum of `unpriced`.

use std::collections::BTreeMap;

use purser_domain::charge::{Charge, CostSource};
use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;

/// Sums by canonical provider and the model asked for.
pub type ByModel = BTreeMap<(String, String), ModelSum>;

/// What the events of one model come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelSum {
    /// Events.
    pub events: u64,
    /// Calls that they stand for.
    pub requests: u64,
    /// Tokens read, cached ones included.
    pub input_tokens: u64,
    /// Tokens written, all modalities, reasoning included.
    pub output_tokens: u64,
    /// The cost of those that have one.
    pub cost: Money,
    /// How many events cost what their source reports.
    pub reported: u64,
    /// Events without a cost, by the reason.
    pub unpriced: BTreeMap<String, u64>,
}

impl ModelSum {
    /// Adds an event and its charge.
    pub fn add(&mut self, event: &UsageEvent, charge: &Charge) {
        let read = event.usage.total_input();
        self.events += 1;
        self.requests += event.usage.get(Leaf::Requests);
        self.input_tokens += read;
        self.output_tokens += event.usage.total_tokens().saturating_sub(read);
        match charge.cost() {
            Some((cost, source)) => {
                self.cost = [self.cost, cost].into_iter().sum();
                self.reported += u64::from(source == CostSource::Reported);
            }
            None => *self.unpriced.entry(charge.matched.name().to_owned()).or_default() += 1,
        }
    }

    /// Adds what other events of the model come to.
    pub fn absorb(&mut self, other: &Self) {
        self.events += other.events;
        self.requests += other.requests;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cost = [self.cost, other.cost].into_iter().sum();
        self.reported += other.reported;
        for (reason, count) in &other.unpriced {
            *self.unpriced.entry(reason.clone()).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use purser_domain::charge::Match;
    use purser_domain::usage::Usage;

    use super::*;

    #[test]
    fn events_are_summed_with_their_cost_or_the_reason_why_they_have_none() {
        let usage = Usage::default().with(Leaf::Input, 5).with(Leaf::CacheRead, 7).with(Leaf::Reasoning, 3);
        let event = UsageEvent { usage: usage.with(Leaf::Requests, 2), ..UsageEvent::default() };
        let usd = |text: &str| text.parse::<Money>().expect("a literal of this test");
        let rated = Charge { rated_usd: Some(usd("0.25")), matched: Match::RequestModel, ..Charge::default() };
        let mut sum = ModelSum::default();
        for charge in [rated, Charge::reported(usd("0.5")), Charge::default()] {
            sum.add(&event, &charge);
        }
        let mut twice = sum.clone();
        twice.absorb(&sum);
        // Three events of 2 calls, 5 + 7 read and 3 written: 6, 36, 9; 0.25 + 0.5 = 0.75; and all of it twice.
        for (sum, times) in [(sum, 1), (twice, 2)] {
            assert_eq!((sum.events, sum.requests), (3 * times, 6 * times));
            assert_eq!((sum.input_tokens, sum.output_tokens), (36 * times, 9 * times));
            assert_eq!((sum.cost, sum.reported), (Money::from_cents(75 * times as i64), times));
            assert_eq!(sum.unpriced, BTreeMap::from([("unknown_model".to_owned(), times)]));
        }
    }
}
