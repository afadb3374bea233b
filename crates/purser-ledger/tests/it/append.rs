//! Each event once, whatever the order, the delay and the request it comes in.

use purser_domain::money::Money;
use purser_ledger::{AppendError, Error, Mode, Outcome};

use crate::support::{HOUR, NOW, TestLedger, draft, drafts, rate};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_counts_once_however_often_it_comes() {
    let ledger = TestLedger::new().await;
    assert_eq!(ledger.append(drafts(1..4)).await, [Outcome::Accepted; 3]);
    assert_eq!(ledger.append(drafts(2..5)).await, [Outcome::Duplicate, Outcome::Duplicate, Outcome::Accepted]);
    ledger.ledger.flush().await.expect("a flush");
    assert_eq!(ledger.append(drafts(1..5)).await, [Outcome::Duplicate; 4]);
    let total = ledger.total().await;
    assert_eq!((total.charged, total.priced, total.cost), (4, 4, Money::from_pico(10)));
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_within_one_request_are_seen() {
    let ledger = TestLedger::new().await;
    let twice = vec![draft("a", 1), draft("a", 1), draft("a", 2)];
    assert_eq!(ledger.append(twice).await, [Outcome::Accepted, Outcome::Duplicate, Outcome::Conflict]);
    assert_eq!(ledger.total().await.cost, Money::from_pico(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_payload_under_a_known_id_stores_nothing() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![draft("a", 1)]).await;
    let answer = ledger.ledger.append(vec![draft("b", 2), draft("a", 3)], Mode::AllOrNothing, &rate()).await;
    let Err(AppendError::Conflicts(conflicts)) = answer else { panic!("not a conflict: {answer:?}") };
    let named: Vec<_> = conflicts.iter().map(|c| (c.index, c.source.as_str(), c.event_id.as_str())).collect();
    assert_eq!(named, [(1, "api", "a")]);
    assert!(conflicts[0].event.is_some(), "the refused event is handed back");
    assert_eq!(ledger.total().await.charged, 1, "b is not stored either");
    let mut moved = draft("a", 1);
    moved.event.occurred_at = moved.event.occurred_at.plus_micros(-400 * 24 * HOUR);
    assert_eq!(ledger.append(vec![moved]).await, [Outcome::Conflict], "time is payload, on whatever day");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_of_another_tenant_or_source_is_another_event() {
    let ledger = TestLedger::new().await;
    let mut other_tenant = draft("a", 1);
    other_tenant.tenant = "globex".parse().expect("a tenant id");
    let mut other_source = draft("a", 1);
    other_source.event.source = "csv".to_owned();
    assert_eq!(ledger.append(vec![draft("a", 1), other_tenant, other_source]).await, [Outcome::Accepted; 3]);
    assert_eq!(ledger.total().await.charged, 2, "a tenant sees its own events only");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_store_each_event_once() {
    let ledger = TestLedger::new().await;
    let requests = (0..20).map(|_| ledger.append(drafts(0..50)));
    let outcomes: Vec<Outcome> = futures::future::join_all(requests).await.into_iter().flatten().collect();
    assert_eq!(outcomes.iter().filter(|o| **o == Outcome::Accepted).count(), 50);
    assert_eq!(ledger.total().await.charged, 50);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn received_at_is_strictly_increasing_though_the_clock_stands() {
    let ledger = TestLedger::new().await;
    for id in 0..5 {
        ledger.append(drafts(id * 3..id * 3 + 3)).await;
    }
    let page = purser_ledger::Page { before: None, limit: 100 };
    let filter = purser_ledger::EntryFilter::default();
    let entries = ledger.ledger.entries(&crate::support::acme(), &filter, page).await.expect("a page");
    let received: Vec<i64> = entries.iter().map(|entry| entry.received_at.micros()).collect();
    assert_eq!(received, (NOW..NOW + 15).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_is_refused_in_words() {
    let ledger = TestLedger::new().await;
    let store = ledger.state.store().await;
    let config = crate::support::config(ledger.path(), &ledger.clock);
    let Err(refused) = purser_ledger::Ledger::open(config, store).await else { panic!("opened twice") };
    assert!(matches!(refused, Error::Locked { .. }));
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_shutdown_nothing_is_taken_and_all_is_in_the_lake() {
    let ledger = TestLedger::new().await;
    ledger.append(drafts(0..10)).await;
    ledger.ledger.shutdown().await.expect("a shutdown");
    let refused = ledger.ledger.append(drafts(10..11), Mode::Partial, &rate()).await;
    assert!(matches!(refused, Err(AppendError::Failed(Error::Closed))));
    let stats = ledger.ledger.stats().await.expect("sizes");
    assert_eq!((stats.lake_rows, stats.inbox_rows), (10, 0));
}
