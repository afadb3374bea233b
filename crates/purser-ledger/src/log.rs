//! A log: batches in an inbox, then rows of a lake table, and the view of both.
//! Invariant: the view only moves forward; each row is in it once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use purser_store::Store;
use purser_store::inbox::{self, Head, Inbox};
use tokio::sync::Notify;

use crate::config::Config;
use crate::error::Error;
use crate::lake::{Lake, Snapshot};
use crate::layout::Layout;
use crate::view::{TailBatch, View};

/// Inbox bytes read at once.
const READ_BYTES: u64 = 32 << 20;
/// How long an append waits for the flusher before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// The parts of an open log.
pub(crate) struct Log {
    pub(crate) layout: &'static Layout,
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) lake: Lake,
    view: RwLock<Arc<View>>,
    view_is_stale: AtomicBool,
    sync_one: tokio::sync::Mutex<()>,
    /// One flush, rewrite or retention at a time in this process; a lease sees to other nodes.
    pub(crate) maintenance: tokio::sync::Mutex<()>,
    /// Asks the flusher to look.
    pub(crate) flush_wanted: Notify,
    /// Why the last flush failed, if it did.
    pub(crate) flush_failure: Mutex<Option<String>>,
    /// Set once no more appends are taken.
    pub(crate) closing: AtomicBool,
}

impl Log {
    /// Opens the table at `config.table`, creating it as needed, and brings the view to the inbox's head.
    pub(crate) async fn open(layout: &'static Layout, config: Config, store: Store) -> Result<Self, Error> {
        let (lake, snapshot) = open_lake(layout, &config, &store).await?;
        claim(&store, &lake, &config.table).await?;
        let head = Head { seq: snapshot.seq, received_through: snapshot.received_through() };
        let view = View { lake: snapshot, tail: Vec::new(), head };
        let log = Self {
            layout,
            config,
            store,
            lake,
            view: RwLock::new(Arc::new(view)),
            view_is_stale: AtomicBool::new(false),
            sync_one: tokio::sync::Mutex::new(()),
            maintenance: tokio::sync::Mutex::new(()),
            flush_wanted: Notify::new(),
            flush_failure: Mutex::new(None),
            closing: AtomicBool::new(false),
        };
        log.sync().await?;
        Ok(log)
    }

    /// Does heavy work off the threads that serve requests. That of provenance, for which nobody waits, is done in the
    /// background.
    pub(crate) async fn heavy<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let done = match self.layout.log {
            inbox::Log::Provenance => self.config.background_runtime().spawn_blocking(work),
            inbox::Log::Usage => tokio::task::spawn_blocking(work),
        };
        done.await.map_err(|error| Error::Corrupt(format!("heavy work failed: {error}")))
    }

    /// The inbox that fills the table.
    pub(crate) fn inbox(&self) -> Inbox<'_> {
        self.store.inbox_of(self.layout.log)
    }

    /// The view as it is here.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The view for a query: with what other nodes wrote, if there are any.
    pub(crate) async fn fresh_view(&self) -> Result<Arc<View>, Error> {
        if self.config.shared || self.view_is_stale.load(Ordering::Acquire) {
            self.sync().await?;
        }
        Ok(self.view())
    }

    fn change_view(&self, change: impl FnOnce(&View) -> Option<View>) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(changed) = change(&view) {
            *view = Arc::new(changed);
        }
    }

    /// Adds a batch that this node committed.
    pub(crate) fn publish(&self, batch: TailBatch) {
        let batch = Arc::new(batch);
        self.change_view(|view| view.with_batch(batch));
        let view = self.view();
        if self.is_much(&view) {
            self.flush_wanted.notify_one();
        }
    }

    /// Moves the view to a newer version of the lake.
    pub(crate) fn publish_lake(&self, lake: Arc<Snapshot>) {
        self.change_view(|view| (lake.version > view.lake.version).then(|| view.with_lake(lake)));
    }

    /// A commit failed, perhaps after it was stored: look before the next one.
    pub(crate) fn distrust_view(&self) {
        self.view_is_stale.store(true, Ordering::Release);
    }

    /// Brings the view to the inbox's head.
    pub(crate) async fn sync(&self) -> Result<(), Error> {
        let _one = self.sync_one.lock().await;
        let head = self.inbox().head().await?;
        let mut refreshed = false;
        while self.view().head.seq < head.seq {
            let view = self.view();
            let batches = self.inbox().read_after(view.head.seq, READ_BYTES).await?;
            let is_next = batches.first().is_some_and(|batch| batch.seq == view.head.seq + 1);
            if is_next {
                for batch in &batches {
                    let batch = Arc::new(TailBatch::decode(batch)?);
                    self.change_view(|view| view.with_batch(batch));
                }
            } else if refreshed {
                let (at, head) = (view.head.seq, head.seq);
                return Err(Error::Corrupt(format!("inbox batches {} to {head} are in no place", at + 1)));
            } else {
                // Another node has moved them to the lake.
                self.publish_lake(self.lake.refresh(&view.lake).await?);
                refreshed = true;
            }
        }
        self.change_view(|view| (view.head.seq == head.seq).then(|| View { head, ..view.clone() }));
        self.view_is_stale.store(false, Ordering::Release);
        Ok(())
    }

    /// The inbox's head as far as this node knows, compared with the inbox if a commit failed.
    pub(crate) async fn head(&self) -> Result<Head, Error> {
        if self.is_distrusted() {
            self.sync().await?;
        }
        Ok(self.view().head)
    }

    /// Whether a commit failed since the view was last compared with the inbox.
    pub(crate) fn is_distrusted(&self) -> bool {
        self.view_is_stale.load(Ordering::Acquire)
    }

    /// Whether enough waits for the lake. Wide rows fill memory long before they are many: a flush begins while there is
    /// room for what comes meanwhile.
    pub(crate) fn is_much(&self, view: &View) -> bool {
        view.tail_rows() >= self.config.flush_entries
            || view.tail_bytes() >= self.config.flush_bytes
            || view.tail_memory() >= self.config.backlog_bytes / 4
    }

    /// Waits while too much waits for the lake; refuses if that does not get better.
    pub(crate) async fn await_room(&self) -> Result<(), Error> {
        let (limit, limit_bytes) = (self.config.backlog_entries, self.config.backlog_bytes);
        let started = Instant::now();
        loop {
            if self.closing.load(Ordering::Acquire) {
                return Err(Error::Closed);
            }
            let view = self.view();
            let waiting = view.tail_rows();
            if waiting < limit && view.tail_memory() < limit_bytes {
                return Ok(());
            }
            self.flush_wanted.notify_one();
            let failure = self.flush_failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if failure.is_some() || !self.config.background || started.elapsed() > PATIENCE {
                let cause = failure.unwrap_or_else(|| "the flusher is at work".to_owned());
                return Err(Error::Backlog { waiting, limit, cause });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Opens the lake; among nodes one after the other, for two that make the table at once would each give it an id.
async fn open_lake(layout: &'static Layout, config: &Config, store: &Store) -> Result<(Lake, Arc<Snapshot>), Error> {
    if !config.shared {
        return Lake::open(layout, &config.table).await;
    }
    let lease = format!("{}.open", layout.lease);
    let started = Instant::now();
    // Who holds it for longer has died at it.
    while !store.lease().acquire(&lease, &config.node, (config.clock)(), PATIENCE).await?
        && started.elapsed() < PATIENCE
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let opened = Lake::open(layout, &config.table).await;
    store.lease().release(&lease, &config.node).await?;
    opened
}

/// Refuses a lake that the state database does not belong to: nodes with lakes of their own would each miss what the
/// others flush.
async fn claim(store: &Store, lake: &Lake, location: &str) -> Result<(), Error> {
    // A relative path would say little to whoever starts another node.
    let location = lake.directory.as_ref().map_or_else(|| location.to_owned(), |path| path.display().to_string());
    let here = purser_store::lake::Lake { id: lake.id.clone(), location };
    let known = store.lake().claim(lake.layout.name, &here).await?;
    match known.id == here.id {
        true => Ok(()),
        false => Err(Error::OtherLake { known: known.location, here: here.location }),
    }
}
