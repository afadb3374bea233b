//! Session logs of coding agents: one event per answered request.
//! Invariant: only ids, counts and names are read; a call that lines, files or sessions repeat counts once.

use std::collections::HashSet;
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};

use purser_domain::usage_event::{FieldError, UsageEvent};
use xxhash_rust::xxh3::xxh3_64;

use super::{CHUNK, Format, Options, read_line, unreadable};
use crate::decoded::{BYTES_MAX, Decoded, Unreadable};
use crate::json::{self, Picked};
use crate::usage_object::number;

mod calls;
mod claude_code;
mod codex;
mod copilot;
mod gemini_cli;
mod opencode;
mod qwen_code;

use calls::Calls;

/// A coding agent that keeps logs of its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// `~/.claude/projects/*/*.jsonl`
    ClaudeCode,
    /// `~/.codex/sessions/**/rollout-*.jsonl`
    Codex,
    /// `~/.gemini/tmp/*/chats/session-*.json` and `.jsonl`
    GeminiCli,
    /// `~/.qwen/projects/*/chats/*.jsonl`
    QwenCode,
    /// `~/.copilot/session-state/*/events.jsonl`
    Copilot,
    /// `~/.local/share/opencode/storage/message/*/*.json`
    OpenCode,
}

impl Agent {
    /// Every agent.
    pub const ALL: [Self; 6] =
        [Self::ClaudeCode, Self::Codex, Self::GeminiCli, Self::QwenCode, Self::Copilot, Self::OpenCode];

    /// Its name: of its format, and in what is passed over.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::QwenCode => "qwen-code",
            Self::Copilot => "copilot",
            Self::OpenCode => "opencode",
        }
    }

    /// What its logs are, in a few words for the help.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code's session logs: files, or a directory of them, as for each agent",
            Self::Codex => "Codex's rollouts",
            Self::GeminiCli => "Gemini CLI's chats",
            Self::QwenCode => "Qwen Code's chats",
            Self::Copilot => "Copilot CLI's session events",
            Self::OpenCode => "OpenCode's messages",
        }
    }

    /// Whether a file of its logs has this name.
    #[must_use]
    pub fn owns(self, file: &str) -> bool {
        match self {
            Self::ClaudeCode | Self::QwenCode => file.ends_with(".jsonl"),
            Self::Codex => file.starts_with("rollout-") && file.ends_with(".jsonl"),
            // A subagent's chat is called by its id alone.
            Self::GeminiCli => file.ends_with(".jsonl") || (file.starts_with("session-") && file.ends_with(".json")),
            Self::Copilot => file == "events.jsonl",
            Self::OpenCode => file.ends_with(".json"),
        }
    }

    /// Whether a log may be one document over many lines.
    const fn has_documents(self) -> bool {
        matches!(self, Self::GeminiCli | Self::OpenCode)
    }

    fn log(self) -> Box<dyn Log + Send> {
        match self {
            Self::ClaudeCode => Box::new(claude_code::Transcript),
            Self::Codex => Box::<codex::Rollout>::default(),
            Self::GeminiCli => Box::<gemini_cli::Chat>::default(),
            Self::QwenCode => Box::new(qwen_code::Chat),
            Self::Copilot => Box::<copilot::Events>::default(),
            Self::OpenCode => Box::new(opencode::Message),
        }
    }
}

/// The calls that earlier logs have told of: a resumed session copies the lines of the one before.
#[derive(Debug, Clone, Default)]
pub struct Seen(Arc<Mutex<HashSet<u64>>>);

impl Seen {
    /// Notes `id`; whether it is new.
    fn insert(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(xxh3_64(id.as_bytes()))
    }

    fn contains(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&xxh3_64(id.as_bytes()))
    }
}

/// How one agent writes its logs.
trait Log {
    /// Reads a line, or a whole document.
    ///
    /// # Errors
    /// Why the line is refused.
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>>;
}

/// Reads the lines of one log.
pub(super) struct Session<R> {
    reader: R,
    agent: Agent,
    log: Box<dyn Log + Send>,
    calls: Calls,
    bytes: Vec<u8>,
    at_end: bool,
}

impl<R: BufRead> Session<R> {
    pub(super) fn new(reader: R, agent: Agent, options: &Options, seen: &Seen) -> Result<Self, Unreadable> {
        let template = options.template(Format::Agent(agent))?;
        let calls = Calls::new(agent, template, options.now, seen.clone());
        Ok(Self { reader, agent, log: agent.log(), calls, bytes: Vec::new(), at_end: false })
    }

    /// The next events; `None` at the end.
    pub(super) fn next_chunk(&mut self) -> Result<Option<Decoded>, Unreadable> {
        let mut bytes = std::mem::take(&mut self.bytes);
        while !self.at_end && self.calls.decoded.items() < CHUNK as u64 {
            if !read_line(&mut self.reader, &mut bytes)? {
                self.at_end = true;
                break;
            }
            self.calls.line += 1;
            if self.calls.line == 1 && self.agent.has_documents() && !is_document(&bytes) {
                self.read_rest(&mut bytes)?;
            }
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                self.take(&bytes);
            }
        }
        self.bytes = bytes;
        while self.at_end && self.calls.decoded.items() < CHUNK as u64 && self.calls.settle_first() {}
        let decoded = std::mem::take(&mut self.calls.decoded);
        Ok((decoded.items() > 0).then_some(decoded))
    }

    fn take(&mut self, bytes: &[u8]) {
        let read = json::text_of(bytes).map_err(|error| refusal(error.to_string()));
        if let Err(errors) = read.and_then(|text| self.log.read(text, &mut self.calls)) {
            self.calls.refuse(errors);
        }
    }

    /// The first line is only the beginning of a document: takes the whole file.
    fn read_rest(&mut self, bytes: &mut Vec<u8>) -> Result<(), Unreadable> {
        bytes.push(b'\n');
        let before = bytes.len();
        let room = (BYTES_MAX + 1).saturating_sub(before) as u64;
        self.reader.by_ref().take(room).read_to_end(bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() > BYTES_MAX { Err(Unreadable::TooLarge(bytes.len())) } else { Ok(()) }
    }
}

/// Whether the bytes are one complete JSON document.
fn is_document(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// Why a line is refused.
fn refusal(reason: impl Into<String>) -> Vec<FieldError> {
    vec![FieldError::new("", "", reason)]
}

/// The members `names` of a line.
fn object<'a, const N: usize>(text: &'a str, names: [&'static str; N]) -> Result<Picked<'a, N>, Vec<FieldError>> {
    Picked::read(text, names).ok_or_else(|| refusal("must be a JSON object"))
}

/// A member that is a count; 0 if it is not there.
fn count<const N: usize>(object: &Picked<'_, N>, name: &str) -> Result<u64, Vec<FieldError>> {
    let Some(value) = object.raw(name) else { return Ok(0) };
    match number::count(value) {
        Ok(count) => Ok(count.unwrap_or(0)),
        Err(reason) => Err(vec![FieldError::new(name, value, reason)]),
    }
}

/// The time of a line.
fn time<const N: usize>(
    line: &Picked<'_, N>,
    name: &'static str,
) -> Result<purser_domain::time::Timestamp, Vec<FieldError>> {
    let text = line.text(name).ok_or_else(|| refusal(format!("{name} is missing")))?;
    crate::field::instant(&text).map_err(|reason| vec![FieldError::new(name, &text, reason)])
}

/// Names the project by the last part of a folder, unless the options name one.
fn set_project(event: &mut UsageEvent, folder: Option<&str>) {
    let name = folder.and_then(|path| path.rsplit(['/', '\\']).find(|part| !part.is_empty()));
    event.project = event.project.take().or_else(|| name.map(str::to_owned));
}

#[cfg(test)]
mod tests;
