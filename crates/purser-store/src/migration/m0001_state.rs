//! The first schema: everything that metering keeps besides the ledger.

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        let (bytes, identity) = if postgres {
            ("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
        } else {
            ("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT")
        };
        for statement in TABLES {
            let sql = statement.replace("{bytes}", bytes).replace("{identity}", identity);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        if postgres {
            // Payloads are compressed already: PostgreSQL need not try.
            let sql = "ALTER TABLE inbox ALTER COLUMN payload SET STORAGE EXTERNAL";
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("the first schema cannot be taken back".to_owned()))
    }
}

const TABLES: &[&str] = &[
    "CREATE TABLE tenant (
        id TEXT NOT NULL PRIMARY KEY,
        zone TEXT NOT NULL,
        week_start TEXT NOT NULL CHECK (week_start IN
            ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')),
        anchor_day SMALLINT NOT NULL CHECK (anchor_day BETWEEN 1 AND 28)
    )",
    "CREATE TABLE api_key (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL CHECK (role IN ('ingest', 'read', 'operate', 'admin')),
        hash TEXT NOT NULL UNIQUE,
        created_at BIGINT NOT NULL,
        revoked_at BIGINT,
        PRIMARY KEY (tenant_id, id)
    )",
    "CREATE TABLE session (
        tenant_id TEXT NOT NULL,
        id_hash TEXT NOT NULL UNIQUE,
        key_id TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (tenant_id, id_hash),
        FOREIGN KEY (tenant_id, key_id) REFERENCES api_key (tenant_id, id)
    )",
    "CREATE INDEX session_expiry ON session (expires_at)",
    "CREATE TABLE feature_tag (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL,
        tag TEXT NOT NULL,
        display_name TEXT NOT NULL,
        description TEXT,
        budget_usd TEXT,
        is_active BOOLEAN NOT NULL,
        PRIMARY KEY (tenant_id, id),
        UNIQUE (tenant_id, tag)
    )",
    "CREATE TABLE price_override (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        aliases TEXT NOT NULL,
        effective_from BIGINT,
        effective_to BIGINT,
        daily_from_minute SMALLINT CHECK (daily_from_minute BETWEEN 0 AND 1440),
        daily_to_minute SMALLINT CHECK (daily_to_minute BETWEEN 0 AND 1440),
        tiers TEXT NOT NULL,
        source_catalogue TEXT NOT NULL,
        source_url TEXT,
        source_retrieved TEXT NOT NULL,
        set_at BIGINT NOT NULL,
        retired_at BIGINT,
        PRIMARY KEY (tenant_id, id, revision),
        CHECK ((daily_from_minute IS NULL) = (daily_to_minute IS NULL)),
        CHECK (effective_from IS NULL OR effective_to IS NULL OR effective_from < effective_to)
    )",
    // The microsecond and the minute that nothing has stand for null.
    "CREATE UNIQUE INDEX price_override_period ON price_override (
        tenant_id, provider, model,
        COALESCE(effective_from, -9223372036854775807), COALESCE(daily_from_minute, -1), COALESCE(daily_to_minute, -1)
    ) WHERE retired_at IS NULL",
    "CREATE TABLE discount (
        tenant_id TEXT NOT NULL REFERENCES tenant (id),
        id TEXT NOT NULL,
        revision BIGINT NOT NULL,
        provider TEXT,
        model TEXT,
        percent_milli BIGINT NOT NULL CHECK (percent_milli BETWEEN 0 AND 100000),
        effective_from BIGINT,
        effective_to BIGINT,
        set_at BIGINT NOT NULL,
        retired_at BIGINT,
        PRIMARY KEY (tenant_id, id, revision),
        CHECK (effective_from IS NULL OR effective_to IS NULL OR effective_from < effective_to)
    )",
    // No provider or model is called the empty string.
    "CREATE UNIQUE INDEX discount_period ON discount (
        tenant_id, COALESCE(provider, ''), COALESCE(model, ''), COALESCE(effective_from, -9223372036854775807)
    ) WHERE retired_at IS NULL",
    "CREATE TABLE price_import (
        version BIGINT NOT NULL PRIMARY KEY CHECK (version > 0),
        catalogue TEXT NOT NULL,
        imported_at BIGINT NOT NULL,
        prices BIGINT NOT NULL
    )",
    "CREATE TABLE price_import_line (
        version BIGINT NOT NULL REFERENCES price_import (version),
        line BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (version, line)
    )",
    "CREATE TABLE conflict (
        seq {identity},
        tenant_id TEXT NOT NULL,
        source TEXT NOT NULL,
        event_id TEXT NOT NULL,
        payload_hash TEXT NOT NULL,
        payload TEXT NOT NULL,
        import_id TEXT,
        times BIGINT NOT NULL CHECK (times > 0),
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        UNIQUE (tenant_id, source, event_id, payload_hash)
    )",
    "CREATE INDEX conflict_page ON conflict (tenant_id, seq)",
    "CREATE TABLE import (
        tenant_id TEXT NOT NULL,
        id TEXT NOT NULL,
        format TEXT NOT NULL,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'voided')),
        started_at BIGINT NOT NULL,
        finished_at BIGINT,
        accepted BIGINT NOT NULL,
        duplicate BIGINT NOT NULL,
        conflict BIGINT NOT NULL,
        refused BIGINT NOT NULL,
        voided_at BIGINT,
        void_reason TEXT,
        PRIMARY KEY (tenant_id, id),
        CHECK ((status = 'voided') = (voided_at IS NOT NULL))
    )",
    "CREATE INDEX import_page ON import (tenant_id, started_at, id)",
    "CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY,
        holder TEXT NOT NULL,
        expires_at BIGINT NOT NULL
    )",
    "CREATE TABLE inbox (
        seq BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
        entries BIGINT NOT NULL CHECK (entries >= 0),
        bytes BIGINT NOT NULL,
        first_received BIGINT NOT NULL,
        last_received BIGINT NOT NULL,
        payload {bytes} NOT NULL,
        CHECK (first_received <= last_received)
    )",
    "CREATE TABLE inbox_head (
        id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
        seq BIGINT NOT NULL,
        received_through BIGINT NOT NULL
    )",
    "INSERT INTO inbox_head (id, seq, received_through) VALUES (1, 0, 0)",
];
