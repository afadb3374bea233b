//! How far retention has dropped each tenant's chain.
//!
//! Null in the chains that are there already: nobody knows what was dropped of them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DROPPED).await?;
        Ok(())
    }
}

const DROPPED: &str = "ALTER TABLE provenance_chain ADD COLUMN dropped BIGINT CHECK (dropped >= 0)";
