//! Opens the two databases: SQLite with one writer beside a few readers, PostgreSQL with one pool.
//! Invariant: whatever the server or the file was set to, a commit waits for the disk.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sea_orm::sqlx::Connection;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};

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
        create_file(&file)?;
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

/// The log and the index of the log take their mode from the file.
fn create_file(file: &Path) -> Result<()> {
    let created = OpenOptions::new().append(true).create(true).mode(0o600).open(file);
    created.map(drop).map_err(|error| Error::Unavailable(format!("file {}: {error}", file.display())))
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

/// Write-ahead log, synced at every commit. It is copied into the file every 8,000 pages, 32 MiB or some 160 batches of
/// the inbox: rarely enough that 99 of 100 commits do not wait for it.
fn writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .pragma("journal_mode", "wal")
        .pragma("synchronous", "full")
        .pragma("wal_autocheckpoint", "8000")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", "-8192")
}

/// Opening a reader takes no lock, so that it never waits for a writer.
fn reader(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.create_if_missing(false).pragma("query_only", "on")
}

async fn open_postgres(url: &str) -> Result<DatabaseConnection> {
    let pool = Database::connect(postgres_options(url)).await?;
    let setting = Statement::from_string(pool.get_database_backend(), "SHOW synchronous_commit");
    let waits: String = match pool.query_one_raw(setting).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => String::new(),
    };
    if waits != "off" {
        return Ok(pool);
    }
    pool.close().await?;
    let mut options = postgres_options(url);
    options.map_sqlx_postgres_opts(|options| options.options([("synchronous_commit", "on")]));
    Ok(Database::connect(options).await?)
}

/// A connection that was idle for a while may be dead: the server may have started anew.
fn postgres_options(url: &str) -> ConnectOptions {
    let mut options = pool_options(url, POSTGRES_CONNECTIONS);
    options.test_before_acquire_if_idle_for(Duration::from_secs(1));
    options
}

fn pool_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).acquire_timeout(PATIENCE).sqlx_logging(false).test_before_acquire(false);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use purser_domain::tenant::Tenant;

    async fn open_new() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&Config { url: None, data_dir: dir.path().to_owned() }).await.expect("a new file");
        (dir, store)
    }

    async fn pragma(connection: &DatabaseConnection, name: &str) -> String {
        let statement = Statement::from_string(connection.get_database_backend(), format!("PRAGMA {name}"));
        let row = connection.query_one_raw(statement).await.expect("a setting").expect("a row");
        row.try_get_by_index::<String>(0)
            .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
            .expect("a text or a number")
    }

    fn tenant(id: &str) -> Tenant {
        Tenant::new(id.parse().expect("a literal tenant id"))
    }

    #[tokio::test]
    async fn sqlite_waits_for_the_disk_and_gives_pages_back() {
        let (_dir, store) = open_new().await;
        for (name, expected) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("auto_vacuum", "2"),
            ("foreign_keys", "1"),
            ("busy_timeout", "10000"),
            ("query_only", "0"),
        ] {
            assert_eq!(pragma(&store.write, name).await, expected, "{name}");
        }
        assert_eq!(pragma(&store.read, "query_only").await, "1");
    }

    #[tokio::test]
    async fn a_file_that_may_not_grow_is_a_full_disk_until_it_may() {
        let (_dir, store) = open_new().await;
        let pages = pragma(&store.write, "page_count").await;
        pragma(&store.write, &format!("max_page_count = {pages}")).await;
        let lines = vec!["x".repeat(1_000); 1_000];
        let at = purser_domain::time::Timestamp::default();
        let refused = store.price_import().add("litellm", &lines, at).await.expect_err("there is no room");
        assert!(matches!(&refused, Error::Unavailable(reason) if reason.starts_with("the disk is full")), "{refused}");
        assert_eq!(store.price_import().list().await, Ok(Vec::new()), "nothing is half there");
        pragma(&store.write, "max_page_count = 1000000").await;
        assert_eq!(store.price_import().add("litellm", &lines, at).await.map(|import| import.version), Ok(1));
    }

    #[tokio::test]
    async fn a_read_only_file_is_unavailable_until_it_is_writable() {
        let (_dir, store) = open_new().await;
        store.write.execute_unprepared("PRAGMA query_only = on").await.expect("a setting");
        let refused = store.tenant().create(&tenant("acme")).await.expect_err("nothing may be written");
        assert!(matches!(&refused, Error::Unavailable(reason) if reason.contains("read-only")), "{refused}");
        assert_eq!(store.tenant().list().await, Ok(Vec::new()));
        store.write.execute_unprepared("PRAGMA query_only = off").await.expect("a setting");
        store.tenant().create(&tenant("acme")).await.expect("it is writable again");
    }
}
