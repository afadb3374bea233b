//! Console sessions.

use purser_domain::api_key::Role;
use purser_domain::tenant::TenantId;
use purser_store::session::{NewSession, Session};
use purser_store::{Error, Store};

use crate::api_key::key;
use crate::database::{Database, at, with_tenant};

async fn open(store: &Store, acme: &TenantId, id_hash: &str, expires_at: i64) -> Result<(), Error> {
    let new = NewSession {
        id_hash: id_hash.to_owned(),
        tenant: acme.clone(),
        key_id: "k".to_owned(),
        created_at: at(10),
        expires_at: at(expires_at),
    };
    store.session().insert(&new).await
}

pub(crate) async fn a_session_ends_at_its_time(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    assert!(matches!(open(&store, &acme, "s", 20).await, Err(Error::Conflict(_))), "there is no such key");
    store.api_key().insert(&key(&acme, "k", Role::Operate), "h").await.expect("a new key");
    open(&store, &acme, "s", 20).await.expect("a new session");
    let session =
        Session { tenant: acme, role: Role::Operate, key_id: "k".to_owned(), created_at: at(10), expires_at: at(20) };
    assert_eq!(store.session().find("s", at(19)).await, Ok(Some(session)));
    assert_eq!(store.session().find("s", at(20)).await, Ok(None));
    assert_eq!(store.session().find("t", at(19)).await, Ok(None));
    store.session().delete("s").await.expect("an open session");
    store.session().delete("s").await.expect("deleting twice is no error");
    assert_eq!(store.session().find("s", at(19)).await, Ok(None));
}

pub(crate) async fn a_session_ends_with_its_key(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.api_key().insert(&key(&acme, "k", Role::Read), "h").await.expect("a new key");
    open(&store, &acme, "s", 20).await.expect("a new session");
    store.api_key().revoke(&acme, "k", at(11)).await.expect("a known key");
    assert_eq!(store.session().find("s", at(12)).await, Ok(None));
}

pub(crate) async fn sessions_over_are_purged(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.api_key().insert(&key(&acme, "k", Role::Read), "h").await.expect("a new key");
    for (id_hash, expires_at) in [("a", 20), ("b", 30), ("c", 31)] {
        open(&store, &acme, id_hash, expires_at).await.expect("a new session");
    }
    assert_eq!(store.session().purge(at(30)).await, Ok(2));
    assert_eq!(store.session().purge(at(30)).await, Ok(0));
    assert!(store.session().find("c", at(30)).await.expect("a lookup").is_some());
}
