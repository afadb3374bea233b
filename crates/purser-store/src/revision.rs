//! A tenant's dated things of which every revision is kept: its own prices, its discounts.
//! Invariant: a revision is retired, never changed or deleted, so that any past charge can be explained.

use std::marker::PhantomData;

use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait};
use sea_orm::{QueryFilter, QueryOrder, QuerySelect, Select};

use crate::{Error, Result, Store};

// The columns that every table of revisions has.
const TENANT: &str = "tenant_id";
const ID: &str = "id";
const REVISION: &str = "revision";
const RETIRED_AT: &str = "retired_at";

/// A revision of a dated thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision<T> {
    /// The thing; its id is the same in every revision.
    pub of: T,
    /// 1, 2, … of this id.
    pub number: i64,
    /// When this revision was set.
    pub set_at: Timestamp,
    /// When another revision took its place; `None` = in force.
    pub retired_at: Option<Timestamp>,
}

impl<T> Revision<T> {
    /// A revision as its row has it.
    pub(crate) fn stored(of: T, number: i64, set_at: i64, retired_at: Option<i64>) -> Self {
        let retired_at = retired_at.map(Timestamp::from_micros);
        Self { of, number, set_at: Timestamp::from_micros(set_at), retired_at }
    }
}

/// What holds from one instant to another, and has a table of revisions.
pub trait Dated: Clone {
    /// What messages call it.
    const NOUN: &'static str;
    /// Its table.
    type Table: EntityTrait;

    /// Its id.
    fn id(&self) -> &str;

    /// First instant of validity (`None` = always), and first instant after.
    fn validity(&mut self) -> (Option<Timestamp>, &mut Option<Timestamp>);

    /// The rows of which one at most is in force: those for the same subject and start.
    fn same_period(&self) -> Condition;

    /// Orders rows before their id and number do.
    #[must_use]
    fn in_order(rows: Select<Self::Table>) -> Select<Self::Table> {
        rows
    }

    /// A revision as a row.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be written.
    fn to_row(tenant: &TenantId, revision: &Revision<Self>) -> Result<<Self::Table as EntityTrait>::ActiveModel>;

    /// The revision of a row.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it cannot be read.
    fn from_row(row: <Self::Table as EntityTrait>::Model) -> Result<Revision<Self>>;
}

/// One tenant's things of one kind.
#[derive(Debug)]
pub struct Revisions<'a, T> {
    store: &'a Store,
    tenant: &'a TenantId,
    kind: PhantomData<T>,
}

impl<'a, T: Dated> Revisions<'a, T> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant, kind: PhantomData }
    }

    /// Sets a thing; it takes the place of the one with the same id, and of the one for the same subject and start.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist, the period is empty or a value is out of range.
    pub async fn set(&self, thing: &T, at: Timestamp) -> Result<Revision<T>> {
        let transaction = self.store.begin().await?;
        let replaced = Condition::any().add(Expr::col(ID).eq(thing.id())).add(thing.same_period());
        self.retire(&transaction, replaced, at).await?;
        let set = self.insert(&transaction, thing.clone(), at).await?;
        transaction.commit().await?;
        Ok(set)
    }

    /// What is in force, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<T>> {
        let in_force = self.rows().filter(Expr::col(RETIRED_AT).is_null());
        Ok(self.read(in_force).await?.into_iter().map(|revision| revision.of).collect())
    }

    /// Every revision, retired ones included, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(&self) -> Result<Vec<Revision<T>>> {
        self.read(self.rows()).await
    }

    /// Ends a thing at `effective_to`, by a new revision; one that had not started by then is gone.
    ///
    /// # Errors
    /// [`Error::NotFound`] if none with this id is in force.
    pub async fn end(&self, id: &str, effective_to: Timestamp, at: Timestamp) -> Result<Option<Revision<T>>> {
        let transaction = self.store.begin().await?;
        let same_id = Expr::col(ID).eq(id);
        let in_force = self.rows().filter(same_id.clone()).filter(Expr::col(RETIRED_AT).is_null());
        let found = in_force.one(&transaction).await?.ok_or_else(|| Error::missing(T::NOUN, id))?;
        let mut thing = T::from_row(found)?.of;
        self.retire(&transaction, Condition::all().add(same_id), at).await?;
        let (from, to) = thing.validity();
        let started = from.is_none_or(|from| from < effective_to);
        *to = Some(effective_to);
        let ended = if started { Some(self.insert(&transaction, thing, at).await?) } else { None };
        transaction.commit().await?;
        Ok(ended)
    }

    fn rows(&self) -> Select<T::Table> {
        T::Table::find().filter(Expr::col(TENANT).eq(self.tenant.as_str()))
    }

    async fn read(&self, rows: Select<T::Table>) -> Result<Vec<Revision<T>>> {
        let rows = T::in_order(rows).order_by_asc(Expr::col(ID)).order_by_asc(Expr::col(REVISION));
        rows.all(&self.store.read).await?.into_iter().map(T::from_row).collect()
    }

    async fn retire(&self, transaction: &DatabaseTransaction, which: Condition, at: Timestamp) -> Result<()> {
        T::Table::update_many()
            .col_expr(RETIRED_AT, Expr::value(at.micros()))
            .filter(Expr::col(TENANT).eq(self.tenant.as_str()))
            .filter(Expr::col(RETIRED_AT).is_null())
            .filter(which)
            .exec(transaction)
            .await?;
        Ok(())
    }

    async fn insert(&self, transaction: &DatabaseTransaction, thing: T, at: Timestamp) -> Result<Revision<T>> {
        let last: Option<i64> = self
            .rows()
            .select_only()
            .expr(Expr::col(REVISION))
            .filter(Expr::col(ID).eq(thing.id()))
            .order_by_desc(Expr::col(REVISION))
            .into_tuple()
            .one(transaction)
            .await?;
        let set = Revision { of: thing, number: last.unwrap_or(0) + 1, set_at: at, retired_at: None };
        T::Table::insert(T::to_row(self.tenant, &set)?)
            .exec_without_returning(transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict(T::NOUN, set.of.id()))?;
        Ok(set)
    }
}

/// Equality that holds between two nulls.
pub(crate) fn equal_or_null<C: ColumnTrait, V: Into<sea_orm::Value>>(column: C, value: Option<V>) -> Condition {
    Condition::all().add(match value {
        Some(value) => column.eq(value),
        None => column.is_null(),
    })
}
