//! Numbers of foreign formats: `1200`, `1200.0`, `1.2e3` and `"1200"` are the same count.
//! Invariant: a number that is negative or no whole number is an error with its text, never 0.

use purser_domain::money::parse_decimal;
use purser_domain::usage::Usage;

use crate::field;

/// Why a value is no count.
const NOT_COUNT: &str = "must be a whole number, 0 or more";

/// Reads a count; `None` for `null` and an empty text.
///
/// # Errors
/// The reason why the value is no count.
pub(crate) fn count(value: &str) -> Result<Option<u64>, String> {
    if let Ok(count) = value.parse() {
        return bounded(count);
    }
    let text = field::shown(value);
    let text = text.trim();
    if text.is_empty() || value == "null" {
        return Ok(None);
    }
    let (digits, scale) = parse_decimal(text).map_err(|_| NOT_COUNT.to_owned())?;
    let power = 10_i128.checked_pow(scale.unsigned_abs());
    let whole = match power {
        Some(power) if scale > 0 => (digits % power == 0).then_some(digits / power),
        Some(power) => digits.checked_mul(power),
        None => None,
    };
    let whole = whole.filter(|_| !text.starts_with('-') || digits == 0).ok_or_else(|| NOT_COUNT.to_owned())?;
    u64::try_from(whole).map_err(|_| NOT_COUNT.to_owned()).and_then(bounded)
}

/// Sums of counts below 2⁵³ fit.
fn bounded(count: u64) -> Result<Option<u64>, String> {
    if count <= Usage::MAX { Ok(Some(count)) } else { Err("must be below 2^53".to_owned()) }
}

/// Whether a value is a number that is not zero.
pub(super) fn is_nonzero(value: &str) -> bool {
    parse_decimal(field::shown(value).trim()).is_ok_and(|(digits, _)| digits != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_whole_however_it_is_written() {
        for text in ["1200", "1200.0", "\"1200\"", "\" 1200.00 \"", "1.2e3", "12000e-1"] {
            assert_eq!(count(text), Ok(Some(1_200)), "{text}");
        }
        for text in ["null", "\"\"", "\" \""] {
            assert_eq!(count(text), Ok(None), "{text}");
        }
        assert_eq!(count("-0"), Ok(Some(0)));
        for text in ["-5", "\"-5\"", "1200.5", "\"many\"", "true", "1e40", "[1]", "-1e-3"] {
            assert_eq!(count(text), Err(NOT_COUNT.to_owned()), "{text}");
        }
    }
}
