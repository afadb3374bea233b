//! Migrations and the schema's own checks.

use purser_store::Store;
use sea_orm::ConnectionTrait;

use crate::database::{Database, with_tenant};

pub(crate) async fn opening_again_changes_nothing(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.close().await.expect("an open store");
    assert!(store.ping().await.is_err(), "a closed store answers no more");
    let again = database.store().await;
    assert!(again.tenant().get(&acme).await.expect("a lookup").is_some());
    again.ping().await.expect("an open store");
}

pub(crate) async fn many_nodes_may_open_a_new_database_at_once(database: Database) {
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let config = database.config.clone();
            tokio::spawn(async move { Store::open(&config).await })
        })
        .collect();
    for task in tasks {
        let store = task.await.expect("a task ends").expect("the database opens");
        assert_eq!(store.inbox().head().await.map(|head| head.seq), Ok(0));
    }
}

pub(crate) async fn the_schema_refuses_values_that_are_not_in_an_enum(database: Database) {
    let (_store, _) = with_tenant(&database, "acme").await;
    let raw = database.raw().await;
    for (table, sql) in [
        ("api_key", "INSERT INTO api_key (tenant_id, id, role, hash, created_at) VALUES ('acme', 'k', 'Admin', 'h', 1)"),
        (
            "import",
            "INSERT INTO import (tenant_id, id, format, source, name, status, started_at, accepted, duplicate, conflict,
             refused) VALUES ('acme', 'i', 'csv', 'csv', 'f', 'done', 1, 0, 0, 0, 0)",
        ),
        ("inbox_head", "INSERT INTO inbox_head (log, seq, received_through) VALUES ('other', 0, 0)"),
    ] {
        assert!(raw.execute_unprepared(sql).await.is_err(), "{table}");
    }
}
