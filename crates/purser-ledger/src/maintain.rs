//! Keeps the lake small and honest: rewrites closed days, deletes old ones, sizes, verification.

mod optimize;
mod verify;

use std::time::Duration;

use deltalake_core::kernel::Action;
use purser_domain::time::Timestamp;

use crate::error::Error;
use crate::flush::with_lease;
use crate::lake::Change;
use crate::log::Log;
use crate::report::{Stats, Vacuumed};

pub(crate) use optimize::optimize;
pub(crate) use verify::verify;

/// Deletes files that no version younger than `keep` needs.
pub(crate) async fn vacuum(log: &Log, keep: Duration, dry_run: bool) -> Result<Vacuumed, Error> {
    let files = with_lease(log, log.lake.vacuum(keep, dry_run)).await?.unwrap_or_default();
    log.publish_lake(log.lake.refresh(&log.view().lake).await?);
    Ok(Vacuumed { files })
}

/// Deletes the days before the UTC date of `before`; the files go with the next vacuum.
pub(crate) async fn retain(log: &Log, before: Timestamp) -> Result<u64, Error> {
    let work = async {
        let view = log.view();
        let now = (log.config.clock)();
        let old: Vec<_> = view.lake.files.iter().filter(|file| file.day < before.utc_day()).collect();
        if old.is_empty() {
            return Ok(0);
        }
        let actions = old.iter().map(|file| Action::Remove(file.remove(now, true))).collect();
        log.lake.commit(actions, None, Change::Retain).await?;
        log.publish_lake(log.lake.refresh(&view.lake).await?);
        Ok(old.iter().map(|file| file.rows).sum())
    };
    Ok(with_lease(log, work).await?.unwrap_or_default())
}

/// The log's size.
pub(crate) async fn stats(log: &Log) -> Result<Stats, Error> {
    let view = log.fresh_view().await?;
    let files = &view.lake.files;
    Ok(Stats {
        lake_version: view.lake.version,
        lake_files: files.len() as u64,
        lake_rows: files.iter().map(|file| file.rows).sum(),
        lake_bytes: files.iter().map(|file| file.bytes).sum(),
        inbox_rows: view.tail_rows() as u64,
        inbox_bytes: view.tail_bytes() as u64,
        flushed_seq: view.lake.seq,
        head_seq: view.head.seq,
        received_through: view.head.received_through,
        index_bytes: 0,
    })
}
