//! How many tokens each of the calls read that one row of usage stands for, as far as its source says so.
//! Invariant: the bounds are tokens, the lower one exclusive, the upper one inclusive, and never crossed.

use std::fmt;
use std::str::FromStr;

/// The bounds of the input, cached tokens included, of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContextWindow {
    over: u64,
    up_to: Option<u64>,
}

impl ContextWindow {
    /// Calls that read more than `over` tokens and at most `up_to`; `None` if no number lies between.
    #[must_use]
    pub fn new(over: u64, up_to: Option<u64>) -> Option<Self> {
        up_to.is_none_or(|up_to| over < up_to).then_some(Self { over, up_to })
    }

    /// `tokens`, or the nearest number of tokens within the bounds.
    #[must_use]
    pub fn clamp(self, tokens: u64) -> u64 {
        let least = if self.over == 0 { 0 } else { self.over.saturating_add(1) };
        tokens.max(least).min(self.up_to.unwrap_or(u64::MAX))
    }
}

impl fmt::Display for ContextWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.over, self.up_to) {
            (0, Some(up_to)) => write!(f, "<={up_to}"),
            (over, None) => write!(f, ">{over}"),
            (over, Some(up_to)) => write!(f, "{over}-{up_to}"),
        }
    }
}

impl FromStr for ContextWindow {
    type Err = String;

    /// Reads `≤ 200k`, `<=200000`, `> 200k`, `0-200k`, `200k-1M`, `200k`: a number alone is the upper bound.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no context window: give it like \"<=200k\", \">200k\" or \"200k-1M\"");
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let bound = |text: &str| tokens(text).ok_or_else(wrong);
        let strip = |marks: &[&str]| marks.iter().find_map(|mark| compact.strip_prefix(mark));
        let (over, up_to) = if let Some(rest) = strip(&["<=", "≤"]) {
            (0, Some(bound(rest)?))
        } else if let Some(rest) = strip(&[">=", "≥"]) {
            (bound(rest)?.saturating_sub(1), None)
        } else if let Some(rest) = strip(&["<"]) {
            (0, Some(bound(rest)?.saturating_sub(1)))
        } else if let Some(rest) = strip(&[">"]) {
            (bound(rest)?, None)
        } else if let Some((low, high)) = compact.split_once(['-', '–']) {
            (bound(low)?, Some(bound(high)?))
        } else {
            (0, Some(bound(&compact)?))
        };
        Self::new(over, up_to).ok_or_else(wrong)
    }
}

/// `200k`, `1M`, `200000` and `200,000` as tokens.
fn tokens(text: &str) -> Option<u64> {
    let (digits, factor) = match text.char_indices().next_back()? {
        (end, 'k' | 'K') => (&text[..end], 1_000),
        (end, 'm' | 'M') => (&text[..end], 1_000_000),
        _ => (text, 1),
    };
    let digits = digits.replace([',', '_'], "");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_window_is_read_and_shown_in_one() {
        for (text, shown) in [
            ("≤ 200k", "<=200000"),
            ("<= 100k", "<=100000"),
            ("0-200k", "<=200000"),
            ("200k", "<=200000"),
            ("< 200,001", "<=200000"),
            ("> 200k", ">200000"),
            (">=200001", ">200000"),
            ("200k-1M", "200000-1000000"),
            ("200k – 1m", "200000-1000000"),
        ] {
            let window: ContextWindow = text.parse().expect(text);
            assert_eq!(window.to_string(), shown, "{text}");
            assert_eq!(shown.parse(), Ok(window), "{shown}");
        }
        for text in ["", "long", "200k-100k", "<=0", "-5", "≤", "1.5M", "99999999999999999999"] {
            assert!(text.parse::<ContextWindow>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_window_bounds_what_is_reckoned() {
        let short: ContextWindow = "<=200k".parse().expect("a literal of this test");
        let long: ContextWindow = ">200k".parse().expect("a literal of this test");
        assert_eq!([short.clamp(5), short.clamp(200_000), short.clamp(1_000_000)], [5, 200_000, 200_000]);
        assert_eq!([long.clamp(5), long.clamp(200_001), long.clamp(1_000_000)], [200_001, 200_001, 1_000_000]);
    }
}
