//! Exact decimals for a billing file: price × quantity = cost to the last digit.
//! Invariant: no operation rounds; what does not fit is `None`.

use std::fmt;

use purser_domain::money::Money;
use purser_domain::price::Rate;

/// `digits × 10^-scale`, without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { digits: 0, scale: 0 };
    /// One.
    pub const ONE: Self = Self { digits: 1, scale: 0 };

    /// `digits × 10^-scale`.
    #[must_use]
    pub const fn new(mut digits: i128, mut scale: u32) -> Self {
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        Self { digits, scale }
    }

    /// Dollars.
    #[must_use]
    pub const fn usd(money: Money) -> Self {
        Self::new(money.pico(), 12)
    }

    /// Dollars for `units` units at `rate`; `None` if that is no finite decimal.
    #[must_use]
    pub fn price(rate: Rate, units: u64) -> Option<Self> {
        let (pico, per) = rate.parts();
        let (mut digits, per) = (i128::from(pico).checked_mul(i128::from(units))?, i128::from(per));
        let mut scale = 12;
        while digits % per != 0 {
            digits = digits.checked_mul(10).filter(|_| scale < 36)?;
            scale += 1;
        }
        Some(Self::new(digits / per, scale))
    }

    /// The exact product.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        Some(Self::new(self.digits.checked_mul(other.digits)?, self.scale + other.scale))
    }

    /// The digits at `scale` decimals; `None` if the number is finer or does not fit.
    #[must_use]
    pub fn at_scale(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

impl fmt::Display for Decimal {
    /// Plain digits, never an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let text = format!("{:0width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = text.split_at(text.len() - scale);
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_times_quantity_is_exact() {
        // 0.075 USD per million × 1.234567 million = 0.092592525 USD.
        let rate = Rate::parse("0.075", 1_000_000).expect("a literal of this test");
        let price = Decimal::price(rate, 1_000_000).expect("a finite decimal");
        assert_eq!(price.to_string(), "0.075");
        let quantity = Decimal::new(1_234_567, 6);
        assert_eq!(price.times(quantity).map(|cost| cost.to_string()).as_deref(), Some("0.092592525"));
        assert_eq!(Decimal::usd(Money::from_pico(-1_500_000_000_000)).to_string(), "-1.5");
        assert_eq!(Decimal::new(5_000, 1).at_scale(2), Some(50_000));
        assert_eq!(Decimal::new(5, 3).at_scale(2), None);
    }

    #[test]
    fn a_third_is_no_decimal() {
        let third = Rate::parse("1", 3).expect("a literal of this test");
        assert_eq!(Decimal::price(third, 1), None);
    }
}
