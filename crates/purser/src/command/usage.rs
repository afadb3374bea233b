//! `purser usage`: takes usage back by corrections, of which the ledger keeps both, explains charges, and tells what was
//! not charged.

mod passed_over;
mod why;

use clap::Subcommand;
use purser_domain::tenant::TenantId;
use serde_json::json;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local::{self, Local};
use crate::output;
use crate::remote::RemoteFlags;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Withdraw an import or one event
    Void(Void),
    /// What was read and not charged, and why
    PassedOver(passed_over::Args),
    /// Show why an event costs what it costs: price, tier, factors, each part, and what each sighting knew
    Why(why::Why),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Void {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// The import to withdraw, as `purser import` printed it
    #[arg(long, value_name = "ID", required_unless_present = "event", conflicts_with = "event")]
    import: Option<String>,
    /// The event to withdraw
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    /// The event's source, if several sources used the id
    #[arg(long, requires = "event")]
    source: Option<String>,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        Command::Void(args) => void(args, settings).await,
        Command::PassedOver(args) => passed_over::run(args, settings).await,
        Command::Why(args) => why::run(&args, settings).await,
    }
}

async fn void(args: Void, settings: &Settings) -> anyhow::Result<Exit> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("reason: must not be empty"));
    }
    let voided = match args.remote.client()? {
        Some(client) => void_remote(&client, &args).await?,
        None => local::with_flusher(settings, async |local| void_local(local, &args).await).await?,
    };
    if args.json {
        output::json(&json!({ "voided": voided }))?;
    } else {
        output::talk(format!("withdrew {voided} events"));
    }
    Ok(Exit::Done)
}

async fn void_local(local: &Local, args: &Void) -> anyhow::Result<u64> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let who = local.speak_for(tenant).await?;
    match (&args.import, &args.event) {
        (Some(import), _) => Ok(local.service.void_import(&who, import, &args.reason).await?),
        (None, Some(event)) => Ok(local.service.void_event(&who, args.source.as_deref(), event, &args.reason).await?),
        (None, None) => Err(Failure::usage("give --import or --event")),
    }
}

async fn void_remote(client: &purser_client::Client, args: &Void) -> anyhow::Result<u64> {
    let request = purser_api::void::VoidRequest {
        event_id: args.event.clone(),
        source: args.source.clone(),
        import_id: args.import.clone(),
        reason: args.reason.clone(),
    };
    Ok(client.void(&request).await?.voided)
}
