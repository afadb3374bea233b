//! `prices rerate`: shows what the prices known now would change, then writes it as corrections.

use purser_api::price::{RerateReport, RerateRequest};
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column, grouped, usd};
use crate::remote::RemoteFlags;
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// First instant: a UTC date, RFC 3339, or an age such as 30d
    #[arg(long, value_name = "TIME")]
    from: String,
    /// First instant after
    #[arg(long, value_name = "TIME")]
    to: String,
    /// Only this model
    #[arg(long)]
    model: Option<String>,
    /// Show what would change, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let utc = jiff::tz::TimeZone::UTC;
    let window = time::window(Some(&args.from), Some(&args.to), &utc, Clock::System.now())?;
    let Some(window) = window else { return Err(Failure::usage("from and to are required")) };
    let report = match args.remote.client()? {
        Some(client) => {
            let request =
                RerateRequest { from: window.from, to: window.to, model: args.model.clone(), dry_run: args.dry_run };
            client.rerate(&request).await?
        }
        None => {
            let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
            let rerated = local::with_flusher(settings, async |local| {
                let who = local.speak_for(tenant).await?;
                Ok(local.service.rerate(&who, window, args.model.as_deref(), args.dry_run).await?)
            });
            rerated.await?.into()
        }
    };
    if args.json {
        output::json(&report)?;
    } else {
        show(&report)?;
    }
    Ok(Exit::Done)
}

fn show(report: &RerateReport) -> anyhow::Result<()> {
    const SHOWN: usize = 20;
    let columns = [
        Column::Text("Event"),
        Column::Text("Model"),
        Column::Text("Why"),
        Column::Number("Old"),
        Column::Number("New"),
    ];
    let cost = |cost: Option<purser_domain::money::Money>| cost.map_or_else(|| "unpriced".to_owned(), usd);
    let rows = report.changes.iter().take(SHOWN).map(|change| {
        vec![
            change.event_id.clone(),
            change.model.clone(),
            change.why.replace('_', " "),
            cost(change.old_usd),
            cost(change.new_usd),
        ]
    });
    if report.changed > 0 {
        output::table(&columns, rows)?;
    }
    let verb = if report.dry_run { "would change" } else { "changed" };
    output::talk(format!(
        "{} charges {verb}, from {} to {}; {} stay, {} stay unpriced, {} have a fixed cost",
        grouped(report.changed.into()),
        usd(report.old_usd),
        usd(report.new_usd),
        grouped(report.unchanged.into()),
        grouped(report.unpriced.into()),
        grouped(report.fixed.into()),
    ));
    if report.stale > 0 {
        output::talk(format!("{} changed meanwhile and were left alone: run again", grouped(report.stale.into())));
    }
    Ok(())
}
