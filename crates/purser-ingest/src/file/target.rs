//! What a column, key or constant fills: a field of an event, a tag, a unit, or a total to be taken apart.
//! Invariant: `total_input_tokens` and `total_output_tokens` contain their parts, as OpenAI counts.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use purser_domain::time::Timestamp;
use purser_domain::unit;
use purser_domain::usage::Leaf;

use super::Draft;
use crate::field::{Field, count, quantity};
use crate::instant;

/// What a value of a row is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A field of the event.
    Field(Field),
    /// `tags.KEY`
    Tag(String),
    /// `units.NAME`
    Unit(String),
    /// `total_input_tokens`: all tokens read, cached ones included.
    TotalInput,
    /// `total_output_tokens`: all tokens written, reasoning included.
    TotalOutput,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "total_input_tokens" => Ok(Self::TotalInput),
            "total_output_tokens" => Ok(Self::TotalOutput),
            _ => match text.split_once('.') {
                Some(("tags", key)) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
                Some(("units", name)) if unit::is_name(name) => Ok(Self::Unit(name.to_owned())),
                _ => Field::named(text).map(Self::Field).ok_or_else(|| {
                    let names: Vec<&str> = Field::PLAIN.iter().map(|field| field.name()).collect();
                    let leaves: Vec<&str> = Leaf::ALL.iter().map(|leaf| leaf.quantity_name()).collect();
                    format!(
                        "{text:?} is none of {}, {}, total_input_tokens, total_output_tokens, tags.KEY, units.NAME",
                        names.join(", "),
                        leaves.join(", ")
                    )
                }),
            },
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.name()),
            Self::Tag(key) => write!(f, "tags.{key}"),
            Self::Unit(name) => write!(f, "units.{name}"),
            Self::TotalInput => f.write_str("total_input_tokens"),
            Self::TotalOutput => f.write_str("total_output_tokens"),
        }
    }
}

impl Target {
    /// Whether its values are numbers.
    pub(super) const fn is_number(&self) -> bool {
        match self {
            Self::Field(field) => {
                matches!(field, Field::Leaf(_) | Field::LatencyMs | Field::Attempt | Field::CostUsd | Field::Cost)
            }
            Self::Unit(_) | Self::TotalInput | Self::TotalOutput => true,
            Self::Tag(_) => false,
        }
    }

    /// Whether its values are amounts of money.
    pub(super) const fn is_cost(&self) -> bool {
        matches!(self, Self::Field(Field::CostUsd | Field::Cost))
    }

    /// Fills the target from a text, as a cell has it; an empty text leaves it out.
    pub(super) fn set(&self, draft: &mut Draft, text: &str, zone: Option<&TimeZone>) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let Draft { event, pending } = draft;
        match self {
            Self::Field(Field::OccurredAt) => event.occurred_at = read_instant(text, zone)?,
            Self::Field(field) => pending.set_text(*field, event, text)?,
            Self::Tag(key) => {
                event.tags.insert(key.clone(), text.to_owned());
            }
            Self::Unit(name) => {
                if let Some(quantity) = quantity(text)? {
                    event.units.insert(name.clone(), quantity);
                }
            }
            Self::TotalInput => pending.total_input = Some(count(text)?),
            Self::TotalOutput => pending.total_output = Some(count(text)?),
        }
        Ok(())
    }
}

/// RFC 3339; or without an offset in `zone`; or whole seconds, milli-, micro- or nanoseconds since 1970.
pub(super) fn read_instant(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
    if let Some(at) = instant::plain(text, zone == Some(&TimeZone::UTC)) {
        return Ok(at);
    }
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = whole.parse::<i64>().ok();
        let micros = match whole.len() {
            10 => number.map(|seconds| seconds * 1_000_000),
            13 => number.map(|millis| millis * 1_000),
            16 => number,
            19 => number.map(|nanos| nanos / 1_000),
            _ => None,
        };
        return micros.map(Timestamp::from_micros).ok_or_else(|| NOT_TIME.to_owned());
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Timestamp::from_jiff(at)),
        Err(_) => match text.strip_suffix(" UTC") {
            Some(text) => local(text, Some(&TimeZone::UTC)),
            None => local(text, zone),
        },
    }
}

const NOT_TIME: &str = "must be a date and time";

/// A date and time on the clock of `zone`.
fn local(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
    let civil: DateTime = text.parse().map_err(|_| {
        let slashed = text.bytes().filter(|byte| *byte == b'/').count() == 2;
        if slashed { format!("{NOT_TIME}, year first: 2026-10-20") } else { NOT_TIME.to_owned() }
    })?;
    let zone = zone.ok_or("has no offset: give --timezone")?;
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
        return Err("does not exist in the time zone: the clock was put forward over it".to_owned());
    }
    // Of the two passes of an hour that comes twice, the first.
    ambiguous.compatible().map(Timestamp::from_jiff).map_err(|_| NOT_TIME.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_offset_is_read_in_the_zone_that_is_given_or_refused() {
        let rome = TimeZone::get("Europe/Rome").expect("bundled zone");
        let shown = |text: &str, zone: Option<&TimeZone>| read_instant(text, zone).map(|at| at.to_string());
        assert_eq!(shown("2026-07-01 12:00:00", Some(&rome)), Ok("2026-07-01T10:00:00Z".to_owned()));
        assert_eq!(
            shown("2023-11-16 18:17:03.9799600", Some(&TimeZone::UTC)),
            Ok("2023-11-16T18:17:03.97996Z".to_owned())
        );
        assert_eq!(shown("2026-10-25 02:30:00", Some(&rome)), Ok("2026-10-25T00:30:00Z".to_owned()), "the first pass");
        assert!(shown("2026-03-29 02:30:00", Some(&rome)).is_err(), "an hour that does not exist");
        assert_eq!(shown("2026-07-01T12:00:00", None), Err("has no offset: give --timezone".to_owned()));
        assert_eq!(shown("2026-07-01T12:00:00+02:00", None), Ok("2026-07-01T10:00:00Z".to_owned()));
        for text in ["1795221026", "1795221026000", "1795221026000000", "1795221026000000999"] {
            assert_eq!(shown(text, None), Ok("2026-11-21T00:30:26Z".to_owned()), "{text}");
        }
    }

    #[test]
    fn targets_have_names() {
        for name in ["input_tokens", "tags.team", "total_input_tokens", "total_output_tokens", "occurred_at"] {
            assert_eq!(name.parse::<Target>().map(|target| target.to_string()), Ok(name.to_owned()));
        }
        assert!("tags.".parse::<Target>().is_err());
        assert!("colour".parse::<Target>().is_err());
    }
}
