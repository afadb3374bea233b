//! Usage conflicts: an event id that came again with another payload.
//! Invariant: the ledger keeps the first payload; each other one is kept here once, with how often it came.

use std::collections::BTreeMap;

use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::conflict::{ActiveModel, Column, Entity, Model};
use crate::{Result, Store};

/// Rows of one insert statement: SQLite takes 32,766 parameters.
const ROWS_PER_INSERT: usize = 1_000;

/// The later of two times, in words that both databases have.
const LATER: &str = "CASE WHEN excluded.last_at > conflict.last_at THEN excluded.last_at ELSE conflict.last_at END";

/// A refused payload to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConflict {
    /// The source that both events name.
    pub source: String,
    /// The id that both events have.
    pub event_id: String,
    /// Hash of the refused payload.
    pub payload_hash: String,
    /// The refused payload, without any message content.
    pub payload: String,
    /// The import that brought it.
    pub import_id: Option<String>,
    /// When it was refused.
    pub at: Timestamp,
}

/// A refused payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Grows with each conflict; pages end and start at it.
    pub seq: i64,
    /// The source that both events name.
    pub source: String,
    /// The id that both events have.
    pub event_id: String,
    /// Hash of the refused payload.
    pub payload_hash: String,
    /// The refused payload.
    pub payload: String,
    /// The import that brought it first.
    pub import_id: Option<String>,
    /// How often it came.
    pub times: u64,
    /// When it was refused first.
    pub first_at: Timestamp,
    /// When it was refused last.
    pub last_at: Timestamp,
}

/// One tenant's conflicts.
#[derive(Debug)]
pub struct Conflicts<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Conflicts<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Records refused payloads, all or none; one that is known already counts one more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record(&self, conflicts: &[NewConflict]) -> Result<()> {
        if conflicts.is_empty() {
            return Ok(());
        }
        let rows = self.fold(conflicts);
        let transaction = self.store.begin().await?;
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            let known_already =
                OnConflict::columns([Column::TenantId, Column::Source, Column::EventId, Column::PayloadHash])
                    .value(Column::Times, Expr::cust("conflict.times + excluded.times"))
                    .value(Column::LastAt, Expr::cust(LATER))
                    .to_owned();
            Entity::insert_many(chunk.to_vec()).on_conflict(known_already).exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Newest first: at most `limit` conflicts, those before `before` if it is given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, limit: u64, before: Option<i64>) -> Result<Vec<Conflict>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Seq.lt(before.unwrap_or(i64::MAX)))
            .order_by_desc(Column::Seq)
            .limit(limit)
            .all(&self.store.read)
            .await?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self) -> Result<u64> {
        Ok(Entity::find().filter(Column::TenantId.eq(self.tenant.as_str())).count(&self.store.read).await?)
    }

    /// One row per payload: a statement may touch each row once only.
    fn fold(&self, conflicts: &[NewConflict]) -> Vec<ActiveModel> {
        let mut places = BTreeMap::new();
        let mut folded: Vec<(&NewConflict, i64, Timestamp)> = Vec::new();
        for new in conflicts {
            let place = *places.entry((&new.source, &new.event_id, &new.payload_hash)).or_insert(folded.len());
            match folded.get_mut(place) {
                Some((_, times, last_at)) => (*times, *last_at) = (*times + 1, new.at.max(*last_at)),
                None => folded.push((new, 1, new.at)),
            }
        }
        folded.into_iter().map(|(new, times, last_at)| self.to_row(new, times, last_at)).collect()
    }

    fn to_row(&self, new: &NewConflict, times: i64, last_at: Timestamp) -> ActiveModel {
        ActiveModel {
            seq: NotSet,
            tenant_id: Set(self.tenant.to_string()),
            source: Set(new.source.clone()),
            event_id: Set(new.event_id.clone()),
            payload_hash: Set(new.payload_hash.clone()),
            payload: Set(new.payload.clone()),
            import_id: Set(new.import_id.clone()),
            times: Set(times),
            first_at: Set(new.at.micros()),
            last_at: Set(last_at.micros()),
        }
    }
}

fn from_row(row: Model) -> Conflict {
    Conflict {
        seq: row.seq,
        source: row.source,
        event_id: row.event_id,
        payload_hash: row.payload_hash,
        payload: row.payload,
        import_id: row.import_id,
        times: u64::try_from(row.times).unwrap_or_default(),
        first_at: Timestamp::from_micros(row.first_at),
        last_at: Timestamp::from_micros(row.last_at),
    }
}
