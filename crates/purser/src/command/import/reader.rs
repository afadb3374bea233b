//! Reads a file, or every session log below a directory, in chunks of decoded events.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use purser_domain::time::Timestamp;
use purser_service::decode::decoded::Decoded;
use purser_service::decode::file::{self, Agent, Chunks, Format, Options, Seen};

use super::Args;
use crate::exit::{Exit, Failure};
use crate::time;

/// Some of a file's events.
pub(super) struct Chunk {
    /// The events and what was refused, by line of `file`.
    pub(super) decoded: Decoded,
    /// The file.
    pub(super) file: Arc<str>,
    /// Bytes read until now, over all files.
    pub(super) position: u64,
}

/// What is being read.
pub(super) struct Reader {
    format: Format,
    options: Options,
    seen: Seen,
    waiting: VecDeque<PathBuf>,
    current: Option<(PathBuf, Chunks<Box<dyn BufRead + Send>>)>,
    length: u64,
    position: Arc<AtomicU64>,
    /// What was read too far.
    held: Option<Chunk>,
}

impl Reader {
    /// Opens `path`, whose files are written in `format`, as `args` say.
    pub(super) fn open(args: &Args, format: Format, path: &Path, seen: &Seen, now: Timestamp) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        list(path, format, &mut files)?;
        if files.is_empty() {
            return Err(Failure::with(Exit::NotFound, format!("{} holds no session log", path.display())));
        }
        let mut length = 0;
        for file in &files {
            length += std::fs::metadata(file).with_context(|| file.display().to_string())?.len();
        }
        Ok(Self {
            format,
            options: Options {
                source: args.source.clone(),
                map: args.map.clone(),
                set: args.set.clone(),
                zone: args.timezone.as_deref().map(time::zone).transpose()?,
                now,
            },
            seen: seen.clone(),
            waiting: files.into(),
            current: None,
            length,
            position: Arc::default(),
            held: None,
        })
    }

    /// Bytes to read.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// The next chunk; `None` at the end of the input.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Chunk>> {
        let Some(mut chunk) = self.next_of_file()? else { return Ok(None) };
        // A file for each message: they go together, except where a line is to be named.
        let is_small = self.format == Format::Agent(Agent::OpenCode);
        while is_small && chunk.decoded.refused.is_empty() && chunk.decoded.items() < file::CHUNK as u64 {
            match self.next_of_file()? {
                Some(more) if more.decoded.refused.is_empty() => {
                    chunk.decoded.absorb(more.decoded);
                    chunk.position = more.position;
                }
                more => {
                    self.held = more;
                    break;
                }
            }
        }
        Ok(Some(chunk))
    }

    fn next_of_file(&mut self) -> anyhow::Result<Option<Chunk>> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        loop {
            let Some((path, chunks)) = &mut self.current else {
                let Some(path) = self.waiting.pop_front() else { return Ok(None) };
                let chunks = self.start(&path)?;
                self.current = Some((path, chunks));
                continue;
            };
            match chunks.next() {
                Some(Ok(decoded)) => {
                    let position = self.position.load(Ordering::Relaxed);
                    return Ok(Some(Chunk { decoded, file: path.display().to_string().into(), position }));
                }
                Some(Err(error)) => return Err(refusal(path, &error)),
                None => self.current = None,
            }
        }
    }

    fn start(&self, path: &Path) -> anyhow::Result<Chunks<Box<dyn BufRead + Send>>> {
        let reader = unpacked(path, self.position.clone())?;
        file::read(reader, self.format, &self.options, &self.seen).map_err(|error| refusal(path, &error))
    }
}

/// How many logs of `agent` are below `path`.
pub(super) fn logs(agent: Agent, path: &Path) -> anyhow::Result<usize> {
    let mut files = Vec::new();
    list(path, Format::Agent(agent), &mut files)?;
    Ok(files.len())
}

/// The format of `path`: what `args` say, else what the file begins like.
pub(super) fn format(args: &Args, path: &Path) -> anyhow::Result<Format> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    if path.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a directory: name files, or the --format of its logs",
            path.display()
        )));
    }
    let mut reader = unpacked(path, Arc::default())?;
    Ok(file::recognise(reader.fill_buf().with_context(|| path.display().to_string())?))
}

/// The file, unpacked, its bytes counted as they are read.
fn unpacked(path: &Path, count: Arc<AtomicU64>) -> anyhow::Result<Box<dyn BufRead + Send>> {
    let open = || file::unpacked(BufReader::with_capacity(1 << 18, Counted { file: File::open(path)?, count }));
    open().with_context(|| path.display().to_string())
}

fn refusal(path: &Path, error: &purser_service::decode::decoded::Unreadable) -> anyhow::Error {
    Failure::with(Exit::Refused, format!("{}: {error}", path.display()))
}

/// The files behind `path`: itself, or the logs below it.
fn list(path: &Path, format: Format, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let Format::Agent(agent) = format else {
        return Err(Failure::usage(format!("{} is a directory: name files", path.display())));
    };
    let mut entries = Vec::new();
    for entry in path.read_dir().with_context(|| path.display().to_string())? {
        entries.push(entry?.path());
    }
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            list(&entry, format, files)?;
        } else if entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| agent.owns(name)) {
            files.push(entry);
        }
    }
    Ok(())
}

/// A file that counts what was read of it.
struct Counted {
    file: File,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
