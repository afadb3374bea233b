//! Why the ledger could not do something.

/// A failure of the ledger or of what it stands on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the data directory open.
    #[error("data directory {path} is in use by another process: stop it first, or send to its address instead")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// The state database failed.
    #[error("state database: {0}")]
    Store(#[from] purser_store::Error),
    /// The Delta table failed.
    #[error("lake: {0}")]
    Lake(#[from] deltalake_core::DeltaTableError),
    /// A query failed.
    #[error("query: {0}")]
    Query(#[from] datafusion::error::DataFusionError),
    /// Columns could not be read or written.
    #[error("columns: {0}")]
    Columns(#[from] arrow::error::ArrowError),
    /// A lake file could not be read or written.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Object storage failed.
    #[error("object storage: {0}")]
    Storage(#[from] object_store::Error),
    /// The local index failed.
    #[error("index: {0}")]
    Index(#[from] fjall::Error),
    /// A local file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Stored data does not have the form this version writes or knows.
    #[error("corrupt: {0}")]
    Corrupt(String),
    /// The flusher has fallen behind: more than the allowed number of entries wait for the lake.
    #[error("{waiting} entries wait for the lake, more than {limit}: {cause}")]
    Backlog {
        /// Entries not yet in the lake.
        waiting: usize,
        /// The most that may wait.
        limit: usize,
        /// The flusher's last failure, or that it is still at work.
        cause: String,
    },
    /// Another node moved the same inbox batches to the lake.
    #[error("the lake holds inbox batch {found}, not {expected}: another node has flushed")]
    Moved {
        /// The last batch the lake should have held.
        expected: i64,
        /// The last batch it holds.
        found: i64,
    },
    /// The commit that a request was part of failed.
    #[error("commit: {0}")]
    Commit(std::sync::Arc<Error>),
    /// The state database belongs to another lake.
    #[error(
        "the state database belongs to the lake at {known}, not to the one at {here}: servers that share a database \
         need one lake, named to each by the setting `lake`"
    )]
    OtherLake {
        /// Where its lake was opened last.
        known: String,
        /// The lake that was to be opened.
        here: String,
    },
    /// Another node took the lease on the lake while work was under way; nothing of it was committed.
    #[error("another node took the lease on the lake: the work was given up and is done again later")]
    LeaseLost,
    /// More than one transaction takes.
    #[error("a batch with {bytes} bytes of payload, more than {limit}")]
    TooLarge {
        /// Bytes of its payload.
        bytes: usize,
        /// The most it may have.
        limit: usize,
    },
    /// Others write too fast for a consistent look; try again.
    #[error("{0}")]
    Busy(String),
    /// The ledger is shutting down.
    #[error("the ledger is closed")]
    Closed,
}

impl Error {
    /// Wraps a failure of the local file at `path`.
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Commit(cause) => cause.is_temporary(),
            Self::Corrupt(_) | Self::Columns(_) | Self::Query(_) | Self::TooLarge { .. } | Self::OtherLake { .. } => {
                false
            }
            _ => true,
        }
    }
}
