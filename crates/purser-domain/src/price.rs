//! Dated prices: exact rates per leaf, by service tier and context size.
//! Invariant: a rate is an exact rational; nothing is rounded before an amount is.

mod daily_window;
mod factor;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::money::{Money, ParseMoneyError, div_half_even, parse_decimal};
use crate::time::Timestamp;
use crate::unit::Quantity;
use crate::usage::Leaf;
pub use daily_window::{DailyWindow, Weekdays};
pub use factor::Factor;

/// A price per unit, as `pico / per` pico-dollars, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    pico: u64,
    per: u64,
}

impl Rate {
    /// Free of charge.
    pub const FREE: Self = Self { pico: 0, per: 1 };

    /// `pico / per` pico-dollars for one unit; `None` if `per` is zero.
    #[must_use]
    pub fn new(pico: u64, per: u64) -> Option<Self> {
        if per == 0 {
            return None;
        }
        let divisor = gcd(pico, per);
        Some(Self { pico: pico / divisor, per: per / divisor })
    }

    /// Reads an exact decimal of dollars for `units` units: `parse("0.075", 1_000_000)`.
    ///
    /// # Errors
    /// When the text is not a decimal, is negative, or needs more than 64 bits on either side.
    pub fn parse(usd: &str, units: u64) -> Result<Self, ParseMoneyError> {
        let (digits, scale) = parse_decimal(usd)?;
        let too_large = || ParseMoneyError::TooLarge(usd.to_owned());
        let digits = u128::try_from(digits).map_err(|_| ParseMoneyError::NotDecimal(usd.to_owned()))?;
        if digits == 0 {
            return Ok(Self::FREE);
        }
        let power = |n: i32| u32::try_from(n).ok().and_then(|n| 10_u128.checked_pow(n)).ok_or_else(too_large);
        let (pico, per) = if scale <= 12 {
            (digits.checked_mul(power(12 - scale)?).ok_or_else(too_large)?, u128::from(units))
        } else {
            (digits, u128::from(units).checked_mul(power(scale - 12)?).ok_or_else(too_large)?)
        };
        let divisor = gcd128(pico, per);
        match (u64::try_from(pico / divisor), u64::try_from(per / divisor)) {
            (Ok(pico), Ok(per)) if per > 0 => Ok(Self { pico, per }),
            _ => Err(too_large()),
        }
    }

    /// Numerator in pico-dollars and denominator in units.
    #[must_use]
    pub const fn parts(self) -> (u64, u64) {
        (self.pico, self.per)
    }

    /// What `quantity` units cost, rounded half-even once; `None` if it does not fit a charge.
    #[must_use]
    pub fn amount(self, quantity: u64) -> Option<Money> {
        let exact = i128::from(self.pico) * i128::from(quantity);
        let pico = if self.per == 1 { exact } else { div_half_even(exact, i128::from(self.per)) };
        Some(Money::from_pico(pico)).filter(|money| money.fits_charge())
    }

    /// What `quantity` of a unit that is not a token costs, rounded half-even once; `None` if it does not fit a charge.
    #[must_use]
    pub fn amount_of(self, quantity: Quantity) -> Option<Money> {
        let exact = i128::from(self.pico) * i128::from(quantity.micros());
        let pico = div_half_even(exact, i128::from(self.per) * 1_000_000);
        Some(Money::from_pico(pico)).filter(|money| money.fits_charge())
    }

    /// The rate times `numerator / denominator`, exact; `None` if the result needs more than 64 bits on either side.
    #[must_use]
    pub fn times(self, numerator: u32, denominator: u32) -> Option<Self> {
        let (pico, per) =
            (u128::from(self.pico) * u128::from(numerator), u128::from(self.per) * u128::from(denominator));
        let divisor = gcd128(pico, per);
        Self::new(u64::try_from(pico / divisor).ok()?, u64::try_from(per / divisor).ok()?)
    }

    /// The rate after a discount of `percent_milli` thousandths of a percent (0 to 100,000); exact.
    ///
    /// `None` if the discount is over 100 % or the result needs more than 64 bits.
    #[must_use]
    pub fn discounted(self, percent_milli: u32) -> Option<Self> {
        let keep = u128::from(100_000_u32.checked_sub(percent_milli)?);
        let (pico, per) = (u128::from(self.pico) * keep, u128::from(self.per) * 100_000);
        let divisor = gcd128(pico, per);
        Self::new(u64::try_from(pico / divisor).ok()?, u64::try_from(per / divisor).ok()?)
    }
}

impl fmt::Display for Rate {
    /// Dollars per million units if that is a finite decimal, else the fraction in pico-dollars.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let million = u128::from(self.pico) * 1_000_000;
        let (mut scale, mut per, mut digits) = (12_usize, u128::from(self.per), million);
        while !digits.is_multiple_of(per) && scale < 30 {
            digits *= 10;
            scale += 1;
            let divisor = gcd128(digits, per);
            (digits, per) = (digits / divisor, per / divisor);
        }
        if !digits.is_multiple_of(per) {
            return write!(f, "{}/{} pico-dollars", self.pico, self.per);
        }
        let text = format!("{:0width$}", digits / per, width = scale + 1);
        let (whole, fraction) = text.split_at(text.len() - scale);
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { f.write_str(whole) } else { write!(f, "{whole}.{fraction}") }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

fn gcd128(a: u128, b: u128) -> u128 {
    if b == 0 { a.max(1) } else { gcd128(b, a % b) }
}

/// The tier that a call without a tier is served by.
pub const STANDARD: &str = "standard";

/// Words that leave the tier to the provider.
const UNSAID: [&str; 6] = ["", "auto", "none", "null", "unspecified", "unknown"];
/// Words for the standard tier.
const USUAL: [&str; 6] = [STANDARD, "standard_only", "default", "normal", "on_demand", "on-demand"];

/// The canonical name of a service tier, in lower case; `None` for words that leave it to the provider, which then
/// charges as for [`STANDARD`].
#[must_use]
pub fn service_tier(told: &str) -> Option<Cow<'_, str>> {
    let is = |word: &&str| told.eq_ignore_ascii_case(word);
    if UNSAID.iter().any(is) {
        return None;
    }
    if USUAL.iter().any(is) {
        return Some(STANDARD.into());
    }
    match told {
        "batches" => Some("batch".into()),
        told if told.bytes().any(|byte| byte.is_ascii_uppercase()) => Some(told.to_ascii_lowercase().into()),
        told => Some(told.into()),
    }
}

/// The rates of one (service tier, context size).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// `standard`, `batch`, `flex`, `priority`, `fast`, …
    pub service_tier: String,
    /// Applies to calls whose total input, cached tokens included, is above this many tokens.
    pub over_input_tokens: u64,
    /// Rate per leaf, in the order of [`Leaf::ALL`]. The whole call is charged at these rates.
    pub rates: [Option<Rate>; Leaf::COUNT],
    /// Rate per unit that is not a token, by the unit's name, see [`crate::unit`].
    pub units: BTreeMap<String, Rate>,
    /// Where these rates were read, if elsewhere than the price's own source.
    pub source: Option<Source>,
    /// Where single rates were read, if elsewhere than the others: by the name of the leaf or unit.
    pub rate_sources: BTreeMap<String, Source>,
}

impl Tier {
    /// A tier of rates per leaf, read where its price was.
    #[must_use]
    pub fn new(service_tier: impl Into<String>, over_input_tokens: u64, rates: [Option<Rate>; Leaf::COUNT]) -> Self {
        let (units, rate_sources) = (BTreeMap::new(), BTreeMap::new());
        Self { service_tier: service_tier.into(), over_input_tokens, rates, units, source: None, rate_sources }
    }

    /// Whether the tier has no rate at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.units.is_empty() && self.rates.iter().all(Option::is_none)
    }
}

/// What one model of one provider costs during one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Canonical provider, see [`crate::provider::canonical`].
    pub provider: String,
    /// The model's own name.
    pub model: String,
    /// Other exact names of the model.
    pub aliases: Vec<String>,
    /// First instant of validity; `None` = undated: valid for all earlier time.
    pub effective_from: Option<Timestamp>,
    /// First instant after validity; `None` = still valid.
    pub effective_to: Option<Timestamp>,
    /// If set, the price holds only at these times of the week and beats one that holds all day.
    pub daily: Option<DailyWindow>,
    /// Multipliers of token rates, by a dimension of the call.
    pub factors: Vec<Factor>,
    /// Rates, at least one tier.
    pub tiers: Vec<Tier>,
    /// Where the rates were read.
    pub source: Source,
}

/// Where a price was read, and when.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// The catalogue: `genai-prices 0.2.3`, `litellm 1.109.1`, or `tenant`.
    pub catalogue: String,
    /// The provider's page, if the catalogue names it.
    pub url: Option<String>,
    /// `YYYY-MM-DD` on which the catalogue was read.
    pub retrieved: String,
}

/// Something a reader of prices must know: what was refused, changed or is odd, and about what.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The line, or the provider and model, and the field: `openai gpt-4o batch.input`.
    pub subject: String,
    /// What is odd, with the value.
    pub message: String,
}

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot be used, or only by chance: must be mended.
    Error,
    /// A value was left out or changed.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    /// A finding about `subject`.
    #[must_use]
    pub fn new(severity: Severity, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity, subject: subject.into(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity.name(), self.subject, self.message)
    }
}

/// A tenant's percentage off a provider's or a model's unit prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// Its id.
    pub id: String,
    /// Canonical provider; `None` = all.
    pub provider: Option<String>,
    /// Model; `None` = all.
    pub model: Option<String>,
    /// Thousandths of a percent off, 0 to 100,000.
    pub percent_milli: u32,
    /// First instant of validity; `None` = always.
    pub effective_from: Option<Timestamp>,
    /// First instant after validity.
    pub effective_to: Option<Timestamp>,
}

impl Discount {
    /// Thousandths of a percent, if the text is 0 to 100 with at most three decimals.
    #[must_use]
    pub fn percent_milli(text: &str) -> Option<u32> {
        let (digits, scale) = parse_decimal(text).ok()?;
        let shift = 3 - scale;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let milli =
            if shift >= 0 { digits.checked_mul(power)? } else { (digits % power == 0).then_some(digits / power)? };
        u32::try_from(milli).ok().filter(|milli| *milli <= 100_000)
    }

    /// The percentage off, without zeros at its end.
    #[must_use]
    pub fn percent(&self) -> String {
        let text = format!("{}.{:03}", self.percent_milli / 1_000, self.percent_milli % 1_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(usd: &str, units: u64) -> Rate {
        Rate::parse(usd, units).expect("a literal of this test")
    }

    #[test]
    fn a_percentage_has_at_most_three_decimals() {
        for (text, expect) in [
            ("12.5", Some(12_500)),
            ("100", Some(100_000)),
            ("0", Some(0)),
            ("0.001", Some(1)),
            ("1e1", Some(10_000)),
            ("12.0000", Some(12_000)),
            ("0.0001", None),
            ("100.001", None),
            ("-1", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(Discount::percent_milli(text), expect, "{text}");
        }
        for (percent_milli, text) in [(12_500, "12.5"), (100_000, "100"), (1, "0.001"), (0, "0")] {
            let (id, none) = (String::new(), None);
            let discount =
                Discount { id, provider: None, model: None, percent_milli, effective_from: none, effective_to: none };
            assert_eq!(discount.percent(), text);
        }
    }

    #[test]
    fn the_usual_tier_has_many_names() {
        for (told, expected) in [
            ("default", Some("standard")),
            ("On_Demand", Some("standard")),
            ("auto", None),
            ("unknown", None),
            ("", None),
            ("batches", Some("batch")),
            ("Flex", Some("flex")),
        ] {
            assert_eq!(service_tier(told).as_deref(), expected, "{told}");
        }
    }

    #[test]
    fn a_rate_is_exact_below_a_pico_dollar() {
        // 0.0375 USD per million = 37,500 pico-dollars a token.
        assert_eq!(rate("0.0375", 1_000_000).parts(), (37_500, 1));
        // 1e-13 USD a token = a tenth of a pico-dollar: 5 tokens are half a pico-dollar, to even.
        let tiny = rate("1e-13", 1);
        assert_eq!(tiny.parts(), (1, 10));
        assert_eq!(tiny.amount(5), Some(Money::from_pico(0)));
        assert_eq!(tiny.amount(15), Some(Money::from_pico(2)));
    }

    #[test]
    fn a_rate_shows_dollars_per_million() {
        for (usd, shown) in [("0.0375", "0.0375"), ("15", "15"), ("0", "0"), ("2.50", "2.5")] {
            assert_eq!(rate(usd, 1_000_000).to_string(), shown);
        }
        assert_eq!(rate("1", 3).to_string(), "1000000000000/3 pico-dollars");
    }

    #[test]
    fn a_discount_changes_the_unit_price_exactly() {
        // 12.5 % off 3 USD per million leaves 2.625 USD per million.
        assert_eq!(rate("3", 1_000_000).discounted(12_500), Some(rate("2.625", 1_000_000)));
        assert_eq!(rate("3", 1_000_000).discounted(100_000), Some(Rate::FREE));
        assert_eq!(rate("3", 1_000_000).discounted(100_001), None);
    }

    #[test]
    fn amounts_beyond_a_charge_are_refused() {
        assert_eq!(rate("1", 1).amount(1_000_000), None);
        assert!(rate("1", 1).amount(999_999).is_some());
        assert!(Rate::parse("-1", 1).is_err());
    }
}
