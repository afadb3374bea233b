//! `purser provenance show`: one record with everything in it.

use purser_api::provenance::{ProvenanceDetail, ProvenanceRecord};

use super::source::{Source, SourceFlags, named};
use crate::config::Settings;
use crate::exit::Exit;
use crate::output::{self, Column};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The record's id
    id: String,
    /// Print JSON, with inputs and output byte for byte
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    source: SourceFlags,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let id = named(&args.id)?;
    let source = Source::open(&args.source, settings).await?;
    let asked = match &source {
        Source::Server(client) => client.provenance_show(&id.to_string()).await.map_err(anyhow::Error::new),
        Source::Local(local, who) => {
            local.service.provenance_get(who, id).await.map(Into::into).map_err(anyhow::Error::new)
        }
    };
    source.close().await?;
    let detail = asked?;
    if args.json {
        output::json(&detail)?;
    } else {
        show(&detail)?;
    }
    Ok(Exit::Done)
}

fn show(detail: &ProvenanceDetail) -> anyhow::Result<()> {
    output::table(&[Column::Text("Field"), Column::Text("Value")], rows(detail))?;
    for (name, text) in [("inputs", &detail.inputs), ("output", &detail.output)] {
        output::line(format!("{name}:"))?;
        output::line(pretty(text))?;
    }
    Ok(())
}

fn rows(detail: &ProvenanceDetail) -> Vec<Vec<String>> {
    let record = &detail.record;
    let ProvenanceRecord { versions, .. } = record;
    let sound = if detail.is_sound { "yes" } else { "no: it was changed since" };
    let fields = [
        ("id", Some(record.id.clone())),
        ("run at", Some(record.created_at.to_string())),
        ("stored at", Some(record.received_at.to_string())),
        ("source", Some(record.source.clone())),
        ("variant", Some(record.variant.clone())),
        ("status", Some(record.status.clone())),
        ("run", record.run_id.clone()),
        ("baseline, USD", record.v1_cost_usd.map(|cost| cost.to_string())),
        ("candidate, USD", record.v2_cost_usd.map(|cost| cost.to_string())),
        ("seed", record.seed.map(|seed| seed.to_string())),
        ("took, ms", Some(record.runtime_ms.to_string())),
        ("catalogue version", versions.catalogue.clone()),
        ("model version", versions.model.clone()),
        ("adapter version", versions.adapter.clone()),
        ("price book version", versions.price_book.clone()),
        ("code version", versions.code.clone()),
        ("input hash", Some(record.input_hash.clone())),
        ("output hash", Some(record.output_hash.clone())),
        ("position", Some(record.position.to_string())),
        ("hash of the one before", Some(record.prev_hash.clone())),
        ("record hash", Some(record.record_hash.clone())),
        ("hash is sound", Some(sound.to_owned())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?])).collect()
}

/// JSON for people; text that is none as it is.
fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned())
}
