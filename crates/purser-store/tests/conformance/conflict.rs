//! Usage conflicts.

use purser_store::conflict::NewConflict;

use crate::database::{Database, at, with_tenant};

pub(crate) fn conflict(event_id: &str, payload: &str, micros: i64) -> NewConflict {
    NewConflict {
        source: "api".to_owned(),
        event_id: event_id.to_owned(),
        payload_hash: format!("hash of {payload}"),
        payload: payload.to_owned(),
        import_id: None,
        at: at(micros),
    }
}

pub(crate) async fn a_payload_that_comes_again_counts_once_more(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let conflicts = store.conflict(&acme);
    conflicts.record(&[]).await.expect("nothing to record");
    let retry = [conflict("e", "{1}", 10), conflict("e", "{2}", 11), conflict("e", "{1}", 12)];
    conflicts.record(&retry).await.expect("new conflicts");
    conflicts.record(&retry[..1]).await.expect("a known conflict");
    let listed = conflicts.list(10, None).await.expect("the list");
    let seen: Vec<_> = listed.iter().map(|c| (c.payload.as_str(), c.times, c.first_at, c.last_at)).collect();
    assert_eq!(seen, [("{2}", 1, at(11), at(11)), ("{1}", 3, at(10), at(12))]);
    assert_eq!(conflicts.count().await, Ok(2));
}

pub(crate) async fn conflicts_are_paged_newest_first(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let conflicts = store.conflict(&acme);
    for n in 0..5 {
        conflicts.record(&[conflict(&format!("e{n}"), "{}", n)]).await.expect("a new conflict");
    }
    let (mut before, mut ids) = (None, Vec::new());
    loop {
        let page = conflicts.list(2, before).await.expect("a page");
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        ids.extend(page.into_iter().map(|conflict| conflict.event_id));
    }
    assert_eq!(ids, ["e4", "e3", "e2", "e1", "e0"]);
}

pub(crate) async fn ten_thousand_conflicts_fit_one_call(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let many: Vec<NewConflict> = (0..10_000).map(|n| conflict(&n.to_string(), "{}", n)).collect();
    store.conflict(&acme).record(&many).await.expect("the largest batch");
    assert_eq!(store.conflict(&acme).count().await, Ok(10_000));
}
