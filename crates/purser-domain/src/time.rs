//! Instants, half-open windows and calendar grains.
//! Invariant: an instant is UTC microseconds; a text without an offset is refused.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimestampError {
    /// A date and time with neither `Z` nor an offset.
    #[error("{0:?} has no offset: end it with Z or +hh:mm")]
    Naive(String),
    /// Not RFC 3339.
    #[error("{0:?} is not an RFC 3339 date and time")]
    NotRfc3339(String),
}

impl Timestamp {
    /// The earliest accepted `occurred_at`: 2015-01-01T00:00:00Z.
    pub const EARLIEST: Self = Self(1_420_070_400_000_000);

    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by `micros`, saturating at the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Days since the epoch of the UTC date, as the lake's `event_date` (Arrow `Date32`).
    #[must_use]
    pub fn utc_day(self) -> i32 {
        i32::try_from(self.0.div_euclid(86_400_000_000)).unwrap_or(i32::MAX)
    }

    /// The same instant as a `jiff` timestamp (clamped to its range).
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    /// From a `jiff` timestamp, dropping what is finer than a microsecond.
    #[must_use]
    pub fn from_jiff(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<jiff::Timestamp>() {
            Ok(timestamp) if is_rfc3339(text.as_bytes()) => Ok(Self::from_jiff(timestamp)),
            Err(_) if text.parse::<civil::DateTime>().is_ok() => Err(ParseTimestampError::Naive(text.to_owned())),
            _ => Err(ParseTimestampError::NotRfc3339(text.to_owned())),
        }
    }
}

/// Whether the text has the form of RFC 3339: jiff reads other forms of ISO 8601 too, and offsets beyond a day.
fn is_rfc3339(text: &[u8]) -> bool {
    let has_shape = |part: &[u8], shape: &[u8]| {
        let fits = |(byte, wanted): (&u8, &u8)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
        part.len() == shape.len() && part.iter().zip(shape).all(fits)
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else { return false };
    let fraction = rest.strip_prefix(b".").map_or(0, |rest| 1 + rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let offset = &rest[fraction..];
    has_shape(&date_time[..10], b"0000-00-00")
        && matches!(date_time[10], b'T' | b't' | b' ')
        && has_shape(&date_time[11..], b"00:00:00")
        && fraction != 1
        && match offset {
            b"Z" | b"z" => true,
            [b'+' | b'-', time @ ..] => has_shape(time, b"00:00") && &time[..2] < b"24".as_slice(),
            _ => false,
        }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with microseconds as needed: `2026-11-20T09:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A half-open span of time, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after.
    pub to: Timestamp,
}

impl Window {
    /// `[from, to)`, or `None` unless `from < to`.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The window of the same length that ends where this one starts.
    #[must_use]
    pub fn previous(&self) -> Self {
        Self { from: Timestamp(self.from.0 - (self.to.0 - self.from.0)), to: self.from }
    }
}

/// The size of a time bucket, in a tenant's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// Clock hours.
    Hour,
    /// Calendar days (23 to 25 hours).
    Day,
    /// Weeks from the tenant's first weekday.
    Week,
    /// Months from the tenant's billing anchor day.
    Month,
}

impl FromStr for Grain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            _ => Err(format!("{text:?} is not hour, day, week or month")),
        }
    }
}

/// How a tenant cuts time: zone, first day of the week, first day of the billing month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// IANA time zone.
    pub zone: TimeZone,
    /// First day of the week.
    pub week_start: civil::Weekday,
    /// Day of the month, 1..=28, on which a billing month starts.
    pub anchor_day: i8,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, week_start: civil::Weekday::Monday, anchor_day: 1 }
    }
}

impl Calendar {
    /// The start of the bucket of size `grain` that holds `at`.
    ///
    /// An hour is cut from local wall time by whole UTC hours of the offset in force, so both
    /// repetitions of an hour at the end of summer time are buckets of their own.
    #[must_use]
    pub fn floor(&self, at: Timestamp, grain: Grain) -> Timestamp {
        let zoned = at.to_jiff().to_zoned(self.zone.clone());
        if grain == Grain::Hour {
            const HOUR: i64 = 3_600_000_000;
            let offset = i64::from(zoned.offset().seconds()) * 1_000_000;
            return Timestamp((at.0 + offset).div_euclid(HOUR) * HOUR - offset);
        }
        self.day_start(self.bucket_date(zoned.date(), grain))
    }

    /// The start of the bucket after the one that starts at `start`.
    #[must_use]
    pub fn next(&self, start: Timestamp, grain: Grain) -> Timestamp {
        if grain == Grain::Hour {
            return self.floor(start.plus_micros(3_600_000_000), Grain::Hour);
        }
        let date = start.to_jiff().to_zoned(self.zone.clone()).date();
        let span = match grain {
            Grain::Hour | Grain::Day => jiff::Span::new().days(1),
            Grain::Week => jiff::Span::new().days(7),
            Grain::Month => jiff::Span::new().months(1),
        };
        self.day_start(date.saturating_add(span))
    }

    /// The starts of all buckets that touch `window`, ascending.
    pub fn buckets(&self, window: Window, grain: Grain) -> impl Iterator<Item = Timestamp> + '_ {
        let first = self.floor(window.from, grain);
        std::iter::successors(Some(first), move |start| Some(self.next(*start, grain)))
            .take_while(move |start| *start < window.to)
    }

    fn bucket_date(&self, date: civil::Date, grain: Grain) -> civil::Date {
        match grain {
            Grain::Hour | Grain::Day => date,
            Grain::Week => {
                let back = date.weekday().since(self.week_start);
                date.saturating_sub(jiff::Span::new().days(i64::from(back)))
            }
            Grain::Month => {
                let month = if date.day() >= self.anchor_day {
                    date.first_of_month()
                } else {
                    date.first_of_month().saturating_sub(jiff::Span::new().months(1))
                };
                month.saturating_add(jiff::Span::new().days(i64::from(self.anchor_day) - 1))
            }
        }
    }

    fn day_start(&self, date: civil::Date) -> Timestamp {
        self.zone
            .to_zoned(date.at(0, 0, 0, 0))
            .map_or(Timestamp(i64::MAX), |zoned| Timestamp::from_jiff(zoned.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    #[test]
    fn naive_times_are_refused_by_name() {
        assert_eq!(
            "2026-11-20T09:00:00".parse::<Timestamp>(),
            Err(ParseTimestampError::Naive("2026-11-20T09:00:00".into()))
        );
        assert!(matches!("yesterday".parse::<Timestamp>(), Err(ParseTimestampError::NotRfc3339(_))));
        assert_eq!(at("2026-11-20T10:00:00+01:00"), at("2026-11-20T09:00:00Z"));
    }

    #[test]
    fn only_rfc_3339_is_read() {
        for text in ["2026-11-20T09:00:00.5Z", "2026-11-20t09:00:00z", "2026-11-20 10:30:00.500-23:59"] {
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
        }
        for text in [
            "2026-11-20T12:00:00+25:00",
            "2026-11-20T12:00:00+05:30:15",
            "2026-11-20T12:00:00+05",
            "20261120T120000Z",
            "2026-11-20T12:00:00Z[UTC]",
            "2026-11-20T12:00Z",
            "2026-11-20T12:00:00.Z",
            "+002026-11-20T12:00:00Z",
            "2026-02-30T12:00:00Z",
            "",
        ] {
            assert!(matches!(text.parse::<Timestamp>(), Err(ParseTimestampError::NotRfc3339(_))), "{text}");
        }
    }

    #[test]
    fn days_follow_the_tenants_zone_across_summer_time() {
        let calendar = Calendar { zone: TimeZone::get("Europe/Berlin").expect("bundled zone"), ..Calendar::default() };
        let start = calendar.floor(at("2026-10-25T12:00:00Z"), Grain::Day);
        assert_eq!(start, at("2026-10-24T22:00:00Z"));
        assert_eq!(calendar.next(start, Grain::Day), at("2026-10-25T23:00:00Z"), "a day of 25 hours");
        let day = Window { from: start, to: calendar.next(start, Grain::Day) };
        assert_eq!(calendar.buckets(day, Grain::Hour).count(), 25);
    }

    #[test]
    fn weeks_and_months_start_where_the_tenant_says() {
        let calendar = Calendar { week_start: civil::Weekday::Sunday, anchor_day: 15, ..Calendar::default() };
        assert_eq!(calendar.floor(at("2026-11-20T09:00:00Z"), Grain::Week), at("2026-11-15T00:00:00Z"));
        assert_eq!(calendar.floor(at("2026-11-14T23:59:59Z"), Grain::Month), at("2026-10-15T00:00:00Z"));
        assert_eq!(calendar.next(at("2026-10-15T00:00:00Z"), Grain::Month), at("2026-11-15T00:00:00Z"));
    }

    #[test]
    fn half_hour_zones_cut_hours_on_their_own_clock() {
        let calendar = Calendar { zone: TimeZone::get("Asia/Kolkata").expect("bundled zone"), ..Calendar::default() };
        assert_eq!(calendar.floor(at("2026-11-20T09:45:00Z"), Grain::Hour), at("2026-11-20T09:30:00Z"));
    }
}
