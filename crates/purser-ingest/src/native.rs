//! Our own event format: a JSON array, one object, or NDJSON; leaves exclusive; strict.
//! Invariant: every bad field of every item is reported, by its path and with its value.

mod encode;

use std::borrow::Cow;

use purser_domain::provider;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, UsageEvent};

pub use encode::encode;

use crate::decoded::{Decoded, ERRORS_MAX, Incoming, Refusal, Unreadable};
use crate::field::{self, Field, Pending};
use crate::json::{self, Shape, Sink};

/// The source of events that name none.
pub const SOURCE: &str = "api";

/// Decodes the body of `POST /api/v1/usage/events`.
///
/// # Errors
/// When the body is no JSON, or too large, too deep or too long. Bad items are in
/// [`Decoded::refused`] instead, so that the caller decides whether the good ones may stand.
pub fn decode(body: &[u8], now: Timestamp) -> Result<Decoded, Unreadable> {
    let mut reader = Reader::new(now, SOURCE);
    let shape = json::walk(body, &mut reader)?;
    let mut decoded = reader.decoded;
    if shape == Shape::One {
        for error in decoded.refused.iter_mut().flat_map(|refusal| &mut refusal.errors) {
            error.field = error.field.trim_start_matches("[0]").trim_start_matches('.').to_owned();
        }
    }
    Ok(decoded)
}

const REQUIRED: [Field; 4] = [Field::EventId, Field::OccurredAt, Field::Provider, Field::Model];

/// Builds events out of fields as they come.
struct Reader {
    now: Timestamp,
    source: &'static str,
    decoded: Decoded,
    index: usize,
    event: UsageEvent,
    pending: Pending,
    given: u64,
    valued: u64,
    errors: Vec<FieldError>,
    /// The last provider and its canonical name: the events of a request mostly share it.
    provider: (String, String),
}

impl Reader {
    fn new(now: Timestamp, source: &'static str) -> Self {
        Self {
            now,
            source,
            decoded: Decoded::default(),
            index: 0,
            event: UsageEvent::default(),
            pending: Pending::default(),
            given: 0,
            valued: 0,
            errors: Vec::new(),
            provider: Default::default(),
        }
    }

    fn refuse(&mut self, name: &str, value: &str, reason: &str) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError::new(format!("[{}].{name}", self.index), value, reason));
        }
    }

    /// Lets `read` work on the event, and puts the item's index before the fields of its complaints.
    fn read_into<T>(&mut self, read: impl FnOnce(&mut Pending, &mut UsageEvent, &mut Vec<FieldError>) -> T) -> T {
        let known = self.errors.len();
        let outcome = read(&mut self.pending, &mut self.event, &mut self.errors);
        for error in self.errors.iter_mut().skip(known) {
            error.field.insert_str(0, &format!("[{}].", self.index));
        }
        outcome
    }

    /// Rules over several fields, and those of the domain.
    fn finish(&mut self) {
        for field in REQUIRED {
            if self.valued & field.bit() == 0 {
                self.refuse(field.name(), "", "is required");
            }
        }
        self.read_into(|pending, event, errors| std::mem::take(pending).settle(event, errors));
        if self.valued & Field::Source.bit() == 0 {
            self.source.clone_into(&mut self.event.source);
        }
        if self.errors.is_empty() {
            self.event.check("", self.now, &mut self.errors);
            for error in &mut self.errors {
                error.field.insert_str(0, &format!("[{}].", self.index));
            }
        } else {
            self.check_the_rest();
        }
    }

    /// Adds the domain's complaints about fields that have none yet.
    fn check_the_rest(&mut self) {
        let mut more = Vec::new();
        self.event.check(&format!("[{}].", self.index), self.now, &mut more);
        more.retain(|error| {
            let name = error.field.split_once("].").map_or("", |(_, name)| name);
            let stands = Field::named(name.split('.').next().unwrap_or(name));
            stands.is_none_or(|field| self.valued & field.bit() != 0)
                && self.errors.iter().all(|known| known.field != error.field)
        });
        self.errors.append(&mut more);
    }
}

impl<'a> Sink<'a> for Reader {
    fn field(&mut self, name: Cow<'a, str>, value: &'a str) {
        let Some(field) = Field::named(&name) else {
            self.refuse(&name, &field::shown(value), "is not a field of a usage event");
            return;
        };
        if self.given & field.bit() != 0 {
            self.refuse(&name, &field::shown(value), "is given twice");
            return;
        }
        self.given |= field.bit();
        if field == Field::Provider
            && let Some(text) = json::string(value).filter(|text| !text.is_empty())
        {
            if self.provider.0 != text {
                self.provider = (text.to_string(), provider::canonical(&text));
            }
            self.event.provider.clone_from(&self.provider.1);
            self.valued |= field.bit();
            return;
        }
        if self.read_into(|pending, event, errors| pending.set_json(field, event, value, "", errors)) {
            self.valued |= field.bit();
        }
    }

    fn end(&mut self, is_object: bool) {
        if is_object {
            self.finish();
        } else {
            self.errors.push(FieldError::new(format!("[{}]", self.index), "", "must be an object"));
        }
        let event = std::mem::take(&mut self.event);
        if self.errors.is_empty() {
            self.decoded.events.push(Incoming::new(event, self.index));
        } else {
            let id = Some(event.event_id).filter(|id| !id.is_empty());
            self.decoded.refused.push(Refusal { index: self.index, id, errors: std::mem::take(&mut self.errors) });
        }
        self.index += 1;
        (self.given, self.valued) = (0, 0);
    }
}

#[cfg(test)]
mod tests;
