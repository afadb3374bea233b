//! Rows of a CSV file by its header: columns named like fields fill them, `--map` names others.
//! Invariant: a row's id depends on its cells and its place among equal rows, never on the mapping.

use std::io::BufRead;

use csv::{ByteRecord, Position};
use jiff::tz::TimeZone;
use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;

use super::{CHUNK, Draft, Format, Options, Ordinals, Target};
use crate::decoded::{Decoded, Incoming, Refusal, Unreadable};
use crate::field::Field;
use crate::identity;

/// Reads rows as they come.
pub(super) struct Rows<R> {
    reader: csv::Reader<R>,
    record: ByteRecord,
    columns: Vec<(usize, String, Target)>,
    unmapped: u64,
    draft: Draft,
    has_time: bool,
    zone: Option<TimeZone>,
    now: Timestamp,
    ordinals: Ordinals,
    buffer: Vec<u8>,
    /// The last provider and its canonical name: rows in a row mostly share it.
    provider: (String, String),
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(reader: R, options: &Options) -> Result<Self, Unreadable> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 16).from_reader(reader);
        let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
        let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let mut columns: Vec<(usize, String, Target)> = Vec::new();
        for (target, column) in &options.map {
            let place = names.iter().position(|name| name == column).ok_or_else(|| {
                Unreadable::Syntax(format!("--map {target}={column}: the columns are {}", names.join(", ")))
            })?;
            columns.push((place, column.clone(), target.clone()));
        }
        for (place, name) in names.iter().enumerate() {
            let Ok(target) = name.parse::<Target>() else {
                continue;
            };
            // The source says who reports; a column of that name counts only if it is mapped.
            let taken = columns.iter().any(|(at, _, known)| *at == place || *known == target);
            if !taken && target != Target::Field(Field::Source) {
                columns.push((place, (*name).to_owned(), target));
            }
        }
        let unmapped = names.len().saturating_sub(columns.len()) as u64;
        let has = |field| {
            let target = Target::Field(field);
            columns.iter().any(|(_, _, known)| *known == target)
                || options.set.iter().any(|(known, _)| *known == target)
        };
        for field in [Field::OccurredAt, Field::Model] {
            if !has(field) {
                let name = field.name();
                let message = format!("no column gives {name}: use --map {name}=COLUMN or --set {name}=VALUE");
                return Err(Unreadable::Syntax(message));
            }
        }
        let has_time = options.set.iter().any(|(target, _)| *target == Target::Field(Field::OccurredAt));
        Ok(Self {
            draft: options.draft(Format::Csv)?,
            reader,
            record: ByteRecord::new(),
            columns,
            unmapped,
            has_time,
            zone: options.zone.clone(),
            now: options.now,
            ordinals: Ordinals::default(),
            buffer: Vec::new(),
            provider: Default::default(),
        })
    }

    /// The next events; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Result<Option<Decoded>, Unreadable> {
        let mut decoded = Decoded { events: Vec::with_capacity(CHUNK), ..Decoded::default() };
        while decoded.events.len() + decoded.refused.len() < CHUNK {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => self.row(&mut decoded),
                Ok(false) => break,
                Err(error) => return Err(unreadable(&error)),
            }
        }
        Ok((decoded.items() > 0).then_some(decoded))
    }

    fn row(&mut self, decoded: &mut Decoded) {
        let line = usize::try_from(self.record.position().map_or(0, Position::line)).unwrap_or(usize::MAX);
        let mut draft = self.draft.clone();
        let mut errors = Vec::new();
        let mut has_time = self.has_time;
        decoded.ignored += self.unmapped;
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
            } else if let Err(reason) = target.set(&mut draft, cell, self.zone.as_ref()) {
                errors.push(FieldError::new(name(column, target), cell, reason));
            }
        }
        let mut event = draft.finish(&mut errors);
        if event.event_id.is_empty() {
            let hash = identity::row_hash(&self.draft.event.source, self.record.iter(), &mut self.buffer);
            event.event_id = identity::row_id(hash, self.ordinals.next(hash));
        }
        if !has_time {
            errors.push(FieldError::new("occurred_at", "", "is empty"));
        }
        if errors.is_empty() {
            event.check("", self.now, &mut errors);
        }
        if errors.is_empty() {
            decoded.events.push(Incoming::new(event, line));
        } else {
            decoded.refused.push(Refusal { index: line, id: Some(event.event_id), errors });
        }
    }
}

/// The column, and the field it fills if that has another name.
fn name(column: &str, target: &Target) -> String {
    let field = target.to_string();
    if field == column { field } else { format!("{column} ({field})") }
}

fn unreadable(error: &csv::Error) -> Unreadable {
    Unreadable::Syntax(format!("not CSV: {error}"))
}
