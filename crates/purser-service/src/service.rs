//! The handle that all use-cases hang on: the stores, the clock, and what is cached of them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use purser_domain::skill::Catalogue;
use purser_domain::tenant::{Tenant, TenantId};
use purser_domain::time::{Calendar, Timestamp};
use purser_ledger::Ledger;
use purser_store::Store;

use crate::cache::Cache;
use crate::calibration::InForce;
use crate::clock::Clock;
use crate::error::Error;
use crate::passed_over::Tally;
use crate::price_book::Books;
use crate::principal::Principal;
use crate::provenance::{self, Recorder};
use crate::sandbox::{self, Candidate, Parametric, Sandbox};

/// How long what another node may change is trusted: revocations reach every node within a second.
pub(crate) const TRUST_MICROS: i64 = 900_000;

/// All use-cases. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    ledger: Ledger,
    clock: Clock,
    books: Books,
    principals: Cache<String, Principal>,
    calendars: Cache<TenantId, Calendar>,
    recorder: OnceLock<Recorder>,
    catalogues: Cache<TenantId, Arc<Catalogue>>,
    calibrations: Cache<TenantId, Arc<InForce>>,
    sandbox: OnceLock<Sandbox>,
    tally: Tally,
}

impl Service {
    /// Opens the use-cases on open stores, with the shipped price book.
    ///
    /// # Errors
    /// Internal if the shipped price book does not read; unavailable if the state database is.
    pub async fn open(store: Store, ledger: Ledger, clock: Clock) -> Result<Self, Error> {
        let books = Books::open(&store).await?;
        let (principals, calendars) = (Cache::new(TRUST_MICROS), Cache::new(TRUST_MICROS));
        let (catalogues, calibrations) = (Cache::new(TRUST_MICROS), Cache::new(TRUST_MICROS));
        let (recorder, sandbox) = (OnceLock::new(), OnceLock::new());
        let inner = Inner {
            store,
            ledger,
            clock,
            books,
            principals,
            calendars,
            recorder,
            catalogues,
            calibrations,
            sandbox,
            tally: Tally::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Does `work` after a while, unless the service is gone by then.
    pub(crate) fn later<W: Future<Output = ()> + Send + 'static>(
        &self,
        after: Duration,
        work: impl FnOnce(Self) -> W + Send + 'static,
    ) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(inner) = inner.upgrade() {
                work(Self { inner }).await;
            }
        });
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(crate) fn books(&self) -> &Books {
        &self.inner.books
    }

    /// The recorder, started when it is first asked for.
    pub(crate) fn recorder(&self) -> &Recorder {
        self.inner.recorder.get_or_init(|| self.new_recorder(provenance::Config::default()))
    }

    /// Starts the recorder with other settings than the usual ones; changes nothing once it runs.
    pub fn start_recorder(&self, config: provenance::Config) {
        self.inner.recorder.get_or_init(|| self.new_recorder(config));
    }

    fn new_recorder(&self, config: provenance::Config) -> Recorder {
        let directory = self.ledger().directory().join("spool").join("provenance");
        Recorder::start(self.ledger().clone(), directory, config)
    }

    /// The sandbox, with the usual settings unless it was started with others.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.inner.sandbox.get_or_init(|| Sandbox::start(sandbox::Config::default(), Box::new(Parametric)))
    }

    /// Starts the sandbox with other settings than the usual ones; changes nothing once it runs.
    pub fn start_sandbox(&self, config: sandbox::Config) {
        self.start_sandbox_with(config, Box::new(Parametric));
    }

    /// The same with another candidate.
    pub fn start_sandbox_with(&self, config: sandbox::Config, candidate: Box<dyn Candidate>) {
        self.inner.sandbox.get_or_init(|| Sandbox::start(config, candidate));
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    pub(crate) fn catalogues(&self) -> &Cache<TenantId, Arc<Catalogue>> {
        &self.inner.catalogues
    }

    pub(crate) fn calibrations_known(&self) -> &Cache<TenantId, Arc<InForce>> {
        &self.inner.calibrations
    }

    pub(crate) fn principals(&self) -> &Cache<String, Principal> {
        &self.inner.principals
    }

    /// The caller's tenant.
    ///
    /// # Errors
    /// Not found if it is gone; unavailable.
    pub async fn tenant(&self, who: &Principal) -> Result<Tenant, Error> {
        let tenant = self.store().tenant().get(who.tenant()).await?;
        tenant.ok_or_else(|| Error::not_found("tenant", who.tenant().as_str()))
    }

    /// How the caller's tenant cuts time.
    ///
    /// # Errors
    /// As [`Service::tenant`].
    pub async fn calendar(&self, who: &Principal) -> Result<Calendar, Error> {
        let now = self.now();
        if let Some(calendar) = self.inner.calendars.get(who.tenant(), now) {
            return Ok(calendar);
        }
        let calendar = self.tenant(who).await?.calendar().map_err(|field| Error::internal(&field))?;
        self.inner.calendars.put(who.tenant().clone(), calendar.clone(), now);
        Ok(calendar)
    }

    /// Changes how the caller's tenant cuts time.
    ///
    /// # Errors
    /// Forbidden; invalid with the wrong field; unavailable.
    pub async fn tenant_update(&self, who: &Principal, tenant: Tenant) -> Result<Tenant, Error> {
        who.may_admin()?;
        let tenant = Tenant { id: who.tenant().clone(), ..tenant };
        tenant.calendar().map_err(|field| Error::invalid(vec![field]))?;
        self.store().tenant().update(&tenant).await?;
        self.inner.calendars.clear();
        Ok(tenant)
    }

    /// Whether each store can serve now, with the reason if it cannot.
    pub async fn readiness(&self) -> Vec<(&'static str, Result<(), String>)> {
        let state = self.store().ping().await.map_err(|error| error.to_string());
        let ledger = self.ledger().stats().await.map(drop).map_err(|error| error.to_string());
        vec![("state", state), ("ledger", ledger)]
    }

    /// Moves the inbox to the lake and stops background work. Later appends fail.
    ///
    /// # Errors
    /// Unavailable if the lake cannot take the inbox; nothing is lost, it stays in the inbox. Unavailable with their
    /// number if records of simulations are lost: neither the store nor the disk took them.
    pub async fn shutdown(&self) -> Result<(), Error> {
        if let Some(sandbox) = self.inner.sandbox.get() {
            sandbox.shutdown().await;
        }
        let recorded = match self.inner.recorder.get() {
            Some(recorder) => recorder.shutdown().await,
            None => Ok(()),
        };
        let flushed = self.ledger().shutdown().await;
        let counted = self.flush_passed_over().await;
        let closed = self.store().close().await;
        recorded?;
        flushed?;
        counted?;
        Ok(closed?)
    }
}

impl From<purser_store::Error> for Error {
    fn from(error: purser_store::Error) -> Self {
        use purser_store::Error as Store;
        match error {
            Store::NotFound(what) => {
                Self::new(crate::error::Kind::NotFound, "not-found", format!("{what} does not exist"))
            }
            Store::Conflict(what) => Self::conflict("already-exists", what),
            Store::Unavailable(reason) => Self::unavailable(&reason),
            Store::Corrupt(reason) => Self::internal(&reason),
        }
    }
}

impl From<purser_ledger::AppendError> for Error {
    fn from(error: purser_ledger::AppendError) -> Self {
        use purser_ledger::AppendError as Append;
        match error {
            Append::Failed(error) => error.into(),
            error @ (Append::Conflicts(_) | Append::Unstorable { .. }) => Self::conflict("conflict", error.to_string()),
        }
    }
}

impl From<purser_ledger::Error> for Error {
    fn from(error: purser_ledger::Error) -> Self {
        match error {
            purser_ledger::Error::Store(error) => error.into(),
            error if error.is_temporary() => Self::unavailable(&error),
            error => Self::internal(&error),
        }
    }
}
