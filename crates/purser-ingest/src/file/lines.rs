//! Files of one JSON document per line; LiteLLM and OTLP files may also be one document as a whole.
//! Invariant: a bad line refuses itself only.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use purser_domain::usage_event::FieldError;

use super::{CHUNK, Draft, Format, Options, Ordinals, Target, read_line, unreadable};
use crate::decoded::{BYTES_MAX, Decoded, ERRORS_MAX, Incoming, Place, Refusal, Unreadable};
use crate::field::{Field, shown};
use crate::otlp::{self, Encoding};
use crate::{identity, json, litellm};

/// Reads lines as they come.
pub(super) struct Lines<R> {
    reader: R,
    format: Format,
    options: Options,
    draft: Draft,
    line: usize,
    bytes: Vec<u8>,
    ordinals: Ordinals,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, format: Format, options: &Options) -> Result<Self, Unreadable> {
        Ok(Self {
            reader,
            format,
            draft: options.draft(format)?,
            options: options.clone(),
            line: 0,
            bytes: Vec::new(),
            ordinals: Ordinals::default(),
            buffer: Vec::new(),
        })
    }

    /// The next events; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Result<Option<Decoded>, Unreadable> {
        let mut decoded = Decoded::default();
        let mut bytes = std::mem::take(&mut self.bytes);
        while decoded.items() < CHUNK as u64 && read_line(&mut self.reader, &mut bytes)? {
            self.line += 1;
            if self.line == 1 && bytes.starts_with("\u{feff}".as_bytes()) {
                bytes.drain(..3);
            }
            if bytes.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if self.line == 1 && self.format != Format::Jsonl && !is_document(&bytes) {
                self.read_rest(&mut bytes)?;
            }
            if let Err(error) = self.document(&bytes, &mut decoded) {
                let errors = vec![FieldError::new("", "", error.to_string())];
                decoded.refused.push(Refusal { index: self.line, id: None, errors });
            }
        }
        self.bytes = bytes;
        let empty = decoded.items() == 0 && decoded.findings.is_empty() && decoded.ignored == 0;
        Ok((!empty).then_some(decoded))
    }

    /// The first line is only the beginning of a document: takes the whole file.
    fn read_rest(&mut self, bytes: &mut Vec<u8>) -> Result<(), Unreadable> {
        bytes.push(b'\n');
        let room = (BYTES_MAX + 1).saturating_sub(bytes.len()) as u64;
        self.reader.by_ref().take(room).read_to_end(bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() > BYTES_MAX { Err(Unreadable::TooLarge(bytes.len())) } else { Ok(()) }
    }

    fn document(&mut self, bytes: &[u8], decoded: &mut Decoded) -> Result<(), Unreadable> {
        let (line, now) = (self.line, self.options.now);
        match self.format {
            Format::Litellm => {
                for item in json::items(bytes)? {
                    litellm::decode_item(item, Place::Line(line), now, decoded);
                }
            }
            Format::OtlpJson => {
                let text = json::text_of(bytes)?;
                let is_logs = json::Picked::read(text, ["resourceLogs", "resource_logs"])
                    .is_some_and(|found| found.raw("resourceLogs").or(found.raw("resource_logs")).is_some());
                let mut found = if is_logs {
                    otlp::decode_logs(bytes, Encoding::Json, now)?
                } else {
                    otlp::decode_traces(bytes, Encoding::Json, now)?
                };
                found.events.iter_mut().for_each(|incoming| incoming.source_index = line);
                found.refused.iter_mut().for_each(|refusal| refusal.index = line);
                decoded.absorb(found);
            }
            _ => self.row(json::text_of(bytes)?, decoded)?,
        }
        Ok(())
    }

    /// One event of our own format; strict unless `--map` says which keys matter.
    fn row(&mut self, text: &str, decoded: &mut Decoded) -> Result<(), Unreadable> {
        let mut draft = self.draft.clone();
        let mut errors = Vec::new();
        let mut given: Vec<Cow<'_, str>> = Vec::new();
        let map = &self.options.map;
        let zone = self.options.zone.as_ref();
        let is_object = json::fields(text, |key, value| {
            if errors.len() >= ERRORS_MAX {
                return;
            }
            if given.contains(&key) {
                errors.push(FieldError::new(&*key, &shown(value), "is given twice"));
                return;
            }
            let mapped = map.iter().filter(|(_, name)| *name == *key).map(|(target, _)| target.clone());
            let mut targets: Vec<Target> = mapped.collect();
            if targets.is_empty()
                && let Ok(target) = key.parse::<Target>()
                && map.iter().all(|(known, _)| *known != target)
            {
                targets.push(target);
            }
            if targets.is_empty() && map.is_empty() {
                errors.push(FieldError::new(&*key, &shown(value), "is not a field of a usage event"));
            } else if targets.is_empty() {
                decoded.ignored += 1;
            }
            for target in &targets {
                set(target, &mut draft, value, zone, &key, &mut errors);
            }
            // Tags apart, there are no more targets than fields.
            if !targets.is_empty() && given.len() < 256 {
                given.push(key);
            }
        })?;
        if !is_object {
            return Err(Unreadable::Syntax("must be an object".to_owned()));
        }
        let mut event = draft.finish(&mut errors);
        if event.occurred_at == purser_domain::time::Timestamp::default() && errors.is_empty() {
            errors.push(FieldError::new("occurred_at", "", "is required"));
        }
        if event.event_id.is_empty() {
            let hash = identity::row_hash(&self.draft.event.source, [text.as_bytes()], &mut self.buffer);
            event.event_id = identity::row_id(hash, self.ordinals.next(hash));
        }
        if errors.is_empty() {
            event.check("", self.options.now, &mut errors);
        }
        if errors.is_empty() {
            decoded.events.push(Incoming::new(event, self.line));
        } else {
            decoded.refused.push(Refusal { index: self.line, id: Some(event.event_id), errors });
        }
        Ok(())
    }
}

fn set(
    target: &Target,
    draft: &mut Draft,
    value: &str,
    zone: Option<&jiff::tz::TimeZone>,
    key: &str,
    errors: &mut Vec<FieldError>,
) {
    if value == "null" {
        return;
    }
    let outcome = match target {
        Target::Field(Field::OccurredAt) => target.set(draft, &shown(value), zone),
        Target::Field(field) => {
            draft.pending.set_json(*field, &mut draft.event, value, "", errors);
            return;
        }
        _ if value.starts_with(['{', '[']) => Err("must be a text or a number".to_owned()),
        _ => target.set(draft, &shown(value), zone),
    };
    if let Err(reason) = outcome {
        errors.push(FieldError::new(key, &shown(value), reason));
    }
}

/// Whether the bytes are one complete JSON document.
fn is_document(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}
