//! Where records are: the data directory for one of its tenants, or a server.

use purser_client::Client;
use purser_domain::provenance::RecordId;
use purser_domain::tenant::TenantId;
use purser_service::{Error, Principal};

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local::Local;
use crate::remote::RemoteFlags;

/// Whose records, and where they are.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SourceFlags {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    #[command(flatten)]
    remote: RemoteFlags,
}

/// Who answers.
pub(super) enum Source {
    /// The data directory, for one of its tenants.
    Local(Box<Local>, Principal),
    /// A running server.
    Server(Client),
}

impl Source {
    /// The server if there is one, else the tenant's data directory.
    pub(super) async fn open(flags: &SourceFlags, settings: &Settings) -> anyhow::Result<Self> {
        Self::open_for(flags, settings, false).await
    }

    /// The same for who may write more than waits for the lake at once: the flusher runs beside it.
    pub(super) async fn open_to_write(flags: &SourceFlags, settings: &Settings) -> anyhow::Result<Self> {
        Self::open_for(flags, settings, true).await
    }

    async fn open_for(flags: &SourceFlags, settings: &Settings, background: bool) -> anyhow::Result<Self> {
        if let Some(client) = flags.remote.client()? {
            return Ok(Self::Server(client));
        }
        let Some(tenant) = &flags.tenant else { return Err(Failure::usage("tenant: is required")) };
        let local = Local::open(settings, background).await?;
        match local.speak_for(tenant).await {
            Ok(who) => Ok(Self::Local(Box::new(local), who)),
            Err(error) => {
                local.close().await?;
                Err(error)
            }
        }
    }

    /// The zone in which the tenant's dates are.
    pub(super) async fn zone(&self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Local(local, who) => local.service.tenant(who).await?.zone,
            Self::Server(client) => client.tenant().await?.zone,
        })
    }

    /// The tenant.
    pub(super) async fn tenant(&self) -> anyhow::Result<TenantId> {
        match self {
            Self::Local(_, who) => Ok(who.tenant().clone()),
            Self::Server(client) => {
                let id = client.tenant().await?.id;
                id.parse().map_err(|_| Failure::with(Exit::Failed, format!("the server's tenant {id:?} is none")))
            }
        }
    }

    /// Closes what was opened.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Local(local, _) => local.close().await,
            Self::Server(_) => Ok(()),
        }
    }
}

/// What is no id names nothing.
pub(super) fn named(id: &str) -> anyhow::Result<RecordId> {
    id.parse().map_err(|_| anyhow::Error::new(Error::not_found("provenance record", id)))
}
