//! The stores of a local data directory, opened by this process.
//! Invariant: a command that touches the ledger holds its lock; one that does not works beside a running server.

use std::time::Duration;

use purser_domain::api_key::Role;
use purser_domain::price::Price;
use purser_domain::tenant::{Tenant, TenantId};
use purser_ledger::Ledger;
use purser_service::clock::Clock;
use purser_service::{Error, Principal, Service};
use purser_store::Store;

use crate::background;
use crate::config::{Prices, Settings};
use crate::exit::{Exit, Failure};
use crate::output;

/// Opens the state database alone.
pub(crate) async fn store(settings: &Settings) -> anyhow::Result<Store> {
    let config = purser_store::Config { url: settings.database.clone(), data_dir: settings.data_dir.clone() };
    Store::open(&config).await.map_err(|error| anyhow::Error::new(Error::from(error)))
}

/// All stores and the use-cases on them.
pub(crate) struct Local {
    /// The state database.
    pub(crate) store: Store,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// The use-cases.
    pub(crate) service: Service,
    /// How many days of usage are kept.
    pub(crate) retention_days: Option<u32>,
    /// How the price book is updated.
    pub(crate) prices: Prices,
}

impl Local {
    /// Opens everything. `background` runs the flusher, which short-lived readers do without.
    pub(crate) async fn open(settings: &Settings, background: bool) -> anyhow::Result<Self> {
        let store = store(settings).await?;
        let ledger = Ledger::open(ledger_config(settings, background)?, store.clone()).await.map_err(ledger_failure)?;
        let service = Service::open(store.clone(), ledger.clone(), Clock::System).await?;
        service.prefer(settings.rating.preferences().map_err(Failure::usage)?);
        service.start_sandbox(settings.costsim.sandbox(&settings.data_dir));
        let (retention_days, prices) = (settings.retention_days, settings.prices.clone());
        Ok(Self { store, ledger, service, retention_days, prices })
    }

    /// Flushes and closes everything.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.service.shutdown().await?)
    }

    /// The operator acting for `tenant`, who may do everything.
    pub(crate) async fn speak_for(&self, tenant: &TenantId) -> anyhow::Result<Principal> {
        require_tenant(&self.store, tenant).await?;
        Ok(operator(tenant))
    }
}

/// Opens the stores for `work` and closes them, also if it fails.
pub(crate) async fn with<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Local) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_background(settings, false, work).await
}

/// The same for work that may write more than waits for the lake at once: the flusher runs beside it.
pub(crate) async fn with_flusher<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Local) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    with_background(settings, true, work).await
}

async fn with_background<T>(
    settings: &Settings,
    background: bool,
    work: impl AsyncFnOnce(&Local) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let local = Local::open(settings, background).await?;
    let done = work(&local).await;
    local.close().await?;
    done
}

fn ledger_config(settings: &Settings, background: bool) -> anyhow::Result<purser_ledger::Config> {
    let base = match (&settings.lake, &settings.database) {
        (None, _) => purser_ledger::Config::local(&settings.data_dir),
        (Some(lake), Some(_)) => {
            let node = format!("{}-{}", gethostname(), std::process::id());
            purser_ledger::Config::shared(lake, &settings.data_dir, &node)
        }
        (Some(lake), None) => {
            return Err(Failure::usage(format!(
                "lake: {lake} is shared by several servers, which needs --database postgres://…"
            )));
        }
    };
    Ok(purser_ledger::Config {
        background,
        background_runtime: Some(background::runtime()?),
        flush_age: Duration::from_secs(settings.flush_age_sec),
        flush_entries: settings.flush_entries,
        ..base
    })
}

/// This machine's name, for leases.
fn gethostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "node".to_owned(), |name| name.trim().to_owned())
}

/// The operator of the data directory, acting for `tenant`.
pub(crate) fn operator(tenant: &TenantId) -> Principal {
    Principal::new(tenant.clone(), Role::Admin, "operator".to_owned())
}

/// The tenant, or exit 4 with the command that makes it.
pub(crate) async fn require_tenant(store: &Store, tenant: &TenantId) -> anyhow::Result<Tenant> {
    match store.tenant().get(tenant).await.map_err(Error::from)? {
        Some(found) => Ok(found),
        None => Err(Failure::with(
            Exit::NotFound,
            format!("there is no tenant {:?}; make it with `purser tenant create {tenant}`", tenant.as_str()),
        )),
    }
}

/// The tenant, made in UTC if it does not exist yet, which is said aloud.
pub(crate) async fn require_or_create_tenant(store: &Store, tenant: &TenantId) -> anyhow::Result<()> {
    if store.tenant().get(tenant).await.map_err(Error::from)?.is_none() {
        store.tenant().create(&Tenant::new(tenant.clone())).await.map_err(Error::from)?;
        output::talk(format!("made tenant {tenant} (UTC; change it with `purser tenant set {tenant} --zone …`)"));
    }
    Ok(())
}

/// The words and the exit code of a ledger's failure.
pub(crate) fn ledger_failure(error: purser_ledger::Error) -> anyhow::Error {
    match error {
        purser_ledger::Error::Locked { path } => Failure::with(
            Exit::Unavailable,
            format!("another process holds {path}: stop it, or ask the running server with `--server URL --key KEY`"),
        ),
        error @ purser_ledger::Error::OtherLake { .. } => Failure::with(Exit::Conflict, error.to_string()),
        other => anyhow::Error::new(Error::from(other)),
    }
}

/// The price book in force: what ships, with every import laid over it.
pub(crate) async fn prices(settings: &Settings) -> anyhow::Result<Vec<Price>> {
    let store = store(settings).await?;
    let prices = purser_service::price::in_force(&store).await;
    store.close().await.map_err(Error::from)?;
    Ok(prices?)
}
