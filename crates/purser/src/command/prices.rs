//! `purser prices`: the price book, a tenant's own prices and discounts, and rating the past again.

mod book;
mod catalogue;
mod discount;
mod overriding;
mod rerate;
mod shown;
mod unpriced;
pub(crate) mod update;

use clap::Subcommand;

use crate::config::Settings;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the price book
    List(book::List),
    /// Show every price of a model
    Show(book::Show),
    /// Convert a foreign catalogue and lay it over the price book
    Import(catalogue::Import),
    /// Read newer catalogues and lay what changed over the price book; exit 3 if a rate moves too far
    Update(update::Args),
    /// Show where two catalogues charge the same call differently
    Diff(catalogue::Diff),
    /// Check the price book or a file; exit 8 on an error or a warning
    Check(catalogue::Check),
    /// A tenant's own prices
    #[command(subcommand)]
    Override(overriding::Command),
    /// A tenant's discounts
    #[command(subcommand)]
    Discount(discount::Command),
    /// Rate charges of the past again with the prices known now
    Rerate(rerate::Args),
    /// List a tenant's models that have no price
    Unpriced(unpriced::Args),
}

pub(crate) async fn run(command: Command, settings: &Settings) -> anyhow::Result<Exit> {
    match command {
        Command::List(args) => book::list(args, settings).await,
        Command::Show(args) => book::show(args, settings).await,
        Command::Import(args) => catalogue::import(args, settings).await,
        Command::Update(args) => update::run(args, settings).await,
        Command::Diff(args) => catalogue::diff(args, settings).await,
        Command::Check(args) => catalogue::check(args, settings).await,
        Command::Override(command) => overriding::run(command, settings).await,
        Command::Discount(command) => discount::run(command, settings).await,
        Command::Rerate(args) => rerate::run(args, settings).await,
        Command::Unpriced(args) => unpriced::run(args, settings).await,
    }
}
