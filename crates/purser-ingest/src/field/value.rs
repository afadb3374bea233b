//! Readers of single values: counts, amounts of money, instants, flags, objects of labels and units.
//! Invariant: a number is read exactly or refused; none passes through a float.

use std::borrow::Cow;

use purser_domain::money::{Money, parse_decimal};
use purser_domain::time::Timestamp;
use purser_domain::unit::Quantity;
use purser_domain::usage_event::{Contradiction, FieldError, Status, UsageEvent};

use super::shown;
use crate::decoded::ERRORS_MAX;
use crate::json;

pub(super) const NOT_COUNT: &str = "must be a whole number, 0 or more";
const TOO_MANY: &str = "must be below 2^53";
const NOT_MONEY: &str = "must be a decimal number of dollars";

/// Reads a whole number that is not negative; `1200.0` and `1.2e3` are whole.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(NOT_COUNT.to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| TOO_MANY.to_owned());
    }
    let (digits, scale) = parse_decimal(text).map_err(|_| NOT_COUNT.to_owned())?;
    let power = 10_i128.checked_pow(scale.unsigned_abs());
    let whole = if scale > 0 {
        match power {
            Some(power) if digits % power == 0 => Some(digits / power),
            _ => return Err(NOT_COUNT.to_owned()),
        }
    } else {
        power.and_then(|power| digits.checked_mul(power))
    };
    whole.and_then(|whole| u64::try_from(whole).ok()).ok_or_else(|| TOO_MANY.to_owned())
}

pub(super) fn attempt(text: &str) -> Result<u32, String> {
    match count(text)?.try_into() {
        Ok(0) | Err(_) => Err("must be from 1 to 4294967295".to_owned()),
        Ok(attempt) => Ok(attempt),
    }
}

/// Reads an amount of dollars, rounding float noise below a pico-dollar.
pub(crate) fn money(text: &str) -> Result<Money, String> {
    Money::parse_rounded(text).map_err(|_| NOT_MONEY.to_owned())
}

/// An amount of money with the currency that is written beside it, if one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    /// The decimal number.
    pub number: String,
    /// ISO 4217, upper case.
    pub currency: Option<String>,
}

/// Reads `0.10`, `$0.10`, `-$0.10`, `0.10 USD`, `USD 0.10`, `€0.10`, `10 CNY`.
pub(super) fn amount(text: &str) -> Result<Amount, String> {
    let (sign, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.trim()),
    };
    let is_mark = |c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+');
    let rest_trimmed = rest.trim_start_matches(is_mark);
    let before = &rest[..rest.len() - rest_trimmed.len()];
    let digits = rest_trimmed.trim_end_matches(is_mark);
    let after = &rest_trimmed[digits.len()..];
    if digits.is_empty() {
        return Err(NOT_MONEY.to_owned());
    }
    let number = format!("{sign}{digits}");
    parse_decimal(&number).map_err(|_| NOT_MONEY.to_owned())?;
    let marks = [before, after].map(str::trim).into_iter().filter(|mark| !mark.is_empty());
    let mut known: Option<String> = None;
    for mark in marks {
        let currency = currency(mark)?;
        if known.as_ref().is_some_and(|known| *known != currency) {
            return Err("names two currencies".to_owned());
        }
        known = Some(currency);
    }
    Ok(Amount { number, currency: known })
}

/// The ISO 4217 code of a currency's sign or code.
pub(super) fn currency(mark: &str) -> Result<String, String> {
    Ok(match mark {
        "$" | "US$" | "US $" => "USD",
        "€" => "EUR",
        "£" => "GBP",
        "₹" => "INR",
        "₩" => "KRW",
        "元" | "CN¥" | "RMB" => "CNY",
        "円" | "JP¥" => "JPY",
        "¥" | "￥" => return Err(format!("{mark:?} is the sign of CNY and of JPY: give the code")),
        _ if mark.len() == 3 && mark.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            return Ok(mark.to_ascii_uppercase());
        }
        _ => return Err(format!("{mark:?} is not a currency such as USD or EUR")),
    }
    .to_owned())
}

pub(super) fn status(text: &str) -> Result<Status, String> {
    match text {
        "ok" => Ok(Status::Ok),
        "error" => Ok(Status::Error),
        _ => Err("must be ok or error".to_owned()),
    }
}

pub(super) fn flag(text: &str) -> Result<bool, String> {
    match text {
        "true" | "True" | "TRUE" | "1" | "1.0" | "yes" | "Yes" => Ok(true),
        "false" | "False" | "FALSE" | "0" | "0.0" | "no" | "No" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

pub(super) fn contradiction(text: &str) -> Result<Box<Contradiction>, String> {
    serde_json::from_str(text).map_err(|_| "must be an object of a reason and counts".to_owned())
}

/// Reads a quantity of a unit; `None` for zero, which is no use.
pub(crate) fn quantity(text: &str) -> Result<Option<Quantity>, String> {
    text.parse::<Quantity>().map(|quantity| (quantity.micros() > 0).then_some(quantity))
}

/// Reads a JSON object of strings into the tags; false if it is no object.
pub(super) fn set_tags(event: &mut UsageEvent, value: &str, path: &str, errors: &mut Vec<FieldError>) -> bool {
    let read = json::fields(value, |key, tag| match json::string(tag) {
        Some(text) => {
            event.tags.insert(key.into_owned(), text.into_owned());
        }
        None if errors.len() < ERRORS_MAX => {
            errors.push(FieldError::new(format!("{path}tags.{key}"), tag, "must be a string"));
        }
        None => {}
    });
    read == Ok(true)
}

/// Reads a JSON object of numbers, or of texts that are numbers, into the units; false if it is no object.
pub(super) fn set_units(event: &mut UsageEvent, value: &str, path: &str, errors: &mut Vec<FieldError>) -> bool {
    let read = json::fields(value, |key, told| match quantity(&shown(told)) {
        Ok(Some(quantity)) => {
            event.units.insert(key.into_owned(), quantity);
        }
        Ok(None) => {}
        Err(reason) if errors.len() < ERRORS_MAX => {
            errors.push(FieldError::new(format!("{path}units.{key}"), &shown(told), reason));
        }
        Err(_) => {}
    });
    read == Ok(true)
}

/// Reads an instant of our own format.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    use purser_domain::time::ParseTimestampError::{Naive, NotRfc3339};
    match crate::instant::plain(text, false) {
        Some(at) => Ok(at),
        None => text.parse().map_err(|error| match error {
            Naive(_) => "has no offset: end it with Z or +hh:mm".to_owned(),
            NotRfc3339(_) => "must be an RFC 3339 date and time".to_owned(),
        }),
    }
}

/// A JSON value that must be a string.
pub(super) fn string(value: &str) -> Result<Cow<'_, str>, String> {
    json::string(value).ok_or_else(|| "must be a string".to_owned())
}
