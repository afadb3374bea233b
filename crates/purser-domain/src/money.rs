//! Money as an integer count of pico-dollars (10⁻¹² USD).
//! Invariant: no float ever enters or leaves; text round-trips to the last digit.

use std::fmt;
use std::iter::Sum;
use std::ops::Neg;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Pico-dollars in one dollar.
pub const PICO_PER_USD: i128 = 1_000_000_000_000;

/// The largest amount of one charge: what `Decimal(18,12)` in the lake can hold.
pub const CHARGE_MAX: Money = Money(999_999_999_999_999_999);

/// An exact amount of US dollars, in pico-dollars. Wide enough for any sum of charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i128);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// The text is not a decimal number.
    #[error("{0:?} is not a decimal number")]
    NotDecimal(String),
    /// The text has non-zero digits below 10⁻¹² dollars.
    #[error("{0:?} is finer than 0.000000000001")]
    TooFine(String),
    /// The number does not fit.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From pico-dollars.
    #[must_use]
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// In pico-dollars.
    #[must_use]
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// From whole cents.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents as i128 * (PICO_PER_USD / 100))
    }

    /// The nearest whole number of cents, ties to even.
    #[must_use]
    pub fn cents_half_even(self) -> i128 {
        div_half_even(self.0, PICO_PER_USD / 100)
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// Whether a single charge may have this amount, of either sign.
    #[must_use]
    pub const fn fits_charge(self) -> bool {
        self.0.unsigned_abs() <= CHARGE_MAX.0 as u128
    }
}

/// `numerator / denominator` rounded to the nearest integer, ties to even.
///
/// `denominator` must be positive.
#[must_use]
pub fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator.div_euclid(denominator);
    let remainder = numerator.rem_euclid(denominator);
    match (denominator - remainder).cmp(&remainder) {
        std::cmp::Ordering::Greater => quotient,
        std::cmp::Ordering::Less => quotient + 1,
        std::cmp::Ordering::Equal => quotient + quotient.rem_euclid(2),
    }
}

/// Exponents that far out are refused, so that those who reckon with them need not fear for their integers.
const SCALE_MAX: i32 = 10_000;

/// Reads a decimal text, exponent allowed, as `digits × 10^-scale`.
///
/// # Errors
/// When the text is no decimal number, needs more than 38 digits, or has an exponent beyond ±10,000.
pub fn parse_decimal(text: &str) -> Result<(i128, i32), ParseMoneyError> {
    let not_decimal = || ParseMoneyError::NotDecimal(text.to_owned());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| not_decimal())?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(not_decimal());
    }
    let mut digits: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(not_decimal());
        }
        digits = digits
            .checked_mul(10)
            .and_then(|d| d.checked_add(i128::from(byte - b'0')))
            .ok_or_else(|| ParseMoneyError::TooLarge(text.to_owned()))?;
    }
    if digits == 0 {
        return Ok((0, 0));
    }
    let scale = i32::try_from(fraction.len()).ok().and_then(|len| len.checked_sub(exponent)).ok_or_else(not_decimal)?;
    if scale > SCALE_MAX {
        return Err(ParseMoneyError::TooFine(text.to_owned()));
    }
    if scale < -SCALE_MAX {
        return Err(ParseMoneyError::TooLarge(text.to_owned()));
    }
    Ok((if negative { -digits } else { digits }, scale))
}

impl Money {
    /// Reads a decimal text, rounding what is finer than a pico-dollar half-even: for amounts that
    /// other programs computed in floats.
    ///
    /// # Errors
    /// When the text is no decimal number or does not fit.
    pub fn parse_rounded(text: &str) -> Result<Self, ParseMoneyError> {
        match text.parse() {
            Err(ParseMoneyError::TooFine(_)) => {
                // Whatever is too fine even to reckon with is nothing.
                let Ok((digits, scale)) = parse_decimal(text) else { return Ok(Self::ZERO) };
                let divisor = u32::try_from(scale - 12).ok().and_then(|n| 10_i128.checked_pow(n));
                Ok(divisor.map_or(Self::ZERO, |divisor| Self(div_half_even(digits, divisor))))
            }
            other => other,
        }
    }
}

impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, scale) = parse_decimal(text)?;
        if digits == 0 {
            return Ok(Self::ZERO);
        }
        let shift = 12 - scale;
        let power = |n: i32| u32::try_from(n).ok().and_then(|n| 10_i128.checked_pow(n));
        if shift >= 0 {
            power(shift)
                .and_then(|p| digits.checked_mul(p))
                .map(Self)
                .ok_or_else(|| ParseMoneyError::TooLarge(text.to_owned()))
        } else {
            match power(-shift) {
                Some(p) if digits % p == 0 => Ok(Self(digits / p)),
                _ => Err(ParseMoneyError::TooFine(text.to_owned())),
            }
        }
    }
}

impl fmt::Display for Money {
    /// Dollars with all twelve decimals: `0.001234500000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pico = self.0.unsigned_abs();
        let scale = PICO_PER_USD.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:012}", pico / scale, pico % scale)
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Money {
    /// # Panics
    /// Never in practice: 10²⁰ charges of the largest size fit.
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|money| money.0).sum())
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_with_twelve_decimals() {
        for (text, shown) in [
            ("0.0012345", "0.001234500000"),
            ("-3", "-3.000000000000"),
            ("1e-12", "0.000000000001"),
            ("12.5E1", "125.000000000000"),
            (".5", "0.500000000000"),
            ("0e-99", "0.000000000000"),
        ] {
            assert_eq!(text.parse::<Money>().map(|m| m.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn bad_text_is_refused_with_its_reason() {
        for text in ["", ".", "1.2.3", "NaN", "inf", "1_000", "0x10", "1e", " 1", "--1"] {
            assert!(matches!(text.parse::<Money>(), Err(ParseMoneyError::NotDecimal(_))), "{text}");
        }
        assert!(matches!("1e-13".parse::<Money>(), Err(ParseMoneyError::TooFine(_))));
        assert!(matches!("1e40".parse::<Money>(), Err(ParseMoneyError::TooLarge(_))));
        for text in ["1e2147483647", "1e20000", "12e2147483647"] {
            assert!(matches!(text.parse::<Money>(), Err(ParseMoneyError::TooLarge(_))), "{text}");
            assert!(Money::parse_rounded(text).is_err(), "{text} is not nothing");
        }
        for text in ["1e-2147483648", "1e-2147483647", "1e-20000"] {
            let read = text.parse::<Money>();
            assert!(matches!(read, Err(ParseMoneyError::NotDecimal(_) | ParseMoneyError::TooFine(_))), "{text}");
        }
        assert_eq!(Money::parse_rounded("1e-20000"), Ok(Money::ZERO));
        assert_eq!("0e2147483647".parse::<Money>(), Ok(Money::ZERO));
    }

    #[test]
    fn float_noise_is_rounded_where_that_is_asked_for() {
        for (text, pico) in [("0.0012425000000000001", 1_242_500_000), ("2.5e-12", 2), ("3.5e-12", 4), ("1e-60", 0)] {
            assert_eq!(Money::parse_rounded(text), Ok(Money::from_pico(pico)), "{text}");
        }
        assert!(Money::parse_rounded("one").is_err());
    }

    #[test]
    fn division_rounds_ties_to_even() {
        for (numerator, denominator, expected) in
            [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (6, 4, 2), (10, 4, 2)]
        {
            assert_eq!(div_half_even(numerator, denominator), expected, "{numerator}/{denominator}");
        }
    }

    #[test]
    fn cents_round_half_even() {
        assert_eq!(Money::from_pico(15_000_000_000).cents_half_even(), 2);
        assert_eq!(Money::from_pico(25_000_000_000).cents_half_even(), 2);
        assert_eq!(Money::from_cents(7).cents_half_even(), 7);
    }
}
