//! Quantities that are not tokens: images, seconds, characters, pages, queries, calls of a tool.
//! Invariant: a quantity is an exact decimal of at most six places; the list of names is open.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::money::parse_decimal;

/// Quantities by the unit's name, names ascending.
pub type Units = BTreeMap<String, Quantity>;

/// Names that purser itself uses. Any other name of the same form may be used as well.
pub const KNOWN: [&str; 33] = [
    "images",
    "input_images",
    "pixels",
    "input_pixels",
    "audio_seconds",
    "output_audio_seconds",
    "video_seconds",
    "input_video_seconds",
    "provisioned_seconds",
    "characters",
    "output_characters",
    "pages",
    "annotated_pages",
    "queries",
    "credits",
    "calls",
    "text_messages",
    "citation_tokens",
    "explicit_cache_read_tokens",
    "cache_write_audio_tokens",
    "file_searches",
    "social_searches",
    "code_executions",
    "code_interpreter_sessions",
    "container_seconds",
    "maps_groundings",
    "maps_grounded_prompts",
    "grounded_prompts",
    "requests_low",
    "requests_medium",
    "requests_high",
    "web_searches_fast",
    "cache_token_hours",
];

/// The most units of one event.
pub const UNITS_MAX: usize = 32;

/// Whether `name` may name a unit: a lower-case letter, then at most 63 lower-case letters, digits and underscores.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// How much of a unit: millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Quantity(u64);

impl Quantity {
    /// The largest quantity in millionths: 2⁵³ − 1, some nine billion.
    pub const MAX: u64 = (1 << 53) - 1;

    /// A quantity of `micros` millionths; `None` above [`Quantity::MAX`].
    #[must_use]
    pub const fn from_micros(micros: u64) -> Option<Self> {
        if micros <= Self::MAX { Some(Self(micros)) } else { None }
    }

    /// `whole` units; `None` above [`Quantity::MAX`].
    #[must_use]
    pub const fn whole(whole: u64) -> Option<Self> {
        match whole.checked_mul(1_000_000) {
            Some(micros) => Self::from_micros(micros),
            None => None,
        }
    }

    /// Millionths.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = String;

    /// Reads an exact decimal, not negative; what is finer than a millionth is rounded up, so that nothing used counts
    /// as nothing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "must be a decimal number, 0 or more, below 9 billion".to_owned();
        let (digits, scale) = parse_decimal(text).map_err(|_| wrong())?;
        let digits = u128::try_from(digits).map_err(|_| wrong())?;
        let power = |n: i32| 10_u128.checked_pow(n.unsigned_abs());
        let micros = match (digits, 6 - scale) {
            (0, _) => Some(0),
            (digits, shift @ 0..) => power(shift).and_then(|factor| digits.checked_mul(factor)),
            (digits, shift) => Some(power(shift).map_or(1, |divisor| digits.div_ceil(divisor))),
        };
        micros.and_then(|micros| u64::try_from(micros).ok()).and_then(Self::from_micros).ok_or_else(wrong)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{fraction:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl serde::Serialize for Quantity {
    /// A whole number as a JSON number, any other as decimal text: no float ever stands for a quantity.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1_000_000) {
            serializer.serialize_u64(self.0 / 1_000_000)
        } else {
            serializer.collect_str(self)
        }
    }
}

impl<'de> serde::Deserialize<'de> for Quantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Told {
            Whole(u64),
            Float(f64),
            Text(String),
        }
        let told = Told::deserialize(deserializer)?;
        let quantity = match told {
            Told::Whole(whole) => Self::whole(whole).ok_or_else(|| "must be below 9 billion".to_owned()),
            Told::Float(number) => number.to_string().parse(),
            Told::Text(text) => text.parse(),
        };
        quantity.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_an_exact_decimal() {
        for (text, micros, shown) in [
            ("2", 2_000_000, "2"),
            ("12.4", 12_400_000, "12.4"),
            ("1e2", 100_000_000, "100"),
            ("0.0000001", 1, "0.000001"),
            ("0", 0, "0"),
        ] {
            let quantity: Quantity = text.parse().expect(text);
            assert_eq!((quantity.micros(), quantity.to_string().as_str()), (micros, shown), "{text}");
            let json = serde_json::to_string(&quantity).expect("a number or a text");
            assert_eq!(serde_json::from_str::<Quantity>(&json).expect(&json), quantity);
        }
        for text in ["-1", "many", "", "9007199254.740992", "1e40"] {
            assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_known_names_are_names() {
        assert!(KNOWN.into_iter().all(is_name));
        for name in ["", "Images", "1st", "web search", "a-b", &"x".repeat(65)] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
