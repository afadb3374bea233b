//! A service in a temporary directory, whose store can be made to fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use purser_domain::api_key::Role;
use purser_domain::tenant::{Tenant, TenantId};
use purser_domain::time::Timestamp;
use purser_ledger::Ledger;
use purser_service::clock::Clock;
use purser_service::ingest::Options;
use purser_service::provenance::Config;
use purser_service::{Principal, Service};
use purser_store::Store;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};
use tokio::runtime::Handle;

/// 2026-11-20T09:00:00Z.
pub(crate) const NOW: i64 = 1_795_165_200_000_000;

/// A state database of its own, a data directory, and a service on both.
pub(crate) struct TestService {
    pub(crate) service: Service,
    /// It stands still until it is set.
    pub(crate) clock: Clock,
    state: purser_store::Config,
    directory: tempfile::TempDir,
}

impl TestService {
    pub(crate) async fn new() -> Self {
        Self::with_background(None).await
    }

    /// One whose work that nobody waits for runs there.
    pub(crate) async fn with_background(background: Option<Handle>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let state = purser_store::Config { url: postgres().await, data_dir: directory.path().to_owned() };
        let clock = Clock::fixed(Timestamp::from_micros(NOW));
        let service = open(&state, directory.path(), &clock, background).await;
        Self { service, clock, state, directory }
    }

    /// Makes a tenant.
    pub(crate) async fn with_tenant(self, id: &str) -> Self {
        let store = Store::open(&self.state).await.expect("the store opens");
        store.tenant().create(&Tenant::new(tenant_id(id))).await.expect("a new tenant");
        store.close().await.expect("it closes");
        self
    }

    /// Takes usage of a tenant in: events of `gpt-4o` with 1,000 input tokens, with `changes` to them.
    pub(crate) async fn ingest(&self, tenant: &str, events: &[Value]) {
        let mut all = Vec::new();
        for changes in events {
            let mut event = json!({
                "event_id": format!("e{}", all.len()), "occurred_at": self.service.now(), "provider": "openai",
                "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 750,
            });
            for (name, value) in changes.as_object().into_iter().flatten() {
                event[name] = value.clone();
            }
            all.push(event);
        }
        let body = Value::from(all).to_string();
        let decoded = purser_service::decode::native::decode(body.as_bytes(), self.service.now());
        let decoded = decoded.unwrap_or_else(|_| unreachable!("the events are JSON"));
        let who = principal(tenant, Role::Ingest);
        let receipt = self.service.ingest(&who, decoded, &Options::strict()).await.expect("they are taken");
        assert_eq!(receipt.accepted, events.len() as u64, "{receipt:?}");
    }

    /// Drops the service without shutdown, as a crash would, and opens it again.
    pub(crate) async fn crash(self) -> Self {
        let Self { service, clock, state, directory } = self;
        drop(service);
        let service = open(&state, directory.path(), &clock, None).await;
        Self { service, clock, state, directory }
    }

    /// Shuts the service down and opens it again.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|| ()).await
    }

    /// The same, with a change to its files in between.
    pub(crate) async fn restart_after(self, change: impl FnOnce()) -> Self {
        let Self { service, clock, state, directory } = self;
        // Without a store, the shutdown fails after it has spooled what waits.
        service.shutdown().await.ok();
        drop(service);
        change();
        let service = open(&state, directory.path(), &clock, None).await;
        Self { service, clock, state, directory }
    }

    /// Where the state is, for another node.
    pub(crate) fn state(&self) -> purser_store::Config {
        self.state.clone()
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.directory.path().join("spool/provenance")
    }

    pub(crate) fn spooled(&self) -> usize {
        let whole = |path: PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
        let entries = std::fs::read_dir(self.spool()).into_iter().flatten();
        entries.filter(|entry| entry.as_ref().is_ok_and(|entry| whole(entry.path()))).count()
    }

    /// A connection past the store.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        let url = self.state.url.clone();
        let file = self.directory.path().join("state.db");
        let url = url.unwrap_or_else(|| format!("sqlite://{}", file.display()));
        sea_orm::Database::connect(url).await.expect("a connection")
    }

    /// Makes the store refuse every batch, or take them again.
    pub(crate) async fn set_outage(&self, out: bool) {
        self.set_refused("INSERT", "inbox", out).await;
    }

    /// Makes the store refuse one kind of statement on a table, or take it again.
    pub(crate) async fn set_refused(&self, what: &str, table: &str, out: bool) {
        let body = "RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'out'; END $$ LANGUAGE plpgsql";
        let trigger = format!("CREATE TRIGGER outage BEFORE {what} ON {table}");
        let statements = match (self.state.url.is_some(), out) {
            (false, true) => vec![format!("{trigger} BEGIN SELECT RAISE(ABORT, 'out'); END")],
            (false, false) => vec!["DROP TRIGGER outage".to_owned()],
            (true, true) => vec![
                format!("CREATE FUNCTION outage() {body}"),
                format!("{trigger} FOR EACH ROW EXECUTE FUNCTION outage()"),
            ],
            (true, false) => vec![format!("DROP TRIGGER outage ON {table}"), "DROP FUNCTION outage".to_owned()],
        };
        let raw = self.raw().await;
        for statement in statements {
            raw.execute_unprepared(&statement).await.expect(&statement);
        }
        raw.close().await.expect("it closes");
    }
}

/// A database of its own on `PURSER_TEST_POSTGRES`.
async fn postgres() -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("PURSER_TEST_POSTGRES").ok()?;
    let name = format!("purser_service_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = sea_orm::Database::connect(&server).await.expect("the PostgreSQL server answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database can be created");
    let (base, rest) = server.rsplit_once('/').expect("the URL names a database");
    let options = rest.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
    Some(format!("{base}/{name}{options}"))
}

/// Opens the service; one that has just been left alone may hold the directory for a moment.
async fn open(state: &purser_store::Config, directory: &Path, clock: &Clock, background: Option<Handle>) -> Service {
    for _ in 0..100 {
        let store = Store::open(state).await.expect("the store opens");
        let ticking = clock.clone();
        let config = purser_ledger::Config {
            clock: Arc::new(move || ticking.now()),
            background: false,
            background_runtime: background.clone(),
            ..purser_ledger::Config::local(directory)
        };
        match Ledger::open(config, store.clone()).await {
            Ok(ledger) => {
                let service = Service::open(store, ledger, clock.clone()).await.expect("the service opens");
                let quick = Duration::from_millis(20);
                service.start_recorder(Config {
                    queue_records: 500,
                    flush_records: 10,
                    flush_age: quick,
                    retry_after: quick,
                    ..Config::default()
                });
                return service;
            }
            Err(purser_ledger::Error::Locked { .. } | purser_ledger::Error::Index(_)) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => unreachable!("the ledger does not open: {error}"),
        }
    }
    unreachable!("the ledger stays locked");
}

pub(crate) fn principal(tenant: &str, role: Role) -> Principal {
    Principal::new(tenant_id(tenant), role, "key_1".to_owned())
}

pub(crate) fn tenant_id(id: &str) -> TenantId {
    id.parse().expect("a tenant id")
}
