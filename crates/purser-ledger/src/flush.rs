//! The flusher of any log: moves inbox batches to the lake.
//! Invariant: the lake's commit names the last batch it holds, so a crash before the inbox is emptied doubles nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use deltalake_core::kernel::Action;

use crate::error::Error;
use crate::lake::{Change, FileWriter, Sorter};
use crate::log::Log;
use crate::report::Flushed;
use crate::view::View;

/// Bytes in memory of what is sorted at once; a single batch may have more.
const PART_BYTES: usize = 256 << 20;
/// Rows written at a time: other heavy work has its turn in between.
const PIECE_ROWS: usize = 4_096;
/// How often the age of what waits is looked at.
const TICK: Duration = Duration::from_secs(1);
/// How often a node among others looks at the lake, so that it lets go of files that a vacuum may delete.
const FOLLOW: Duration = Duration::from_secs(30);

/// Flushes whenever enough waits, or what waits is old enough, until the ledger closes. After each look, `idle` has its
/// turn.
pub(crate) async fn run<I: Future<Output = ()>>(log: std::sync::Weak<Log>, idle: impl Fn() -> I) {
    let mut followed = Instant::now();
    loop {
        let Some(ledger) = log.upgrade() else { return };
        if ledger.closing.load(Ordering::Acquire) {
            return;
        }
        if is_due(&ledger) {
            let outcome = flush(&ledger).await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "the inbox could not be moved to the lake; it is tried again");
            }
        }
        if ledger.config.shared && followed.elapsed() > FOLLOW {
            followed = Instant::now();
            if let Err(error) = follow(&ledger).await {
                tracing::warn!(%error, "what other nodes did cannot be seen; it is tried again");
            }
        }
        idle().await;
        let failed = ledger.flush_failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if failed {
            tokio::time::sleep(TICK).await;
        } else {
            drop(tokio::time::timeout(TICK, ledger.flush_wanted.notified()).await);
        }
    }
}

/// Whether enough waits for the lake, or has waited long enough.
pub(crate) fn is_due(log: &Log) -> bool {
    let (view, config) = (log.view(), &log.config);
    let Some(oldest) = view.tail.first() else { return false };
    let age = (config.clock)().micros() - oldest.first_received.micros();
    log.is_much(&view) || u128::try_from(age).is_ok_and(|age| age >= config.flush_age.as_micros())
}

/// Takes the lease on the lake for the time of `work`. `None`: another node has it.
pub(crate) async fn with_lease<T>(log: &Log, work: impl Future<Output = Result<T, Error>>) -> Result<Option<T>, Error> {
    let _one = log.maintenance.lock().await;
    let node = &log.config.node;
    if !log.config.shared {
        return work.await.map(Some);
    }
    if !acquire(log).await? {
        return Ok(None);
    }
    // Work that outlives its lease is dropped, before its commit if it has not come to that.
    let outcome = tokio::select! {
        biased;
        () = until_lost(log) => Err(Error::LeaseLost),
        outcome = work => outcome,
    };
    log.store.lease().release(log.layout.lease, node).await?;
    outcome.map(Some)
}

async fn acquire(log: &Log) -> Result<bool, Error> {
    let config = &log.config;
    Ok(log.store.lease().acquire(log.layout.lease, &config.node, (config.clock)(), config.lease_ttl).await?)
}

/// Renews the lease for as long as this node has it.
async fn until_lost(log: &Log) {
    let ttl = log.config.lease_ttl;
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep(ttl / 3).await;
        match acquire(log).await {
            Ok(true) => renewed = Instant::now(),
            Ok(false) => return,
            Err(error) if renewed.elapsed() + ttl / 3 < ttl => {
                tracing::warn!(%error, "the lease on the lake could not be renewed; it is tried again");
            }
            Err(_) => return,
        }
    }
}

/// Moves everything that waits now to the lake.
pub(crate) async fn flush(log: &Log) -> Result<Flushed, Error> {
    let outcome = async {
        if log.config.shared {
            follow(log).await?;
        }
        with_lease(log, flush_all(log)).await
    }
    .await;
    let failure = outcome.as_ref().err().map(ToString::to_string);
    *log.flush_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    Ok(outcome?.unwrap_or_default())
}

/// Brings the view to what other nodes committed and flushed.
pub(crate) async fn follow(log: &Log) -> Result<(), Error> {
    log.sync().await?;
    log.publish_lake(log.lake.refresh(&log.view().lake).await?);
    Ok(())
}

async fn flush_all(log: &Log) -> Result<Flushed, Error> {
    if log.config.shared {
        follow(log).await?;
    }
    let through = log.view().head.seq;
    let mut flushed = Flushed::default();
    while let Some(part) = flush_part(log, &log.view(), through).await? {
        flushed.entries += part.entries;
        flushed.files += part.files;
        flushed.bytes += part.bytes;
    }
    log.inbox().delete_through(log.view().lake.seq).await?;
    Ok(flushed)
}

/// Moves the next batches up to `through`, as many as may be sorted at once.
async fn flush_part(log: &Log, view: &View, through: i64) -> Result<Option<Flushed>, Error> {
    let (mut rows, mut bytes) = (0, 0);
    let mut part = Vec::new();
    for batch in view.tail.iter().filter(|batch| batch.seq <= through) {
        rows += batch.rows.num_rows();
        bytes += batch.memory;
        if (rows > log.layout.flush_rows || bytes > PART_BYTES) && !part.is_empty() {
            break;
        }
        part.push(batch.clone());
    }
    let Some(last) = part.last() else { return Ok(None) };
    let seq = last.seq;
    let now = (log.config.clock)();
    let batches: Vec<RecordBatch> = part.iter().map(|batch| batch.rows.clone()).collect();
    let layout = log.layout;
    let sorted = Arc::new(log.heavy(move || Sorter::new(layout, &batches)).await??);
    let mut flushed = Flushed::default();
    let mut actions = Vec::new();
    for index in 0..sorted.days() {
        let sorted = sorted.clone();
        let (day, rows) = log.heavy(move || sorted.day(index)).await??;
        flushed.entries += rows.num_rows() as u64;
        let mut file = FileWriter::new(layout)?;
        for offset in (0..rows.num_rows()).step_by(PIECE_ROWS) {
            let piece = rows.slice(offset, PIECE_ROWS.min(rows.num_rows() - offset));
            file = log.heavy(move || file.with(&piece)).await??;
        }
        let file = log.heavy(move || file.finish()).await??;
        let add = log.lake.put_file(day, file, seq, now).await?;
        flushed.files += 1;
        flushed.bytes += u64::try_from(add.size).unwrap_or_default();
        actions.push(Action::Add(add));
    }
    drop(part);
    log.lake.commit(actions, Some((view.lake.seq, seq)), Change::Append).await?;
    log.publish_lake(log.lake.refresh(&view.lake).await?);
    Ok(Some(flushed))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use purser_domain::time::Timestamp;
    use purser_store::Store;

    use super::*;
    use crate::layout::USAGE;
    use crate::{Config, Ledger};

    const TTL: Duration = Duration::from_millis(600);

    async fn node(directory: &std::path::Path, name: &str) -> Ledger {
        let state = purser_store::Config { url: None, data_dir: directory.to_owned() };
        let store = Store::open(&state).await.expect("a state database");
        let table = directory.join("lake").display().to_string();
        let config = Config::shared(&table, &directory.join(name), name);
        Ledger::open(Config { lease_ttl: TTL, background: false, ..config }, store).await.expect("a node opens")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn long_work_keeps_its_lease() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (one, other) = (node(directory.path(), "one").await, node(directory.path(), "other").await);
        let work = with_lease(&one.shared, async {
            tokio::time::sleep(TTL * 4).await;
            Ok(())
        });
        let tries = async {
            for _ in 0..30 {
                tokio::time::sleep(TTL / 10).await;
                let taken = with_lease(&other.shared, async { Ok(()) }).await.expect("an answer");
                assert_eq!(taken, None, "the other node took the lease from work under way");
            }
        };
        let (done, ()) = tokio::join!(work, tries);
        assert_eq!(done.expect("the work ends well"), Some(()));
        let free = with_lease(&other.shared, async { Ok(()) }).await.expect("an answer");
        assert_eq!(free, Some(()), "released at the end");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_that_lost_its_lease_is_given_up() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let one = node(directory.path(), "one").await;
        let committed = AtomicBool::new(false);
        let work = with_lease(&one.shared, async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            committed.store(true, Ordering::Release);
            Ok(())
        });
        let theft = async {
            tokio::time::sleep(TTL / 10).await;
            let lease = one.shared.store.lease();
            lease.release(USAGE.lease, "one").await.expect("a release");
            let far = Timestamp::from_micros(i64::MAX / 2);
            assert!(lease.acquire(USAGE.lease, "thief", far, TTL).await.expect("an answer"));
        };
        let (lost, ()) = tokio::join!(work, theft);
        assert!(matches!(lost, Err(Error::LeaseLost)), "{lost:?}");
        assert!(!committed.load(Ordering::Acquire));
        let state = one.shared.store.lease().holder(USAGE.lease, Timestamp::default()).await.expect("an answer");
        assert_eq!(state.map(|(holder, _)| holder).as_deref(), Some("thief"), "whose lease it is now");
    }
}
