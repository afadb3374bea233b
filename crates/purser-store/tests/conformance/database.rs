//! A database of its own for each test, gone when the test is over.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use purser_domain::tenant::{Tenant, TenantId};
use purser_domain::time::Timestamp;
use purser_store::{Config, Store};
use sea_orm::{ConnectionTrait, DatabaseConnection};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// An empty database that a test may open as often as it likes.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) config: Config,
}

impl Database {
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.config).await.expect("an empty database opens")
    }

    /// A connection past the store, for what no caller can do through it.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let url = match &self.config.url {
            Some(url) => url.clone(),
            None => format!("sqlite://{}", self.config.data_dir.join("state.db").display()),
        };
        sea_orm::Database::connect(url).await.expect("the database accepts another connection")
    }
}

/// Runs `test` on a new database of `backend`, or says that it does not.
pub(crate) async fn run<F, T>(backend: Backend, name: &str, test: F)
where
    F: FnOnce(Database) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    match (backend, std::env::var("PURSER_TEST_POSTGRES")) {
        (Backend::Sqlite, _) => {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let config = Config { url: None, data_dir: dir.path().join("data") };
            test(Database { config }).await;
        }
        (Backend::Postgres, Ok(server)) => on_postgres(&server, test).await,
        (Backend::Postgres, Err(_)) => skip(name, "PURSER_TEST_POSTGRES is not set"),
    }
}

async fn on_postgres<F, T>(server: &str, test: F)
where
    F: FnOnce(Database) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("purser_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (base, database_and_options) = server.rsplit_once('/').expect("the URL names a database");
    let options = database_and_options.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
    let admin = sea_orm::Database::connect(server).await.expect("the PostgreSQL server answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database can be created");
    let config = Config { url: Some(format!("{base}/{name}{options}")), data_dir: PathBuf::new() };
    let outcome = tokio::spawn(test(Database { config })).await;
    let gone = admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failure) = outcome {
        std::panic::resume_unwind(failure.into_panic());
    }
    gone.expect("the test's database is dropped");
}

/// Says on the real standard error, which the test harness does not hide, that a test did not run.
pub(crate) fn skip(name: &str, reason: &str) {
    writeln!(std::io::stderr(), "SKIPPED {name}: {reason}").expect("standard error is open");
}

pub(crate) fn tenant_id(id: &str) -> TenantId {
    id.parse().expect("a literal tenant id")
}

pub(crate) async fn with_tenant(database: &Database, id: &str) -> (Store, TenantId) {
    let store = database.store().await;
    let id = tenant_id(id);
    store.tenant().create(&Tenant::new(id.clone())).await.expect("a new tenant");
    (store, id)
}

pub(crate) const fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}
