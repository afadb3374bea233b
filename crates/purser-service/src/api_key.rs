//! Keys and sessions: who may speak for a tenant.
//! Invariant: secrets are random, shown once and kept only as a hash; a revoked key ends within a second everywhere.

use purser_domain::api_key::{ApiKey, Role};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_store::Store;
use purser_store::session::NewSession;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// How long a console session lasts: 12 hours.
pub const SESSION_MICROS: i64 = 12 * 3_600_000_000;

/// A new key and its secret, which is not kept.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key as it may be shown later.
    pub key: ApiKey,
    /// What the client sends: `purser_…`. Shown once.
    pub secret: String,
}

/// Makes a key for `tenant` in the state database alone, whether or not a server runs on it.
///
/// # Errors
/// Conflict if the tenant does not exist; unavailable.
pub async fn create(store: &Store, tenant: &TenantId, role: Role, now: Timestamp) -> Result<NewKey, Error> {
    let secret = format!("purser_{}", random_hex::<24>());
    let key = ApiKey {
        id: format!("key_{}", random_hex::<8>()),
        tenant: tenant.clone(),
        role,
        created_at: now,
        revoked_at: None,
    };
    store.api_key().insert(&key, &hash(&secret)).await?;
    Ok(NewKey { key, secret })
}

impl Service {
    /// Who sent `secret`.
    ///
    /// # Errors
    /// Unauthenticated if it is unknown or revoked; unavailable.
    pub async fn authenticate(&self, secret: &str) -> Result<Principal, Error> {
        let now = self.now();
        let hash = hash(secret);
        if let Some(principal) = self.principals().get(&hash, now) {
            return Ok(principal);
        }
        let key = self.store().api_key().by_hash(&hash).await?;
        let key = key.filter(|key| key.revoked_at.is_none()).ok_or_else(Error::unauthenticated)?;
        let principal = Principal::new(key.tenant, key.role, key.id);
        self.principals().put(hash, principal.clone(), now);
        Ok(principal)
    }

    /// Makes a key for the caller's tenant.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn key_create(&self, who: &Principal, role: Role) -> Result<NewKey, Error> {
        who.may_admin()?;
        create(self.store(), who.tenant(), role, self.now()).await
    }

    /// The keys of the caller's tenant, revoked ones included.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn keys(&self, who: &Principal) -> Result<Vec<ApiKey>, Error> {
        who.may_admin()?;
        Ok(self.store().api_key().list(who.tenant()).await?)
    }

    /// Ends a key and its sessions.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn key_revoke(&self, who: &Principal, id: &str) -> Result<(), Error> {
        who.may_admin()?;
        self.store().api_key().revoke(who.tenant(), id, self.now()).await?;
        self.principals().clear();
        Ok(())
    }

    /// Opens a console session for the holder of `secret`; the token goes into the cookie.
    ///
    /// # Errors
    /// Unauthenticated; forbidden if the key may not read; unavailable.
    pub async fn session_create(&self, secret: &str) -> Result<(String, Principal), Error> {
        let principal = self.authenticate(secret).await?;
        principal.may_read()?;
        let token = random_hex::<32>();
        let now = self.now();
        let session = NewSession {
            id_hash: hash(&token),
            tenant: principal.tenant().clone(),
            key_id: principal.key_id().to_owned(),
            created_at: now,
            expires_at: now.plus_micros(SESSION_MICROS),
        };
        self.store().session().purge(now).await?;
        self.store().session().insert(&session).await?;
        Ok((token, principal))
    }

    /// Whose session `token` is.
    ///
    /// # Errors
    /// Unauthenticated if it is unknown, over, or its key was revoked; unavailable.
    pub async fn session(&self, token: &str) -> Result<Principal, Error> {
        let session = self.store().session().find(&hash(token), self.now()).await?;
        let session = session.ok_or_else(Error::unauthenticated)?;
        Ok(Principal::new(session.tenant, session.role, session.key_id))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Unavailable.
    pub async fn session_end(&self, token: &str) -> Result<(), Error> {
        Ok(self.store().session().delete(&hash(token)).await?)
    }
}

/// SHA-256 in hex: the secrets are 192 random bits or more, so no slow hash is needed.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// `N` bytes of the system's randomness in hex.
pub(crate) fn random_hex<const N: usize>() -> String {
    hex(&rand::random::<[u8; N]>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
