//! The handle: opens the parts and passes each call to the one that does it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::stream::BoxStream;
use purser_domain::attribution::SpanContext;
use purser_domain::charge::Unpriced;
use purser_domain::entry::Entry;
use purser_domain::tenant::TenantId;
use purser_domain::time::{Calendar, Timestamp, Window};
use purser_domain::usage_query::{Answer, Query};
use purser_store::Store;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore, mpsc, oneshot};

use crate::append::{AppendError, Applied, Correction, Draft, Mode, Rate, Receipt};
use crate::commit::{self, Job};
use crate::config::Config;
use crate::cube::{self, CubeStore};
use crate::entry_filter::{EntryFilter, Page};
use crate::error::Error;
use crate::layout::USAGE;
use crate::log::Log;
use crate::plan::Request;
use crate::provenance::Provenance;
use crate::query::{Scope, answer};
use crate::report::{Flushed, Optimized, Stats, Vacuumed, Verified};
use crate::shared::Shared;
use crate::slot::Slot;
use crate::{entries, flush, maintain, row};

/// The lock file in the data directory.
const LOCK_FILE: &str = "ledger.lock";
/// The most events that wait for their commit; senders of more wait first. Bounds memory.
const ROOM_EVENTS: usize = 40_000;

/// A handle on the ledger; clones share it.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) shared: Arc<Shared>,
    jobs: Arc<std::sync::Mutex<Option<mpsc::Sender<Job>>>>,
    committer: Arc<std::sync::Mutex<Option<std::thread::JoinHandle<()>>>>,
    /// Room for events that wait for their commit.
    room: Arc<Semaphore>,
    provenance: Arc<OnceCell<Provenance>>,
}

/// Queries over all tenants: for verification and benchmarks, never for a request.
#[derive(Clone)]
pub struct Operator {
    shared: Arc<Shared>,
}

impl Ledger {
    /// Opens the ledger, creating it as needed, and recovers what a crash left behind.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has the data directory open; else whatever storage answers.
    pub async fn open(config: Config, store: Store) -> Result<Self, Error> {
        let lock = config.lock_dir.as_deref().map(lock).transpose()?.map(Arc::new);
        let index = Slot::open(config.cache_dir.join("index"), config.index_bytes)?;
        let cubes = CubeStore::open(&config.cache_dir, config.cube_bytes)?;
        let background = config.background;
        let log = Arc::new(Log::open(&USAGE, config, store).await?);
        let shared = Arc::new(Shared { log, index, cubes, lock });
        shared.catch_up().await?;
        let (jobs, queue) = mpsc::channel(commit::QUEUE);
        let (for_thread, handle) = (shared.clone(), Handle::current());
        let committer = std::thread::Builder::new()
            .name("ledger-commit".to_owned())
            .spawn(move || commit::run(&for_thread, &handle, queue))
            .map_err(|source| Error::file(Path::new("ledger-commit"), source))?;
        if background {
            let weak = Arc::downgrade(&shared);
            let idle = move || {
                let shared = weak.upgrade();
                async move {
                    if let Some(shared) = shared {
                        cube::build_when_idle(&shared).await;
                    }
                }
            };
            tokio::spawn(flush::run(Arc::downgrade(&shared.log), idle));
        }
        Ok(Self {
            shared,
            jobs: Arc::new(std::sync::Mutex::new(Some(jobs))),
            committer: Arc::new(std::sync::Mutex::new(Some(committer))),
            room: Arc::new(Semaphore::new(ROOM_EVENTS)),
            provenance: Arc::default(),
        })
    }

    /// Stores each event once. `Ok` means on disk. A call that several events saw is charged once, rated by `rate`.
    ///
    /// # Errors
    /// See [`AppendError`]; on any error but a broken connection nothing was stored, and sending again is always safe.
    pub async fn append(&self, drafts: Vec<Draft>, mode: Mode, rate: &Rate) -> Result<Receipt, AppendError> {
        if drafts.is_empty() {
            return Ok(Receipt::default());
        }
        let wanted = u32::try_from(drafts.len().min(ROOM_EVENTS)).unwrap_or(u32::MAX);
        let _room = self.room.acquire_many(wanted).await.map_err(|_| Error::Closed)?;
        let (reply, answer) = oneshot::channel();
        self.send(Job::Append(Request { drafts, mode, rate: rate.clone() }, reply)).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Takes charges back, and charges anew: each correction is applied wholly or, if its row is stale, not at all. Calls
    /// that lose a sighting are rated by `rate`.
    ///
    /// # Errors
    /// As for [`Ledger::append`].
    pub async fn correct(&self, corrections: Vec<Correction>, rate: &Rate) -> Result<Vec<Applied>, AppendError> {
        for (index, correction) in corrections.iter().enumerate() {
            let Some(charge) = &correction.replacement else { continue };
            let reported = correction.reverses.event.reported_usd;
            let checked = row::check_charge(charge, reported);
            checked.map_err(|reason| AppendError::Unstorable { index, reason })?;
        }
        if corrections.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        self.send(Job::Correct(corrections, rate.clone(), reply)).await?;
        answer.await.map_err(|_| Error::Closed)?
    }

    /// Keeps what spans around calls tell for a day: calls below them get it, those that came before by a correction.
    ///
    /// # Errors
    /// As for [`Ledger::append`].
    pub async fn surround(
        &self,
        tenant: &TenantId,
        contexts: Vec<SpanContext>,
        rate: &Rate,
    ) -> Result<(), AppendError> {
        if contexts.is_empty() {
            return Ok(());
        }
        let (reply, answer) = oneshot::channel();
        self.send(Job::Surround(tenant.clone(), contexts, rate.clone(), reply)).await?;
        answer.await.map_err(|_| Error::Closed)?.map(drop)
    }

    async fn send(&self, job: Job) -> Result<(), Error> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        jobs.ok_or(Error::Closed)?.send(job).await.map_err(|_| Error::Closed)
    }

    /// Answers a question about one tenant's usage, its calendar cutting the time buckets.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn query(&self, tenant: &TenantId, calendar: &Calendar, query: &Query) -> Result<Answer, Error> {
        answer(&self.shared, Scope { tenant: Some(tenant), by_tenant: false }, calendar, query).await
    }

    /// One page of entries, newest received first.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn entries(&self, tenant: &TenantId, filter: &EntryFilter, page: Page) -> Result<Vec<Entry>, Error> {
        entries::page(&self.shared, tenant, filter, page).await
    }

    /// How many entries pass `filter`; reads all of them.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn count_entries(&self, tenant: &TenantId, filter: &EntryFilter) -> Result<u64, Error> {
        entries::count(&self.shared, tenant, filter).await
    }

    /// Every row of an event, oldest received first; of all sources if none is named.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn entry_history(
        &self,
        tenant: &TenantId,
        source: Option<&str>,
        event_id: &str,
    ) -> Result<Vec<Entry>, Error> {
        entries::history(&self.shared, tenant, source, event_id).await
    }

    /// All entries that pass `filter`, in no particular order, a batch at a time.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn scan(
        &self,
        tenant: &TenantId,
        filter: &EntryFilter,
    ) -> Result<BoxStream<'static, Result<Vec<Entry>, Error>>, Error> {
        entries::scan(&self.shared, tenant, filter).await
    }

    /// Usage without a price, by model and reason, most events first.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn unpriced(&self, tenant: &TenantId, window: Option<Window>) -> Result<Vec<Unpriced>, Error> {
        entries::unpriced(&self.shared, tenant, window).await
    }

    /// When the tenant's newest event occurred.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn freshness(&self, tenant: &TenantId) -> Result<Option<Timestamp>, Error> {
        entries::freshness(&self.shared, tenant).await
    }

    /// The provenance records, opened when they are first asked for.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn provenance(&self) -> Result<&Provenance, Error> {
        let open = || {
            let shared = &self.shared;
            Provenance::open(shared.config.clone(), shared.store.clone(), shared.lock.clone())
        };
        self.provenance.get_or_try_init(open).await
    }

    /// The directory on this machine that is this ledger's alone.
    #[must_use]
    pub fn directory(&self) -> &Path {
        let config = &self.shared.config;
        config.lock_dir.as_deref().unwrap_or(&config.cache_dir)
    }

    /// The runtime whose blocking threads do the heavy work that nobody waits for.
    ///
    /// # Panics
    /// Outside a runtime, if none is set.
    #[must_use]
    pub fn background_runtime(&self) -> Handle {
        self.shared.config.background_runtime()
    }

    /// The view over all tenants.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator { shared: self.shared.clone() }
    }

    /// Moves what waits in the inbox to the lake.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn flush(&self) -> Result<Flushed, Error> {
        flush::flush(&self.shared).await
    }

    /// Rewrites closed days into few sorted files.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn optimize(&self) -> Result<Optimized, Error> {
        maintain::optimize(&self.shared).await
    }

    /// Builds the cubes that lake files lack and returns how many: queries are faster with them, never different.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn build_cubes(&self) -> Result<u64, Error> {
        cube::build_missing(&self.shared, || true).await
    }

    /// Deletes files that no version younger than `keep` needs.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn vacuum(&self, keep: Duration, dry_run: bool) -> Result<Vacuumed, Error> {
        maintain::vacuum(&self.shared, keep, dry_run).await
    }

    /// Deletes the days before the UTC date of `before` and returns how many rows went.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn retain(&self, before: Timestamp) -> Result<u64, Error> {
        maintain::retain(&self.shared, before).await
    }

    /// The ledger's size.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let index_bytes = self.shared.index.get()?.disk_bytes();
        Ok(Stats { index_bytes, ..maintain::stats(&self.shared).await? })
    }

    /// Re-derives counts and sums from the files and compares them with what the ledger says.
    ///
    /// # Errors
    /// Whatever storage answers; disagreements are findings, not errors.
    pub async fn verify(&self) -> Result<Verified, Error> {
        maintain::verify(&self.shared).await
    }

    /// Refuses further appends, waits for those under way, and flushes. The data directory is free once the last
    /// handle is gone.
    ///
    /// # Errors
    /// Whatever storage answers; nothing acknowledged is lost then either.
    pub async fn shutdown(&self) -> Result<(), Error> {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(committer) = committer {
            let ended = tokio::task::spawn_blocking(move || committer.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("the committer did not end well");
            }
        }
        self.shared.closing.store(true, Ordering::Release);
        self.shared.flush_wanted.notify_one();
        let provenance = match self.provenance.get() {
            Some(provenance) => provenance.shutdown().await,
            None => Ok(()),
        };
        flush::flush(&self.shared).await?;
        provenance
    }
}

impl Operator {
    /// Answers a question about all tenants together; with `by_tenant`, each row's first key is the tenant.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn query(&self, calendar: &Calendar, query: &Query, by_tenant: bool) -> Result<Answer, Error> {
        answer(&self.shared, Scope { tenant: None, by_tenant }, calendar, query).await
    }
}

/// Takes the exclusive lock on `directory`: it ends with the process, however that ends.
fn lock(directory: &Path) -> Result<File, Error> {
    std::fs::create_dir_all(directory).map_err(|source| Error::file(directory, source))?;
    let path = directory.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|source| Error::file(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: directory.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(Error::file(&path, source)),
    }
}
