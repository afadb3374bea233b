//! A tenant's discounts on unit prices.
//! Invariant: a revision is retired, never changed or deleted, so that any past charge can be explained.

use purser_domain::price::Discount;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel};
use sea_orm::{QueryFilter, QueryOrder, QuerySelect};

use crate::entity::discount::{Column, Entity, Model};
use crate::price_override::equal_or_null;
use crate::{Error, Result, Store};

/// A revision of a discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscountRevision {
    /// The discount; its id is the same in every revision.
    pub discount: Discount,
    /// 1, 2, … of this id.
    pub revision: i64,
    /// When this revision was set.
    pub set_at: Timestamp,
    /// When another revision took its place; `None` = in force.
    pub retired_at: Option<Timestamp>,
}

/// One tenant's discounts.
#[derive(Debug)]
pub struct Discounts<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Discounts<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Sets a discount; it takes the place of the one with the same id, and of the one for the same provider, model and
    /// start.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist, the period is empty or the percentage out of range.
    pub async fn set(&self, discount: &Discount, at: Timestamp) -> Result<DiscountRevision> {
        let transaction = self.store.begin().await?;
        let same_period = Condition::all()
            .add(equal_or_null(Column::Provider, discount.provider.as_deref()))
            .add(equal_or_null(Column::Model, discount.model.as_deref()))
            .add(equal_or_null(Column::EffectiveFrom, discount.effective_from.map(Timestamp::micros)));
        let replaced = Condition::any().add(Column::Id.eq(&discount.id)).add(same_period);
        self.retire(&transaction, replaced, at).await?;
        let set = self.insert(&transaction, discount, at).await?;
        transaction.commit().await?;
        Ok(set)
    }

    /// The discounts in force, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<DiscountRevision>> {
        self.select(Condition::all().add(Column::RetiredAt.is_null())).await
    }

    /// Every revision, retired ones included, by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(&self) -> Result<Vec<DiscountRevision>> {
        self.select(Condition::all()).await
    }

    /// Ends a discount at `effective_to`, by a new revision; one that had not started by then is gone.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no discount with this id is in force.
    pub async fn end(&self, id: &str, effective_to: Timestamp, at: Timestamp) -> Result<Option<DiscountRevision>> {
        let transaction = self.store.begin().await?;
        let found = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(id))
            .filter(Column::RetiredAt.is_null())
            .one(&transaction)
            .await?;
        let mut discount = from_row(found.ok_or_else(|| Error::missing("discount", id))?)?.discount;
        self.retire(&transaction, Condition::all().add(Column::Id.eq(id)), at).await?;
        let started = discount.effective_from.is_none_or(|from| from < effective_to);
        discount.effective_to = Some(effective_to);
        let ended = if started { Some(self.insert(&transaction, &discount, at).await?) } else { None };
        transaction.commit().await?;
        Ok(ended)
    }

    async fn select(&self, which: Condition) -> Result<Vec<DiscountRevision>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(which)
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
        discount: &Discount,
        at: Timestamp,
    ) -> Result<DiscountRevision> {
        let last: Option<i64> = Entity::find()
            .select_only()
            .column(Column::Revision)
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(&discount.id))
            .order_by_desc(Column::Revision)
            .into_tuple()
            .one(transaction)
            .await?;
        let set = DiscountRevision {
            discount: discount.clone(),
            revision: last.unwrap_or(0) + 1,
            set_at: at,
            retired_at: None,
        };
        Entity::insert(to_row(self.tenant, &set).into_active_model())
            .exec_without_returning(transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("discount", &discount.id))?;
        Ok(set)
    }
}

fn to_row(tenant: &TenantId, set: &DiscountRevision) -> Model {
    let discount = &set.discount;
    Model {
        tenant_id: tenant.to_string(),
        id: discount.id.clone(),
        revision: set.revision,
        provider: discount.provider.clone(),
        model: discount.model.clone(),
        percent_milli: discount.percent_milli.into(),
        effective_from: discount.effective_from.map(Timestamp::micros),
        effective_to: discount.effective_to.map(Timestamp::micros),
        set_at: set.set_at.micros(),
        retired_at: set.retired_at.map(Timestamp::micros),
    }
}

fn from_row(row: Model) -> Result<DiscountRevision> {
    let percent_milli =
        u32::try_from(row.percent_milli).map_err(|reason| Error::corrupt("discount.percent_milli", reason))?;
    let discount = Discount {
        id: row.id,
        provider: row.provider,
        model: row.model,
        percent_milli,
        effective_from: row.effective_from.map(Timestamp::from_micros),
        effective_to: row.effective_to.map(Timestamp::from_micros),
    };
    Ok(DiscountRevision {
        discount,
        revision: row.revision,
        set_at: Timestamp::from_micros(row.set_at),
        retired_at: row.retired_at.map(Timestamp::from_micros),
    })
}
