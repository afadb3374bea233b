//! What receivers read and did not charge: how often each kind came, by tenant and UTC day.
//! Invariant: counts are only added to; nothing of what came is kept but its kind.

use std::collections::BTreeMap;

use purser_domain::passed_over::PassedOver;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::passed_over::{ActiveModel, Column, Entity};
use crate::{Error, Result, Store};

/// Rows of one insert statement: SQLite takes 32,766 parameters.
const ROWS_PER_INSERT: usize = 1_000;
/// A UTC day, microseconds.
const DAY: i64 = 86_400_000_000;

/// How often something came, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How often; at least 1.
    pub times: u64,
    /// When it came first.
    pub first_at: Timestamp,
    /// When it came last.
    pub last_at: Timestamp,
}

impl Seen {
    /// `times` at one instant.
    #[must_use]
    pub const fn at(times: u64, at: Timestamp) -> Self {
        Self { times, first_at: at, last_at: at }
    }

    /// Adds what `other` saw.
    pub fn add(&mut self, other: Self) {
        self.times += other.times;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// A tenant's kind of input on one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The tenant.
    pub tenant: TenantId,
    /// The start of the day.
    pub day: Timestamp,
    /// The kind.
    pub kind: PassedOver,
}

impl Key {
    /// The key of what came at `at`.
    #[must_use]
    pub const fn at(tenant: TenantId, kind: PassedOver, at: Timestamp) -> Self {
        Self { tenant, day: day_of(at), kind }
    }
}

/// The start of the UTC day of `at`.
#[must_use]
pub const fn day_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().div_euclid(DAY) * DAY)
}

/// What was passed over.
#[derive(Debug)]
pub struct PassedOvers<'a> {
    store: &'a Store,
}

impl<'a> PassedOvers<'a> {
    pub(crate) const fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Adds `counts`, all or none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(&self, counts: &BTreeMap<Key, Seen>) -> Result<()> {
        if counts.is_empty() {
            return Ok(());
        }
        // In the order of their keys, so that two nodes cannot wait for each other.
        let rows: Vec<ActiveModel> = counts.iter().map(|(key, seen)| to_row(key, *seen)).collect();
        let transaction = self.store.begin().await?;
        for chunk in rows.chunks(ROWS_PER_INSERT) {
            let keys = [Column::TenantId, Column::Day, Column::Emitter, Column::Operation, Column::Reason];
            let known_already = OnConflict::columns(keys)
                .value(Column::Times, Expr::cust("passed_over.times + excluded.times"))
                .value(Column::FirstAt, Expr::cust(sooner("<", "first_at")))
                .value(Column::LastAt, Expr::cust(sooner(">", "last_at")))
                .to_owned();
            Entity::insert_many(chunk.to_vec()).on_conflict(known_already).exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// What a tenant's receivers passed over on the day of `since` and later, at most `limit` kinds, last seen first.
    ///
    /// # Errors
    /// When the database fails; corrupt if a row has a reason that is none.
    pub async fn list(
        &self,
        tenant: &TenantId,
        since: Option<Timestamp>,
        limit: u64,
    ) -> Result<Vec<(PassedOver, Seen)>> {
        let day = since.map_or(i64::MIN, |since| day_of(since).micros());
        let rows: Vec<(String, String, String, i64, i64, i64)> = Entity::find()
            .select_only()
            .columns([Column::Emitter, Column::Operation, Column::Reason])
            .column_as(Expr::cust("CAST(SUM(times) AS BIGINT)"), "times")
            .column_as(Expr::cust("MIN(first_at)"), "first_at")
            .column_as(Expr::cust("MAX(last_at)"), "last_at")
            .filter(Column::TenantId.eq(tenant.as_str()))
            .filter(Column::Day.gte(day))
            .group_by(Column::Emitter)
            .group_by(Column::Operation)
            .group_by(Column::Reason)
            .order_by(Expr::cust("MAX(last_at)"), Order::Desc)
            .order_by_asc(Column::Emitter)
            .order_by_asc(Column::Operation)
            .order_by_asc(Column::Reason)
            .limit(limit)
            .into_tuple()
            .all(&self.store.read)
            .await?;
        let read = |(emitter, operation, reason, times, first_at, last_at): (String, String, String, i64, i64, i64)| {
            let reason = reason.parse().map_err(Error::Corrupt)?;
            let times = u64::try_from(times).unwrap_or_default();
            let (first_at, last_at) = (Timestamp::from_micros(first_at), Timestamp::from_micros(last_at));
            Ok((PassedOver { emitter, operation, reason }, Seen { times, first_at, last_at }))
        };
        rows.into_iter().map(read).collect()
    }

    /// Forgets the days before that of `before`; returns how many rows that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retain(&self, before: Timestamp) -> Result<u64> {
        let gone = Entity::delete_many().filter(Column::Day.lt(day_of(before).micros()));
        Ok(gone.exec(&self.store.write).await?.rows_affected)
    }
}

/// The one of two times of `column` for which `compares`, in words that both databases have.
fn sooner(compares: &str, column: &str) -> String {
    format!(
        "CASE WHEN excluded.{column} {compares} passed_over.{column} THEN excluded.{column} ELSE passed_over.{column} END"
    )
}

fn to_row(key: &Key, seen: Seen) -> ActiveModel {
    ActiveModel {
        tenant_id: Set(key.tenant.to_string()),
        day: Set(key.day.micros()),
        emitter: Set(key.kind.emitter.clone()),
        operation: Set(key.kind.operation.clone()),
        reason: Set(key.kind.reason.name().to_owned()),
        times: Set(i64::try_from(seen.times).unwrap_or(i64::MAX)),
        first_at: Set(seen.first_at.micros()),
        last_at: Set(seen.last_at.micros()),
    }
}
