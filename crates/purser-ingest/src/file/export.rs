//! Exports of providers' consoles, each known by its header: what every column means is said here, once.
//! Invariant: a column that no export knows is counted, and told if it counts something.

use std::borrow::Cow;
use std::str::FromStr;

use csv::ByteRecord;
use jiff::tz::TimeZone;
use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{FieldError, UsageEvent};

use super::csv::cell::is_absent;
use super::csv::{Dialect, name, set};
use super::{Draft, Target};
use crate::decoded::{Decoded, Unreadable};
use crate::field::{Field, count};

mod anthropic;
mod cursor;
mod openai;
mod openrouter;

const DAY_MICROS: i64 = 86_400_000_000;

/// An export of a provider's console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// OpenAI's usage: completions, embeddings, images, audio, a row per day and group.
    OpenaiUsage,
    /// OpenAI's costs: a row per day and line item.
    OpenaiCosts,
    /// Anthropic's tokens: a row per hour or day and group.
    AnthropicUsage,
    /// Anthropic's costs: a row per day, group and type of token.
    AnthropicCosts,
    /// OpenRouter's activity: a row per generation, or per day and model.
    Openrouter,
    /// Cursor's usage events.
    Cursor,
}

/// What tells an export by its header, and what its columns are.
struct Layout {
    /// Sets of columns, each enough to know the export by.
    marks: &'static [&'static [&'static str]],
    /// Every column that the export is known to have; what is not read of them counts nothing.
    columns: &'static [&'static str],
    /// Fills an event from a row; false if the row counts nothing and costs nothing.
    fill: fn(&mut Cells<'_>, &mut Draft, &mut Decoded) -> bool,
}

impl Export {
    /// Every export.
    pub const ALL: [Self; 6] = [
        Self::OpenaiUsage,
        Self::OpenaiCosts,
        Self::AnthropicUsage,
        Self::AnthropicCosts,
        Self::Openrouter,
        Self::Cursor,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenaiUsage => "openai-usage",
            Self::OpenaiCosts => "openai-costs",
            Self::AnthropicUsage => "anthropic-usage",
            Self::AnthropicCosts => "anthropic-costs",
            Self::Openrouter => "openrouter",
            Self::Cursor => "cursor",
        }
    }

    /// What it is, in a few words for the help.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::OpenaiUsage => "OpenAI's usage: completions, embeddings, images, audio, sessions",
            Self::OpenaiCosts => "OpenAI's costs by line item",
            Self::AnthropicUsage => "Anthropic's tokens of the Console",
            Self::AnthropicCosts => "Anthropic's costs of the Console",
            Self::Openrouter => "OpenRouter's activity, by generation or by day",
            Self::Cursor => "Cursor's usage events",
        }
    }

    /// Who made the export.
    #[must_use]
    pub const fn provider(self) -> &'static str {
        match self {
            Self::OpenaiUsage | Self::OpenaiCosts => "openai",
            Self::AnthropicUsage | Self::AnthropicCosts => "anthropic",
            Self::Openrouter => "openrouter",
            Self::Cursor => "cursor",
        }
    }

    /// Whether its rows are charges of a bill, without the usage they are for.
    #[must_use]
    pub const fn is_bill(self) -> bool {
        matches!(self, Self::OpenaiCosts | Self::AnthropicCosts)
    }

    /// Whether what the rows say they cost is the truth: bills, and routers that charge what they say.
    #[must_use]
    pub const fn is_truth(self) -> bool {
        !matches!(self, Self::OpenaiUsage | Self::AnthropicUsage)
    }

    /// The export that has this header.
    #[must_use]
    pub fn of_header<S: AsRef<str>>(header: &[S]) -> Option<Self> {
        Self::ALL.into_iter().find(|export| export.fits(header))
    }

    const fn layout(self) -> &'static Layout {
        match self {
            Self::OpenaiUsage => &openai::USAGE,
            Self::OpenaiCosts => &openai::COSTS,
            Self::AnthropicUsage => &anthropic::USAGE,
            Self::AnthropicCosts => &anthropic::COSTS,
            Self::Openrouter => &openrouter::ACTIVITY,
            Self::Cursor => &cursor::EVENTS,
        }
    }

    fn fits<S: AsRef<str>>(self, header: &[S]) -> bool {
        let has = |mark: &&str| header.iter().any(|name| name.as_ref().trim().eq_ignore_ascii_case(mark));
        self.layout().marks.iter().any(|marks| marks.iter().all(has))
    }

    /// Whether the export is known to have a column of that name.
    pub(super) fn knows(self, column: &str) -> bool {
        self.layout().columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    /// Refuses a header that is not the export's.
    pub(super) fn check(self, header: &[String]) -> Result<(), Unreadable> {
        if self.fits(header) {
            return Ok(());
        }
        let marks: Vec<String> = self.layout().marks.iter().map(|marks| marks.join(" + ")).collect();
        Err(Unreadable::Syntax(format!(
            "not an export {}, which has the columns {}; the columns are {}",
            self.name(),
            marks.join(", or "),
            header.join(", ")
        )))
    }

    /// Whether the row's period, a day or less, may still gain calls at `now`.
    pub(super) fn is_open(self, event: &UsageEvent, now: Timestamp) -> bool {
        let is_call = self == Self::Cursor || event.response_id.is_some();
        !is_call && event.occurred_at.plus_micros(DAY_MICROS) > now
    }

    /// Fills an event from a row; false if the row counts nothing and costs nothing.
    pub(super) fn fill(self, cells: &mut Cells<'_>, draft: &mut Draft, decoded: &mut Decoded) -> bool {
        for (column, cell) in cells.strangers(self) {
            if is_above_zero(cell) {
                decoded.unknown_usage(self.name(), column);
            }
        }
        (self.layout().fill)(cells, draft, decoded)
    }
}

impl FromStr for Export {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|export| export.name() == text).ok_or_else(|| format!("{text:?} is not an export"))
    }
}

/// The cells of a row by the names of their columns, whose case does not matter.
pub(super) struct Cells<'a> {
    header: &'a [String],
    record: &'a ByteRecord,
    dialect: Dialect,
    zone: Option<&'a TimeZone>,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Cells<'a> {
    pub(super) const fn new(
        header: &'a [String],
        record: &'a ByteRecord,
        dialect: Dialect,
        zone: Option<&'a TimeZone>,
        errors: &'a mut Vec<FieldError>,
    ) -> Self {
        Self { header, record, dialect, zone, errors }
    }

    /// Whether the file has the column.
    fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name.eq_ignore_ascii_case(column))
    }

    /// A cell that is not empty.
    fn text(&self, column: &str) -> Option<&'a str> {
        let place = self.header.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        self.cell(place)
    }

    fn cell(&self, place: usize) -> Option<&'a str> {
        self.record.get(place).and_then(|cell| str::from_utf8(cell).ok()).map(str::trim).filter(|cell| !cell.is_empty())
    }

    /// The first of several columns whose cell is not empty.
    fn first(&self, columns: &[&'static str]) -> Option<(&'static str, &'a str)> {
        columns.iter().find_map(|column| self.text(column).map(|cell| (*column, cell)))
    }

    /// A number of tokens, calls or the like; 0 if it is absent, or refused.
    fn count(&mut self, column: &str) -> u64 {
        let Some(cell) = self.text(column).filter(|cell| !is_absent(cell)) else { return 0 };
        let number = self.dialect.number(cell).and_then(|number| count(&number)).and_then(|number| match number {
            // So that a few of them can be added.
            0..=Usage::MAX => Ok(number),
            _ => Err("must be below 2^53".to_owned()),
        });
        number.unwrap_or_else(|reason| {
            self.errors.push(FieldError::new(column, cell, reason));
            0
        })
    }

    /// Fills a field from the first of several columns whose cell is not empty; whether there is one.
    fn set(&mut self, draft: &mut Draft, field: Field, columns: &[&'static str]) -> bool {
        let Some((column, cell)) = self.first(columns) else { return false };
        self.set_to(draft, &Target::Field(field), column, cell);
        true
    }

    /// Tags the event with a cell that is not empty.
    fn tag(&mut self, draft: &mut Draft, key: &str, columns: &[&'static str]) {
        if let Some((column, cell)) = self.first(columns) {
            self.set_to(draft, &Target::Tag(key.to_owned()), column, cell);
        }
    }

    /// Fills a unit from the first of several columns whose cell is not empty.
    fn unit(&mut self, draft: &mut Draft, unit: &str, columns: &[&'static str]) {
        if let Some((column, cell)) = self.first(columns) {
            self.set_to(draft, &Target::Unit(unit.to_owned()), column, cell);
        }
    }

    fn set_to(&mut self, draft: &mut Draft, target: &Target, column: &str, cell: &str) {
        let dated = match target {
            Target::Field(Field::OccurredAt) => year_first(cell),
            _ => Ok(Cow::Borrowed(cell)),
        };
        if let Err(reason) = dated.and_then(|cell| set(target, draft, &cell, self.dialect, self.zone)) {
            self.errors.push(FieldError::new(name(column, target), cell, reason));
        }
    }

    /// How many calls the row stands for, if it says so.
    fn requests(&mut self, draft: &mut Draft, columns: &[&'static str]) {
        if let Some((column, _)) = self.first(columns) {
            let requests = self.count(column);
            if requests > 0 {
                draft.event.usage.set(Leaf::Requests, requests);
            }
        }
    }

    /// Whether any of `columns` counts something.
    fn counts_any(&self, columns: &[&str]) -> bool {
        let counts = |cell: &str| cell.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        columns.iter().filter_map(|column| self.text(column)).any(counts)
    }

    /// Whether a cell is an amount that is not zero, or no amount at all, which must not pass as none.
    fn costs(&self, column: &str) -> bool {
        let is_nothing = |cell: &str| cell.bytes().any(|byte| byte == b'0') && !self.counts_any(&[column]);
        self.text(column).is_some_and(|cell| !is_nothing(cell))
    }

    /// The columns that `export` does not know, with their cells.
    fn strangers(&self, export: Export) -> Vec<(&'a str, &'a str)> {
        let unknown = self.header.iter().enumerate().filter(|(_, name)| !export.knows(name));
        unknown.filter_map(|(place, name)| self.cell(place).map(|cell| (name.as_str(), cell))).collect()
    }
}

/// Whether a cell is a number, written in any way, and not zero.
fn is_above_zero(cell: &str) -> bool {
    cell.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
        && cell.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b' ' | b'\'' | b'$'))
}

/// A date that a spreadsheet wrote as `10/20/2026`, year first: only where no month is taken for a day.
fn year_first(cell: &str) -> Result<Cow<'_, str>, String> {
    let (date, time) = cell.split_once(' ').unwrap_or((cell, "00:00"));
    let parts: Vec<&str> = date.split('/').collect();
    let [first, second, year] = parts.as_slice() else { return Ok(Cow::Borrowed(cell)) };
    let number = |text: &str| text.parse::<u8>().map_err(|_| "must be a date and time".to_owned());
    let (month, day) = match (number(first)?, number(second)?) {
        (month, day) if day > 12 || month == day => (month, day),
        (day, month) if day > 12 => (month, day),
        _ => return Err("may be a day or a month first: write it year first, 2026-10-20".to_owned()),
    };
    let (hour, rest) = time.split_once(':').unwrap_or((time, "00"));
    Ok(Cow::Owned(format!("{year}-{month:02}-{day:02} {hour:0>2}:{rest}")))
}

/// A model's display name as its id: `Claude Haiku 4.5` is `claude-haiku-4-5`.
fn model_of_display_name(display: &str) -> Cow<'_, str> {
    if !display.contains(' ') {
        return Cow::Borrowed(display);
    }
    let words = display.split_whitespace().map(|word| {
        let is_date = word.len() == 10 && word.bytes().filter(|byte| *byte == b'-').count() == 2;
        if is_date { word.replace('-', "") } else { word.to_lowercase().replace('.', "-") }
    });
    Cow::Owned(words.collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests;
