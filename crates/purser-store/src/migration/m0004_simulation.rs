//! What a tenant says about skills, and the scenarios that it keeps.

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
    "CREATE TABLE skill_override (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        skill_id TEXT NOT NULL,
        costs TEXT NOT NULL,
        set_at BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, skill_id)
    )",
    "CREATE TABLE scenario (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        budget_cents BIGINT NOT NULL CHECK (budget_cents >= 0),
        steps TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, id)
    )",
];
