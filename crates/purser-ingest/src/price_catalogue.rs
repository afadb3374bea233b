//! What converters of foreign price catalogues share: exact decimals, known names, the outcome.
//! Invariant: no rate passes through a float, and every value that is changed or left out is a finding.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::money::{div_half_even, parse_decimal};
use purser_domain::price::{Finding, Price, Rate, Severity, Source};

/// The most significant digits of a rate; more are the noise of a float.
const DIGITS_MAX: u32 = 12;

/// Which catalogue is converted and when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name and version: `litellm 1.109.1`.
    pub catalogue: String,
    /// `YYYY-MM-DD`.
    pub retrieved: String,
}

impl Origin {
    /// The source of a price that the catalogue read at `url`.
    #[must_use]
    pub fn source(&self, url: Option<String>) -> Source {
        Source { catalogue: self.catalogue.clone(), url, retrieved: self.retrieved.clone() }
    }
}

/// Prices of a foreign catalogue, and what could not be taken over as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Converted {
    /// The prices, by provider and model.
    pub prices: Vec<Price>,
    /// Roundings, unsupported units, conditions and names, in order.
    pub findings: Vec<Finding>,
}

/// A catalogue that cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue is not of the expected form: {0}")]
pub struct CatalogueError(pub String);

impl From<serde_json::Error> for CatalogueError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Exact model names that are known to exist, by canonical provider.
///
/// Match clauses of a catalogue (`starts_with: gpt-4o`) are expanded to these and to nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownNames(BTreeMap<String, BTreeSet<String>>);

impl KnownNames {
    /// Adds a name in lower case.
    pub fn insert(&mut self, provider: &str, name: &str) {
        self.0.entry(provider.to_owned()).or_default().insert(name.to_ascii_lowercase());
    }

    /// Reads lines of `provider name`; empty ones and those that start with `#` are skipped.
    ///
    /// # Errors
    /// The first line that is not two words.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let mut names = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (provider, name) =
                line.split_once(' ').ok_or_else(|| CatalogueError(format!("{line:?} is not PROVIDER NAME")))?;
            names.insert(provider, name.trim());
        }
        Ok(names)
    }

    /// Adds every name of the prices.
    pub fn add_prices(&mut self, prices: &[Price]) {
        for price in prices {
            for name in std::iter::once(&price.model).chain(&price.aliases) {
                self.insert(&price.provider, name);
            }
        }
    }

    /// Adds the names of another catalogue's prices, but for those that a loose clause must not swallow: names with a
    /// region in them have a price of their own, and a name that moves is nobody's alias for ever.
    pub fn add_others(&mut self, prices: &[Price]) {
        let is_regional = |price: &Price| {
            matches!(price.provider.as_str(), "aws.bedrock" | "azure.ai.openai") && price.model.contains('/')
        };
        let plain = prices.iter().filter(|price| !is_regional(price) && price.effective_from.is_none());
        for price in plain {
            for name in std::iter::once(&price.model).chain(&price.aliases) {
                self.insert(&price.provider, name);
            }
        }
    }

    /// The names of a provider.
    pub fn of(&self, provider: &str) -> impl Iterator<Item = &str> {
        self.0.get(provider).into_iter().flatten().map(String::as_str)
    }
}

/// Reads a decimal literal (a JSON number or text) of dollars for `units` units.
///
/// A literal of more than twelve significant digits is rounded to them, which is a finding; one
/// that no rate can hold is left out, which is another.
pub fn rate(literal: &str, units: u64, subject: &str, findings: &mut Vec<Finding>) -> Option<Rate> {
    let text = literal.trim().trim_matches('"');
    let mut left_out = |reason: String| {
        findings.push(Finding::new(Severity::Warning, subject, format!("{text} is left out: {reason}")));
    };
    let (digits, scale) = match parse_decimal(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            left_out(error.to_string());
            return None;
        }
    };
    let (exact, exponent) = without_zeros(digits, -scale);
    let excess = exact.unsigned_abs().checked_ilog10().map_or(0, |log| (log + 1).saturating_sub(DIGITS_MAX));
    let (few, few_exponent) = without_zeros(div_half_even(exact, 10_i128.pow(excess)), exponent + excess.cast_signed());
    let rounded = format!("{few}e{few_exponent}");
    let chosen = if excess == 0 { text } else { &rounded };
    match Rate::parse(chosen, units) {
        Ok(rate) => {
            if excess > 0 {
                let message = format!("{text} has float noise: taken as {chosen}");
                findings.push(Finding::new(Severity::Warning, subject, message));
            }
            Some(rate)
        }
        Err(error) => {
            left_out(error.to_string());
            None
        }
    }
}

/// The same number, digits × 10^exponent, with no zero at the end of the digits.
fn without_zeros(mut digits: i128, mut exponent: i32) -> (i128, i32) {
    while digits != 0 && digits % 10 == 0 {
        digits /= 10;
        exponent += 1;
    }
    (digits, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(literal: &str, units: u64, expected: Option<(u64, u64)>, finding: &str) {
        let mut findings = Vec::new();
        let found = rate(literal, units, "p m input", &mut findings).map(Rate::parts);
        assert_eq!(found, expected, "{literal}");
        let text: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(text.join(""), finding, "{literal}");
    }

    #[test]
    fn literals_are_read_exactly_and_noise_is_reported() {
        check("1.25e-06", 1, Some((1_250_000, 1)), "");
        check("\"0.0375\"", 1_000_000, Some((37_500, 1)), "");
        check("0.000001000000", 1, Some((1_000_000, 1)), "");
        check(
            "5.0000000000000004e-08",
            1,
            Some((50_000, 1)),
            "warning: p m input: 5.0000000000000004e-08 has float noise: taken as 5e-8",
        );
        // A third of a cent per thousand: twelve digits of it.
        check(
            "3.3333333333333333e-06",
            1,
            Some((333_333_333_333, 100_000)),
            "warning: p m input: 3.3333333333333333e-06 has float noise: taken as 333333333333e-17",
        );
        check("-1", 1, None, "warning: p m input: -1 is left out: \"-1\" is not a decimal number");
        check("free", 1, None, "warning: p m input: free is left out: \"free\" is not a decimal number");
        check("1e-40", 1, None, "warning: p m input: 1e-40 is left out: \"1e-40\" is too large");
    }

    #[test]
    fn known_names_are_read_by_provider() {
        let names = KnownNames::parse("# old names\nopenai GPT-4-0314\n\nopenai gpt-4\n").expect("two names");
        assert_eq!(names.of("openai").collect::<Vec<_>>(), ["gpt-4", "gpt-4-0314"]);
        assert_eq!(names.of("anthropic").count(), 0);
        assert!(KnownNames::parse("openai").is_err());
    }
}
