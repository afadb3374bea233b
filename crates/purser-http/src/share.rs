//! Sums on the wire: money in whole cents, parts of a total in percent.

use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::Totals;

/// Whole cents, half to even.
pub(crate) fn cents(amount: Money) -> i64 {
    i64::try_from(amount.cents_half_even()).unwrap_or(i64::MAX)
}

/// `part` of `whole` in percent with two decimals; 0 of nothing.
pub(crate) fn percent(part: Money, whole: Money) -> f64 {
    if whole == Money::ZERO {
        return 0.0;
    }
    (part.pico() as f64 / whole.pico() as f64 * 10_000.0).round() / 100.0
}

/// All tokens read, cached ones included.
pub(crate) fn input_tokens(totals: &Totals) -> i64 {
    Leaf::ALL.into_iter().filter(|leaf| leaf.is_input()).map(|leaf| totals.get(leaf)).sum()
}

/// All tokens written, reasoning included.
pub(crate) fn output_tokens(totals: &Totals) -> i64 {
    totals.tokens() - input_tokens(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_has_two_decimals_and_nothing_of_nothing_is_zero() {
        let usd = |text: &str| text.parse::<Money>().expect("a literal of this test");
        assert!((percent(usd("1"), usd("3")) - 33.33).abs() < 1e-9);
        assert!((percent(usd("0"), usd("0"))).abs() < 1e-9);
        assert_eq!(cents(usd("0.005")), 0, "half to even");
        assert_eq!(cents(usd("0.015")), 2);
    }

    #[test]
    fn tokens_are_split_by_direction() {
        let mut totals = Totals::default();
        for (index, quantity) in totals.quantities.iter_mut().enumerate() {
            *quantity = 1 << index;
        }
        assert_eq!(input_tokens(&totals) + output_tokens(&totals), totals.tokens());
        // Output, reasoning, audio, image and video output stand at 4, 5, 8, 11 and 13.
        assert_eq!(output_tokens(&totals), (1 << 4) + (1 << 5) + (1 << 8) + (1 << 11) + (1 << 13));
    }
}
