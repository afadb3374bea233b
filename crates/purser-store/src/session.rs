//! Console sessions, found by the hash of their id.
//! Invariant: a session lives no longer than the key that opened it.

use purser_domain::api_key::Role;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::entity::{api_key, session};
use crate::{Error, Result, Store};

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Hash of the random id that the cookie holds.
    pub id_hash: String,
    /// The key's tenant.
    pub tenant: TenantId,
    /// The key that was signed in with.
    pub key_id: String,
    /// When.
    pub created_at: Timestamp,
    /// The first instant at which it is over.
    pub expires_at: Timestamp,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose data it shows.
    pub tenant: TenantId,
    /// What it may do: the role of its key.
    pub role: Role,
    /// The key that was signed in with.
    pub key_id: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The first instant at which it is over.
    pub expires_at: Timestamp,
}

/// The sessions of all tenants: one is looked up before its tenant is known.
#[derive(Debug)]
pub struct Sessions<'a> {
    store: &'a Store,
}

impl<'a> Sessions<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the hash is taken or the tenant has no such key.
    pub async fn insert(&self, new: &NewSession) -> Result<()> {
        let row = session::Model {
            tenant_id: new.tenant.to_string(),
            id_hash: new.id_hash.clone(),
            key_id: new.key_id.clone(),
            created_at: new.created_at.micros(),
            expires_at: new.expires_at.micros(),
        };
        session::Entity::insert(row.into_active_model())
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("session of key", &new.key_id))
    }

    /// The session with this hash, if it is neither over at `now` nor its key revoked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, id_hash: &str, now: Timestamp) -> Result<Option<Session>> {
        let read = &self.store.read;
        let found = session::Entity::find()
            .filter(session::Column::IdHash.eq(id_hash))
            .filter(session::Column::ExpiresAt.gt(now.micros()))
            .one(read)
            .await?;
        let Some(row) = found else { return Ok(None) };
        let key = api_key::Entity::find_by_id((row.tenant_id.clone(), row.key_id.clone()))
            .filter(api_key::Column::RevokedAt.is_null())
            .one(read)
            .await?;
        let Some(key) = key else { return Ok(None) };
        let key = crate::api_key::from_row(key)?;
        Ok(Some(Session {
            tenant: key.tenant,
            role: key.role,
            key_id: key.id,
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        }))
    }

    /// Ends a session, if it exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(&self, id_hash: &str) -> Result<()> {
        session::Entity::delete_many().filter(session::Column::IdHash.eq(id_hash)).exec(&self.store.write).await?;
        Ok(())
    }

    /// Deletes the sessions that are over at `now`, and returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge(&self, now: Timestamp) -> Result<u64> {
        let over = session::Column::ExpiresAt.lte(now.micros());
        Ok(session::Entity::delete_many().filter(over).exec(&self.store.write).await?.rows_affected)
    }
}
