//! Provenance takes the same path as usage: the inbox gets a second log, and each tenant a chain.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let bytes = if postgres { "BYTEA" } else { "BLOB" };
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(&statement.replace("{bytes}", bytes)).await?;
        }
        if postgres {
            // Payloads are compressed already: PostgreSQL need not try.
            let sql = "ALTER TABLE inbox ALTER COLUMN payload SET STORAGE EXTERNAL";
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the second log cannot be taken back".to_owned()))
    }
}

/// SQLite cannot change a key in place: the rows that wait are copied.
const STATEMENTS: &[&str] = &[
    "CREATE TABLE inbox_of_logs (
        log TEXT NOT NULL CHECK (log IN ('usage', 'provenance')),
        seq BIGINT NOT NULL CHECK (seq > 0),
        entries BIGINT NOT NULL CHECK (entries >= 0),
        bytes BIGINT NOT NULL,
        first_received BIGINT NOT NULL,
        last_received BIGINT NOT NULL,
        payload {bytes} NOT NULL,
        PRIMARY KEY (log, seq),
        CHECK (first_received <= last_received)
    )",
    "INSERT INTO inbox_of_logs (log, seq, entries, bytes, first_received, last_received, payload)
        SELECT 'usage', seq, entries, bytes, first_received, last_received, payload FROM inbox",
    "DROP TABLE inbox",
    "ALTER TABLE inbox_of_logs RENAME TO inbox",
    "CREATE TABLE inbox_head_of_logs (
        log TEXT NOT NULL PRIMARY KEY CHECK (log IN ('usage', 'provenance')),
        seq BIGINT NOT NULL,
        received_through BIGINT NOT NULL
    )",
    "INSERT INTO inbox_head_of_logs (log, seq, received_through) SELECT 'usage', seq, received_through FROM inbox_head",
    "INSERT INTO inbox_head_of_logs (log, seq, received_through) VALUES ('provenance', 0, 0)",
    "DROP TABLE inbox_head",
    "ALTER TABLE inbox_head_of_logs RENAME TO inbox_head",
    "CREATE TABLE provenance_chain (
        tenant_id TEXT NOT NULL PRIMARY KEY,
        position BIGINT NOT NULL CHECK (position > 0),
        hash TEXT NOT NULL
    )",
];
