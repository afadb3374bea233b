//! The handle: opens the parts and passes each call to the one that does it.

use std::time::Duration;

use futures::stream::BoxStream;
use purser_domain::entry::Entry;
use purser_domain::tenant::TenantId;
use purser_domain::time::{Calendar, Timestamp, Window};
use purser_domain::usage_query::{Answer, Query};
use purser_store::Store;

use crate::append::{AppendError, Applied, Correction, Draft, Mode, Receipt};
use crate::config::Config;
use crate::entry_filter::{EntryFilter, Page};
use crate::error::Error;
use crate::report::{Flushed, Optimized, Stats, Unpriced, Vacuumed, Verified};

/// A handle on the ledger; clones share it.
#[derive(Clone)]
pub struct Ledger {}

/// Queries over all tenants: for verification and benchmarks, never for a request.
#[derive(Clone)]
pub struct Operator {}

impl Ledger {
    /// Opens the ledger, creating it as needed, and recovers what a crash left behind.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has the data directory open; else whatever storage answers.
    pub async fn open(_config: Config, _store: Store) -> Result<Self, Error> {
        Err(Error::Closed)
    }

    /// Stores each event once. `Ok` means on disk.
    ///
    /// # Errors
    /// See [`AppendError`]; on any error but a broken connection nothing was stored, and sending again is always safe.
    pub async fn append(&self, _drafts: Vec<Draft>, _mode: Mode) -> Result<Receipt, AppendError> {
        Err(AppendError::Failed(Error::Closed))
    }

    /// Takes charges back, and charges anew: each correction is applied wholly or, if its row is stale, not at all.
    ///
    /// # Errors
    /// As for [`Ledger::append`].
    pub async fn correct(&self, _corrections: Vec<Correction>) -> Result<Vec<Applied>, AppendError> {
        Err(AppendError::Failed(Error::Closed))
    }

    /// Answers a question about one tenant's usage, its calendar cutting the time buckets.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn query(&self, _tenant: &TenantId, _calendar: &Calendar, _query: &Query) -> Result<Answer, Error> {
        Err(Error::Closed)
    }

    /// One page of entries, newest received first.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn entries(&self, _tenant: &TenantId, _filter: &EntryFilter, _page: Page) -> Result<Vec<Entry>, Error> {
        Err(Error::Closed)
    }

    /// Every row of an event, oldest received first; of all sources if none is named.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn entry_history(
        &self,
        _tenant: &TenantId,
        _source: Option<&str>,
        _event_id: &str,
    ) -> Result<Vec<Entry>, Error> {
        Err(Error::Closed)
    }

    /// All entries that pass `filter`, in no particular order, a batch at a time.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn scan(
        &self,
        _tenant: &TenantId,
        _filter: &EntryFilter,
    ) -> Result<BoxStream<'static, Result<Vec<Entry>, Error>>, Error> {
        Err(Error::Closed)
    }

    /// Usage without a price, by model and reason, most events first.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn unpriced(&self, _tenant: &TenantId, _window: Option<Window>) -> Result<Vec<Unpriced>, Error> {
        Err(Error::Closed)
    }

    /// When the tenant's newest event occurred.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn freshness(&self, _tenant: &TenantId) -> Result<Option<Timestamp>, Error> {
        Err(Error::Closed)
    }

    /// The view over all tenants.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator {}
    }

    /// Moves what waits in the inbox to the lake.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn flush(&self) -> Result<Flushed, Error> {
        Err(Error::Closed)
    }

    /// Rewrites closed days into few sorted files.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn optimize(&self) -> Result<Optimized, Error> {
        Err(Error::Closed)
    }

    /// Deletes files that no version younger than `keep` needs.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn vacuum(&self, _keep: Duration, _dry_run: bool) -> Result<Vacuumed, Error> {
        Err(Error::Closed)
    }

    /// Deletes the days before the UTC date of `before` and returns how many rows went.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn retain(&self, _before: Timestamp) -> Result<u64, Error> {
        Err(Error::Closed)
    }

    /// The ledger's size.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn stats(&self) -> Result<Stats, Error> {
        Err(Error::Closed)
    }

    /// Re-derives counts and sums from the files and compares them with what the ledger says.
    ///
    /// # Errors
    /// Whatever storage answers; disagreements are findings, not errors.
    pub async fn verify(&self) -> Result<Verified, Error> {
        Err(Error::Closed)
    }

    /// Refuses further appends, flushes, and gives the data directory free.
    ///
    /// # Errors
    /// Whatever storage answers; nothing acknowledged is lost then either.
    pub async fn shutdown(&self) -> Result<(), Error> {
        Err(Error::Closed)
    }
}

impl Operator {
    /// Answers a question about all tenants together; with `by_tenant`, each row's first key is the tenant.
    ///
    /// # Errors
    /// Whatever storage answers.
    pub async fn query(&self, _calendar: &Calendar, _query: &Query, _by_tenant: bool) -> Result<Answer, Error> {
        Err(Error::Closed)
    }
}
