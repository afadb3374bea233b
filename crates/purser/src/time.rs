//! Times and durations as people type them.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_event::SKEW_MAX_MICROS;

use crate::exit::Failure;

/// An instant: RFC 3339 with an offset, a date in `zone`, or an age such as `7d`.
pub(crate) fn instant(field: &str, text: &str, zone: &TimeZone, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Some(age) = duration(text) {
        let micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        // Nothing is older than what is accepted.
        return Ok(Timestamp::from_micros(now.micros().saturating_sub(micros)).max(Timestamp::EARLIEST));
    }
    if let Ok(date) = text.parse::<Date>()
        && !text.contains('T')
    {
        let start = zone.to_zoned(date.at(0, 0, 0, 0)).map_err(|error| Failure::usage(format!("{field}: {error}")))?;
        return Ok(Timestamp::from_jiff(start.timestamp()));
    }
    text.parse().map_err(|_| {
        Failure::usage(format!("{field}: {text:?} is no date, no RFC 3339 time with an offset, and no age such as 7d"))
    })
}

/// The window that `--from` and `--to` describe; open ends reach as far as usage may.
pub(crate) fn window(
    from: Option<&str>,
    to: Option<&str>,
    zone: &TimeZone,
    now: Timestamp,
) -> anyhow::Result<Option<Window>> {
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let start = from.map(|text| instant("from", text, zone, now)).transpose()?.unwrap_or(Timestamp::EARLIEST);
    let end = to.map(|text| instant("to", text, zone, now)).transpose()?;
    let end = end.unwrap_or_else(|| now.plus_micros(SKEW_MAX_MICROS));
    Window::new(start, end).map(Some).ok_or_else(|| Failure::usage(format!("from: {start} is not before {end}")))
}

/// The ends that `--from` and `--to` name, each if given, in the zone called `zone`.
pub(crate) fn ends(
    from: Option<&str>,
    to: Option<&str>,
    zone: &str,
) -> anyhow::Result<(Option<Timestamp>, Option<Timestamp>)> {
    let (zone, now) = (self::zone(zone)?, purser_service::clock::Clock::System.now());
    let end = |field: &str, text: Option<&str>| text.map(|text| instant(field, text, &zone, now)).transpose();
    Ok((end("from", from)?, end("to", to)?))
}

/// `90s`, `30m`, `12h`, `7d` or `4w`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at(text.len().checked_sub(1).filter(|end| text.is_char_boundary(*end))?);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let count = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

/// A duration argument.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| format!("{text:?} is no duration such as 12h or 7d"))
}

/// Milliseconds: `800ms`, or a duration.
pub(crate) fn parse_millis(text: &str) -> Result<u64, String> {
    let digits = text.strip_suffix("ms").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let millis = match digits {
        Some(digits) => digits.parse().ok(),
        None => duration(text).and_then(|duration| u64::try_from(duration.as_millis()).ok()),
    };
    millis.ok_or_else(|| format!("{text:?} is no duration such as 800ms, 30s or 5m"))
}

/// The zone called `name`.
pub(crate) fn zone(name: &str) -> anyhow::Result<TimeZone> {
    TimeZone::get(name).map_err(|_| Failure::usage(format!("{name:?} is not an IANA time zone")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_tenants_zone_and_ages_count_back_from_now() {
        let zone = TimeZone::get("Europe/Berlin").expect("a bundled zone");
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a literal");
        for (text, expected) in [
            ("2026-11-20", "2026-11-19T23:00:00Z"),
            ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"),
            ("7d", "2026-11-13T12:00:00Z"),
            ("12h", "2026-11-20T00:00:00Z"),
        ] {
            let at = instant("from", text, &zone, now).expect("an instant");
            assert_eq!(at.to_string(), expected, "{text}");
        }
        for text in ["yesterday", "2026-11-20T10:00:00", "7 d", "d", ""] {
            assert!(instant("from", text, &zone, now).is_err(), "{text}");
        }
    }

    #[test]
    fn milliseconds_are_a_unit_too() {
        for (text, expected) in [("800ms", Some(800)), ("30s", Some(30_000)), ("2m", Some(120_000)), ("0ms", Some(0))] {
            assert_eq!(parse_millis(text).ok(), expected, "{text}");
        }
        for text in ["30", "ms", "-1ms", "1.5s", "30 s", ""] {
            assert!(parse_millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_that_ends_before_it_starts_is_refused() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a literal");
        assert!(window(Some("1d"), Some("2d"), &TimeZone::UTC, now).is_err());
        assert_eq!(window(None, None, &TimeZone::UTC, now).expect("no window"), None);
        let open = window(Some("1d"), None, &TimeZone::UTC, now).expect("a window").expect("one");
        assert_eq!(open.to.to_string(), "2026-11-20T13:00:00Z");
    }
}
