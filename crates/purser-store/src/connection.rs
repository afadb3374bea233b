//! Opens the two databases: SQLite with one writer beside a few readers, PostgreSQL with one pool.
//! Invariant: whatever the server or the file was set to, a commit waits for the disk.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use crate::{Config, Error, Result};

/// The SQLite file in the data directory.
pub(crate) const FILE_NAME: &str = "state.db";

/// How long a statement waits for another process's lock, or for a connection of the pool.
const PATIENCE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 10;

/// The connections to write and to read with; the same pool twice on PostgreSQL.
pub(crate) async fn open(config: &Config) -> Result<(DatabaseConnection, DatabaseConnection)> {
    match &config.url {
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            let pool = open_postgres(url).await?;
            Ok((pool.clone(), pool))
        }
        Some(url) => {
            let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
            Err(Error::Unavailable(format!("the database url's scheme \"{scheme}\" is not postgres or postgresql")))
        }
        None => open_sqlite(&config.data_dir).await,
    }
}

async fn open_sqlite(data_dir: &Path) -> Result<(DatabaseConnection, DatabaseConnection)> {
    create_private(data_dir)?;
    let file = data_dir.join(FILE_NAME);
    if fs::metadata(&file).map_or(true, |metadata| metadata.len() == 0) {
        // Only an empty file takes the setting that lets it shrink.
        Database::connect(sqlite_options(&file, 1, founder)).await?.close().await?;
    }
    let write = Database::connect(sqlite_options(&file, 1, writer)).await?;
    let read = Database::connect(sqlite_options(&file, READERS, reader)).await?;
    Ok((write, read))
}

fn create_private(data_dir: &Path) -> Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(data_dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && data_dir.is_dir() => Ok(()),
        Err(error) => Err(Error::Unavailable(format!("data directory {}: {error}", data_dir.display()))),
    }
}

fn sqlite_options(
    file: &Path,
    connections: u32,
    role: fn(SqliteConnectOptions) -> SqliteConnectOptions,
) -> ConnectOptions {
    let file = file.to_owned();
    let mut options = pool_options("sqlite::memory:", connections);
    options.idle_timeout(None).max_lifetime(None).map_sqlx_sqlite_opts(move |options| {
        let options = options.filename(&file).in_memory(false).shared_cache(false).busy_timeout(PATIENCE);
        role(options.foreign_keys(true))
    });
    // A full disk makes SQLite end a transaction by itself, which leaves the driver's count of open ones wrong.
    options.map_sqlx_sqlite_before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }));
    options
}

fn founder(options: SqliteConnectOptions) -> SqliteConnectOptions {
    writer(options).pragma("auto_vacuum", "incremental")
}

/// Write-ahead log, synced at every commit and kept short.
fn writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .pragma("journal_mode", "wal")
        .pragma("synchronous", "full")
        .pragma("wal_autocheckpoint", "2000")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-8192")
}

/// Opening a reader takes no lock, so that it never waits for a writer.
fn reader(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.create_if_missing(false).pragma("query_only", "on")
}

async fn open_postgres(url: &str) -> Result<DatabaseConnection> {
    let pool = Database::connect(pool_options(url, POSTGRES_CONNECTIONS)).await?;
    let row =
        pool.query_one_raw(sea_orm::Statement::from_string(pool.get_database_backend(), "SHOW synchronous_commit"));
    let waits: String = match row.await? {
        Some(row) => row.try_get_by_index(0)?,
        None => String::new(),
    };
    if waits != "off" {
        return Ok(pool);
    }
    pool.close().await?;
    let mut options = pool_options(url, POSTGRES_CONNECTIONS);
    options.map_sqlx_postgres_opts(|options| options.options([("synchronous_commit", "on")]));
    Ok(Database::connect(options).await?)
}

fn pool_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(PATIENCE).sqlx_logging(false).test_before_acquire(false);
    options
}
