//! A tenant's own prices, by provider, model and start.

mod tiers;

use purser_domain::price::{DailyWindow, Price, Source};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, IntoActiveModel, QueryOrder, Select};

use crate::entity::price_override::{ActiveModel, Column, Entity, Model};
use crate::revision::{Dated, Revision, equal_or_null};
use crate::{Error, Result};

/// A tenant's own price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOverride {
    /// Its id.
    pub id: String,
    /// The price.
    pub price: Price,
}

/// One may be in force for the same provider, model, time of day and start.
impl Dated for PriceOverride {
    const NOUN: &'static str = "price override";
    type Table = Entity;

    fn id(&self) -> &str {
        &self.id
    }

    fn validity(&mut self) -> (Option<Timestamp>, &mut Option<Timestamp>) {
        (self.price.effective_from, &mut self.price.effective_to)
    }

    fn same_period(&self) -> Condition {
        let (price, daily) = (&self.price, self.price.daily.as_ref().map(minutes));
        Condition::all()
            .add(Column::Provider.eq(&price.provider))
            .add(Column::Model.eq(&price.model))
            .add(equal_or_null(Column::EffectiveFrom, price.effective_from.map(Timestamp::micros)))
            .add(equal_or_null(Column::DailyFromMinute, daily.map(|(from, _)| from)))
            .add(equal_or_null(Column::DailyToMinute, daily.map(|(_, to)| to)))
    }

    fn in_order(rows: Select<Entity>) -> Select<Entity> {
        rows.order_by_asc(Column::Provider)
            .order_by_asc(Column::Model)
            .order_by_asc(Expr::cust("COALESCE(effective_from, -9223372036854775807)"))
    }

    fn to_row(tenant: &TenantId, revision: &Revision<Self>) -> Result<ActiveModel> {
        let Self { id, price } = &revision.of;
        let daily = price.daily.as_ref().map(minutes);
        let row = Model {
            tenant_id: tenant.to_string(),
            id: id.clone(),
            revision: revision.number,
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
            set_at: revision.set_at.micros(),
            retired_at: revision.retired_at.map(Timestamp::micros),
        };
        Ok(row.into_active_model())
    }

    fn from_row(row: Model) -> Result<Revision<Self>> {
        let minute = |minute: i16| {
            u16::try_from(minute).map_err(|reason| Error::corrupt("price_override.daily_from_minute", reason))
        };
        let daily = match (row.daily_from_minute, row.daily_to_minute) {
            (Some(from), Some(to)) => Some(DailyWindow::new(minute(from)?, minute(to)?)),
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
            factors: Vec::new(),
            tiers: tiers::decode(&row.tiers)?,
            source: Source { catalogue: row.source_catalogue, url: row.source_url, retrieved: row.source_retrieved },
        };
        let of = Self { id: row.id, price };
        Ok(Revision::stored(of, row.revision, row.set_at, row.retired_at))
    }
}

fn minutes(daily: &DailyWindow) -> (i16, i16) {
    let minute = |minute: u16| i16::try_from(minute).unwrap_or(i16::MAX);
    (minute(daily.from_minute), minute(daily.to_minute))
}
