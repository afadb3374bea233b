//! `purser key`: who may speak for a tenant. Works beside a running server: it opens the state database alone.

use clap::Subcommand;
use purser_domain::api_key::{ApiKey, Role};
use purser_domain::tenant::TenantId;
use purser_service::Error;
use purser_service::clock::Clock;
use serde_json::json;

use crate::config::Settings;
use crate::exit::Exit;
use crate::local;
use crate::output::{self, Column};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key; its secret is shown once
    Create {
        /// The tenant it speaks for; made in UTC if there is none of that id
        #[arg(long)]
        tenant: TenantId,
        /// What it may do: ingest, read, operate or admin
        #[arg(long)]
        role: Role,
        /// Print JSON: {"key": …}
        #[arg(long)]
        json: bool,
    },
    /// List a tenant's keys, revoked ones included
    List {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a key; servers follow within a second
    Revoke {
        /// The key's id, as `purser key list` shows it
        id: String,
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
    },
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    let store = local::store(settings).await?;
    match command {
        Command::Create { tenant, role, json } => {
            local::require_or_create_tenant(&store, &tenant).await?;
            let made = purser_service::api_key::create(&store, &tenant, role, Clock::System.now()).await?;
            if json {
                let mut shown = record(&made.key);
                shown["key"] = json!(made.secret);
                output::json(&shown)?;
            } else {
                output::line(&made.secret)?;
                output::talk(format!(
                    "{} may {} for {tenant}; the secret is not shown again",
                    made.key.id,
                    role.name()
                ));
            }
        }
        Command::List { tenant, json } => {
            local::require_tenant(&store, &tenant).await?;
            let keys = store.api_key().list(&tenant).await.map_err(Error::from)?;
            if json {
                let all: Vec<_> = keys.iter().map(record).collect();
                output::json(&json!({ "keys": all }))?;
            } else {
                table(&keys)?;
            }
        }
        Command::Revoke { id, tenant } => {
            store.api_key().revoke(&tenant, &id, Clock::System.now()).await.map_err(Error::from)?;
            output::talk(format!("{id} is revoked"));
        }
    }
    store.close().await.map_err(Error::from)?;
    Ok(Exit::Done)
}

fn record(key: &ApiKey) -> serde_json::Value {
    json!({
        "id": key.id,
        "tenant": key.tenant,
        "role": key.role,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    })
}

fn table(keys: &[ApiKey]) -> anyhow::Result<()> {
    let columns = [Column::Text("Key"), Column::Text("Role"), Column::Text("Made"), Column::Text("Revoked")];
    let rows = keys.iter().map(|key| {
        let revoked = key.revoked_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        vec![key.id.clone(), key.role.name().to_owned(), key.created_at.to_string(), revoked]
    });
    Ok(output::table(&columns, rows)?)
}
