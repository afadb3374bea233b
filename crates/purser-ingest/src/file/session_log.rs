//! Claude Code's session logs (`~/.claude/projects/*/*.jsonl`): one event per answered request.
//! Invariant: only ids, counts and names are read; a call whose lines repeat counts once, by its last line.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};

use purser_domain::usage_event::{FieldError, UsageEvent};
use xxhash_rust::xxh3::xxh3_64;

use super::{CHUNK, Format, Options, read_line};
use crate::decoded::{Decoded, Incoming, Refusal, Unreadable};
use crate::field;
use crate::json::{self, Picked};
use crate::usage_object::{Api, Origin, UsageObject};

/// How many later calls may come before a call's lines are taken as complete.
const WINDOW: usize = 1_000;

/// The calls that earlier logs have told of: a resumed session copies the lines of the one before.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<HashSet<u64>>>);

impl Seen {
    fn insert(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(xxh3_64(id.as_bytes()))
    }

    fn contains(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&xxh3_64(id.as_bytes()))
    }
}

/// Reads the lines of one log.
pub(super) struct Session<R> {
    reader: R,
    options: Options,
    template: UsageEvent,
    seen: Seen,
    line: usize,
    bytes: Vec<u8>,
    /// Calls whose lines may still come, in the order of their first line.
    order: VecDeque<String>,
    open: HashMap<String, (usize, UsageEvent)>,
}

impl<R: BufRead> Session<R> {
    pub(super) fn new(reader: R, options: &Options, seen: &Seen) -> Result<Self, Unreadable> {
        let mut template = options.template(Format::ClaudeCode)?;
        template.provider = if template.provider.is_empty() { "anthropic".to_owned() } else { template.provider };
        Ok(Self {
            reader,
            template,
            options: options.clone(),
            seen: seen.clone(),
            line: 0,
            bytes: Vec::new(),
            order: VecDeque::new(),
            open: HashMap::new(),
        })
    }

    /// The next events; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Result<Option<Decoded>, Unreadable> {
        let mut decoded = Decoded::default();
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut at_end = false;
        while decoded.items() < CHUNK as u64 {
            if !read_line(&mut self.reader, &mut bytes)? {
                at_end = true;
                break;
            }
            self.line += 1;
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                self.read(&bytes, &mut decoded);
            }
            while self.order.len() > WINDOW {
                self.close_first(&mut decoded);
            }
        }
        self.bytes = bytes;
        while at_end && !self.order.is_empty() {
            self.close_first(&mut decoded);
        }
        Ok((decoded.items() > 0).then_some(decoded))
    }

    fn read(&mut self, bytes: &[u8], decoded: &mut Decoded) {
        let outcome = json::text_of(bytes).map_err(|error| error.to_string()).and_then(|text| {
            let names = ["type", "timestamp", "message", "requestId", "sessionId", "cwd", "agentId", "costUSD"];
            let line = Picked::read(text, names).ok_or_else(|| "must be a JSON object".to_owned())?;
            self.line(&line)
        });
        match outcome {
            Ok(Some(event)) => {
                if self.seen.contains(&event.event_id) {
                    decoded.skipped += 1;
                    return;
                }
                let id = event.event_id.clone();
                // Lines of one streamed answer repeat its id; the last has the final counts.
                if self.open.insert(id.clone(), (self.line, event)).is_none() {
                    self.order.push_back(id);
                } else {
                    decoded.skipped += 1;
                }
            }
            Ok(None) => decoded.skipped += 1,
            Err(reason) => {
                let errors = vec![FieldError::new("", "", reason)];
                decoded.refused.push(Refusal { index: self.line, id: None, errors });
            }
        }
    }

    /// The event of a line; `None` if it tells of no answered request.
    fn line(&self, line: &Picked<'_, 8>) -> Result<Option<UsageEvent>, String> {
        if line.text("type").as_deref() != Some("assistant") {
            return Ok(None);
        }
        let Some(message) = line.raw("message").and_then(|text| Picked::read(text, ["id", "model", "usage"])) else {
            return Ok(None);
        };
        let (Some(id), Some(model), Some(usage)) = (message.text("id"), message.text("model"), message.raw("usage"))
        else {
            return Ok(None);
        };
        // Claude Code's own words about an error: no request was answered.
        if model == "<synthetic>" {
            return Ok(None);
        }
        let time = line.text("timestamp").ok_or("timestamp is missing")?;
        let usage = UsageObject::read(usage, Origin { api: Api::Messages, ..Origin::default() })
            .ok_or("message.usage must be an object")?;
        let mut event = self.template.clone();
        event.occurred_at = field::instant(&time).map_err(|reason| format!("timestamp {reason}"))?;
        let request = line.first(&["requestId"]);
        event.event_id = request.as_ref().map_or_else(|| id.to_string(), |request| format!("{id}:{request}"));
        event.response_id = request.or_else(|| Some(id.into_owned()));
        event.model = model.into_owned();
        event.operation = Some("chat".to_owned());
        event.service_tier = usage.service_tier.clone();
        event.usage = usage.reported.leaves(usage.accounting()).map_err(|wrong| wrong.reason)?;
        event.session_id = line.first(&["sessionId"]);
        event.agent = line.first(&["agentId"]).or(event.agent);
        let folder = line.text("cwd");
        let folder = folder.as_deref().and_then(|path| path.rsplit(['/', '\\']).find(|part| !part.is_empty()));
        event.project = event.project.or_else(|| folder.map(str::to_owned));
        event.reported_usd = line.raw("costUSD").and_then(|cost| field::money(cost).ok());
        Ok(Some(event))
    }

    /// The oldest open call is complete.
    fn close_first(&mut self, decoded: &mut Decoded) {
        let Some((line, event)) = self.order.pop_front().and_then(|id| self.open.remove(&id)) else {
            return;
        };
        if !self.seen.insert(&event.event_id) {
            decoded.skipped += 1;
            return;
        }
        let mut errors = Vec::new();
        event.check("", self.options.now, &mut errors);
        if errors.is_empty() {
            decoded.events.push(Incoming::new(event, line));
        } else {
            decoded.refused.push(Refusal { index: line, id: Some(event.event_id), errors });
        }
    }
}
