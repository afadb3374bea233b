//! A tenant's own prices, every revision of them.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price_override")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    pub provider: String,
    pub model: String,
    pub aliases: String,
    pub effective_from: Option<i64>,
    pub effective_to: Option<i64>,
    pub daily_from_minute: Option<i16>,
    pub daily_to_minute: Option<i16>,
    pub tiers: String,
    pub source_catalogue: String,
    pub source_url: Option<String>,
    pub source_retrieved: String,
    pub set_at: i64,
    pub retired_at: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
