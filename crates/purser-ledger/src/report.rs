//! What maintenance did and found.

use purser_domain::money::Money;
use purser_domain::time::Timestamp;

/// What a flush moved from the inbox to the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flushed {
    /// Rows moved.
    pub entries: u64,
    /// Files written.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// What an optimisation rewrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Optimized {
    /// Days rewritten.
    pub days: u64,
    /// Files taken out.
    pub files_removed: u64,
    /// Files put in.
    pub files_added: u64,
    /// Size of what was taken out.
    pub bytes_removed: u64,
    /// Size of what was put in.
    pub bytes_added: u64,
}

/// What a vacuum deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vacuumed {
    /// Deleted files (or those it would delete, on a dry run).
    pub files: Vec<String>,
}

/// The ledger's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Version of the Delta table.
    pub lake_version: u64,
    /// Files in the lake.
    pub lake_files: u64,
    /// Rows in the lake.
    pub lake_rows: u64,
    /// Their size on disk.
    pub lake_bytes: u64,
    /// Rows not yet in the lake.
    pub inbox_rows: u64,
    /// Their size, encoded.
    pub inbox_bytes: u64,
    /// The last inbox batch that the lake holds.
    pub flushed_seq: i64,
    /// The last inbox batch.
    pub head_seq: i64,
    /// The last `received_at` given out.
    pub received_through: Timestamp,
    /// Size of the de-duplication index on disk.
    pub index_bytes: u64,
}

/// A disagreement that verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a file, the index, an event.
    pub place: String,
    /// What disagrees, with both values.
    pub problem: String,
}

/// What verification re-derived from the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Rows read.
    pub rows: u64,
    /// Files read.
    pub files: u64,
    /// Charged events, net.
    pub charged: i64,
    /// Their cost.
    pub cost: Money,
    /// What disagrees; empty when all is well.
    pub findings: Vec<Finding>,
}
