//! Where a ledger lives and how much it may hold in memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use purser_domain::time::Timestamp;
use tokio::runtime::Handle;

/// Tells the time; injected so that tests can stop it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A ledger's settings.
#[derive(Clone)]
pub struct Config {
    /// Where the lake table lies: a directory, or an object storage URL.
    pub table: String,
    /// Where the table of provenance lies, likewise.
    pub provenance_table: String,
    /// Local directory of derived data (index, cubes): may be lost at any time.
    pub cache_dir: PathBuf,
    /// A local directory that only one process may hold open; `None` for shared storage.
    pub lock_dir: Option<PathBuf>,
    /// Whether other nodes append to the same ledger: each query then asks the inbox for news.
    pub shared: bool,
    /// This node's name, the holder of its leases.
    pub node: String,
    /// How long a lease on the lake holds that is not renewed; it is renewed thrice as often.
    pub lease_ttl: Duration,
    /// The clock that stamps `received_at`.
    pub clock: Clock,
    /// Move the inbox to the lake once it holds that many entries …
    pub flush_entries: usize,
    /// … that many provenance records …
    pub provenance_flush_entries: usize,
    /// … or that many encoded bytes …
    pub flush_bytes: usize,
    /// … or an entry that old.
    pub flush_age: Duration,
    /// Let appends wait, and in the end refuse them, while that many entries wait for the lake.
    pub backlog_entries: usize,
    /// … or entries with that many bytes in memory.
    pub backlog_bytes: usize,
    /// Block cache and write buffers of the index, bytes.
    pub index_bytes: u64,
    /// Cubes kept in memory, bytes.
    pub cube_bytes: usize,
    /// Answer from cubes where they cover the question.
    pub use_cubes: bool,
    /// Run the flusher in the background; a short-lived reader may do without.
    pub background: bool,
    /// Whose blocking threads do the heavy work that nobody waits for: encoding, sorting and writing provenance. `None`:
    /// the caller's runtime's.
    pub background_runtime: Option<Handle>,
}

impl Config {
    /// A ledger in the local directory `data_dir`, for one process.
    #[must_use]
    pub fn local(data_dir: &Path) -> Self {
        let table = |name: &str| data_dir.join("lake").join(name).display().to_string();
        Self {
            table: table("usage_events"),
            provenance_table: table("provenance"),
            cache_dir: data_dir.join("cache"),
            lock_dir: Some(data_dir.to_owned()),
            shared: false,
            node: format!("pid-{}", std::process::id()),
            lease_ttl: Duration::from_secs(300),
            clock: Arc::new(system_now),
            flush_entries: 60_000,
            provenance_flush_entries: 30_000,
            flush_bytes: 32 << 20,
            flush_age: Duration::from_secs(300),
            backlog_entries: 120_000,
            backlog_bytes: 256 << 20,
            index_bytes: 64 << 20,
            cube_bytes: 64 << 20,
            use_cubes: true,
            background: true,
            background_runtime: None,
        }
    }

    /// A ledger whose lake lies at `table` (a URL) and whose inbox other nodes share; the table of provenance lies beside
    /// it, with `_provenance` at the end of its name.
    #[must_use]
    pub fn shared(table: &str, cache_dir: &Path, node: &str) -> Self {
        Self {
            table: table.to_owned(),
            provenance_table: format!("{}_provenance", table.trim_end_matches('/')),
            cache_dir: cache_dir.to_owned(),
            lock_dir: Some(cache_dir.to_owned()),
            shared: true,
            node: node.to_owned(),
            ..Self::local(cache_dir)
        }
    }

    /// The runtime whose blocking threads do the heavy work that nobody waits for.
    pub(crate) fn background_runtime(&self) -> Handle {
        self.background_runtime.clone().unwrap_or_else(Handle::current)
    }
}

/// The system clock, in microseconds.
fn system_now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
