//! Batches that the store could not take, as files in the order they came in.
//!
//! Invariant: a file that is there under its name is whole and on disk; it goes only after its records are stored.
//! A file is JSON lines: a header with format and version, then a record per line.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use purser_domain::provenance::Record;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "purser-provenance-spool";
const VERSION: u32 = 1;
const WHOLE: &str = "jsonl";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    records: usize,
}

/// The batches that wait in a directory.
#[derive(Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
    /// Their numbers, oldest first.
    waiting: VecDeque<u64>,
    next: u64,
}

impl Spool {
    /// Finds what an earlier process left behind; a directory that does not exist yet is made with the first batch.
    pub(crate) fn open(directory: PathBuf) -> io::Result<Self> {
        let mut waiting: Vec<u64> = Vec::new();
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut last = 0;
        for entry in entries.into_iter().flatten() {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            let Some(number) = number else { continue };
            last = last.max(number);
            if path.extension().is_some_and(|extension| extension == WHOLE) {
                waiting.push(number);
            }
        }
        waiting.sort_unstable();
        Ok(Self { directory, waiting: waiting.into(), next: last + 1 })
    }

    /// How many batches wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a batch; it is on disk when this returns.
    pub(crate) fn push(&mut self, records: &[Record]) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let (part, whole) = (self.path(self.next, "part"), self.path(self.next, WHOLE));
        let mut file = BufWriter::new(File::create(&part)?);
        let header = Header { format: FORMAT.to_owned(), version: VERSION, records: records.len() };
        write_line(&mut file, &header)?;
        for record in records {
            write_line(&mut file, record)?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&part, &whole)?;
        sync(&self.directory)?;
        self.waiting.push_back(self.next);
        self.next += 1;
        Ok(())
    }

    /// The oldest batch.
    pub(crate) fn first(&self) -> Option<io::Result<Vec<Record>>> {
        Some(read(&self.path(*self.waiting.front()?, WHOLE)))
    }

    /// Forgets the oldest batch: its records are stored.
    ///
    /// A file that cannot be deleted does not wait either: the next process reads it, and its records are known then.
    pub(crate) fn pop(&mut self) -> io::Result<()> {
        let Some(number) = self.waiting.pop_front() else { return Ok(()) };
        fs::remove_file(self.path(number, WHOLE))?;
        sync(&self.directory)
    }

    /// Puts the oldest batch, which cannot be read, aside for a person to look at, and says where it is.
    pub(crate) fn set_aside(&mut self) -> io::Result<PathBuf> {
        let Some(number) = self.waiting.pop_front() else { return Ok(self.directory.clone()) };
        let bad = self.path(number, "bad");
        fs::rename(self.path(number, WHOLE), &bad)?;
        sync(&self.directory)?;
        Ok(bad)
    }

    fn path(&self, number: u64, extension: &str) -> PathBuf {
        self.directory.join(format!("{number:020}.{extension}"))
    }
}

fn write_line(file: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn read(path: &Path) -> io::Result<Vec<Record>> {
    let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines();
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())?;
    if header.format != FORMAT || header.version != VERSION {
        return Err(bad(format!(
            "format {:?} version {}, not {FORMAT} version {VERSION}",
            header.format, header.version
        )));
    }
    let records: Vec<Record> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    if records.len() != header.records {
        return Err(bad(format!("{} records, not {}", records.len(), header.records)));
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use purser_domain::provenance::RecordId;
    use purser_domain::time::Timestamp;

    fn records(numbers: std::ops::Range<u128>) -> Vec<Record> {
        let at = Timestamp::from_micros(1_795_165_200_000_000);
        let tenant: purser_domain::tenant::TenantId = "acme".parse().expect("a tenant id");
        let record = |number| {
            let inputs = "{\"text\":\"é\\n\u{2028}\"}".to_owned();
            Record::new(RecordId::new(at, number), tenant.clone(), at, inputs, "null".to_owned())
        };
        numbers.map(record).collect()
    }

    #[test]
    fn batches_come_back_in_order_after_a_restart() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let place = dir.path().join("spool");
        let mut spool = Spool::open(place.clone()).expect("an empty spool");
        assert!(spool.first().is_none() && !place.exists());
        for start in [0, 3, 5] {
            spool.push(&records(start..start + 2)).expect("room on the disk");
        }
        fs::write(place.join("00000000000000000009.part"), "half a batch").expect("what a crash leaves");
        let mut spool = Spool::open(place.clone()).expect("a spool");
        spool.push(&records(7..8)).expect("room on the disk");
        let mut found = Vec::new();
        while let Some(batch) = spool.first() {
            found.extend(batch.expect("a whole batch"));
            spool.pop().expect("it goes");
        }
        assert_eq!(found, [records(0..2), records(3..5), records(5..7), records(7..8)].concat());
        assert_eq!(Spool::open(place).expect("a spool").len(), 0);
    }

    #[test]
    fn a_batch_whose_file_cannot_be_deleted_does_not_come_again() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut spool = Spool::open(dir.path().to_owned()).expect("an empty spool");
        spool.push(&records(0..2)).expect("room on the disk");
        spool.push(&records(2..3)).expect("room on the disk");
        let first = dir.path().join("00000000000000000001.jsonl");
        fs::remove_file(&first).expect("it goes");
        fs::create_dir(&first).expect("a directory, which is not deleted as a file is");
        assert!(spool.pop().is_err());
        assert_eq!(spool.first().expect("the next one").expect("it is whole"), records(2..3));
        spool.pop().expect("it goes");
        assert!(spool.first().is_none() && spool.len() == 0);
    }

    #[test]
    fn a_batch_that_cannot_be_read_is_set_aside_not_deleted() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut spool = Spool::open(dir.path().to_owned()).expect("an empty spool");
        spool.push(&records(0..2)).expect("room on the disk");
        spool.push(&records(2..3)).expect("room on the disk");
        let first = dir.path().join("00000000000000000001.jsonl");
        let text = fs::read_to_string(&first).expect("the file");
        for damage in ["", "{}", &text[..text.len() - 5], &text.replace("\"version\":1", "\"version\":2")] {
            fs::write(&first, damage).expect("damage");
            assert!(spool.first().expect("a batch").is_err(), "{damage:?}");
        }
        let aside = spool.set_aside().expect("a rename");
        assert!(aside.ends_with("00000000000000000001.bad") && aside.exists());
        assert_eq!(spool.first().expect("the next one").expect("it is whole"), records(2..3));
        assert_eq!(Spool::open(dir.path().to_owned()).expect("a spool").len(), 1);
    }
}
