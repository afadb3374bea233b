//! The times of a week at which a price holds: hours, weekdays, a zone and a first day.
//! Invariant: hours, weekdays and the first day are all read on the calendar of the window's zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::time::Timestamp;

/// A set of weekdays: bit 0 is Monday, bit 6 Sunday. At least one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weekdays(u8);

/// Short names, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// The days of a bit mask, Monday the lowest bit; `None` if it has no day or more than seven.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits == 0 || bits > Self::ALL.0 { None } else { Some(Self(bits)) }
    }

    /// The bit mask, Monday the lowest bit.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether `day` is in the set.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    /// Whether the sets share a day.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl fmt::Display for Weekdays {
    /// `mon,tue`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = DAYS.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0);
        f.write_str(&days.map(|(_, name)| *name).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Weekdays {
    type Err = String;

    /// Reads `mon,tue`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bits = 0_u8;
        for name in text.split(',') {
            let bit = DAYS.iter().position(|day| *day == name).ok_or_else(|| format!("{name:?} is not a weekday"))?;
            bits |= 1 << bit;
        }
        Self::from_bits(bits).ok_or_else(|| "needs a weekday".to_owned())
    }
}

/// A period of a day, half-open; it may run over midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyWindow {
    /// First minute since midnight.
    pub from_minute: u16,
    /// First minute after; 1,440 is the end of the day.
    pub to_minute: u16,
    /// Days on which the window holds, by the date of the instant itself, after midnight too.
    pub weekdays: Weekdays,
    /// The zone of hours and dates, by its IANA name; `None` = UTC.
    pub zone: Option<TimeZone>,
    /// First date on which the window holds; `None` = no limit. Before it the all-day price holds.
    pub first_day: Option<Date>,
}

impl DailyWindow {
    /// A window of every day in UTC, minutes since midnight.
    #[must_use]
    pub const fn new(from_minute: u16, to_minute: u16) -> Self {
        Self { from_minute, to_minute, weekdays: Weekdays::ALL, zone: None, first_day: None }
    }

    /// Whether the window's calendar has `at` inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        let everywhere = self.weekdays == Weekdays::ALL && self.first_day.is_none();
        if everywhere && self.zone.is_none() {
            let minute = u16::try_from(at.micros().rem_euclid(86_400_000_000) / 60_000_000).unwrap_or(0);
            return self.contains_minute(minute);
        }
        let local = self.zone.as_ref().unwrap_or(&TimeZone::UTC).to_datetime(at.to_jiff());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.contains_minute(minute)
            && self.weekdays.contains(local.weekday())
            && self.first_day.is_none_or(|first| first <= local.date())
    }

    /// Whether a minute of the day lies inside.
    #[must_use]
    pub const fn contains_minute(&self, minute: u16) -> bool {
        if self.from_minute <= self.to_minute {
            self.from_minute <= minute && minute < self.to_minute
        } else {
            minute >= self.from_minute || minute < self.to_minute
        }
    }

    /// The IANA name of the zone, if it is not UTC.
    #[must_use]
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_ref().and_then(TimeZone::iana_name)
    }

    /// What tells two windows apart, in the order of price files.
    #[must_use]
    pub fn key(&self) -> (u16, u16, Weekdays, Option<&str>, Option<Date>) {
        (self.from_minute, self.to_minute, self.weekdays, self.zone_name(), self.first_day)
    }
}

impl fmt::Display for DailyWindow {
    /// `16:30-00:30`, with what else limits it: `09:00-24:00 mon,tue Asia/Shanghai since 2026-08-17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from_minute, self.to_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        if self.weekdays != Weekdays::ALL {
            write!(f, " {}", self.weekdays)?;
        }
        if let Some(zone) = self.zone_name() {
            write!(f, " {zone}")?;
        }
        self.first_day.map_or(Ok(()), |day| write!(f, " since {day}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    #[test]
    fn windows_may_run_over_midnight() {
        let off_peak = DailyWindow::new(16 * 60 + 30, 30);
        assert!(off_peak.contains(at("2026-01-01T23:59:59Z")));
        assert!(off_peak.contains(at("2026-01-01T00:29:59Z")));
        assert!(!off_peak.contains(at("2026-01-01T00:30:00Z")));
        assert!(!off_peak.contains(at("2026-01-01T16:29:59Z")));
        assert!(DailyWindow::new(0, 1_440).contains(at("2026-01-01T23:59:59Z")), "a whole day");
    }

    #[test]
    fn a_weekday_is_that_of_the_instant_in_the_zone() {
        let weekend = "sat,sun".parse().expect("two days");
        let utc = DailyWindow { weekdays: weekend, ..DailyWindow::new(0, 1_440) };
        // 2026-11-20 is a Friday; at 16:00Z it is Saturday in Shanghai.
        assert!(!utc.contains(at("2026-11-20T16:00:00Z")));
        assert!(utc.contains(at("2026-11-21T00:00:00Z")));
        assert!(!utc.contains(at("2026-11-23T00:00:00Z")));
        let zone = TimeZone::get("Asia/Shanghai").ok();
        let shanghai = DailyWindow { zone, ..utc };
        assert!(shanghai.contains(at("2026-11-20T16:00:00Z")));
        assert!(!shanghai.contains(at("2026-11-20T15:59:59Z")));
        assert!(!shanghai.contains(at("2026-11-22T16:00:00Z")));
        assert_eq!(shanghai.zone_name(), Some("Asia/Shanghai"));
    }

    #[test]
    fn hours_are_local_and_follow_the_clock_change() {
        // 22:00 to 06:00 in Berlin begins at 21:00Z in winter and at 20:00Z in summer.
        let night = DailyWindow { zone: TimeZone::get("Europe/Berlin").ok(), ..DailyWindow::new(22 * 60, 6 * 60) };
        assert!(!night.contains(at("2026-01-10T20:59:59Z")));
        assert!(night.contains(at("2026-01-10T21:00:00Z")));
        assert!(night.contains(at("2026-07-10T20:00:00Z")));
        assert!(!night.contains(at("2026-07-10T04:00:00Z")));
    }

    #[test]
    fn before_its_first_day_a_window_does_not_hold() {
        let first_day = "2026-08-17".parse().ok();
        let peak = DailyWindow { first_day, ..DailyWindow::new(60, 240) };
        assert!(!peak.contains(at("2026-08-16T02:00:00Z")));
        assert!(peak.contains(at("2026-08-17T02:00:00Z")));
        let zone = TimeZone::get("Asia/Shanghai").ok();
        let local = DailyWindow { zone, first_day, ..DailyWindow::new(0, 120) };
        assert!(local.contains(at("2026-08-16T16:30:00Z")), "it is the 17th in Shanghai");
        assert!(!local.contains(at("2026-08-16T15:59:00Z")));
    }

    #[test]
    fn a_window_shows_what_limits_it() {
        assert_eq!(DailyWindow::new(990, 30).to_string(), "16:30-00:30");
        let weekdays = "mon,tue".parse().expect("two days");
        let (zone, first_day) = (TimeZone::get("Asia/Shanghai").ok(), "2026-08-17".parse().ok());
        let window = DailyWindow { weekdays, zone, first_day, ..DailyWindow::new(540, 1_440) };
        assert_eq!(window.to_string(), "09:00-24:00 mon,tue Asia/Shanghai since 2026-08-17");
    }

    #[test]
    fn weekdays_are_named_from_monday() {
        for (text, bits) in [("mon", 1), ("mon,tue,wed,thu,fri", 0b1_1111), ("sat,sun", 0b110_0000)] {
            let days: Weekdays = text.parse().expect(text);
            assert_eq!((days.bits(), days.to_string().as_str()), (bits, text));
            assert_eq!(Weekdays::from_bits(bits), Some(days));
        }
        for text in ["", "monday", "mon,,tue"] {
            assert!(text.parse::<Weekdays>().is_err(), "{text:?}");
        }
        assert_eq!((Weekdays::from_bits(0), Weekdays::from_bits(128)), (None, None));
    }
}
