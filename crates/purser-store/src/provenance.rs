//! Where each tenant's chain of provenance records ends.
//! Invariant: a chain moves only in the transaction that commits its records, after the inbox's head has moved: two
//! nodes cannot fork it.

use std::collections::HashMap;

use purser_domain::provenance::ChainHead;
use purser_domain::tenant::TenantId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::entity::provenance_chain::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// Rows of one statement: SQLite binds at most 32,766 values.
const STEP: usize = 1_000;

/// The chains of all tenants.
#[derive(Debug)]
pub struct Chains<'a> {
    store: &'a Store,
}

impl<'a> Chains<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Where the chain of each of `tenants` ends. It is what the inbox's head is, if that is read before and has not
    /// moved when it is compared.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heads<'t>(
        &self,
        tenants: impl IntoIterator<Item = &'t TenantId>,
    ) -> Result<HashMap<TenantId, ChainHead>> {
        let mut heads: HashMap<TenantId, ChainHead> =
            tenants.into_iter().map(|tenant| (tenant.clone(), ChainHead::start(tenant.clone()))).collect();
        let tenants: Vec<String> = heads.keys().map(ToString::to_string).collect();
        for tenants in tenants.chunks(STEP) {
            let rows = Entity::find().filter(Column::TenantId.is_in(tenants)).all(&self.store.read).await?;
            for row in rows {
                let head = from_row(&row)?;
                heads.insert(head.tenant.clone(), head);
            }
        }
        Ok(heads)
    }
}

/// Moves chains; only within the transaction that has moved the head.
pub(crate) async fn set_chains(connection: &impl ConnectionTrait, chains: &[ChainHead]) -> Result<()> {
    for chains in chains.chunks(STEP) {
        let rows = chains.iter().map(|head| {
            let position = i64::try_from(head.position).unwrap_or(i64::MAX);
            let row = Model { tenant_id: head.tenant.to_string(), position, hash: head.hash.to_string() };
            row.into_active_model()
        });
        let replace = OnConflict::column(Column::TenantId).update_columns([Column::Position, Column::Hash]).to_owned();
        Entity::insert_many(rows).on_conflict(replace).exec_without_returning(connection).await?;
    }
    Ok(())
}

fn from_row(row: &Model) -> Result<ChainHead> {
    Ok(ChainHead {
        tenant: row.tenant_id.parse().map_err(|reason| Error::corrupt("provenance_chain.tenant_id", reason))?,
        position: u64::try_from(row.position).map_err(|reason| Error::corrupt("provenance_chain.position", reason))?,
        hash: row.hash.parse().map_err(|reason| Error::corrupt("provenance_chain.hash", reason))?,
    })
}
