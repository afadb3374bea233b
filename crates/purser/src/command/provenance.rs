//! `purser provenance`: what was simulated, from what, and whether it comes out again.

mod backfill;
mod drift;
mod filter;
mod query;
mod replay;
mod show;
mod source;
mod verify;

use crate::config::Settings;
use crate::exit::Exit;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List records, newest first
    Query(query::Args),
    /// Show one record with its inputs, its output and its place in the chain
    Show(show::Args),
    /// Run a record again and say whether its output comes out, byte for byte
    #[command(after_help = crate::exit::REPLAY_MEANINGS)]
    Replay(replay::Args),
    /// Check the chain of records
    Verify(verify::Args),
    /// How far the candidate's costs lie from the baseline's
    Drift(drift::Args),
    /// Bring in what the baseline said before provenance was kept, each input once
    Backfill(backfill::Args),
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        Command::Query(args) => query::run(args, settings).await,
        Command::Show(args) => show::run(args, settings).await,
        Command::Replay(args) => replay::run(args, settings).await,
        Command::Verify(args) => verify::run(args, settings).await,
        Command::Drift(args) => drift::run(args, settings).await,
        Command::Backfill(args) => backfill::run(args, settings).await,
    }
}
