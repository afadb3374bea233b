//! A tenant's discounts on unit prices, by id.

use purser_domain::price::Discount;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::{Condition, IntoActiveModel};

use crate::entity::discount::{ActiveModel, Column, Entity, Model};
use crate::revision::{Dated, Revision, equal_or_null};
use crate::{Error, Result};

/// One may be in force for the same provider, model and start.
impl Dated for Discount {
    const NOUN: &'static str = "discount";
    type Table = Entity;

    fn id(&self) -> &str {
        &self.id
    }

    fn validity(&mut self) -> (Option<Timestamp>, &mut Option<Timestamp>) {
        (self.effective_from, &mut self.effective_to)
    }

    fn same_period(&self) -> Condition {
        Condition::all()
            .add(equal_or_null(Column::Provider, self.provider.as_deref()))
            .add(equal_or_null(Column::Model, self.model.as_deref()))
            .add(equal_or_null(Column::EffectiveFrom, self.effective_from.map(Timestamp::micros)))
    }

    fn to_row(tenant: &TenantId, revision: &Revision<Self>) -> Result<ActiveModel> {
        let discount = &revision.of;
        let row = Model {
            tenant_id: tenant.to_string(),
            id: discount.id.clone(),
            revision: revision.number,
            provider: discount.provider.clone(),
            model: discount.model.clone(),
            percent_milli: discount.percent_milli.into(),
            effective_from: discount.effective_from.map(Timestamp::micros),
            effective_to: discount.effective_to.map(Timestamp::micros),
            set_at: revision.set_at.micros(),
            retired_at: revision.retired_at.map(Timestamp::micros),
        };
        Ok(row.into_active_model())
    }

    fn from_row(row: Model) -> Result<Revision<Self>> {
        let percent_milli =
            u32::try_from(row.percent_milli).map_err(|reason| Error::corrupt("discount.percent_milli", reason))?;
        let of = Self {
            id: row.id,
            provider: row.provider,
            model: row.model,
            percent_milli,
            effective_from: row.effective_from.map(Timestamp::from_micros),
            effective_to: row.effective_to.map(Timestamp::from_micros),
        };
        Ok(Revision::stored(of, row.revision, row.set_at, row.retired_at))
    }
}
