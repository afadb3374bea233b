//! The inbox.

use std::collections::BTreeMap;

use purser_store::inbox::{Append, Batch, Head, NewBatch, Stats};
use purser_store::{Error, Store};
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::database::{Database, at};

pub(crate) fn batch(payload: &[u8], first: i64, last: i64) -> NewBatch {
    NewBatch { payload: payload.to_vec(), entries: 3, first_received: at(first), last_received: at(last) }
}

/// Appends after whatever the head is now.
pub(crate) async fn append(store: &Store, payload: &[u8]) -> Result<Head, Error> {
    let head = store.inbox().head().await?;
    let next = head.received_through.micros() + 1;
    match store.inbox().append(&head, batch(payload, next, next)).await? {
        Append::Committed(head) | Append::Moved(head) => Ok(head),
    }
}

pub(crate) async fn the_inbox_starts_empty(database: Database) {
    let store = database.store().await;
    assert_eq!(store.inbox().head().await, Ok(Head::default()));
    assert_eq!(store.inbox().read_after(0, 1_000).await, Ok(Vec::new()));
    assert_eq!(store.inbox().stats().await, Ok(Stats::default()));
    assert_eq!(store.inbox().delete_through(10).await, Ok(0));
}

pub(crate) async fn a_batch_comes_back_as_it_was_appended(database: Database) {
    let store = database.store().await;
    let payload: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let head = Head { seq: 1, received_through: at(7) };
    let appended = store.inbox().append(&Head::default(), batch(&payload, 5, 7)).await;
    assert_eq!(appended, Ok(Append::Committed(head)));
    assert_eq!(store.inbox().head().await, Ok(head));
    let expected = Batch { seq: 1, payload, entries: 3, first_received: at(5), last_received: at(7) };
    assert_eq!(store.inbox().read_after(0, 0).await, Ok(vec![expected]));
    assert_eq!(store.inbox().read_after(1, 1_000).await, Ok(Vec::new()));
    let stats =
        Stats { head, batches: 1, entries: 3, bytes: 300_000, oldest_seq: Some(1), oldest_received: Some(at(5)) };
    assert_eq!(store.inbox().stats().await, Ok(stats));
}

pub(crate) async fn a_stale_head_appends_nothing(database: Database) {
    let (one, two) = (database.store().await, database.store().await);
    let first = one.inbox().append(&Head::default(), batch(b"one", 1, 2)).await;
    let head = Head { seq: 1, received_through: at(2) };
    assert_eq!(first, Ok(Append::Committed(head)));
    assert_eq!(two.inbox().append(&Head::default(), batch(b"two", 1, 2)).await, Ok(Append::Moved(head)));
    let elsewhere = Head { seq: 1, received_through: at(1) };
    assert_eq!(two.inbox().append(&elsewhere, batch(b"two", 3, 3)).await, Ok(Append::Moved(head)));
    assert_eq!(two.inbox().read_after(0, 1_000).await.map(|all| all.len()), Ok(1));
    let second = two.inbox().append(&head, batch(b"two", 3, 3)).await;
    assert_eq!(second, Ok(Append::Committed(Head { seq: 2, received_through: at(3) })));
}

pub(crate) async fn times_that_do_not_follow_the_head_are_refused(database: Database) {
    let store = database.store().await;
    let head = append(&store, b"first").await.expect("an append");
    for (first, last) in [(head.received_through.micros(), 9), (9, 8)] {
        let refused = store.inbox().append(&head, batch(b"late", first, last)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{first} {last}");
    }
    assert_eq!(store.inbox().head().await, Ok(head));
}

pub(crate) async fn a_read_stops_at_its_bytes_but_returns_one_batch(database: Database) {
    let store = database.store().await;
    for _ in 0..5 {
        append(&store, &[7; 1_000]).await.expect("an append");
    }
    for (after, max_bytes, expected) in [
        (0, 0, vec![1]),
        (0, 1_000, vec![1]),
        (0, 1_999, vec![1]),
        (0, 2_000, vec![1, 2]),
        (2, u64::MAX, vec![3, 4, 5]),
        (5, u64::MAX, vec![]),
    ] {
        let read = store.inbox().read_after(after, max_bytes).await.expect("a read");
        let seqs: Vec<i64> = read.iter().map(|batch| batch.seq).collect();
        assert_eq!(seqs, expected, "after {after}, at most {max_bytes} bytes");
    }
}

pub(crate) async fn deleting_leaves_the_head_where_it_is(database: Database) {
    let store = database.store().await;
    for _ in 0..40 {
        append(&store, &[7; 10_000]).await.expect("an append");
    }
    assert_eq!(store.inbox().delete_through(39).await, Ok(39));
    assert_eq!(store.inbox().delete_through(39).await, Ok(0));
    let stats = store.inbox().stats().await.expect("the stats");
    assert_eq!((stats.head.seq, stats.batches, stats.oldest_seq), (40, 1, Some(40)));
    assert_eq!(store.inbox().delete_through(i64::MAX).await, Ok(1));
    assert_eq!(append(&store, b"next").await.map(|head| head.seq), Ok(41));
}

pub(crate) async fn two_stores_append_a_hundred_batches_without_loss(database: Database) {
    let stores = [database.store().await, database.store().await];
    let tasks: Vec<_> = (0..100_u8)
        .map(|n| {
            let store = stores[usize::from(n) % 2].clone();
            tokio::spawn(async move {
                let mut head = store.inbox().head().await.expect("the head");
                loop {
                    let next = head.received_through.micros() + 1;
                    match store.inbox().append(&head, batch(&[n; 500], next, next + 2)).await.expect("an append") {
                        Append::Committed(head) => return (head.seq, n),
                        Append::Moved(moved) => head = moved,
                    }
                }
            })
        })
        .collect();
    let mut committed = BTreeMap::new();
    for task in tasks {
        let (seq, n) = task.await.expect("a task ends");
        assert_eq!(committed.insert(seq, n), None, "sequence {seq} was given twice");
    }
    assert_eq!(committed.keys().copied().collect::<Vec<_>>(), (1..=100).collect::<Vec<i64>>());
    let mut through = at(0);
    for batch in stores[0].inbox().read_after(0, u64::MAX).await.expect("a read") {
        assert_eq!(committed.get(&batch.seq), batch.payload.first(), "batch {}", batch.seq);
        assert!(batch.first_received > through, "batch {} overlaps the one before", batch.seq);
        through = batch.last_received;
    }
    assert_eq!(through, at(300));
}

pub(crate) async fn committed_batches_outlive_the_store(database: Database) {
    let store = database.store().await;
    for _ in 0..3 {
        append(&store, &[7; 50_000]).await.expect("an append");
    }
    drop(store);
    let again = database.store().await;
    assert_eq!(again.inbox().read_after(0, u64::MAX).await.map(|all| all.len()), Ok(3));
}

pub(crate) async fn a_read_goes_on_while_a_write_is_open(database: Database) {
    let store = database.store().await;
    let head = append(&store, b"first").await.expect("an append");
    let raw = database.raw().await;
    let writer = raw.begin().await.expect("a transaction");
    writer.execute_unprepared("UPDATE inbox_head SET seq = 99").await.expect("the write lock");
    assert_eq!(store.inbox().head().await, Ok(head));
    assert_eq!(store.inbox().read_after(0, 1_000).await.map(|all| all.len()), Ok(1));
    writer.rollback().await.expect("an open transaction");
}
