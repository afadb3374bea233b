//! Files that were read in.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub format: String,
    pub source: String,
    pub name: String,
    pub status: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub accepted: i64,
    pub duplicate: i64,
    pub conflict: i64,
    pub refused: i64,
    pub voided_at: Option<i64>,
    pub void_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
