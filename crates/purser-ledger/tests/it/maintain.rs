//! Maintenance changes files, never sums.

use std::sync::atomic::Ordering;
use std::time::Duration;

use purser_domain::time::Timestamp;
use purser_ledger::{Config, Outcome};

use crate::support::{HOUR, NOW, TestLedger, draft, drafts, rate};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_day_is_rewritten_into_one_file_with_the_same_sums() {
    let ledger = TestLedger::new().await;
    for part in 0..4 {
        let mut part = drafts(part * 10..part * 10 + 10);
        for (n, draft) in part.iter_mut().enumerate() {
            draft.event.occurred_at = Timestamp::from_micros(NOW - 24 * HOUR - n as i64 * HOUR / 7);
        }
        ledger.append(part).await;
        ledger.ledger.flush().await.expect("a flush");
    }
    let before = ledger.total().await;
    let optimized = ledger.ledger.optimize().await.expect("an optimisation");
    assert_eq!((optimized.days, optimized.files_removed, optimized.files_added), (1, 4, 1));
    assert_eq!(ledger.total().await, before);
    assert_eq!(ledger.ledger.stats().await.expect("sizes").lake_files, 1);
    ledger.clock.store(NOW + HOUR, Ordering::Relaxed);
    let gone = ledger.ledger.vacuum(Duration::ZERO, false).await.expect("a vacuum").files;
    assert_eq!(gone.len(), 4);
    ledger.assert_sound().await;
    assert_eq!(ledger.append(drafts(100..101)).await, [Outcome::Accepted]);
    ledger.ledger.flush().await.expect("a flush after a rewrite");
    let ledger = ledger.lose_index().await;
    assert_eq!(ledger.total().await.charged, before.charged + 1);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_out_of_retention_go() {
    let ledger = TestLedger::new().await;
    let mut old = draft("old", 5);
    old.event.occurred_at = Timestamp::from_micros(NOW - 90 * 24 * HOUR);
    ledger.append(vec![old.clone(), draft("new", 1)]).await;
    ledger.ledger.flush().await.expect("a flush");
    let gone = ledger.ledger.retain(Timestamp::from_micros(NOW - 30 * 24 * HOUR)).await.expect("retention");
    assert_eq!(gone, 1);
    assert_eq!(ledger.total().await.charged, 1);
    assert_eq!(ledger.append(vec![old]).await, [Outcome::Duplicate], "what went does not come back");
}

/// How many of ten events the background flusher moves within two seconds.
async fn flushed(change: impl FnOnce(&mut Config)) -> u64 {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store_config = purser_store::Config { url: None, data_dir: directory.path().to_owned() };
    let store = purser_store::Store::open(&store_config).await.expect("the store opens");
    let mut config = Config { flush_age: Duration::from_secs(3_600), ..Config::local(directory.path()) };
    change(&mut config);
    let ledger = purser_ledger::Ledger::open(config, store).await.expect("the ledger opens");
    ledger.append(drafts(0..10), purser_ledger::Mode::Partial, &rate()).await.expect("stored");
    let mut rows = 0;
    for _ in 0..20 {
        rows = ledger.stats().await.expect("sizes").lake_rows;
        if rows > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn the_background_flusher_empties_an_inbox_that_is_old_enough_or_much() {
    assert_eq!(flushed(|_| ()).await, 0, "ten new events may wait");
    assert_eq!(flushed(|config| config.flush_age = Duration::from_millis(10)).await, 10, "old");
    assert_eq!(flushed(|config| config.flush_entries = 10).await, 10, "many");
    assert_eq!(flushed(|config| config.flush_entries = 11).await, 0, "one too few");
    assert_eq!(flushed(|config| config.flush_bytes = 100).await, 10, "large on disk");
    assert_eq!(flushed(|config| config.backlog_bytes = 2_000).await, 10, "large in memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_build_cubes_do_not_disturb_each_other() {
    let ledger = TestLedger::new().await;
    ledger.append(drafts(0..50)).await;
    ledger.ledger.flush().await.expect("a flush");
    let (one, other) = tokio::join!(ledger.ledger.build_cubes(), ledger.ledger.build_cubes());
    let built = [one.expect("cubes"), other.expect("cubes")];
    assert_eq!(built.iter().sum::<u64>(), 6, "each cube of the file once: {built:?}");
}
