//! State: everything small and mutable, on SQLite (default) or PostgreSQL, and the ledger's inbox.
//! Invariant: a call that returned `Ok` is on disk; rows of a tenant are reached only through a handle of that tenant.

#![warn(missing_docs)]

pub mod api_key;
pub mod artifact;
pub mod calibration;
pub mod conflict;
mod connection;
mod discount;
#[expect(unreachable_pub, reason = "SeaORM's derives write public items")]
mod entity;
mod error;
pub mod feature_tag;
pub mod import;
pub mod inbox;
pub mod lake;
pub mod lease;
mod migration;
pub mod passed_over;
pub mod price_import;
pub mod price_override;
pub mod provenance;
pub mod reconciliation;
pub mod revision;
pub mod scenario;
pub mod session;
pub mod skill_override;
pub mod tenant;

use std::fmt;
use std::path::PathBuf;

use purser_domain::price::Discount;
use purser_domain::tenant::TenantId;
use sea_orm::{DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};

pub use error::{Error, Result};
use price_override::PriceOverride;
use revision::Revisions;

/// Where the state lives.
#[derive(Clone, Default)]
pub struct Config {
    /// `postgres://…`; without it the state is the SQLite file `state.db` in `data_dir`.
    pub url: Option<String>,
    /// The data directory, created with mode 0700 if it is missing. Not used with a `url`.
    pub data_dir: PathBuf,
}

impl fmt::Debug for Config {
    /// Shows that there is a URL, but not what is in it: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_ref().map(|_| "…");
        f.debug_struct("Config").field("url", &url).field("data_dir", &self.data_dir).finish()
    }
}

/// A handle on the state database; clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    write: DatabaseConnection,
    read: DatabaseConnection,
}

impl Store {
    /// Opens the database, creating and migrating it as needed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be reached or written, [`Error::Corrupt`] if it is not a database of ours.
    pub async fn open(config: &Config) -> Result<Self> {
        let (write, read) = connection::open(config).await?;
        let store = Self { write, read };
        migration::apply(&store).await?;
        Ok(store)
    }

    /// Tenants, for the operator.
    #[must_use]
    pub fn tenant(&self) -> tenant::Tenants<'_> {
        tenant::Tenants::new(self)
    }

    /// API keys.
    #[must_use]
    pub fn api_key(&self) -> api_key::ApiKeys<'_> {
        api_key::ApiKeys::new(self)
    }

    /// Console sessions.
    #[must_use]
    pub fn session(&self) -> session::Sessions<'_> {
        session::Sessions::new(self)
    }

    /// A tenant's feature tags.
    #[must_use]
    pub fn feature_tag<'a>(&'a self, tenant: &'a TenantId) -> feature_tag::FeatureTags<'a> {
        feature_tag::FeatureTags::new(self, tenant)
    }

    /// A tenant's own prices.
    #[must_use]
    pub fn price_override<'a>(&'a self, tenant: &'a TenantId) -> Revisions<'a, PriceOverride> {
        Revisions::new(self, tenant)
    }

    /// A tenant's discounts.
    #[must_use]
    pub fn discount<'a>(&'a self, tenant: &'a TenantId) -> Revisions<'a, Discount> {
        Revisions::new(self, tenant)
    }

    /// A tenant's own rows of the skill catalogue.
    #[must_use]
    pub fn skill_override<'a>(&'a self, tenant: &'a TenantId) -> skill_override::SkillOverrides<'a> {
        skill_override::SkillOverrides::new(self, tenant)
    }

    /// What was learned from a tenant's own runs.
    #[must_use]
    pub fn calibration<'a>(&'a self, tenant: &'a TenantId) -> calibration::Calibrations<'a> {
        calibration::Calibrations::new(self, tenant)
    }

    /// The scenarios that a tenant keeps.
    #[must_use]
    pub fn scenario<'a>(&'a self, tenant: &'a TenantId) -> scenario::Scenarios<'a> {
        scenario::Scenarios::new(self, tenant)
    }

    /// A tenant's bills, held against its ledger.
    #[must_use]
    pub fn reconciliation<'a>(&'a self, tenant: &'a TenantId) -> reconciliation::Reconciliations<'a> {
        reconciliation::Reconciliations::new(self, tenant)
    }

    /// What a tenant's computed datasets were made from.
    #[must_use]
    pub fn artifact<'a>(&'a self, tenant: &'a TenantId) -> artifact::Artifacts<'a> {
        artifact::Artifacts::new(self, tenant)
    }

    /// Versions of the price book, for the operator.
    #[must_use]
    pub fn price_import(&self) -> price_import::PriceImports<'_> {
        price_import::PriceImports::new(self)
    }

    /// A tenant's usage conflicts.
    #[must_use]
    pub fn conflict<'a>(&'a self, tenant: &'a TenantId) -> conflict::Conflicts<'a> {
        conflict::Conflicts::new(self, tenant)
    }

    /// What receivers read and did not charge.
    #[must_use]
    pub const fn passed_over(&self) -> passed_over::PassedOvers<'_> {
        passed_over::PassedOvers::new(self)
    }

    /// A tenant's imports.
    #[must_use]
    pub fn import<'a>(&'a self, tenant: &'a TenantId) -> import::Imports<'a> {
        import::Imports::new(self, tenant)
    }

    /// Which lake the state belongs to.
    #[must_use]
    pub fn lake(&self) -> lake::Lakes<'_> {
        lake::Lakes::new(self)
    }

    /// Leases on jobs.
    #[must_use]
    pub fn lease(&self) -> lease::Leases<'_> {
        lease::Leases::new(self)
    }

    /// The inbox of usage: committed batches that are not in the lake yet.
    #[must_use]
    pub fn inbox(&self) -> inbox::Inbox<'_> {
        self.inbox_of(inbox::Log::Usage)
    }

    /// The inbox of any log.
    #[must_use]
    pub fn inbox_of(&self, log: inbox::Log) -> inbox::Inbox<'_> {
        inbox::Inbox::new(self, log)
    }

    /// Where the tenants' chains of provenance records end.
    #[must_use]
    pub fn provenance(&self) -> provenance::Chains<'_> {
        provenance::Chains::new(self)
    }

    /// Answers whether the database can be read now.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the reason.
    pub async fn ping(&self) -> Result<()> {
        self.inbox().head().await.map(drop)
    }

    /// Waits for running statements and closes every connection; later calls fail.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if a connection does not close.
    pub async fn close(&self) -> Result<()> {
        self.read.close_by_ref().await?;
        Ok(self.write.close_by_ref().await?)
    }

    /// Begins a transaction that holds the write lock from its first statement on.
    async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.write.begin_with_options(options).await?)
    }
}
