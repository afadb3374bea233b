//! API keys.

use purser_domain::api_key::{ApiKey, Role};
use purser_domain::tenant::TenantId;
use purser_store::Error;

use crate::database::{Database, at, tenant_id, with_tenant};

pub(crate) fn key(tenant: &TenantId, id: &str, role: Role) -> ApiKey {
    ApiKey { id: id.to_owned(), tenant: tenant.clone(), role, created_at: at(1), revoked_at: None }
}

pub(crate) async fn a_key_is_found_by_its_hash(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let keys: Vec<ApiKey> =
        Role::ALL.into_iter().map(|role| key(&acme, &format!("key_{}", role.name()), role)).collect();
    for key in &keys {
        store.api_key().insert(key, &format!("hash of {}", key.id)).await.expect("a new key");
    }
    for key in &keys {
        assert_eq!(store.api_key().by_hash(&format!("hash of {}", key.id)).await, Ok(Some(key.clone())));
    }
    assert_eq!(store.api_key().by_hash("hash of nothing").await, Ok(None));
    let listed = store.api_key().list(&acme).await.expect("the list");
    let ids: Vec<&str> = listed.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["key_admin", "key_ingest", "key_operate", "key_read"]);
}

pub(crate) async fn a_revoked_key_stays_revoked_since_the_first_time(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.api_key().insert(&key(&acme, "k", Role::Read), "h").await.expect("a new key");
    store.api_key().revoke(&acme, "k", at(5)).await.expect("a known key");
    store.api_key().revoke(&acme, "k", at(9)).await.expect("a known key");
    let revoked = ApiKey { revoked_at: Some(at(5)), ..key(&acme, "k", Role::Read) };
    assert_eq!(store.api_key().by_hash("h").await, Ok(Some(revoked.clone())));
    assert_eq!(store.api_key().list(&acme).await, Ok(vec![revoked]));
    assert!(matches!(store.api_key().revoke(&acme, "other", at(5)).await, Err(Error::NotFound(_))));
}

pub(crate) async fn a_key_needs_a_tenant_and_a_hash_of_its_own(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.api_key().insert(&key(&acme, "k", Role::Read), "h").await.expect("a new key");
    for (key, hash) in [
        (key(&acme, "k", Role::Admin), "other hash"),
        (key(&acme, "other", Role::Admin), "h"),
        (key(&tenant_id("nobody"), "other", Role::Admin), "other hash"),
    ] {
        assert!(matches!(store.api_key().insert(&key, hash).await, Err(Error::Conflict(_))), "{key:?} {hash}");
    }
}
