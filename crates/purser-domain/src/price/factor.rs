//! Factors on a price: what a call costs more or less for where and how it was served.
//! Invariant: a factor is an exact, positive rational; it is applied to rates before an amount is rounded.

use std::fmt;

use super::Source;
use crate::money::parse_decimal;

/// A multiplier of the rates of every token leaf, in every tier and context step of its price.
///
/// It holds for calls whose dimension has its value. Rates of calls (requests, web searches) and of units are not
/// multiplied, as the catalogues define it. Factors of several dimensions multiply one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// The event's field that decides: `inference_geo`, `speed`, …
    pub dimension: String,
    /// The value in lower case: `us`; `!global` stands for every known value except `global`.
    pub value: String,
    /// Numerator of the multiplier, above zero.
    pub numerator: u32,
    /// Denominator of the multiplier, above zero.
    pub denominator: u32,
    /// Where it was read, if elsewhere than the price's own source.
    pub source: Option<Source>,
}

/// Values of a dimension that say nothing.
const UNSAID: [&str; 5] = ["", "not_available", "unknown", "null", "none"];

impl Factor {
    /// A factor from an exact decimal: `1.1` is 11/10. `None` if it is not positive or needs more than 32 bits.
    #[must_use]
    pub fn parse(dimension: &str, value: &str, decimal: &str) -> Option<Self> {
        let (digits, scale) = parse_decimal(decimal).ok()?;
        let power = 10_u128.checked_pow(scale.unsigned_abs())?;
        let digits = u128::try_from(digits).ok()?;
        let (numerator, denominator) = if scale >= 0 { (digits, power) } else { (digits.checked_mul(power)?, 1) };
        Self::ratio(dimension, value, numerator, denominator)
    }

    /// A factor of `numerator / denominator` in lowest terms; `None` if either is 0 or needs more than 32 bits.
    #[must_use]
    pub fn ratio(dimension: &str, value: &str, numerator: u128, denominator: u128) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        let divisor = super::gcd128(numerator, denominator);
        Some(Self {
            dimension: dimension.to_owned(),
            value: value.to_ascii_lowercase(),
            numerator: u32::try_from(numerator / divisor).ok()?,
            denominator: u32::try_from(denominator / divisor).ok()?,
            source: None,
        })
    }

    /// Whether the factor holds for a call whose `dimension` is `told`, in any case.
    #[must_use]
    pub fn holds_for(&self, dimension: &str, told: &str) -> bool {
        if self.dimension != dimension || UNSAID.iter().any(|word| told.eq_ignore_ascii_case(word)) {
            return false;
        }
        match self.value.strip_prefix('!') {
            Some(other) => !told.eq_ignore_ascii_case(other),
            None => told.eq_ignore_ascii_case(&self.value),
        }
    }
}

impl fmt::Display for Factor {
    /// `inference_geo us 11/10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}/{}", self.dimension, self.value, self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_an_exact_fraction_in_lowest_terms() {
        for (text, expected) in [
            ("1.1", Some((11, 10))),
            ("1.10", Some((11, 10))),
            ("2", Some((2, 1))),
            ("1e1", Some((10, 1))),
            ("0.5", Some((1, 2))),
            ("0", None),
            ("-1.1", None),
            ("1.00000000001", None),
            ("much", None),
        ] {
            let found = Factor::parse("inference_geo", "US", text);
            assert_eq!(found.map(|factor| (factor.numerator, factor.denominator)), expected, "{text}");
        }
        let factor = Factor::parse("inference_geo", "US", "1.1").expect("a factor");
        assert_eq!(factor.to_string(), "inference_geo us 11/10");
    }

    #[test]
    fn a_factor_holds_for_its_value_only() {
        let us = Factor::parse("inference_geo", "us", "1.1").expect("a factor");
        assert!(us.holds_for("inference_geo", "US"));
        for (dimension, told) in [("inference_geo", "eu"), ("inference_geo", ""), ("speed", "us")] {
            assert!(!us.holds_for(dimension, told), "{dimension} {told}");
        }
        let regional = Factor::parse("inference_geo", "!global", "1.1").expect("a factor");
        assert!(regional.holds_for("inference_geo", "europe-west4"));
        for told in ["global", "Global", "not_available", ""] {
            assert!(!regional.holds_for("inference_geo", told), "{told}");
        }
    }
}
