//! The command line: one subcommand a file in `command/`.

use clap::{Parser, Subcommand};

use crate::command::{
    calibrate, config, cost, demo, export, import, key, ledger, prices, provenance, reconcile, serve, simulate, tenant,
    usage, what_if,
};
use crate::config::CommonFlags;

/// Cost control for AI agents: meter what they spend, explain it, and keep it exact
#[derive(Debug, Parser)]
#[command(name = "purser", version, after_help = crate::exit::MEANINGS, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: CommonFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: API, console and OTLP receivers
    Serve(serve::Args),
    /// Fill a data directory with 30 days of sample traffic, then serve it
    Demo(demo::Args),
    /// Make tenants and set how they cut time
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Make, list and revoke API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Read usage from files
    Import(import::Args),
    /// Take usage back, and see what was not charged
    #[command(subcommand)]
    Usage(usage::Command),
    /// Look after the ledger
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// What it cost, by whom, for what, when
    Cost(cost::Args),
    /// Write charges to a file: FOCUS, CSV or Parquet
    Export(export::Args),
    /// Prices, the tenant's own ones, discounts, and rating again
    #[command(subcommand)]
    Prices(Box<prices::Command>),
    /// What past usage would have cost with other models or prices
    WhatIf(what_if::Args),
    /// Hold a provider's bill against what was charged, and name the causes of each difference
    Reconcile(reconcile::Args),
    /// Learn what skills and models use from a tenant's own runs, for simulations to come
    Calibrate(calibrate::Args),
    /// What a plan will cost, how sure that is, and whether it may run
    Simulate(Box<simulate::Args>),
    /// What was simulated, from what, and whether it comes out again
    #[command(subcommand)]
    Provenance(provenance::Command),
    /// Show and check the configuration
    #[command(subcommand)]
    Config(config::Command),
}

impl Command {
    /// Whether the exit code is a verdict that a job gates on.
    pub(crate) fn is_gate(&self) -> bool {
        matches!(self, Self::Simulate(_) | Self::Provenance(provenance::Command::Replay(_)))
    }

    /// The listening flags, for the commands that have them.
    pub(crate) fn listen_flags(&self) -> Option<&crate::config::ListenFlags> {
        match self {
            Self::Serve(args) => Some(&args.listen),
            Self::Demo(args) => Some(&args.listen),
            Self::Config(config::Command::Show(args) | config::Command::Check(args)) => Some(&args.listen),
            _ => None,
        }
    }
}
