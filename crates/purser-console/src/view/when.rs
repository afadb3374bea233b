//! Dates and times in the zone of the page.
//! Invariant: two buckets of one chart never share a label.

use jiff::Zoned;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};

/// `at` in the calendar's zone.
fn zoned(calendar: &Calendar, at: Timestamp) -> Zoned {
    at.to_jiff().to_zoned(calendar.zone.clone())
}

/// A bucket's full name: `Fri 20 Nov 2026, 14:00`, `Fri 20 Nov 2026`, `week of 16 Nov 2026`.
#[must_use]
pub(crate) fn bucket(calendar: &Calendar, at: Timestamp, grain: Grain) -> String {
    let zoned = zoned(calendar, at);
    match grain {
        // The hour that the clock repeats at the end of summer time differs by its offset only.
        Grain::Hour if zoned.time_zone().to_ambiguous_timestamp(zoned.datetime()).is_ambiguous() => {
            zoned.strftime("%a %-d %b %Y, %H:%M %:z").to_string()
        }
        Grain::Hour => zoned.strftime("%a %-d %b %Y, %H:%M").to_string(),
        Grain::Day => zoned.strftime("%a %-d %b %Y").to_string(),
        Grain::Week => zoned.strftime("week of %-d %b %Y").to_string(),
        Grain::Month if calendar.anchor_day == 1 => zoned.strftime("%B %Y").to_string(),
        Grain::Month => zoned.strftime("month from %-d %b %Y").to_string(),
    }
}

/// A bucket's name on the axis: `14:00`, `20 Nov`, `Nov 2026`.
#[must_use]
pub(crate) fn tick(calendar: &Calendar, at: Timestamp, grain: Grain) -> String {
    let zoned = zoned(calendar, at);
    let format = match grain {
        Grain::Hour if zoned.hour() == 0 => "%-d %b",
        Grain::Hour => "%H:%M",
        Grain::Month if calendar.anchor_day == 1 => "%b %Y",
        Grain::Day | Grain::Week | Grain::Month => "%-d %b",
    };
    zoned.strftime(format).to_string()
}

/// An instant to the minute: `20 Nov 2026, 14:05`.
#[must_use]
pub(crate) fn minute(calendar: &Calendar, at: Timestamp) -> String {
    zoned(calendar, at).strftime("%-d %b %Y, %H:%M").to_string()
}

/// A window in as few words as it takes: midnights are not told.
#[must_use]
pub(crate) fn window(calendar: &Calendar, window: Window) -> String {
    let (from, to) = (zoned(calendar, window.from), zoned(calendar, window.to));
    let midnight = |zoned: &Zoned| {
        calendar.floor(Timestamp::from_jiff(zoned.timestamp()), Grain::Day).micros()
            == zoned.timestamp().as_microsecond()
    };
    if !midnight(&from) {
        return format!("{} to {}", minute(calendar, window.from), minute(calendar, window.to));
    }
    if !midnight(&to) {
        let first = if from.year() == to.year() { "%-d %b" } else { "%-d %b %Y" };
        return format!("{} to {}", from.strftime(first), minute(calendar, window.to));
    }
    let last = zoned(calendar, window.to.plus_micros(-1));
    if from.date() == last.date() {
        return from.strftime("%-d %b %Y").to_string();
    }
    let first = if from.year() == last.year() { "%-d %b" } else { "%-d %b %Y" };
    format!("{} to {}", from.strftime(first), last.strftime("%-d %b %Y"))
}

/// How long ago, coarsely: `12 seconds`, `5 minutes`, `3 hours`, `2 days`.
#[must_use]
pub(crate) fn age(seconds: i64) -> String {
    let (count, unit) = match seconds.max(0) {
        seconds @ 0..120 => (seconds, "second"),
        seconds @ 120..7_200 => (seconds / 60, "minute"),
        seconds @ 7_200..172_800 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    fn berlin() -> Calendar {
        Calendar { zone: TimeZone::get("Europe/Berlin").expect("bundled zone"), ..Calendar::default() }
    }

    #[test]
    fn buckets_are_named_in_the_pages_zone() {
        let start = at("2026-11-19T23:00:00Z");
        for (grain, name, short) in [
            (Grain::Hour, "Fri 20 Nov 2026, 00:00", "20 Nov"),
            (Grain::Day, "Fri 20 Nov 2026", "20 Nov"),
            (Grain::Week, "week of 20 Nov 2026", "20 Nov"),
            (Grain::Month, "November 2026", "Nov 2026"),
        ] {
            assert_eq!(bucket(&berlin(), start, grain), name);
            assert_eq!(tick(&berlin(), start, grain), short);
        }
        let anchored = Calendar { anchor_day: 15, ..berlin() };
        assert_eq!(bucket(&anchored, at("2026-10-14T22:00:00Z"), Grain::Month), "month from 15 Oct 2026");
    }

    #[test]
    fn the_repeated_hour_has_two_names() {
        let first = bucket(&berlin(), at("2026-10-25T00:00:00Z"), Grain::Hour);
        let second = bucket(&berlin(), at("2026-10-25T01:00:00Z"), Grain::Hour);
        assert_eq!(first, "Sun 25 Oct 2026, 02:00 +02:00");
        assert_eq!(second, "Sun 25 Oct 2026, 02:00 +01:00");
    }

    #[test]
    fn whole_days_are_named_without_times() {
        let check = |from: &str, to: &str, text: &str| {
            assert_eq!(window(&berlin(), Window { from: at(from), to: at(to) }), text);
        };
        check("2026-11-01T23:00:00Z", "2026-11-04T23:00:00Z", "2 Nov to 4 Nov 2026");
        check("2026-11-01T23:00:00Z", "2026-11-02T23:00:00Z", "2 Nov 2026");
        check("2025-12-30T23:00:00Z", "2026-01-02T23:00:00Z", "31 Dec 2025 to 2 Jan 2026");
        check("2026-11-13T23:00:00Z", "2026-11-20T09:30:00Z", "14 Nov to 20 Nov 2026, 10:30");
    }

    #[test]
    fn age_is_coarse() {
        for (seconds, text) in [
            (-3, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (150, "2 minutes"),
            (7_200, "2 hours"),
            (259_200, "3 days"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }
}
