//! Leases.

use std::time::Duration;

use crate::database::{Database, at};

const TTL: Duration = Duration::from_micros(100);

pub(crate) async fn a_lease_has_one_holder_until_it_expires(database: Database) {
    let (one, two) = (database.store().await, database.store().await);
    assert_eq!(one.lease().acquire("flush", "one", at(0), TTL).await, Ok(true));
    assert_eq!(two.lease().acquire("flush", "two", at(99), TTL).await, Ok(false));
    assert_eq!(two.lease().acquire("optimize", "two", at(99), TTL).await, Ok(true), "another lease");
    assert_eq!(one.lease().acquire("flush", "one", at(99), TTL).await, Ok(true), "renewed until 199");
    assert_eq!(two.lease().acquire("flush", "two", at(198), TTL).await, Ok(false));
    assert_eq!(two.lease().holder("flush", at(198)).await, Ok(Some(("one".to_owned(), at(199)))));
    assert_eq!(two.lease().holder("flush", at(199)).await, Ok(None));
    assert_eq!(two.lease().acquire("flush", "two", at(199), TTL).await, Ok(true));
    assert_eq!(one.lease().acquire("flush", "one", at(199), TTL).await, Ok(false));
}

pub(crate) async fn a_released_lease_is_free(database: Database) {
    let store = database.store().await;
    assert_eq!(store.lease().acquire("flush", "one", at(0), TTL).await, Ok(true));
    store.lease().release("flush", "two").await.expect("releasing another's lease does nothing");
    assert_eq!(store.lease().acquire("flush", "two", at(1), TTL).await, Ok(false));
    store.lease().release("flush", "one").await.expect("its own lease");
    assert_eq!(store.lease().acquire("flush", "two", at(1), TTL).await, Ok(true));
}

pub(crate) async fn one_of_many_gets_the_lease(database: Database) {
    let stores = [database.store().await, database.store().await];
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { store.lease().acquire("flush", &format!("node {n}"), at(0), TTL).await })
        })
        .collect();
    let mut held = 0;
    for task in tasks {
        held += u32::from(task.await.expect("a task ends").expect("a lease call"));
    }
    assert_eq!(held, 1);
}
