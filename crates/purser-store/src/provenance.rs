//! Where each tenant's chain of provenance records ends, and how far retention has dropped it.
//! Invariant: a chain moves only in the transaction that commits its records, after the inbox's head has moved: two
//! nodes cannot fork it.

use std::collections::HashMap;

use purser_domain::provenance::ChainHead;
use purser_domain::tenant::TenantId;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

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

    /// Up to where retention has dropped the chain of `tenant`; `None` if nobody knows, as of a chain that is older
    /// than the count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dropped(&self, tenant: &TenantId) -> Result<Option<u64>> {
        let Some(row) = Entity::find_by_id(tenant.as_str()).one(&self.store.read).await? else { return Ok(Some(0)) };
        row.dropped.map(|dropped| unsigned("provenance_chain.dropped", dropped)).transpose()
    }

    /// Notes that the chain of `tenant` is about to be dropped up to `position`, or was dropped further already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_to(&self, tenant: &TenantId, position: u64) -> Result<()> {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let less = Condition::any().add(Column::Dropped.is_null()).add(Column::Dropped.lt(position));
        let update = Entity::update_many().col_expr(Column::Dropped, Expr::value(position));
        update.filter(Column::TenantId.eq(tenant.as_str())).filter(less).exec(&self.store.write).await?;
        Ok(())
    }
}

/// Moves chains; only within the transaction that has moved the head.
pub(crate) async fn set_chains(connection: &impl ConnectionTrait, chains: &[ChainHead]) -> Result<()> {
    for chains in chains.chunks(STEP) {
        let rows = chains.iter().map(|head| {
            let position = i64::try_from(head.position).unwrap_or(i64::MAX);
            let (tenant_id, hash) = (head.tenant.to_string(), head.hash.to_string());
            let row = Model { tenant_id, position, hash, dropped: Some(0) };
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
        position: unsigned("provenance_chain.position", row.position)?,
        hash: row.hash.parse().map_err(|reason| Error::corrupt("provenance_chain.hash", reason))?,
    })
}

fn unsigned(column: &'static str, number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|reason| Error::corrupt(column, reason))
}
