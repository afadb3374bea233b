//! Bills held against the ledger.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

const STATEMENTS: &[&str] = &[
    "CREATE TABLE reconciliation (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        recorded_at BIGINT NOT NULL,
        tolerance_millionths BIGINT NOT NULL CHECK (tolerance_millionths BETWEEN 0 AND 1000000),
        result TEXT NOT NULL,
        left_out TEXT NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )",
    "CREATE INDEX reconciliation_recorded ON reconciliation (tenant_id, recorded_at, id)",
];
