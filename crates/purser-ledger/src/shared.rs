//! What all handles on usage share: its log, and an index and cubes that are derived from it.
//! Invariant: the index never runs ahead of the view.

use std::fs::File;
use std::ops::Deref;
use std::sync::Arc;

use datafusion::prelude::col;
use futures::StreamExt;
use purser_domain::entry::Entry;
use purser_domain::time::Timestamp;
use purser_store::inbox::Head;

use crate::cube::CubeStore;
use crate::error::Error;
use crate::index::{Changes, Checkpoint, Index};
use crate::lake::LakeFile;
use crate::log::Log;
use crate::plan::Former;
use crate::row::Reader;
use crate::scan;
use crate::slot::Slot;
use crate::view::View;

/// The parts of an open ledger.
pub(crate) struct Shared {
    pub(crate) log: Arc<Log>,
    pub(crate) index: Slot,
    pub(crate) cubes: CubeStore,
    /// Held while the ledger is open.
    pub(crate) lock: Option<Arc<File>>,
}

/// Usage is a log with more to it.
impl Deref for Shared {
    type Target = Log;

    fn deref(&self) -> &Log {
        &self.log
    }
}

impl Shared {
    /// Brings the index to the view and returns the head both stand at.
    pub(crate) async fn catch_up(&self) -> Result<Head, Error> {
        if self.is_distrusted() {
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
