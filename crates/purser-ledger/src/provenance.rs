//! Provenance records: the same path as usage, into a Delta table of its own.
//!
//! Invariant: `Ok` from [`Provenance::append`] means on disk; each record follows the one before it in its tenant's
//! chain, whichever node stored it.

mod commit;
mod read;
mod retain;
mod row;
mod schema;
mod verify;

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use purser_domain::provenance::{Chained, Drift, Filter, Hash, Page, Record, RecordId, Variant};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_store::Store;

use crate::config::Config;
use crate::error::Error;
use crate::log::Log;
use crate::report::{Flushed, Optimized, Stats, Vacuumed};
use crate::{flush, maintain};

use read::Depth;
pub(crate) use schema::PROVENANCE;
pub use verify::ChainChecked;

/// Which records an append leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unless {
    /// None: their ids are new.
    Never,
    /// Those whose id is stored already: they are sent again after an append that may have been stored.
    IdStored,
    /// Those whose tenant has a record of the same variant and inputs.
    InputStored,
}

/// A handle on the provenance records; clones share it.
#[derive(Clone)]
pub struct Provenance {
    inner: Arc<Inner>,
}

struct Inner {
    log: Arc<Log>,
    /// One commit at a time: a second one would only find the head moved.
    one: tokio::sync::Mutex<()>,
    /// Held while any handle is open.
    _lock: Option<Arc<File>>,
}

impl Provenance {
    /// Opens the table that `config` of the ledger names, creating it as needed.
    pub(crate) async fn open(config: Config, store: Store, lock: Option<Arc<File>>) -> Result<Self, Error> {
        let config = Config {
            table: config.provenance_table.clone(),
            flush_entries: config.provenance_flush_entries,
            flush_bytes: 16 << 20,
            ..config
        };
        let log = Arc::new(Log::open(&PROVENANCE, config, store).await?);
        if log.config.background {
            tokio::spawn(flush::run(Arc::downgrade(&log), || std::future::ready(())));
        }
        Ok(Self { inner: Arc::new(Inner { log, one: tokio::sync::Mutex::new(()), _lock: lock }) })
    }

    fn log(&self) -> &Log {
        &self.inner.log
    }

    /// Stores `records` in one transaction and says of each whether it was stored: all, but for those that `unless`
    /// leaves out. `Ok` means on disk.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if their payloads have over 256 MiB together; else whatever storage answers. Whether they
    /// were stored is unknown only after a failed commit: send them again with [`Unless::IdStored`].
    pub async fn append(&self, mut records: Vec<Record>, unless: Unless) -> Result<Vec<bool>, Error> {
        self.append_from(&mut records, unless).await
    }

    /// The same; what failed leaves `records` as they were, but for a panic; what did not leaves none.
    ///
    /// # Errors
    /// As [`Provenance::append`].
    pub async fn append_from(&self, records: &mut Vec<Record>, unless: Unless) -> Result<Vec<bool>, Error> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let _one = self.inner.one.lock().await;
        commit::append(self.log(), records, unless).await
    }

    /// The records of `tenant` that pass `filter`, newest first.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn query(&self, tenant: &TenantId, filter: &Filter, page: Page) -> Result<Vec<Chained>, Error> {
        read::page(self.log(), tenant, filter, page, Depth::Whole).await
    }

    /// The same without their inputs and outputs, which are empty: a list of what may be large.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn outline(&self, tenant: &TenantId, filter: &Filter, page: Page) -> Result<Vec<Chained>, Error> {
        read::page(self.log(), tenant, filter, page, Depth::Outline).await
    }

    /// One record.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn get(&self, tenant: &TenantId, id: RecordId) -> Result<Option<Chained>, Error> {
        read::get(self.log(), tenant, id).await
    }

    /// How many records of `tenant` pass `filter`.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn count(&self, tenant: &TenantId, filter: &Filter) -> Result<u64, Error> {
        read::total(self.log(), tenant, filter).await
    }

    /// Statistics of the cost deltas of the records of `tenant` that pass `filter`.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn drift(&self, tenant: &TenantId, filter: &Filter) -> Result<Drift, Error> {
        read::drift(self.log(), tenant, filter).await
    }

    /// Which of `input_hashes` the records of `variant` of `tenant` have.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn known(
        &self,
        tenant: &TenantId,
        variant: Variant,
        input_hashes: &HashSet<Hash>,
    ) -> Result<HashSet<Hash>, Error> {
        let view = self.log().fresh_view().await?;
        read::known_inputs(self.log(), &view, tenant, variant, input_hashes).await
    }

    /// Checks the chain of `tenant` record by record.
    ///
    /// # Errors
    /// Whatever storage answers; what is wrong with the chain is found, not an error.
    pub async fn verify(&self, tenant: &TenantId) -> Result<ChainChecked, Error> {
        verify::verify(self.log(), tenant).await
    }

    /// Moves what waits in the inbox to the table.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn flush(&self) -> Result<Flushed, Error> {
        flush::flush(self.log()).await
    }

    /// Rewrites closed days into few sorted files.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn optimize(&self) -> Result<Optimized, Error> {
        maintain::optimize(self.log()).await
    }

    /// Deletes files that no version younger than `keep` needs.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn vacuum(&self, keep: Duration, dry_run: bool) -> Result<Vacuumed, Error> {
        maintain::vacuum(self.log(), keep, dry_run).await
    }

    /// Deletes what was stored on days before the UTC date of `before` and returns how many records went: each chain
    /// then starts later.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn retain(&self, before: Timestamp) -> Result<u64, Error> {
        retain::retain(self.log(), before).await
    }

    /// The sizes of table and inbox.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn stats(&self) -> Result<Stats, Error> {
        maintain::stats(self.log()).await
    }

    /// Refuses further appends and flushes.
    ///
    /// # Errors
    /// Whatever storage answers; nothing acknowledged is lost then either.
    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        let _one = self.inner.one.lock().await;
        self.log().closing.store(true, Ordering::Release);
        self.log().flush_wanted.notify_one();
        self.flush().await.map(drop)
    }
}
