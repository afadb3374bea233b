//! Rows of a CSV file by its header: as a provider's export, or columns named like fields and what `--map` names.
//! Invariant: a row's id depends on its cells and its place among equal rows, never on the mapping.

use std::borrow::Cow;
use std::io::BufRead;

use csv::ByteRecord;
use jiff::tz::TimeZone;
use purser_domain::passed_over::Reason;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{FieldError, UsageEvent};

use super::export::{Cells, Export};
use super::{CHUNK, Draft, Format, Options, Ordinals, Target};
use crate::decoded::{Decoded, Incoming, Refusal, Unreadable};
use crate::field::Field;
use crate::identity;

pub(super) mod cell;
mod newline;

pub(super) use cell::Dialect;
use newline::Newlines;

/// Reads rows as they come.
pub(super) struct Rows<R> {
    reader: csv::Reader<Newlines<R>>,
    record: ByteRecord,
    /// Lines before the header.
    lines_before: usize,
    header: Vec<String>,
    columns: Vec<(usize, String, Target)>,
    export: Option<Export>,
    unmapped: u64,
    draft: Draft,
    has_time: bool,
    zone: Option<TimeZone>,
    dialect: Dialect,
    now: Timestamp,
    ordinals: Ordinals,
    buffer: Vec<u8>,
    /// The last provider and its canonical name: rows in a row mostly share it.
    provider: (String, String),
}

impl<R: BufRead> Rows<R> {
    /// Reads the header. With `export` it has to be that of the export, and only `--map` names further columns.
    pub(super) fn new(mut reader: R, options: &Options, export: Option<Export>) -> Result<Self, Unreadable> {
        let head = reader.fill_buf().map_err(|error| super::unreadable(&error))?;
        let (dialect, preamble) = (Dialect::of(head), Dialect::preamble(head));
        reader.consume(preamble);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .delimiter(dialect.delimiter)
            .buffer_capacity(1 << 16)
            .from_reader(Newlines::new(reader));
        let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
        let header: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let columns = columns(&header, options, export.is_none())?;
        let known = Export::of_header(&header).filter(|_| export.is_none());
        let hint = known.map(|known| format!("; the header is that of an export: try --format {}", known.name()));
        match export {
            Some(export) => export.check(&header)?,
            None => require(&columns, options, hint.as_deref().unwrap_or_default())?,
        }
        let has = |target: &Target| columns.iter().any(|(_, _, known)| known == target);
        let unmapped = match export {
            Some(export) => header.iter().filter(|name| !export.knows(name)).count(),
            None => header.len().saturating_sub(columns.len()),
        };
        let mut draft = options.draft(export.map_or(Format::Csv, Format::Export))?;
        let mut zone = options.zone.clone();
        if let Some(export) = export {
            zone = zone.or(Some(TimeZone::UTC));
            if draft.event.provider.is_empty() && !has(&Target::Field(Field::Provider)) {
                export.provider().clone_into(&mut draft.event.provider);
            }
        }
        Ok(Self {
            reader,
            record: ByteRecord::new(),
            lines_before: usize::from(preamble > 0),
            header,
            columns,
            export,
            unmapped: unmapped as u64,
            draft,
            has_time: options.set.iter().any(|(target, _)| *target == Target::Field(Field::OccurredAt)),
            zone,
            dialect,
            now: options.now,
            ordinals: Ordinals::default(),
            buffer: Vec::new(),
            provider: Default::default(),
        })
    }

    /// The next events; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Result<Option<Decoded>, Unreadable> {
        let mut decoded = Decoded { events: Vec::with_capacity(CHUNK), ..Decoded::default() };
        while decoded.items() < CHUNK as u64 {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => self.row(&mut decoded),
                Ok(false) => break,
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok((decoded.items() > 0).then_some(decoded))
    }

    /// The line on which the record begins. Every line ends with LF here, and the reader stands after the record.
    fn line(&self) -> usize {
        let within = memchr::memchr_iter(b'\n', self.record.as_slice()).count();
        let after = usize::try_from(self.reader.position().line()).unwrap_or(usize::MAX);
        (after + self.lines_before).saturating_sub(1 + within)
    }

    fn row(&mut self, decoded: &mut Decoded) {
        let line = self.line();
        let mut draft = self.draft.clone();
        let mut errors = Vec::new();
        decoded.ignored += self.unmapped;
        if let Some(cell) = self.record.iter().skip(self.header.len()).find(|cell| !cell.is_empty()) {
            let shown = String::from_utf8_lossy(cell);
            errors.push(FieldError::new("row", &*shown, "has more cells than the header has columns"));
        }
        let mut has_time = self.has_time;
        if let Some(export) = self.export {
            let mut cells = Cells::new(&self.header, &self.record, self.dialect, self.zone.as_ref(), &mut errors);
            if !export.fill(&mut cells, &mut draft, decoded) {
                decoded.pass_over(export.name(), "row without use", Reason::NotACall);
                return;
            }
            has_time |= draft.event.occurred_at != Timestamp::default();
        }
        for (place, column, target) in &self.columns {
            let cell = match self.record.get(*place).map(str::from_utf8) {
                None | Some(Ok("")) => continue,
                Some(Ok(cell)) => cell.trim(),
                Some(Err(_)) => {
                    errors.push(FieldError::new(format!("{column} ({target})"), "", "is not UTF-8"));
                    continue;
                }
            };
            has_time |= *target == Target::Field(Field::OccurredAt);
            if *target == Target::Field(Field::Provider) {
                if self.provider.0 != cell {
                    self.provider = (cell.to_owned(), provider::canonical(cell));
                }
                draft.event.provider.clone_from(&self.provider.1);
            } else if target.is_cost() && cell::is_without_amount(cell) {
                decoded.find(cell::without_amount(cell));
            } else if let Err(reason) = set(target, &mut draft, cell, self.dialect, self.zone.as_ref()) {
                errors.push(FieldError::new(name(column, target), cell, reason));
            }
        }
        let mut event = draft.finish(&mut errors);
        let is_open = self.record.iter().any(|cell| cell.contains(&b'\n'));
        if event.model.is_empty() && is_open {
            errors.push(FieldError::new("row", "", "has a quotation mark that is not closed"));
        }
        if event.model.is_empty() && errors.is_empty() && is_without_use(&event) {
            decoded.pass_over(&self.draft.event.source, "row without use", Reason::NotACall);
            return;
        }
        if event.event_id.is_empty() {
            let hash = identity::row_hash(&self.draft.event.source, self.record.iter(), &mut self.buffer);
            event.event_id = identity::row_id(hash, self.ordinals.next(hash));
        }
        if !has_time && errors.is_empty() {
            errors.push(FieldError::new("occurred_at", "", "is empty"));
        }
        if errors.is_empty() {
            event.check("", self.now, &mut errors);
        }
        if errors.is_empty() {
            if self.export.is_some_and(|export| export.is_open(&event, self.now)) {
                decoded.find("a period is not over: its row has other counts in a later export, and would count again");
            }
            decoded.events.push(Incoming::new(event, line));
        } else {
            decoded.refused.push(Refusal { index: line, id: Some(event.event_id), errors });
        }
    }
}

/// Where the columns of the header go: what `--map` says, and, if wanted, columns named like fields.
fn columns(header: &[String], options: &Options, by_name: bool) -> Result<Vec<(usize, String, Target)>, Unreadable> {
    let mut columns: Vec<(usize, String, Target)> = Vec::new();
    for (target, column) in &options.map {
        let place = header.iter().position(|name| name == column).ok_or_else(|| {
            Unreadable::Syntax(format!("--map {target}={column}: the columns are {}", header.join(", ")))
        })?;
        columns.push((place, column.clone(), target.clone()));
    }
    for (place, name) in header.iter().enumerate().filter(|_| by_name) {
        let Ok(target) = name.parse::<Target>() else {
            continue;
        };
        // The source says who reports; a column of that name counts only if it is mapped.
        let taken = columns.iter().any(|(at, _, known)| *at == place || *known == target);
        if !taken && target != Target::Field(Field::Source) {
            columns.push((place, name.clone(), target));
        }
    }
    Ok(columns)
}

/// Time and model have to come from somewhere.
fn require(columns: &[(usize, String, Target)], options: &Options, hint: &str) -> Result<(), Unreadable> {
    for field in [Field::OccurredAt, Field::Model] {
        let target = Target::Field(field);
        let has = columns.iter().any(|(_, _, known)| *known == target)
            || options.set.iter().any(|(known, _)| *known == target);
        if !has {
            let name = field.name();
            let message = format!("no column gives {name}: use --map {name}=COLUMN or --set {name}=VALUE{hint}");
            return Err(Unreadable::Syntax(message));
        }
    }
    Ok(())
}

/// Fills `target` from a cell, whose numbers are written as the file's dialect has them.
pub(super) fn set(
    target: &Target,
    draft: &mut Draft,
    cell: &str,
    dialect: Dialect,
    zone: Option<&TimeZone>,
) -> Result<(), String> {
    let cell = match target.is_number() {
        true if cell::is_absent(cell) => return Ok(()),
        true => dialect.number(cell)?,
        false => Cow::Borrowed(cell),
    };
    target.set(draft, &cell, zone)
}

/// Whether an event counts nothing and costs nothing: an export's row for a day without use.
fn is_without_use(event: &UsageEvent) -> bool {
    let tokens = Usage::with(event.usage, Leaf::Requests, 0);
    tokens == Usage::ZERO
        && event.usage.get(Leaf::Requests) <= 1
        && event.units.is_empty()
        && event.contradiction.is_none()
        && event.reported_usd.is_none_or(|cost| cost == purser_domain::money::Money::ZERO)
        && event.foreign_cost.is_none()
}

/// The column, and the field it fills if that has another name.
pub(super) fn name(column: &str, target: &Target) -> String {
    let field = target.to_string();
    if field == column { field } else { format!("{column} ({field})") }
}

fn unreadable(error: &csv::Error) -> Unreadable {
    Unreadable::Syntax(format!("not CSV: {error}"))
}
