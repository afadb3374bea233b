//! Entries come back page by page, newest first, as they were written.

use purser_domain::usage_query::{Dimension, Filter};
use purser_ledger::{EntryFilter, Page};

use crate::support::{TestLedger, acme, draft, drafts};

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_up_over_inbox_and_lake() {
    let ledger = TestLedger::new().await;
    for part in 0..5 {
        ledger.append(drafts(part * 10..part * 10 + 10)).await;
        if part < 4 {
            ledger.ledger.flush().await.expect("a flush");
        }
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = Page { before, limit: 7 };
        let entries = ledger.ledger.entries(&acme(), &EntryFilter::default(), page).await.expect("a page");
        let Some(last) = entries.last() else { break };
        before = Some(last.received_at);
        seen.extend(entries.into_iter().map(|entry| entry.event.event_id));
    }
    assert_eq!(seen, (0..50).rev().map(|id| format!("e{id}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_comes_back_as_it_was_written() {
    let ledger = TestLedger::new().await;
    let mut written = draft("a", 12);
    written.event.tags = [("team".to_owned(), "blue".to_owned()), ("a'b\"c".to_owned(), "x".to_owned())].into();
    written.import_id = Some("import-1".to_owned());
    ledger.append(vec![written.clone(), draft("b", 1)]).await;
    ledger.ledger.flush().await.expect("a flush");
    let tag = |key: &str, value: &str| Filter {
        dimension: Dimension::Tag(key.to_owned()),
        values: vec![Some(value.to_owned())],
    };
    let filter = EntryFilter { filters: vec![tag("team", "blue"), tag("a'b\"c", "x")], ..EntryFilter::default() };
    let found = ledger.ledger.entries(&acme(), &filter, Page { before: None, limit: 10 }).await.expect("a page");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].event, &found[0].charge), (&written.event, &written.charge));
    assert_eq!(found[0].import_id, written.import_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_found_by_its_id_alone_on_any_day_and_of_any_source() {
    let ledger = TestLedger::new().await;
    let on = |source: &str, day: i64| {
        let mut draft = draft("a", 1);
        draft.event.source = source.to_owned();
        draft.event.occurred_at = draft.event.occurred_at.plus_micros(-day * 24 * crate::support::HOUR);
        draft
    };
    ledger.append(vec![on("api", 0), on("otlp", 3)]).await;
    ledger.ledger.flush().await.expect("a flush");
    ledger.append(vec![on("csv", 5)]).await;
    {
        let ledger = ledger.lose_index().await;
        let found = ledger.ledger.entry_history(&acme(), None, "a").await.expect("a history");
        assert_eq!(found.iter().map(|e| e.event.source.as_str()).collect::<Vec<_>>(), ["api", "otlp", "csv"]);
        for (source, count) in [("otlp", 1), ("none", 0)] {
            let found = ledger.ledger.entry_history(&acme(), Some(source), "a").await.expect("a history");
            assert_eq!(found.len(), count, "{source}");
        }
        assert!(ledger.ledger.entry_history(&acme(), None, "b").await.expect("a history").is_empty());
        let all = EntryFilter::default();
        assert_eq!(ledger.ledger.count_entries(&acme(), &all).await.expect("a count"), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_is_listed_and_what_is_newest_known() {
    let ledger = TestLedger::new().await;
    let mut unknown = draft("u", 3);
    unknown.charge = purser_domain::charge::Charge::default();
    unknown.event.model = "mystery".to_owned();
    let newest = unknown.event.occurred_at.plus_micros(9);
    unknown.event.occurred_at = newest;
    assert_eq!(ledger.ledger.freshness(&acme()).await.expect("an answer"), None);
    ledger.append(vec![draft("a", 1), unknown]).await;
    ledger.ledger.flush().await.expect("a flush");
    let found = ledger.ledger.unpriced(&acme(), None).await.expect("a list");
    assert_eq!(found.iter().map(|u| (u.model.as_str(), u.count)).collect::<Vec<_>>(), [("mystery", 1)]);
    assert_eq!(ledger.ledger.freshness(&acme()).await.expect("an answer"), Some(newest));
    let nobody = "nobody".parse().expect("a tenant id");
    assert_eq!(ledger.ledger.freshness(&nobody).await.expect("an answer"), None);
}
