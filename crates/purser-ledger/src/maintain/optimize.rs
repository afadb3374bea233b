//! Rewrites closed days: many flushed files become few, sorted by tenant and time over the whole day.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::prelude::col;
use deltalake_core::kernel::Action;
use futures::StreamExt;

use crate::error::Error;
use crate::flush::{follow, with_lease};
use crate::lake::{Change, FileWriter, LakeFile};
use crate::log::Log;
use crate::report::Optimized;
use crate::scan::frame_in;

/// Rewrites each day before today that has more than one file, one commit per day.
pub(crate) async fn optimize(log: &Log) -> Result<Optimized, Error> {
    let today = (log.config.clock)().utc_day();
    let days: BTreeSet<i32> = log.view().lake.files.iter().map(|file| file.day).filter(|day| *day < today).collect();
    let mut optimized = Optimized::default();
    for day in days {
        if is_tidy(log, &files_of(log, day)) {
            continue;
        }
        let Some(part) = with_lease(log, rewrite(log, day)).await? else { break };
        optimized.days += part.days;
        optimized.files_removed += part.files_removed;
        optimized.files_added += part.files_added;
        optimized.bytes_removed += part.bytes_removed;
        optimized.bytes_added += part.bytes_added;
    }
    Ok(optimized)
}

fn files_of(log: &Log, day: i32) -> Vec<Arc<LakeFile>> {
    log.view().lake.files.iter().filter(|file| file.day == day).cloned().collect()
}

/// Whether a day's rows are in as few files as they may be.
fn is_tidy(log: &Log, files: &[Arc<LakeFile>]) -> bool {
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    files.len() as u64 <= rows.div_ceil(log.layout.file_rows as u64)
}

/// Rewrites one day. The lease is held: the files are those of now, not those of a view from before it.
async fn rewrite(log: &Log, day: i32) -> Result<Optimized, Error> {
    if log.config.shared {
        follow(log).await?;
    }
    let (view, files) = (log.view(), files_of(log, day));
    if is_tidy(log, &files) {
        return Ok(Optimized::default());
    }
    let (now, seq) = ((log.config.clock)(), view.lake.seq);
    let order = log.layout.order().map(|name| col(name).sort(true, false));
    let rows = frame_in(&log.lake.rewriter, &log.lake, files.clone(), Vec::new())?.sort(order.to_vec())?;
    let mut stream = rows.execute_stream().await?;
    let mut actions: Vec<Action> = files.iter().map(|file| Action::Remove(file.remove(now, false))).collect();
    let mut optimized = Optimized {
        days: 1,
        files_removed: files.len() as u64,
        bytes_removed: files.iter().map(|file| file.bytes).sum(),
        ..Optimized::default()
    };
    let mut file = FileWriter::new(log.layout)?;
    loop {
        let batch = stream.next().await.transpose()?;
        let is_last = batch.is_none();
        if let Some(batch) = batch {
            file = log.heavy(move || file.with(&batch)).await??;
        }
        if file.rows() >= log.layout.file_rows || (is_last && file.rows() > 0) {
            let whole = std::mem::replace(&mut file, FileWriter::new(log.layout)?);
            let whole = log.heavy(move || whole.finish()).await??;
            let mut add = log.lake.put_file(day, whole, seq, now).await?;
            add.data_change = false;
            optimized.files_added += 1;
            optimized.bytes_added += u64::try_from(add.size).unwrap_or_default();
            actions.push(Action::Add(add));
        }
        if is_last {
            break;
        }
    }
    log.lake.commit(actions, None, Change::Rewrite).await?;
    log.publish_lake(log.lake.refresh(&view.lake).await?);
    Ok(optimized)
}
