//! `purser provenance query`: records that pass filters, newest first.

use purser_api::provenance::{ProvenancePage, ProvenanceRecord};
use purser_domain::provenance::{Filter, Hash, Page, Source as Asked, Status, Variant};

use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::output::{self, Column, grouped, usd};
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this variant: v1, v2, v3, canary, comparison, runtime or scenario
    #[arg(long)]
    variant: Option<Variant>,
    /// Only what was asked for by this: sandbox, canary, manual or backfill
    #[arg(long)]
    source: Option<Asked>,
    /// Only this outcome: success, error, timeout or schema_error
    #[arg(long)]
    status: Option<Status>,
    /// Only these inputs
    #[arg(long, value_name = "HASH")]
    input_hash: Option<Hash>,
    /// Only plans of this agent run
    #[arg(long, value_name = "RUN")]
    run_id: Option<String>,
    /// Run at this moment or later: a date in the tenant's zone, RFC 3339, or an age such as 7d
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Run before this moment
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// At most so many, 1 to 1000
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    /// After so many
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000_000))]
    offset: u32,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source_flags: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let source = Source::open(&args.source_flags, settings).await?;
    let asked = ask(&args, &source).await;
    source.close().await?;
    let page = asked?;
    if args.json {
        output::json(&page)?;
    } else {
        show(&page)?;
    }
    Ok(Exit::Done)
}

async fn ask(args: &Args, source: &Source) -> anyhow::Result<ProvenancePage> {
    let filter = filter(args, &source.zone().await?)?;
    let page = Page { limit: args.limit.into(), offset: usize::try_from(args.offset).unwrap_or(usize::MAX) };
    match source {
        Source::Server(client) => Ok(client.provenance(&filter, page).await?),
        Source::Local(local, who) => {
            let total = local.service.provenance_count(who, &filter).await?;
            let found = local.service.provenance_query(who, &filter, page).await?;
            Ok(ProvenancePage::new(&found, page.offset, total))
        }
    }
}

fn filter(args: &Args, zone: &str) -> anyhow::Result<Filter> {
    let (start, to) = time::ends(args.from.as_deref(), args.to.as_deref(), zone)?;
    if let (Some(from), Some(to)) = (start, to)
        && to <= from
    {
        return Err(Failure::usage(format!("from: {from} is not before {to}")));
    }
    Ok(Filter {
        variant: args.variant,
        source: args.source,
        status: args.status,
        input_hash: args.input_hash,
        run_id: args.run_id.clone(),
        start,
        // The filter's end is inclusive, the flag is not.
        end: to.map(|to| to.plus_micros(-1)),
    })
}

fn show(page: &ProvenancePage) -> anyhow::Result<()> {
    let columns = [
        Column::Text("Id"),
        Column::Text("Run at"),
        Column::Text("Variant"),
        Column::Text("Source"),
        Column::Text("Status"),
        Column::Text("Run"),
        Column::Number("Baseline"),
        Column::Number("Candidate"),
        Column::Number("Position"),
    ];
    output::table(&columns, page.records.iter().map(cells))?;
    let shown = page.records.len();
    output::talk(match page.next_offset {
        Some(next) => format!("{shown} of {} records; --offset {next} shows more", grouped(page.total.into())),
        None => format!("{shown} of {} records", grouped(page.total.into())),
    });
    Ok(())
}

fn cells(record: &ProvenanceRecord) -> Vec<String> {
    let cost = |cost: Option<purser_domain::money::Money>| cost.map_or_else(|| "-".to_owned(), usd);
    vec![
        record.id.clone(),
        record.created_at.to_string(),
        record.variant.clone(),
        record.source.clone(),
        record.status.clone(),
        record.run_id.clone().unwrap_or_else(|| "-".to_owned()),
        cost(record.v1_cost_usd),
        cost(record.v2_cost_usd),
        grouped(record.position.into()),
    ]
}
