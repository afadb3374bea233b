//! `purser provenance verify`: whether every record is there and as it was.

use purser_api::provenance::ProvenanceCheck;

use super::source::{Source, SourceFlags};
use crate::config::Settings;
use crate::exit::Exit;
use crate::output::{self, grouped};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let source = Source::open(&args.source, settings).await?;
    let asked = match &source {
        Source::Server(client) => client.provenance_verify().await.map_err(anyhow::Error::new),
        Source::Local(local, who) => {
            let found = local.service.provenance_verify(who).await;
            found
                .map(|found| ProvenanceCheck::new(found.records, &found.faults, found.faults_total))
                .map_err(Into::into)
        }
    };
    source.close().await?;
    let check = asked?;
    if args.json {
        output::json(&check)?;
    } else {
        for fault in &check.faults {
            output::line(fault)?;
        }
        let (records, faults) = (grouped(check.records.into()), grouped(check.faults_total.into()));
        output::talk(format!("{records} records checked, {faults} faults"));
    }
    Ok(if check.ok { Exit::Done } else { Exit::CheckFailed })
}
