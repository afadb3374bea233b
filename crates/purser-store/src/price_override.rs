//! A tenant's own prices.
//! Invariant: a revision is retired, never changed or deleted, so that any past charge can be explained.

mod tiers;

use purser_domain::price::{DailyWindow, Price, Source};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel};
use sea_orm::{QueryFilter, QueryOrder, QuerySelect};

use crate::entity::price_override::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// A revision of a tenant's own price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOverride {
    /// Its id, the same in every revision.
    pub id: String,
    /// 1, 2, … of this id.
    pub revision: i64,
    /// The price.
    pub price: Price,
    /// When this revision was set.
    pub set_at: Timestamp,
    /// When another revision took its place; `None` = in force.
    pub retired_at: Option<Timestamp>,
}

/// One tenant's own prices.
#[derive(Debug)]
pub struct PriceOverrides<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> PriceOverrides<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Sets a price; it takes the place of the one with the same id, and of the one for the same provider, model, time
    /// of day and start.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist or the period is empty.
    pub async fn set(&self, id: &str, price: &Price, at: Timestamp) -> Result<PriceOverride> {
        let transaction = self.store.begin().await?;
        let daily = price.daily.map(minutes);
        let same_period = Condition::all()
            .add(Column::Provider.eq(&price.provider))
            .add(Column::Model.eq(&price.model))
            .add(equal_or_null(Column::EffectiveFrom, price.effective_from.map(Timestamp::micros)))
            .add(equal_or_null(Column::DailyFromMinute, daily.map(|(from, _)| from)))
            .add(equal_or_null(Column::DailyToMinute, daily.map(|(_, to)| to)));
        self.retire(&transaction, Condition::any().add(Column::Id.eq(id)).add(same_period), at).await?;
        let set = self.insert(&transaction, id, price, at).await?;
        transaction.commit().await?;
        Ok(set)
    }

    /// The prices in force, by provider, model and start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<PriceOverride>> {
        self.select(Condition::all().add(Column::RetiredAt.is_null())).await
    }

    /// Every revision, retired ones included, by provider, model and start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(&self) -> Result<Vec<PriceOverride>> {
        self.select(Condition::all()).await
    }

    /// Ends a price at `effective_to`, by a new revision; one that had not started by then is gone.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no price with this id is in force.
    pub async fn end(&self, id: &str, effective_to: Timestamp, at: Timestamp) -> Result<Option<PriceOverride>> {
        let transaction = self.store.begin().await?;
        let found = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(id))
            .filter(Column::RetiredAt.is_null())
            .one(&transaction)
            .await?;
        let mut price = from_row(found.ok_or_else(|| Error::missing("price override", id))?)?.price;
        self.retire(&transaction, Condition::all().add(Column::Id.eq(id)), at).await?;
        let started = price.effective_from.is_none_or(|from| from < effective_to);
        price.effective_to = Some(effective_to);
        let ended = if started { Some(self.insert(&transaction, id, &price, at).await?) } else { None };
        transaction.commit().await?;
        Ok(ended)
    }

    async fn select(&self, which: Condition) -> Result<Vec<PriceOverride>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(which)
            .order_by_asc(Column::Provider)
            .order_by_asc(Column::Model)
            .order_by_asc(Expr::cust("COALESCE(effective_from, -9223372036854775807)"))
            .order_by_asc(Column::Id)
            .order_by_asc(Column::Revision)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    async fn retire(&self, transaction: &DatabaseTransaction, which: Condition, at: Timestamp) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::RetiredAt, Expr::value(at.micros()))
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::RetiredAt.is_null())
            .filter(which)
            .exec(transaction)
            .await?;
        Ok(())
    }

    async fn insert(
        &self,
        transaction: &DatabaseTransaction,
        id: &str,
        price: &Price,
        at: Timestamp,
    ) -> Result<PriceOverride> {
        let last: Option<i64> = Entity::find()
            .select_only()
            .column(Column::Revision)
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(id))
            .order_by_desc(Column::Revision)
            .into_tuple()
            .one(transaction)
            .await?;
        let set = PriceOverride {
            id: id.to_owned(),
            revision: last.unwrap_or(0) + 1,
            price: price.clone(),
            set_at: at,
            retired_at: None,
        };
        Entity::insert(to_row(self.tenant, &set)?.into_active_model())
            .exec_without_returning(transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("price override", id))?;
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

fn minutes(daily: DailyWindow) -> (i16, i16) {
    let minute = |minute: u16| i16::try_from(minute).unwrap_or(i16::MAX);
    (minute(daily.from_minute), minute(daily.to_minute))
}

fn to_row(tenant: &TenantId, set: &PriceOverride) -> Result<Model> {
    let price = &set.price;
    let daily = price.daily.map(minutes);
    Ok(Model {
        tenant_id: tenant.to_string(),
        id: set.id.clone(),
        revision: set.revision,
        provider: price.provider.clone(),
        model: price.model.clone(),
        aliases: serde_json::to_string(&price.aliases)
            .map_err(|reason| Error::corrupt("price_override.aliases", reason))?,
        effective_from: price.effective_from.map(Timestamp::micros),
        effective_to: price.effective_to.map(Timestamp::micros),
        daily_from_minute: daily.map(|(from, _)| from),
        daily_to_minute: daily.map(|(_, to)| to),
        tiers: tiers::encode(&price.tiers)?,
        source_catalogue: price.source.catalogue.clone(),
        source_url: price.source.url.clone(),
        source_retrieved: price.source.retrieved.clone(),
        set_at: set.set_at.micros(),
        retired_at: set.retired_at.map(Timestamp::micros),
    })
}

fn from_row(row: Model) -> Result<PriceOverride> {
    let minute = |minute: i16| {
        u16::try_from(minute).map_err(|reason| Error::corrupt("price_override.daily_from_minute", reason))
    };
    let daily = match (row.daily_from_minute, row.daily_to_minute) {
        (Some(from), Some(to)) => Some(DailyWindow { from_minute: minute(from)?, to_minute: minute(to)? }),
        _ => None,
    };
    let price = Price {
        provider: row.provider,
        model: row.model,
        aliases: serde_json::from_str(&row.aliases)
            .map_err(|reason| Error::corrupt("price_override.aliases", reason))?,
        effective_from: row.effective_from.map(Timestamp::from_micros),
        effective_to: row.effective_to.map(Timestamp::from_micros),
        daily,
        tiers: tiers::decode(&row.tiers)?,
        source: Source { catalogue: row.source_catalogue, url: row.source_url, retrieved: row.source_retrieved },
    };
    Ok(PriceOverride {
        id: row.id,
        revision: row.revision,
        price,
        set_at: Timestamp::from_micros(row.set_at),
        retired_at: row.retired_at.map(Timestamp::from_micros),
    })
}
