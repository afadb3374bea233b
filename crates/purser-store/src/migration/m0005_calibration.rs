//! What was learned from a tenant's own runs.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(CALIBRATION).await?;
        Ok(())
    }
}

const CALIBRATION: &str = "CREATE TABLE calibration (
    tenant_id TEXT NOT NULL REFERENCES tenant (id),
    number BIGINT NOT NULL CHECK (number > 0),
    version TEXT NOT NULL,
    fitted_at BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL CHECK (to_at > from_at),
    runs BIGINT NOT NULL CHECK (runs >= 0),
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, number)
)";
