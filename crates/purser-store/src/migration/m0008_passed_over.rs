//! What receivers read and did not charge, by tenant, day and kind.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(TABLE).await?;
        Ok(())
    }
}

const TABLE: &str = "CREATE TABLE passed_over (
    tenant_id TEXT NOT NULL REFERENCES tenant (id),
    day BIGINT NOT NULL,
    emitter TEXT NOT NULL,
    operation TEXT NOT NULL,
    reason TEXT NOT NULL,
    times BIGINT NOT NULL CHECK (times > 0),
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day, emitter, operation, reason)
)";
