//! Which lake this state belongs to: the inbox is of use with that one only.
//! Invariant: the first lake that is claimed stays the one.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult};

use crate::entity::lake::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// A table of the lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lake {
    /// The table's own id.
    pub id: String,
    /// Where it lay when it was opened last.
    pub location: String,
}

/// The lakes' tables, by name.
#[derive(Debug)]
pub struct Lakes<'a> {
    store: &'a Store,
}

impl<'a> Lakes<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Claims the state for `lake` as the table called `name`, and returns the one that it belongs to: another than
    /// `lake` if that came first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(&self, name: &str, lake: &Lake) -> Result<Lake> {
        let row = Model { name: name.to_owned(), id: lake.id.clone(), location: lake.location.clone() };
        let inserted = Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(Column::Name).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(&self.store.write)
            .await?;
        if matches!(inserted, TryInsertResult::Inserted(1)) {
            return Ok(lake.clone());
        }
        let known = Entity::find_by_id(name).one(&self.store.write).await?;
        let known = known.ok_or_else(|| Error::corrupt("lake", format!("the row of {name} is gone")))?;
        if known.id == lake.id && known.location != lake.location {
            Entity::update_many()
                .col_expr(Column::Location, Expr::value(lake.location.as_str()))
                .filter(Column::Name.eq(name))
                .exec(&self.store.write)
                .await?;
            return Ok(lake.clone());
        }
        Ok(Lake { id: known.id, location: known.location })
    }
}
