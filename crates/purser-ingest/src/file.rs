//! Usage files, read in chunks of constant memory: CSV, NDJSON, LiteLLM logs, OTLP/JSON, agent sessions.
//! Invariant: reading a file again gives the same events with the same ids.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::BufRead;

use jiff::tz::TimeZone;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, UsageEvent};

use crate::decoded::{Decoded, Unreadable};
use crate::field::Pending;

mod csv;
mod export;
mod lines;
mod recognise;
mod session_log;
mod target;

pub use export::Export;
pub(crate) use recognise::{delimiter, header};
pub use recognise::{recognise, unpacked};
pub use session_log::{Agent, Seen};
pub use target::Target;

/// How many events a chunk holds at most.
pub const CHUNK: usize = 8_192;

/// A file format of `purser import`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A header line, then rows.
    Csv,
    /// Our own format, one event per line.
    Jsonl,
    /// LiteLLM's StandardLoggingPayload, one per line or a whole array.
    Litellm,
    /// OTLP/JSON requests, one per line or a whole file.
    OtlpJson,
    /// A session log of a coding agent.
    Agent(Agent),
    /// An export of a provider's console.
    Export(Export),
}

impl Format {
    /// Every format.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = [Self::Csv, Self::Jsonl, Self::Litellm, Self::OtlpJson];
        let agents = Agent::ALL.into_iter().map(Self::Agent);
        own.into_iter().chain(agents).chain(Export::ALL.into_iter().map(Self::Export))
    }

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Litellm => "litellm",
            Self::OtlpJson => "otlp-json",
            Self::Agent(agent) => agent.name(),
            Self::Export(export) => export.name(),
        }
    }

    /// What it is, in a few words for the help.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Csv => "Rows with a header; columns named like fields fill them",
            Self::Jsonl => "purser's own events, one JSON object a line",
            Self::Litellm => "LiteLLM's standard logging payloads, one a line or an array",
            Self::OtlpJson => "OTLP traces or logs as JSON, one export a line or one document",
            Self::Agent(agent) => agent.about(),
            Self::Export(export) => export.about(),
        }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().find(|format| format.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            format!("{text:?} is not one of {}", names.join(", "))
        })
    }
}

/// How a file is to be read.
#[derive(Debug, Clone)]
pub struct Options {
    /// Reported as the events' source, and part of the ids made for rows without one. The format's
    /// name by default (LiteLLM and OTLP rows keep the sources that their receivers use).
    pub source: Option<String>,
    /// `--map`: which column or key fills which field.
    pub map: Vec<(Target, String)>,
    /// `--set`: what every row has unless the row itself says otherwise.
    pub set: Vec<(Target, String)>,
    /// The zone of times without an offset; without it they are refused.
    pub zone: Option<TimeZone>,
    /// The instant against which times are checked.
    pub now: Timestamp,
}

impl Options {
    /// Nothing mapped, nothing set.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { source: None, map: Vec::new(), set: Vec::new(), zone: None, now }
    }

    /// What every row starts from.
    fn draft(&self, format: Format) -> Result<Draft, Unreadable> {
        let source = self.source.clone().unwrap_or_else(|| format.name().to_owned());
        let mut draft = Draft { event: UsageEvent { source, ..UsageEvent::default() }, pending: Pending::default() };
        for (target, value) in &self.set {
            let wrong = |reason| Unreadable::Syntax(format!("--set {target}={value}: {reason}"));
            if matches!(target, Target::TotalInput | Target::TotalOutput) {
                return Err(wrong("has to come from a column".to_owned()));
            }
            target.set(&mut draft, value, self.zone.as_ref()).map_err(wrong)?;
        }
        Ok(draft)
    }

    /// The event that every call of a session starts from.
    fn template(&self, format: Format) -> Result<UsageEvent, Unreadable> {
        let mut errors = Vec::new();
        let event = self.draft(format)?.finish(&mut errors);
        errors.first().map_or(Ok(event), |error| Err(Unreadable::Syntax(format!("--set {error}"))))
    }
}

/// An event whose fields are still coming.
#[derive(Debug, Clone)]
struct Draft {
    event: UsageEvent,
    pending: Pending,
}

impl Draft {
    /// The event, complete; what its fields contradict goes to `errors`.
    fn finish(mut self, errors: &mut Vec<FieldError>) -> UsageEvent {
        self.pending.settle(&mut self.event, errors);
        self.event
    }
}

/// The chunks of one file. Line numbers, from 1, stand in `source_index` and `Refusal::index`.
pub struct Chunks<R>(Inner<R>);

enum Inner<R> {
    Csv(csv::Rows<R>),
    Lines(lines::Lines<R>),
    Sessions(session_log::Session<R>),
}

/// Starts to read a file. Sessions of one directory share `seen`, so that a call that two logs
/// repeat is one event.
///
/// # Errors
/// When the header does not fit the options, or `--set` has a value that does not fit its field.
pub fn read<R: BufRead>(
    mut reader: R,
    format: Format,
    options: &Options,
    seen: &Seen,
) -> Result<Chunks<R>, Unreadable> {
    recognise::refuse_binary(&mut reader)?;
    Ok(Chunks(match format {
        Format::Csv => Inner::Csv(csv::Rows::new(reader, options, None)?),
        Format::Export(export) => Inner::Csv(csv::Rows::new(reader, options, Some(export))?),
        Format::Agent(agent) => Inner::Sessions(session_log::Session::new(reader, agent, options, seen)?),
        _ => Inner::Lines(lines::Lines::new(reader, format, options)?),
    }))
}

impl<R: BufRead> Iterator for Chunks<R> {
    type Item = Result<Decoded, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Csv(rows) => rows.next_chunk().transpose(),
            Inner::Lines(lines) => lines.next_chunk().transpose(),
            Inner::Sessions(session) => session.next_chunk().transpose(),
        }
    }
}

/// Counts equal rows of a file by their hash.
#[derive(Debug, Default)]
struct Ordinals(HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>>);

impl Ordinals {
    /// How many rows with this hash came before.
    ///
    /// 64 of the 128 bits are kept: should they collide, the id has an ordinal more than it needs.
    fn next(&mut self, hash: u128) -> u64 {
        let count = self.0.entry(hash as u64).or_insert(0);
        *count += 1;
        u64::from(*count - 1)
    }
}

/// Passes hashes through.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Reads a line into `buffer` without its end; `Ok(false)` at the end of the file.
fn read_line(reader: &mut impl BufRead, buffer: &mut Vec<u8>) -> Result<bool, Unreadable> {
    use std::io::Read;
    buffer.clear();
    let limit = crate::decoded::BYTES_MAX as u64 + 1;
    let count = reader.by_ref().take(limit).read_until(b'\n', buffer).map_err(|error| unreadable(&error))?;
    if count as u64 == limit {
        return Err(Unreadable::TooLarge(count));
    }
    while buffer.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        buffer.pop();
    }
    Ok(count > 0)
}

fn unreadable(error: &std::io::Error) -> Unreadable {
    Unreadable::Syntax(format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
