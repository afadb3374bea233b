//! A running server instead of a local data directory.

use purser_client::Client;

use crate::exit::Failure;

/// Where the server is, and the key to it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RemoteFlags {
    /// Ask a running server instead of the data directory
    #[arg(long, value_name = "URL", requires = "key")]
    pub(crate) server: Option<String>,
    /// API key for --server
    #[arg(long, value_name = "KEY", env = "PURSER_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
}

impl RemoteFlags {
    /// The server's client, if one is named.
    pub(crate) fn client(&self) -> anyhow::Result<Option<Client>> {
        let Some(server) = &self.server else { return Ok(None) };
        let key = self.key.as_deref().ok_or_else(|| Failure::usage("--server needs --key or PURSER_KEY"))?;
        Ok(Some(Client::new(server, key)?))
    }
}
