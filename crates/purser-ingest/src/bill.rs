//! Bills of providers and clouds: exports of costs, OpenRouter's activity, FOCUS, AWS CUR 2.0.
//! Invariant: each row is a line, is left out by name with its amount, or is refused; nothing is lost.

use std::collections::BTreeMap;
use std::io::BufRead;

use purser_domain::money::Money;
use purser_domain::provider;
use purser_domain::reconciliation::{BilledLine, Key, Meter};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::decoded::{Decoded, Refusal, Unreadable};
use crate::file::{self, Export, Format, Options, Seen};

mod cur;
mod focus;
mod row;

pub use row::Row;

/// What a bill says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bill {
    /// Lines about models.
    pub lines: Vec<BilledLine>,
    /// What is about something else, or in another currency: by name, how many rows and what they cost in USD.
    pub left_out: BTreeMap<String, (u64, Money)>,
    /// Rows that cannot be read.
    pub refused: Vec<Refusal>,
}

/// Whose bill it is, told by its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An export of a provider's console that says what was charged.
    Export(Export),
    /// FinOps Open Cost and Usage Specification, 1.0 to 1.4.
    Focus,
    /// AWS Cost and Usage Report 2.0, or the older one.
    Cur,
}

impl Kind {
    /// The kind of a bill with these columns.
    ///
    /// # Errors
    /// When they are those of no bill that is known.
    pub fn of_header(header: &[String]) -> Result<Self, Unreadable> {
        if focus::fits(header) {
            return Ok(Self::Focus);
        }
        if cur::fits(header) {
            return Ok(Self::Cur);
        }
        match Export::of_header(header) {
            Some(export) if export.is_truth() => Ok(Self::Export(export)),
            Some(export) => Err(Unreadable::Syntax(format!(
                "an export {} says what was used, not what was charged: import it, and reconcile with one of costs",
                export.name()
            ))),
            None => Err(Unreadable::Syntax(format!(
                "no bill: neither FOCUS, nor AWS CUR, nor an export of costs; the columns are {}",
                header.join(", ")
            ))),
        }
    }

    /// `openai-costs`, `focus`, `aws-cur`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Export(export) => export.name(),
            Self::Focus => "focus",
            Self::Cur => "aws-cur",
        }
    }
}

impl Bill {
    /// Reads a CSV file, which may be packed by gzip.
    ///
    /// # Errors
    /// When it is no bill, or no CSV.
    pub fn read(reader: impl BufRead + Send + 'static, now: Timestamp) -> Result<(Kind, Self), Unreadable> {
        let unreadable = |error: &dyn std::fmt::Display| Unreadable::Syntax(format!("cannot be read: {error}"));
        let mut reader = file::unpacked(reader).map_err(|error| unreadable(&error))?;
        let head = reader.fill_buf().map_err(|error| unreadable(&error))?;
        let header = file::header(head);
        let kind = Kind::of_header(&header)?;
        let bill = match kind {
            Kind::Export(export) => Self::of_export(reader, export, now)?,
            Kind::Focus | Kind::Cur => {
                let delimiter = file::delimiter(head);
                let mut rows = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(reader);
                let mut bill = Self::default();
                for (index, record) in rows.records().enumerate() {
                    let record = record.map_err(|error| unreadable(&error))?;
                    let cells: Vec<&str> = record.iter().collect();
                    bill.add(kind, &Row::new(&header, &cells), index + 2);
                }
                bill
            }
        };
        Ok((kind, bill))
    }

    /// Adds a row of a table that is FOCUS or CUR; `line` names it in a refusal.
    pub fn add(&mut self, kind: Kind, row: &Row<'_>, line: usize) {
        let outcome = match kind {
            Kind::Focus => focus::line(row),
            Kind::Cur => cur::line(row),
            Kind::Export(_) => return,
        };
        match outcome {
            Ok(Line::Of(line)) => self.lines.push(*line),
            Ok(Line::LeftOut(name, amount)) => self.leave_out(name, amount),
            Ok(Line::Empty) => {}
            Err(error) => self.refused.push(Refusal { index: line, id: None, errors: vec![error] }),
        }
    }

    fn of_export(reader: impl BufRead, export: Export, now: Timestamp) -> Result<Self, Unreadable> {
        let mut options = Options::new(now);
        options.zone = Some(jiff::tz::TimeZone::UTC);
        let mut bill = Self::default();
        for chunk in file::read(reader, Format::Export(export), &options, &Seen::default())? {
            let Decoded { events, refused, .. } = chunk?;
            bill.refused.extend(refused);
            for incoming in events {
                match line_of(&incoming.event) {
                    Some(line) => bill.lines.push(line),
                    None => {
                        let cost = incoming.event.foreign_cost.as_deref().map_or("no amount", |_| "another currency");
                        bill.leave_out(format!("{} ({cost})", incoming.event.model), Money::ZERO);
                    }
                }
            }
        }
        Ok(bill)
    }

    fn leave_out(&mut self, name: String, amount: Money) {
        let (rows, sum) = self.left_out.entry(name).or_default();
        *rows += 1;
        *sum = [*sum, amount].into_iter().sum();
    }
}

/// What a row of a bill became.
enum Line {
    /// A line about a model.
    Of(Box<BilledLine>),
    /// Something else of this name.
    LeftOut(String, Money),
    /// No cost.
    Empty,
}

/// The line of an event that an export of charges told.
fn line_of(event: &UsageEvent) -> Option<BilledLine> {
    let amount = event.reported_usd?;
    let token_type = event.tags.get("token_type").map(String::as_str);
    let quantities: Vec<(Leaf, u64)> = event.usage.iter().filter(|(leaf, _)| leaf.is_token()).collect();
    let meter = match token_type.map(|name| (name, name.parse::<Leaf>())) {
        Some((_, Ok(leaf))) => Meter::Leaf(leaf),
        Some((name, Err(_))) => Meter::Unit(name.to_owned()),
        // A line without a type is about a thing of its own: `web search tool calls`.
        None if quantities.is_empty() && event.model.contains(' ') => Meter::Unit(event.model.clone()),
        None => Meter::Whole,
    };
    let key = Key {
        day: event.occurred_at.utc_day(),
        provider: provider::canonical(&event.provider),
        model: event.model.clone(),
        service_tier: event.service_tier.clone(),
    };
    Some(BilledLine { key, meter, quantities, amount, rounding: rounding_of(amount) })
}

/// Half of the last digit that an amount shows: cents at the coarsest.
fn rounding_of(amount: Money) -> Money {
    let mut unit = 1_i128;
    while unit < 10_000_000_000 && amount.pico() % (unit * 10) == 0 {
        unit *= 10;
    }
    Money::from_pico(if unit == 1 { 0 } else { unit / 2 })
}

fn bad(row: &Row<'_>, column: &str, reason: &str) -> FieldError {
    FieldError::new(column, row.text(column).unwrap_or_default(), reason)
}

#[cfg(test)]
mod tests;
