//! `usage passed-over`: what receivers read and did not charge.

use purser_api::usage_event::{PassedOverList, PassedOverRecord};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_service::clock::Clock;
use purser_service::{Error, passed_over};

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::output::{self, Column, grouped};
use crate::remote::RemoteFlags;
use crate::{local, time};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// Only what came on that UTC day or later: a date, RFC 3339, or an age such as 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let utc = jiff::tz::TimeZone::UTC;
    let instant = |text: &str| time::instant("since", text, &utc, Clock::System.now());
    let since = args.since.as_deref().map(instant).transpose()?;
    let list = match args.remote.client()? {
        Some(client) => client.passed_over(since).await?,
        None => find_locally(&args, since, settings).await?,
    };
    if args.json {
        output::json(&list)?;
        return Ok(Exit::Done);
    }
    let columns = [
        Column::Text("Emitter"),
        Column::Text("Operation"),
        Column::Text("Why"),
        Column::Text("Doubtful"),
        Column::Number("Count"),
        Column::Text("First"),
        Column::Text("Last"),
    ];
    output::table(&columns, list.passed_over.into_iter().map(row))?;
    Ok(Exit::Done)
}

fn row(record: PassedOverRecord) -> Vec<String> {
    let item = record.item;
    vec![
        item.emitter,
        item.operation,
        item.reason.replace('_', " "),
        if item.doubtful { "yes" } else { "" }.to_owned(),
        grouped(item.count.into()),
        record.first_at.to_string(),
        record.last_at.to_string(),
    ]
}

/// From the state database alone, so that it works beside a running server.
async fn find_locally(args: &Args, since: Option<Timestamp>, settings: &Settings) -> anyhow::Result<PassedOverList> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let store = local::store(settings).await?;
    local::require_tenant(&store, tenant).await?;
    let found = passed_over::list(&store, tenant, since).await;
    store.close().await.map_err(Error::from)?;
    let record = |r: passed_over::Record| PassedOverRecord::new(r.kind, r.count, r.first_at, r.last_at);
    Ok(PassedOverList { passed_over: found?.into_iter().map(record).collect() })
}
