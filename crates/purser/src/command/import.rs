//! `purser import`: usage from files, into a data directory or a running server.
//! Invariant: reading the same file again changes nothing; every line is accepted, known, skipped or refused by name.

mod agents;
mod by_model;
mod pairs;
mod reader;
mod rejects;
mod summary;
mod target;

use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use futures::future::BoxFuture;
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;
use purser_service::decode::file::{self, Format, Seen};
use purser_service::ingest::{Prefer, Receipt};

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::remote::RemoteFlags;
use pairs::{parse_map, parse_set};
use reader::{Chunk, Reader};
use rejects::Rejects;
use summary::Summary;
use target::Target;

/// Requests under way at once.
const UNDER_WAY: usize = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files to read
    #[arg(required_unless_present = "agents", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Find the session logs of every coding agent on this machine, say which, and read them all
    #[arg(long, conflicts_with_all = ["files", "format", "source", "map", "set"])]
    agents: bool,
    /// The tenant whose usage it is, made in UTC if there is none of that id; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// How the files are written; told by how each begins, if absent
    #[arg(long, value_parser = formats())]
    format: Option<Format>,
    /// Source of the events; the format's name, if absent
    #[arg(long)]
    source: Option<String>,
    /// Which column holds a field: occurred_at=TIMESTAMP,input_tokens=ContextTokens
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',', value_parser = parse_map)]
    map: Vec<(file::Target, String)>,
    /// A field that every row has: provider=openai,model=gpt-4o
    #[arg(long, value_name = "FIELD=VALUE", value_delimiter = ',', value_parser = parse_set)]
    set: Vec<(file::Target, String)>,
    /// IANA zone of times without an offset; such times are refused without it
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Which cost stands where a row can be rated and names its cost: rated or reported; as the settings say, if absent
    #[arg(long, value_name = "COST")]
    prefer: Option<Prefer>,
    /// Read and check everything, store nothing
    #[arg(long)]
    dry_run: bool,
    /// Where to list what is refused: file, line, id, field, value, reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

/// Reads the name of a format.
fn formats() -> impl TypedValueParser<Value = Format> {
    let values = Format::all().map(|format| PossibleValue::new(format.name()).help(format.about()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Format>())
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let inputs = inputs(&args)?;
    let mut rejects = Rejects::open(args.rejects.as_deref())?;
    let target = Target::open(&args, settings).await?;
    let seen = Seen::default();
    let mut all = Vec::new();
    let read = async {
        for (format, file) in &inputs {
            all.push(import(&args, &target, *format, file, &seen, &mut rejects).await?);
        }
        anyhow::Ok(())
    }
    .await;
    rejects.finish()?;
    target.close().await?;
    let exit = summary::report(&all, &args)?;
    read.map(|()| exit)
}

/// What is to be read, and how it is written.
fn inputs(args: &Args) -> anyhow::Result<Vec<(Format, PathBuf)>> {
    if args.agents {
        return Ok(agents::find()?.into_iter().map(|(agent, logs)| (Format::Agent(agent), logs)).collect());
    }
    if let Some(file) = args.files.iter().find(|file| !file.exists()) {
        return Err(Failure::with(Exit::NotFound, format!("there is no file {}", file.display())));
    }
    args.files.iter().map(|file| Ok((reader::format(args, file)?, file.clone()))).collect()
}

/// A request under way, and the file that its lines stand in.
type Sent = BoxFuture<'static, anyhow::Result<(Arc<str>, Receipt)>>;

async fn import(
    args: &Args,
    target: &Target,
    format: Format,
    file: &std::path::Path,
    seen: &Seen,
    rejects: &mut Rejects,
) -> anyhow::Result<Summary> {
    let mut reader = Reader::open(args, format, file, seen, Clock::System.now())?;
    let bar = output::byte_bar(reader.length());
    let mut summary = Summary::new(file, format, target.begin(args, format, file).await?);
    let (send, mut receive) = tokio::sync::mpsc::channel::<anyhow::Result<Chunk>>(UNDER_WAY);
    let reading = tokio::task::spawn_blocking(move || {
        while let Some(chunk) = reader.next().transpose() {
            let failed = chunk.is_err();
            if send.blocking_send(chunk).is_err() || failed {
                break;
            }
        }
    });
    let mut under_way = futures::stream::FuturesOrdered::<Sent>::new();
    let mut failed = None;
    loop {
        use futures::StreamExt;
        if under_way.len() >= UNDER_WAY
            && let Some(receipt) = under_way.next().await
        {
            match receipt {
                Ok((file, receipt)) => summary.add(&file, &receipt, rejects)?,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match receive.recv().await {
            _ if failed.is_some() => break,
            None => break,
            Some(Err(error)) => failed = Some(error),
            Some(Ok(Chunk { decoded, file, position })) => {
                bar.set_position(position);
                summary.see(&decoded);
                let sent = target.send(decoded, summary.import_id.clone(), args.prefer);
                under_way.push_back(Box::pin(async move { sent.await.map(|receipt| (file, receipt)) }));
            }
        }
    }
    while let Some(receipt) = futures::StreamExt::next(&mut under_way).await {
        match receipt {
            Ok((file, receipt)) => summary.add(&file, &receipt, rejects)?,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    drop(receive);
    reading.await?;
    bar.finish_and_clear();
    target.end(&mut summary, failed.is_none()).await?;
    match failed {
        Some(error) => Err(error),
        None => Ok(summary),
    }
}
