//! What all handles share, and how it is kept in step with inbox and lake.
//! Invariant: the view only moves forward; the index never runs ahead of it.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use datafusion::prelude::col;
use futures::StreamExt;
use purser_domain::entry::Entry;
use purser_domain::time::Timestamp;
use purser_store::Store;
use purser_store::inbox::Head;
use tokio::sync::Notify;

use crate::config::Config;
use crate::cube::CubeStore;
use crate::error::Error;
use crate::index::{Changes, Checkpoint, Index};
use crate::lake::{Lake, LakeFile, Snapshot};
use crate::plan::Former;
use crate::row::Reader;
use crate::scan;
use crate::slot::Slot;
use crate::view::{TailBatch, View};

/// Inbox bytes read at once.
const READ_BYTES: u64 = 32 << 20;
/// How long an append waits for the flusher before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// The parts of an open ledger.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) lake: Lake,
    pub(crate) index: Slot,
    pub(crate) cubes: CubeStore,
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
    /// Held while the ledger is open.
    _lock: Option<File>,
}

impl Shared {
    /// Puts the parts together; the view starts at the lake and is then brought to the inbox's head.
    pub(crate) fn new(
        config: Config,
        store: Store,
        (lake, snapshot): (Lake, Arc<Snapshot>),
        (index, cubes): (Slot, CubeStore),
        lock: Option<File>,
    ) -> Self {
        let head = Head { seq: snapshot.seq, received_through: snapshot.received_through() };
        let view = View { lake: snapshot, tail: Vec::new(), head };
        Self {
            config,
            store,
            lake,
            index,
            cubes,
            view: RwLock::new(Arc::new(view)),
            view_is_stale: AtomicBool::new(false),
            sync_one: tokio::sync::Mutex::new(()),
            maintenance: tokio::sync::Mutex::new(()),
            flush_wanted: Notify::new(),
            flush_failure: Mutex::new(None),
            closing: AtomicBool::new(false),
            _lock: lock,
        }
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
        if view.tail_rows() >= self.config.flush_entries || view.tail_bytes() >= self.config.flush_bytes {
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
        let head = self.store.inbox().head().await?;
        let mut refreshed = false;
        while self.view().head.seq < head.seq {
            let view = self.view();
            let batches = self.store.inbox().read_after(view.head.seq, READ_BYTES).await?;
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

    /// Brings the index to the view and returns the head both stand at.
    pub(crate) async fn catch_up(&self) -> Result<Head, Error> {
        if self.view_is_stale.load(Ordering::Acquire) {
            self.sync().await?;
        }
        let view = self.view();
        let mut index = self.index.get()?;
        let mut from = index.checkpoint()?;
        if from.seq == view.head.seq && index.is_of(&self.lake.id)? {
            return Ok(view.head);
        }
        if from.seq > view.head.seq || !index.is_of(&self.lake.id)? {
            drop(index);
            index = self.index.reset()?;
            index.set_lake(&self.lake.id)?;
            from = Checkpoint::default();
        }
        self.replay(&index, from, &view).await?;
        Ok(view.head)
    }

    /// Notes every row of `view` after `from`.
    async fn replay(&self, index: &Index, from: Checkpoint, view: &View) -> Result<(), Error> {
        let mut hasher = index.hasher();
        if from.seq < view.lake.seq {
            tracing::info!(from = from.seq, to = view.lake.seq, "the index reads the lake");
            let newer = |file: &&Arc<LakeFile>| file.received.1 > from.received_through;
            let files = view.lake.files.iter().filter(newer).cloned().collect();
            let newer = col("received_at").gt(scan::at(from.received_through));
            let rows = scan::frame(&self.lake, files, Vec::new())?.filter(newer)?;
            let mut stream = rows.execute_stream().await?;
            while let Some(batch) = stream.next().await {
                let mut changes = Changes::default();
                for entry in Reader::new(&batch?)?.entries() {
                    index.note(&mut changes, &mut hasher, &entry?)?;
                }
                index.apply(&changes, from)?;
            }
        }
        for batch in view.tail.iter().filter(|batch| batch.seq > from.seq) {
            let mut changes = Changes::default();
            for entry in Reader::new(&batch.rows)?.entries() {
                index.note(&mut changes, &mut hasher, &entry?)?;
            }
            index.apply(&changes, from)?;
        }
        let head = view.head;
        index.apply(&Changes::default(), Checkpoint { seq: head.seq, received_through: head.received_through })
    }

    /// The stored rows of `formers`, in their order.
    pub(crate) async fn fetch(&self, formers: &[Former]) -> Result<Vec<Entry>, Error> {
        let view = self.view();
        let mut found: Vec<Option<Entry>> = formers.iter().map(|f| find_in_tail(&view, f)).collect::<Result<_, _>>()?;
        let missing: Vec<&Former> = formers.iter().zip(&found).filter(|(_, e)| e.is_none()).map(|(f, _)| f).collect();
        if !missing.is_empty() {
            let wanted = |file: &&Arc<LakeFile>| missing.iter().any(|former| may_hold(file, former));
            let files = view.lake.files.iter().filter(wanted).cloned().collect();
            let times = missing.iter().map(|former| scan::at(former.received_at)).collect();
            let these = col("received_at").in_list(times, false);
            let rows = scan::frame(&self.lake, files, Vec::new())?.filter(these)?;
            for batch in rows.collect().await? {
                for entry in Reader::new(&batch)?.entries() {
                    let entry = entry?;
                    if let Some(place) = formers.iter().position(|former| former.received_at == entry.received_at) {
                        found[place] = Some(entry);
                    }
                }
            }
        }
        let lost = |former: &Former| Error::Corrupt(format!("the row received at {} is lost", former.received_at));
        found.into_iter().zip(formers).map(|(entry, former)| entry.ok_or_else(|| lost(former))).collect()
    }

    /// Waits while too much waits for the lake; refuses if that does not get better.
    pub(crate) async fn await_room(&self) -> Result<(), Error> {
        let limit = self.config.backlog_entries;
        let started = Instant::now();
        loop {
            if self.closing.load(Ordering::Acquire) {
                return Err(Error::Closed);
            }
            let waiting = self.view().tail_rows();
            if waiting < limit {
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

fn find_in_tail(view: &View, former: &Former) -> Result<Option<Entry>, Error> {
    for batch in &view.tail {
        if let Some(row) = batch.find(former.received_at) {
            return Ok(Some(Reader::new(&batch.rows)?.entry(row)?));
        }
    }
    Ok(None)
}

fn may_hold(file: &LakeFile, former: &Former) -> bool {
    let (from, to): (Timestamp, Timestamp) = file.received;
    file.day == former.day
        && file.may_hold(former.tenant.as_str())
        && from <= former.received_at
        && former.received_at <= to
}
