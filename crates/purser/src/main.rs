//! The `purser` binary: reads flags and settings, wires the rooms together, speaks to people.
//! Invariant: no business rules here; stdout is data, stderr is talk, the exit code has a meaning.

mod background;
mod cli;
mod command;
mod config;
mod demo;
mod exit;
mod fetch;
mod local;
mod memory;
mod output;
mod remote;
mod telemetry;
mod time;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use exit::{Exit, Gate};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Command::Serve(_) | Command::Demo(_) => memory::returned_after(memory::SOON),
        Command::Import(_) => memory::returned_after(memory::NEVER),
        _ => {}
    }
    let is_gate = cli.command.is_gate();
    let exit = run(cli).unwrap_or_else(|error| {
        let exit = exit::of(&error);
        if exit != Exit::Done {
            report(&error);
        }
        exit
    });
    if is_gate { Gate::from(exit).into() } else { exit.into() }
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let loaded = config::load(&cli.common, cli.command.listen_flags())?;
    telemetry::start(&loaded.settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_keep_alive(memory::IDLE).build()?;
    let settings = &loaded.settings;
    let exit = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => command::serve::run(args, settings).await,
            Command::Demo(args) => command::demo::run(args, settings, loaded.is_set("data_dir")).await,
            Command::Tenant(command) => command::tenant::run(command, settings).await,
            Command::Key(command) => command::key::run(command, settings).await,
            Command::Import(args) => command::import::run(args, settings).await,
            Command::Usage(command) => command::usage::run(command, settings).await,
            Command::Ledger(command) => command::ledger::run(command, settings).await,
            Command::Cost(args) => command::cost::run(args, settings).await,
            Command::Export(args) => command::export::run(args, settings).await,
            Command::WhatIf(args) => command::what_if::run(args, settings).await,
            Command::Reconcile(args) => command::reconcile::run(args, settings).await,
            Command::Calibrate(args) => command::calibrate::run(args, settings).await,
            Command::Prices(command) => command::prices::run(*command, settings).await,
            Command::Simulate(args) => command::simulate::run(*args, settings).await,
            Command::Provenance(command) => command::provenance::run(command, settings).await,
            Command::Config(command) => command::config::run(&command, &loaded),
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit
}

/// Says what went wrong: the words, every refused field, and the cause that only an operator sees.
fn report(error: &anyhow::Error) {
    let words: Vec<String> = error.chain().map(ToString::to_string).collect();
    output::talk(format!("error: {}", words.join(": ")));
    if let Some(purser_client::Error::Refused(problem)) = error.chain().find_map(|cause| cause.downcast_ref()) {
        // One field stands in the words already.
        for field in problem.fields.iter().take(20).filter(|_| problem.fields.len() > 1) {
            output::talk(format!("  {}: {} (got {:?})", field.field, field.reason, field.value));
        }
    }
    let Some(error) = error.chain().find_map(|cause| cause.downcast_ref::<purser_service::Error>()) else { return };
    if error.fields.len() > 1 {
        for field in &error.fields {
            output::talk(format!("  {field}"));
        }
    }
    if let Some(internal) = &error.internal {
        output::talk(format!("  cause: {internal}"));
    }
}
