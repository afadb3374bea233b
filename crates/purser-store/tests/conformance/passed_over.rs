//! What was read and not charged.

use std::collections::BTreeMap;

use purser_domain::passed_over::{PassedOver, Reason};
use purser_domain::tenant::TenantId;
use purser_store::passed_over::{Key, Seen};

use crate::database::{Database, at, with_tenant};

const DAY: i64 = 86_400_000_000;

pub(crate) fn counts(tenant: &TenantId, operation: &str, times: u64, micros: i64) -> BTreeMap<Key, Seen> {
    let kind = PassedOver::new("ai-sdk", operation, Reason::UnknownOperation);
    BTreeMap::from([(Key::at(tenant.clone(), kind, at(micros)), Seen::at(times, at(micros)))])
}

pub(crate) async fn a_kind_counts_further_and_keeps_its_first_and_last_time(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let passed_over = store.passed_over();
    passed_over.add(&BTreeMap::new()).await.expect("nothing to add");
    passed_over.add(&counts(&acme, "decide", 2, 20)).await.expect("a new kind");
    passed_over.add(&counts(&acme, "decide", 3, 10)).await.expect("a known kind, seen before");
    passed_over.add(&counts(&acme, "decide", 1, DAY + 5)).await.expect("the next day");
    let kind = PassedOver::new("ai-sdk", "decide", Reason::UnknownOperation);
    // 2 + 3 + 1
    let all = Seen { times: 6, first_at: at(10), last_at: at(DAY + 5) };
    assert_eq!(passed_over.list(&acme, None, 10).await, Ok(vec![(kind.clone(), all)]));
    let second_day = Seen::at(1, at(DAY + 5));
    assert_eq!(passed_over.list(&acme, Some(at(DAY + 9)), 10).await, Ok(vec![(kind, second_day)]));
    assert_eq!(passed_over.list(&acme, Some(at(2 * DAY)), 10).await, Ok(Vec::new()));
}

pub(crate) async fn kinds_are_listed_last_seen_first_and_old_days_are_forgotten(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let passed_over = store.passed_over();
    for (operation, micros) in [("a", 5), ("b", DAY + 7), ("c", DAY + 6)] {
        passed_over.add(&counts(&acme, operation, 1, micros)).await.expect("a new kind");
    }
    let listed = async |limit| {
        let rows = passed_over.list(&acme, None, limit).await.expect("the list");
        rows.into_iter().map(|(kind, _)| kind.operation).collect::<Vec<_>>()
    };
    assert_eq!(listed(10).await, ["b", "c", "a"]);
    assert_eq!(listed(2).await, ["b", "c"]);
    assert_eq!(passed_over.retain(at(DAY + 1)).await, Ok(1), "the first day's");
    assert_eq!(listed(10).await, ["b", "c"]);
}

pub(crate) async fn thousands_of_kinds_fit_one_call(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let mut many = BTreeMap::new();
    for n in 0..3_000 {
        many.extend(counts(&acme, &n.to_string(), 1, n));
    }
    store.passed_over().add(&many).await.expect("many kinds");
    assert_eq!(store.passed_over().list(&acme, None, 5_000).await.map(|rows| rows.len()), Ok(3_000));
}
