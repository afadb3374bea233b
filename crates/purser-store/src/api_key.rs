//! API keys, found by the hash of their secret.
//! Invariant: a revoked key stays listed and is never valid again.

use purser_domain::api_key::ApiKey;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::entity::api_key::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// The API keys of all tenants: a key is looked up before its tenant is known.
#[derive(Debug)]
pub struct ApiKeys<'a> {
    store: &'a Store,
}

impl<'a> ApiKeys<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Adds a key by the hash of its secret.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the id or the hash is taken, or the tenant does not exist.
    pub async fn insert(&self, key: &ApiKey, hash: &str) -> Result<()> {
        let row = Model {
            tenant_id: key.tenant.to_string(),
            id: key.id.clone(),
            role: key.role.name().to_owned(),
            hash: hash.to_owned(),
            created_at: key.created_at.micros(),
            revoked_at: key.revoked_at.map(Timestamp::micros),
        };
        Entity::insert(row.into_active_model())
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("api key", &key.id))
    }

    /// The key with this hash, revoked or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_hash(&self, hash: &str) -> Result<Option<ApiKey>> {
        Entity::find().filter(Column::Hash.eq(hash)).one(&self.store.read).await?.map(from_row).transpose()
    }

    /// A tenant's keys, revoked ones included, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<ApiKey>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(tenant.as_str()))
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// Ends a tenant's key and, with it, its sessions. The first revocation's time stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the tenant has no such key.
    pub async fn revoke(&self, tenant: &TenantId, id: &str, at: Timestamp) -> Result<()> {
        let revoked_at = Expr::col(Column::RevokedAt).if_null(at.micros());
        let changed = Entity::update_many()
            .col_expr(Column::RevokedAt, revoked_at)
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::Id.eq(id))
            .exec(&self.store.write)
            .await?;
        if changed.rows_affected == 0 { Err(Error::missing("api key", id)) } else { Ok(()) }
    }
}

pub(crate) fn from_row(row: Model) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.id,
        tenant: row.tenant_id.parse().map_err(|reason| Error::corrupt("api_key.tenant_id", reason))?,
        role: row.role.parse().map_err(|reason| Error::corrupt("api_key.role", reason))?,
        created_at: Timestamp::from_micros(row.created_at),
        revoked_at: row.revoked_at.map(Timestamp::from_micros),
    })
}
