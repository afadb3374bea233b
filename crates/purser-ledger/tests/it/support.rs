//! A ledger in a temporary directory, with a clock that tests move.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use purser_domain::charge::{Charge, Match};
use purser_domain::money::Money;
use purser_domain::tenant::TenantId;
use purser_domain::time::{Calendar, Timestamp};
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;
use purser_domain::usage_query::{Query, Totals};
use purser_ledger::{Config, Draft, Error, Ledger, Mode, Outcome, Rate};
use purser_store::Store;

/// 2026-11-20T09:00:00Z.
pub(crate) const NOW: i64 = 1_795_165_200_000_000;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const HOUR: i64 = 3_600 * SECOND;

/// A state database: SQLite in the directory, or one of its own on `PURSER_TEST_POSTGRES`.
pub(crate) struct State {
    config: purser_store::Config,
}

impl State {
    pub(crate) async fn new(directory: &Path) -> Self {
        static COUNT: AtomicI64 = AtomicI64::new(0);
        let Ok(server) = std::env::var("PURSER_TEST_POSTGRES") else {
            return Self { config: purser_store::Config { url: None, data_dir: directory.to_owned() } };
        };
        let name = format!("purser_ledger_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let create = format!("CREATE DATABASE {name}");
        let created = std::process::Command::new("psql").args([server.as_str(), "--quiet", "-c", &create]).status();
        assert!(created.expect("psql runs").success(), "{create}");
        let (base, rest) = server.rsplit_once('/').expect("the URL names a database");
        let options = rest.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
        let url = Some(format!("{base}/{name}{options}"));
        Self { config: purser_store::Config { url, data_dir: directory.to_owned() } }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.config.url.is_none()
    }

    /// A connection past the store.
    pub(crate) async fn raw(&self) -> sea_orm::DatabaseConnection {
        let file = || format!("sqlite://{}", self.config.data_dir.join("state.db").display());
        sea_orm::Database::connect(self.config.url.clone().unwrap_or_else(file)).await.expect("a connection")
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.config).await.expect("the store opens")
    }
}

pub(crate) struct TestLedger {
    pub(crate) state: State,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<AtomicI64>,
    directory: tempfile::TempDir,
}

impl TestLedger {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(AtomicI64::new(NOW));
        let state = State::new(directory.path()).await;
        let ledger = open(&state, directory.path(), &clock).await.expect("a new ledger opens");
        Self { state, ledger, clock, directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Drops the ledger without shutdown, as a crash would, and opens it again.
    pub(crate) async fn crash(self) -> Self {
        let Self { state, ledger, clock, directory } = self;
        drop(ledger);
        let ledger = open(&state, directory.path(), &clock).await.expect("the ledger opens again");
        Self { state, ledger, clock, directory }
    }

    /// The same, with the index lost.
    pub(crate) async fn lose_index(self) -> Self {
        let cache = self.path().join("cache");
        self.restore(|| std::fs::remove_dir_all(cache).expect("the cache goes")).await
    }

    /// Drops the ledger, changes its files, opens it again.
    pub(crate) async fn restore(self, change: impl FnOnce()) -> Self {
        let Self { state, ledger, clock, directory } = self;
        drop(ledger);
        tokio::time::sleep(Duration::from_millis(500)).await;
        change();
        let ledger = open(&state, directory.path(), &clock).await.expect("the ledger opens again");
        Self { state, ledger, clock, directory }
    }

    pub(crate) async fn append(&self, drafts: Vec<Draft>) -> Vec<Outcome> {
        self.ledger.append(drafts, Mode::Partial, &rate()).await.expect("the ledger takes events").outcomes
    }

    pub(crate) async fn total(&self) -> Totals {
        self.query(Query::default()).await.total
    }

    pub(crate) async fn query(&self, query: Query) -> purser_domain::usage_query::Answer {
        self.ledger.query(&acme(), &Calendar::default(), &query).await.expect("the ledger answers")
    }

    pub(crate) async fn assert_sound(&self) {
        assert_eq!(self.ledger.verify().await.expect("verification runs").findings, []);
    }
}

pub(crate) fn config(path: &Path, clock: &Arc<AtomicI64>) -> Config {
    let clock = clock.clone();
    Config {
        clock: Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed))),
        background: false,
        ..Config::local(path)
    }
}

/// Opens the ledger in `path`; a committer that has just been left alone may hold it for a moment.
async fn open(state: &State, path: &Path, clock: &Arc<AtomicI64>) -> Result<Ledger, Error> {
    let store = state.store().await;
    for _ in 0..100 {
        match Ledger::open(config(path, clock), store.clone()).await {
            Err(Error::Locked { .. } | Error::Index(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
    Ledger::open(config(path, clock), store).await
}

pub(crate) fn acme() -> TenantId {
    "acme".parse().expect("a tenant id")
}

/// What [`draft`]s cost: a pico-dollar per token that was read and not cached.
pub(crate) fn rate() -> Rate {
    Arc::new(|event| {
        let amount = Money::from_pico(event.usage.get(Leaf::Input).into());
        let mut charge = Charge {
            rated_usd: Some(amount),
            reported_usd: event.reported_usd,
            price_version: Some("pv_1".into()),
            matched: Match::RequestModel,
            ..Charge::default()
        };
        charge.amounts[Leaf::Input as usize] = charge.rated_usd;
        charge
    })
}

/// An event of `acme` that costs `input` pico-dollars.
pub(crate) fn draft(id: &str, input: u64) -> Draft {
    let event = UsageEvent {
        event_id: id.to_owned(),
        source: "api".to_owned(),
        occurred_at: Timestamp::from_micros(NOW - HOUR),
        provider: "openai".to_owned(),
        model: "gpt-5".to_owned(),
        usage: Usage::default().with(Leaf::Input, input),
        ..UsageEvent::default()
    };
    let charge = rate()(&event);
    Draft { tenant: acme(), event, witness: Default::default(), charge, import_id: None }
}

pub(crate) fn drafts(ids: std::ops::Range<u64>) -> Vec<Draft> {
    ids.map(|id| draft(&format!("e{id}"), id)).collect()
}
