//! Leases: who may do a job now, over all nodes.
//! Invariant: until a lease expires or is released, one holder has it.

use std::time::Duration;

use purser_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, TryInsertResult};

use crate::entity::lease::{Column, Entity, Model};
use crate::{Result, Store};

/// The leases of all nodes.
#[derive(Debug)]
pub struct Leases<'a> {
    store: &'a Store,
}

impl<'a> Leases<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Takes or renews a lease until `now + ttl`: true if `holder` has it now.
    ///
    /// # Errors
    /// When the database fails: then the caller must assume that it has no lease.
    pub async fn acquire(&self, name: &str, holder: &str, now: Timestamp, ttl: Duration) -> Result<bool> {
        let ttl = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        let row = Model { name: name.to_owned(), holder: holder.to_owned(), expires_at: now.plus_micros(ttl).micros() };
        let mine = Expr::col((Entity, Column::Holder)).eq(holder);
        let expired = Expr::col((Entity, Column::ExpiresAt)).lte(now.micros());
        let take = OnConflict::column(Column::Name)
            .update_columns([Column::Holder, Column::ExpiresAt])
            .action_and_where(mine.or(expired))
            .to_owned();
        let inserted = Entity::insert(row.into_active_model())
            .on_conflict(take)
            .try_insert()
            .exec_without_returning(&self.store.write)
            .await?;
        Ok(matches!(inserted, TryInsertResult::Inserted(1)))
    }

    /// Gives a lease back, if `holder` has it.
    ///
    /// # Errors
    /// When the database fails; the lease then ends at its time.
    pub async fn release(&self, name: &str, holder: &str) -> Result<()> {
        let mine = Condition::all().add(Column::Name.eq(name)).add(Column::Holder.eq(holder));
        Entity::delete_many().filter(mine).exec(&self.store.write).await?;
        Ok(())
    }

    /// Who has a lease at `now`, and until when.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holder(&self, name: &str, now: Timestamp) -> Result<Option<(String, Timestamp)>> {
        let held = Entity::find_by_id(name).filter(Column::ExpiresAt.gt(now.micros())).one(&self.store.read).await?;
        Ok(held.map(|row| (row.holder, Timestamp::from_micros(row.expires_at))))
    }
}
