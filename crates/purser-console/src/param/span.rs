//! The instants that a range means: its window, the window it is compared with, and its buckets.
//! Invariant: the window compared with holds the same clock times, whole days earlier.

use jiff::ToSpan as _;
use jiff::civil::Date;
use purser_domain::time::{Calendar, Grain, Timestamp, Window};
use purser_domain::usage_event::FieldError;

use super::{Params, Range, grain_name};

/// The most buckets that a chart draws: the hours of 31 days.
pub(crate) const BUCKETS_MAX: usize = 744;

/// A range, placed on the time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// What is asked for.
    pub window: Window,
    /// What it is compared with: as long, and right before it where the range is over.
    pub before: Window,
    /// The size of a bucket.
    pub grain: Grain,
    /// How far `before` lies back.
    pub back: Back,
}

/// How far back a comparison lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// 24 hours.
    Hours24,
    /// This many days of the calendar.
    Days(i64),
}

impl Span {
    /// Places the question's range at `now`.
    ///
    /// # Errors
    /// When the range lies in the future or has too many buckets of the grain.
    pub(crate) fn place(params: &Params, calendar: &Calendar, now: Timestamp) -> Result<Self, FieldError> {
        let (window, before, back) = match params.range {
            Range::Last24h => hours(calendar, now),
            Range::Last7d => days(calendar, now, 7),
            Range::Last30d => days(calendar, now, 30),
            Range::Custom { first, last } => custom(calendar, now, first, last)?,
        };
        let grain = params.grain.unwrap_or_else(|| grain_for(window));
        if calendar.buckets(window, grain).nth(BUCKETS_MAX).is_some() {
            let reason = format!("makes more than {BUCKETS_MAX} points over this range: choose a coarser one");
            return Err(FieldError::new("grain", grain_name(grain), reason));
        }
        Ok(Self { window, before, grain, back })
    }
}

type Placed = (Window, Window, Back);

fn hours(calendar: &Calendar, now: Timestamp) -> Placed {
    const HOUR: i64 = 3_600_000_000;
    let from = calendar.floor(now.plus_micros(-23 * HOUR), Grain::Hour);
    let window = Window { from, to: after(from, now) };
    let before = Window { from: from.plus_micros(-24 * HOUR), to: window.to.plus_micros(-24 * HOUR) };
    (window, before, Back::Hours24)
}

fn days(calendar: &Calendar, now: Timestamp, count: i64) -> Placed {
    let from = shift(calendar, calendar.floor(now, Grain::Day), -(count - 1));
    let window = Window { from, to: after(from, now) };
    (window, shifted(calendar, window, count), Back::Days(count))
}

fn custom(calendar: &Calendar, now: Timestamp, first: Date, last: Option<Date>) -> Result<Placed, FieldError> {
    let from = start_of(calendar, first);
    if from > now {
        return Err(FieldError::new("from", &first.to_string(), "lies in the future"));
    }
    let today = now.to_jiff().to_zoned(calendar.zone.clone()).date();
    let last = last.filter(|last| *last < today);
    let to = last.map_or(after(from, now), |last| start_of(calendar, last.saturating_add(1.day())));
    let window = Window { from, to };
    let count = i64::from(first.until(last.unwrap_or(today)).map_or(0, |span| span.get_days())) + 1;
    Ok((window, shifted(calendar, window, count), Back::Days(count)))
}

/// `now`, or just past `from` when both are one instant: a window is never empty.
fn after(from: Timestamp, now: Timestamp) -> Timestamp {
    now.max(from.plus_micros(1))
}

fn start_of(calendar: &Calendar, date: Date) -> Timestamp {
    let start = date.to_zoned(calendar.zone.clone());
    start.map_or(Timestamp::EARLIEST, |zoned| Timestamp::from_jiff(zoned.timestamp()))
}

fn shifted(calendar: &Calendar, window: Window, days: i64) -> Window {
    let from = shift(calendar, window.from, -days);
    Window { from, to: shift(calendar, window.to, -days).max(from.plus_micros(1)) }
}

/// The same time on the clock, `days` days later.
fn shift(calendar: &Calendar, at: Timestamp, days: i64) -> Timestamp {
    let zoned = at.to_jiff().to_zoned(calendar.zone.clone());
    zoned.checked_add(days.days()).map_or(at, |zoned| Timestamp::from_jiff(zoned.timestamp()))
}

/// Hours up to two days, days up to a quarter, weeks up to a year, then months.
fn grain_for(window: Window) -> Grain {
    const DAY: i64 = 86_400_000_000;
    match (window.to.micros() - window.from.micros()) / DAY {
        0..=2 => Grain::Hour,
        3..=92 => Grain::Day,
        93..=400 => Grain::Week,
        _ => Grain::Month,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal of this test")
    }

    fn window(from: &str, to: &str) -> Window {
        Window { from: at(from), to: at(to) }
    }

    fn berlin() -> Calendar {
        Calendar { zone: TimeZone::get("Europe/Berlin").expect("bundled zone"), ..Calendar::default() }
    }

    fn place(range: Range, now: &str) -> Span {
        Span::place(&Params { range, ..Params::default() }, &berlin(), at(now)).expect("a range of this test")
    }

    #[test]
    fn a_day_of_hours_starts_on_the_hour() {
        let span = place(Range::Last24h, "2026-11-20T09:30:00Z");
        assert_eq!(span.window, window("2026-11-19T10:00:00Z", "2026-11-20T09:30:00Z"));
        assert_eq!(span.before, window("2026-11-18T10:00:00Z", "2026-11-19T09:30:00Z"));
        assert_eq!(span.grain, Grain::Hour);
    }

    #[test]
    fn seven_days_are_today_and_six_before_and_compare_at_the_same_time_of_day() {
        let span = place(Range::Last7d, "2026-11-20T09:30:00Z");
        assert_eq!(span.window, window("2026-11-13T23:00:00Z", "2026-11-20T09:30:00Z"));
        assert_eq!(span.before, window("2026-11-06T23:00:00Z", "2026-11-13T09:30:00Z"));
        assert_eq!((span.grain, span.back), (Grain::Day, Back::Days(7)));
    }

    #[test]
    fn the_comparison_keeps_the_clock_across_the_end_of_summer_time() {
        // Summer time ended on 25 October 2026: midnight was 22:00Z before and is 23:00Z after.
        let span = place(Range::Last7d, "2026-10-29T11:00:00Z");
        assert_eq!(span.window.from, at("2026-10-22T22:00:00Z"));
        assert_eq!(span.before, window("2026-10-15T22:00:00Z", "2026-10-22T10:00:00Z"));
    }

    #[test]
    fn custom_days_include_the_last_one_and_compare_with_as_many_before() {
        let date = |text: &str| text.parse::<Date>().expect("a literal of this test");
        let range = Range::Custom { first: date("2026-11-02"), last: Some(date("2026-11-04")) };
        let span = place(range, "2026-11-20T09:30:00Z");
        assert_eq!(span.window, window("2026-11-01T23:00:00Z", "2026-11-04T23:00:00Z"));
        assert_eq!(span.before, window("2026-10-29T23:00:00Z", "2026-11-01T23:00:00Z"));
        assert_eq!(span.back, Back::Days(3));

        let open = place(Range::Custom { first: date("2026-11-18"), last: None }, "2026-11-20T09:30:00Z");
        assert_eq!(open.window, window("2026-11-17T23:00:00Z", "2026-11-20T09:30:00Z"));
        assert_eq!(open.back, Back::Days(3));
        let future =
            place(Range::Custom { first: date("2026-11-18"), last: Some(date("2027-01-01")) }, "2026-11-20T09:30:00Z");
        assert_eq!(future, open, "a last day in the future means until now");
    }

    #[test]
    fn too_many_points_and_days_to_come_are_refused_by_name() {
        let date = |text: &str| text.parse::<Date>().expect("a literal of this test");
        let now = at("2026-11-20T09:30:00Z");
        let range = Range::Custom { first: date("2026-01-01"), last: None };
        let params = Params { range, grain: Some(Grain::Hour), ..Params::default() };
        let error = Span::place(&params, &berlin(), now).expect_err("7,761 hours");
        assert_eq!((error.field.as_str(), error.value.as_str()), ("grain", "hour"));
        let range = Range::Custom { first: date("2026-11-21"), last: None };
        let error = Span::place(&Params { range, ..Params::default() }, &berlin(), now).expect_err("tomorrow");
        assert_eq!(error.field, "from");
    }
}
