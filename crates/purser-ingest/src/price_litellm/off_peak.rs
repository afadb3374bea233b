//! `off_peak_pricing`: windows of hours in UTC on weekdays of a zone, with rates that replace the entry's own.

use jiff::tz::TimeZone;
use purser_domain::price::{DailyWindow, Weekdays};
use serde::Deserialize;

use super::Entry;

/// Minutes of a day.
const DAY: i32 = 1_440;
/// The start of 2026: no windows are older.
const SINCE: jiff::Timestamp = jiff::Timestamp::constant(1_767_225_600, 0);

#[derive(Debug, Deserialize)]
struct OffPeak {
    #[serde(default)]
    hours_utc: Hours,
    #[serde(default)]
    weekday_timezone: Option<String>,
    #[serde(default)]
    windows: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    hours_utc: Hours,
    #[serde(default)]
    weekdays: Option<Vec<Day>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Hours {
    One(String),
    Many(Vec<String>),
}

impl Default for Hours {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Day {
    Number(u8),
    Name(String),
}

/// The entry as it stands off-peak, and its windows.
///
/// # Errors
/// Why the windows cannot be expressed: a zone whose offset changes, hours that do not read.
pub(super) fn read<'a>(entry: &Entry<'a>) -> Result<Option<(Entry<'a>, Vec<DailyWindow>)>, String> {
    let Some(value) = entry.get("off_peak_pricing").filter(|value| value.get() != "null") else { return Ok(None) };
    let told: OffPeak = serde_json::from_str(value.get()).map_err(|error| format!("off_peak_pricing: {error}"))?;
    let fields: Entry<'a> = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
    let zone = told.weekday_timezone.as_deref().map(zone).transpose()?;
    let mut windows = Vec::new();
    for hours in told.hours_utc.list() {
        windows.push(window(hours, None, Weekdays::ALL)?);
    }
    for rule in &told.windows {
        let weekdays = rule.weekdays.as_deref().map_or(Ok(Weekdays::ALL), weekdays)?;
        for hours in rule.hours_utc.list() {
            windows.push(window(hours, zone.as_ref(), weekdays)?);
        }
    }
    if windows.is_empty() {
        return Err("off_peak_pricing has no window".to_owned());
    }
    let mut off_peak = entry.clone();
    let rates =
        fields.into_iter().filter(|(name, _)| !matches!(name.as_str(), "hours_utc" | "weekday_timezone" | "windows"));
    off_peak.extend(rates);
    Ok(Some((off_peak, windows)))
}

impl Hours {
    fn list(&self) -> &[String] {
        match self {
            Self::One(hours) => std::slice::from_ref(hours),
            Self::Many(hours) => hours,
        }
    }
}

/// A zone with one offset for ever, so that hours in UTC are hours there: its name and minutes east.
fn zone(name: &str) -> Result<(TimeZone, i32), String> {
    let zone = TimeZone::get(name).map_err(|_| format!("off_peak_pricing: zone {name:?} is not known"))?;
    if zone.following(SINCE).next().is_some() {
        return Err(format!("off_peak_pricing: hours in UTC cannot be told in {name:?}, whose offset changes"));
    }
    let east = zone.to_offset(SINCE).seconds() / 60;
    Ok((zone, east))
}

fn weekdays(days: &[Day]) -> Result<Weekdays, String> {
    let mut bits = 0_u8;
    for day in days {
        let bit = match day {
            Day::Number(number @ 1..=7) => Some(number - 1),
            Day::Name(name) => {
                let short = name.to_ascii_lowercase().chars().take(3).collect::<String>();
                short.parse::<Weekdays>().ok().and_then(|day| u8::try_from(day.bits().trailing_zeros()).ok())
            }
            Day::Number(_) => None,
        };
        bits |= 1 << bit.ok_or_else(|| format!("off_peak_pricing: {day:?} is not a weekday"))?;
    }
    Weekdays::from_bits(bits).ok_or_else(|| "off_peak_pricing: weekdays is empty".to_owned())
}

/// `16:30-00:30`; equal times are the whole day.
fn window(hours: &str, zone: Option<&(TimeZone, i32)>, weekdays: Weekdays) -> Result<DailyWindow, String> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (i32, i32) = (hour.parse().ok()?, minute.parse().ok()?);
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    let (from, to) = hours
        .split_once('-')
        .and_then(|(from, to)| minute(from).zip(minute(to)))
        .ok_or_else(|| format!("off_peak_pricing: {hours:?} is not HH:MM-HH:MM"))?;
    let east = zone.map_or(0, |(_, east)| *east);
    let local = |minute: i32| u16::try_from((minute + east).rem_euclid(DAY)).unwrap_or(0);
    let (from_minute, to_minute) = if from == to { (0, 1_440) } else { (local(from), local(to)) };
    let to_minute = if to_minute == 0 { 1_440 } else { to_minute };
    let zone = zone.map(|(zone, _)| zone.clone());
    Ok(DailyWindow { weekdays, zone, ..DailyWindow::new(from_minute, to_minute) })
}
