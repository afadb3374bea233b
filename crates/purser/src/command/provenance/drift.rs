//! `purser provenance drift`: how far the candidate's costs lie from the baseline's.

use purser_api::provenance::ProvenanceDrift;

use super::filter::FilterFlags;
use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::Exit;
use crate::output::{self, Column, grouped, usd, usd_of};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: FilterFlags,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let source = Source::open(&args.source, settings).await?;
    let asked = ask(&args, &source).await;
    source.close().await?;
    let drift = asked?;
    if args.json {
        output::json(&drift)?;
    } else {
        show(&drift)?;
    }
    Ok(Exit::Done)
}

async fn ask(args: &Args, source: &Source) -> anyhow::Result<ProvenanceDrift> {
    let filter = args.filter.filter(&source.zone().await?)?;
    match source {
        Source::Server(client) => Ok(client.provenance_drift(&filter).await?),
        Source::Local(local, who) => Ok(local.service.provenance_drift(who, &filter).await?.into()),
    }
}

fn show(drift: &ProvenanceDrift) -> anyhow::Result<()> {
    if drift.records == 0 {
        output::talk("no record has the costs of both models");
        return Ok(());
    }
    let columns = [
        Column::Number("Records"),
        Column::Number("Candidate less baseline, mean"),
        Column::Number("Least"),
        Column::Number("Greatest"),
        Column::Number("Standard deviation"),
    ];
    let row = vec![
        grouped(drift.records.into()),
        usd(drift.mean_usd),
        usd(drift.min_usd),
        usd(drift.max_usd),
        usd_of(drift.stddev_usd),
    ];
    Ok(output::table(&columns, [row])?)
}
