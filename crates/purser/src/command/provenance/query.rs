//! `purser provenance query`: records that pass filters, newest first.

use purser_api::provenance::{ProvenancePage, ProvenanceRecord};
use purser_domain::provenance::Page;

use super::filter::FilterFlags;
use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::Exit;
use crate::output::{self, Column, grouped, usd};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterFlags,
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
    let filter = args.filter.filter(&source.zone().await?)?;
    let page = Page { limit: args.limit.into(), offset: usize::try_from(args.offset).unwrap_or(usize::MAX) };
    match source {
        Source::Server(client) => Ok(client.provenance(&filter, page).await?),
        Source::Local(local, who) => {
            let total = local.service.provenance_count(who, &filter).await?;
            let found = local.service.provenance_outline(who, &filter, page).await?;
            Ok(ProvenancePage::new(&found, page.offset, total))
        }
    }
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
