//! `prices unpriced`: models that were used and have no price.

use purser_api::price::UnpricedModel;
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;
use serde_json::json;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column, grouped};
use crate::remote::RemoteFlags;
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// First instant: a UTC date, RFC 3339, or an age such as 30d
    #[arg(long, value_name = "TIME", conflicts_with = "server")]
    from: Option<String>,
    /// First instant after
    #[arg(long, value_name = "TIME", conflicts_with = "server")]
    to: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let all = match args.remote.client()? {
        Some(client) => client.unpriced().await?.unpriced,
        None => find_locally(&args, settings).await?,
    };
    if args.json {
        output::json(&json!({ "unpriced": all }))?;
        return Ok(Exit::Done);
    }
    let columns = [
        Column::Text("Provider"),
        Column::Text("Model"),
        Column::Text("Why"),
        Column::Number("Events"),
        Column::Text("First"),
        Column::Text("Last"),
    ];
    let rows = all.iter().map(|model| {
        vec![
            model.provider.clone(),
            model.model.clone(),
            model.reason.replace('_', " "),
            grouped(model.events.into()),
            model.first_at.to_string(),
            model.last_at.to_string(),
        ]
    });
    output::table(&columns, rows)?;
    Ok(Exit::Done)
}

async fn find_locally(args: &Args, settings: &Settings) -> anyhow::Result<Vec<UnpricedModel>> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let utc = jiff::tz::TimeZone::UTC;
    let window = time::window(args.from.as_deref(), args.to.as_deref(), &utc, Clock::System.now())?;
    let found = local::with(settings, async |local| {
        let who = local.speak_for(tenant).await?;
        Ok(local.service.prices_unpriced(&who, window).await?)
    });
    Ok(found.await?.into_iter().map(Into::into).collect())
}
