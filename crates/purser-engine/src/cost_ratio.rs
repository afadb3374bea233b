//! Finds factors between rated and reported costs that repeat: a tier, a place or a discount that nobody sent.
//! Invariant: exact arithmetic; the order of the events changes nothing.

use std::collections::BTreeMap;

use purser_domain::charge::Charge;
use purser_domain::price::{Finding, Severity};
use purser_domain::usage_event::UsageEvent;

/// Fewer events than this show no habit.
const EVENTS_MIN: u64 = 5;
/// The share of a group's events, percent, that one factor must explain.
const SHARE_MIN: u64 = 80;
/// Factors this near to 1, in thousandths, are rounding or small differences in price.
const NEAR_ONE: std::ops::RangeInclusive<u64> = 980..=1_020;
/// Costs below this many pico-dollars are too coarsely reported to be compared.
const COST_MIN: i128 = 100_000_000;
/// The largest factor that is told apart, in thousandths.
const FACTOR_MAX: i128 = 1_000_000;

/// Rated and reported costs by provider, model and source.
#[derive(Debug, Clone, Default)]
pub struct CostRatios {
    /// Reported ÷ rated in thousandths, and how many events have it.
    groups: BTreeMap<(String, String, String), BTreeMap<u64, u64>>,
}

impl CostRatios {
    /// Adds a charge in force; one without both costs says nothing.
    pub fn add(&mut self, event: &UsageEvent, charge: &Charge) {
        let (Some(rated), Some(reported)) = (charge.rated_usd, charge.reported_usd) else { return };
        if rated.pico() < COST_MIN || reported.pico() < COST_MIN {
            return;
        }
        let ratio = (reported.pico() * 1_000 + rated.pico() / 2) / rated.pico();
        let model = event.response_model.as_deref().unwrap_or(&event.model);
        let key = (event.provider.clone(), model.to_owned(), event.source.clone());
        let ratio = u64::try_from(ratio.min(FACTOR_MAX)).unwrap_or(u64::MAX);
        *self.groups.entry(key).or_default().entry(ratio).or_default() += 1;
    }

    /// A finding for each group in which one factor other than 1 explains nearly all events.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let findings = self.groups.iter().filter_map(|((provider, model, source), ratios)| {
            let total: u64 = ratios.values().sum();
            let (ratio, events) = most_frequent(ratios)?;
            if NEAR_ONE.contains(&ratio) || total < EVENTS_MIN || events * 100 < total * SHARE_MIN {
                return None;
            }
            let factor = format!("{}.{:03}", ratio / 1_000, ratio % 1_000);
            let message = format!(
                "the reported cost is {factor} times the rated one in {events} of {total} calls: a tier, a place or a \
                 discount that is not sent, or another price"
            );
            Some(Finding::new(Severity::Warning, format!("{provider} {model} of {source}"), message))
        });
        findings.collect()
    }
}

/// The centre of the range one percent wide that holds most events, and how many it holds.
fn most_frequent(ratios: &BTreeMap<u64, u64>) -> Option<(u64, u64)> {
    let around = |low: u64| {
        let range = low..=low + low / 100;
        let events: u64 = ratios.range(range.clone()).map(|(_, events)| events).sum();
        let centre = ratios.range(range).max_by_key(|(ratio, events)| (**events, std::cmp::Reverse(**ratio)));
        centre.map(|(ratio, _)| (*ratio, events))
    };
    ratios.keys().filter_map(|low| around(*low)).max_by_key(|(ratio, events)| (*events, std::cmp::Reverse(*ratio)))
}

#[cfg(test)]
mod tests {
    use purser_domain::money::Money;

    use super::*;

    /// Charges of one model whose rated and reported costs are given in micro-dollars.
    fn findings(costs: &[(i128, i128)]) -> Vec<String> {
        let mut ratios = CostRatios::default();
        for (rated, reported) in costs {
            let event = UsageEvent {
                provider: "openai".to_owned(),
                model: "gpt".to_owned(),
                source: "litellm".to_owned(),
                ..UsageEvent::default()
            };
            let usd = |micros: &i128| Some(Money::from_pico(micros * 1_000_000));
            ratios.add(&event, &Charge { rated_usd: usd(rated), reported_usd: usd(reported), ..Charge::default() });
        }
        ratios.findings().into_iter().map(|finding| format!("{}: {}", finding.subject, finding.message)).collect()
    }

    #[test]
    fn a_factor_that_repeats_is_told() {
        let found = findings(&[(1_000, 2_000), (500, 1_000), (333, 666), (4_000, 8_000), (250, 500)]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("openai gpt of litellm: the reported cost is 2.000 times"), "{found:?}");
        assert!(found[0].contains("in 5 of 5 calls"), "{found:?}");
        // 1,999 ÷ 1,000 and 2,004 ÷ 1,000 lie within one percent of each other; one in six may differ.
        let found =
            findings(&[(1_000, 2_000), (1_000, 1_999), (1_000, 2_004), (1_000, 2_000), (1_000, 2_000), (1_000, 900)]);
        assert!(found[0].contains("2.000 times the rated one in 5 of 6 calls"), "{found:?}");
    }

    #[test]
    fn no_factor_no_habit_and_no_doubt_is_no_finding() {
        for costs in [
            // Equal but for rounding.
            &[(1_000, 1_000), (1_000, 1_001), (1_000, 999), (1_000, 1_000), (1_000, 1_010)][..],
            // Too few.
            &[(1_000, 2_000); 4],
            // Every call another factor.
            &[(1_000, 2_000), (1_000, 3_000), (1_000, 4_000), (1_000, 5_000), (1_000, 6_000)],
            // Below a hundredth of a cent a report is rounded too coarsely.
            &[(5, 10); 9],
        ] {
            assert_eq!(findings(costs), Vec::<String>::new(), "{costs:?}");
        }
    }
}
