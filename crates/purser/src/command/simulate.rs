//! `purser simulate`: what a plan will cost, how sure that is, and whether it may run.
//! Invariant: without `--tenant` and `--server` neither a data directory nor the network is touched.

mod answer;
mod ask;
mod backtest;
mod markdown;
mod offline;
mod plan_file;
mod question;
mod report;
mod table;

use std::path::PathBuf;

use answer::Comparison;
use ask::Simulator;
use plan_file::PlanFile;
use purser_domain::estimate::Sweep;
use purser_domain::money::Money;
use purser_domain::simulation::ModelName;
use purser_domain::tenant::TenantId;
use purser_service::clock::Clock;
use question::{Question, UnknownSkills};
use report::Report;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::remote::RemoteFlags;
use crate::{output, time};

#[derive(Debug, clap::Args)]
#[command(after_help = crate::exit::GATE_MEANINGS, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The plan, JSON or YAML; - reads standard input, ./backtest a file of that name
    #[arg(value_name = "PLAN", required = true)]
    plan: Option<PathBuf>,
    /// What PLAN is compared with: the plan before
    #[arg(long, value_name = "OTHER")]
    compare: Option<PathBuf>,
    /// The model: v3 draws distributions over the plan's graph, v1 and v2 are the compatible ones for flat lists
    #[arg(long, default_value = "v3")]
    model: ModelName,
    /// The skills it may call: all if not given, none if empty
    #[arg(long, value_name = "SKILL", value_delimiter = ',')]
    allow: Option<Vec<String>>,
    /// The most it may cost, dollars; v1 and v2 take 10 if not given
    #[arg(long, value_name = "USD")]
    budget_usd: Option<Money>,
    /// The longest it may take (v3)
    #[arg(long, value_name = "DURATION", value_parser = time::parse_millis)]
    deadline: Option<u64>,
    /// How probable it must be that budget and deadline are kept (v3) [default: 0.9]
    #[arg(long, value_name = "P")]
    confidence: Option<f64>,
    /// The highest risk that any step fails (v1, v2) [default: 0.5]
    #[arg(long, value_name = "P")]
    risk_threshold: Option<f64>,
    /// What is done with skills that nothing is known of (v1, v2) [default: pessimistic]
    #[arg(long, value_enum, value_name = "POLICY")]
    unknown_skills: Option<UnknownSkills>,
    /// Where the random numbers start (v3) [default: 42]
    #[arg(long)]
    seed: Option<u64>,
    /// How many draws (v3) [default: 10000]
    #[arg(long)]
    draws: Option<u32>,
    /// Models to try in place of any other, PROVIDER/MODEL (v3)
    #[arg(long, value_name = "MODEL", value_delimiter = ',')]
    alternatives: Vec<String>,
    /// Simulate no changes (v3)
    #[arg(long)]
    no_advice: bool,
    /// A setting to try at other values: model=NAME, prompt=FACTOR, counts=FACTOR or concurrency=WORKERS (v3)
    #[arg(long, value_name = "SETTING=VALUE", value_delimiter = ',')]
    sweep: Vec<Sweep>,
    /// Add up so many runs, such as a month's (v3)
    #[arg(long, value_name = "COUNT")]
    runs: Option<u64>,
    /// How likely two calls to one provider, or of one skill, fail together (v3) [default: 0]
    #[arg(long, value_name = "P")]
    failure_correlation: Option<f64>,
    /// The date of the prices; now, if absent (v3)
    #[arg(long, value_name = "TIME")]
    price_at: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print JSON, exact
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Use this tenant's prices, skills and fits, and record the simulation in the data directory
    #[arg(long, conflicts_with = "server")]
    tenant: Option<TenantId>,
    #[command(flatten)]
    remote: RemoteFlags,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Predict the runs of the past and score the predictions by what was charged
    Backtest(backtest::Args),
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal
    Table,
    /// Exact
    Json,
    /// For the comment on a pull request
    Markdown,
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    if let Some(Command::Backtest(args)) = &args.command {
        return backtest::run(args, settings).await;
    }
    let Some(plan) = &args.plan else { return Err(Failure::usage("PLAN: is required")) };
    let question = Question::of(&args, Clock::System.now())?;
    let after = PlanFile::read(plan, question.model)?;
    let before = args.compare.as_ref().map(|path| PlanFile::read(path, question.model)).transpose()?;
    let format = if args.json { Format::Json } else { args.format };
    let simulator = Simulator::open(args.remote.client()?, args.tenant.as_ref(), settings).await?;
    let answered = async {
        let first = match &before {
            Some(before) => Some(simulator.ask(before, &question).await?),
            None => None,
        };
        anyhow::Ok((first, simulator.ask(&after, &question).await?))
    }
    .await;
    simulator.close().await?;
    let (first, answer) = answered?;
    let feasible = answer.feasible;
    let printed = match (before, first) {
        (Some(before), Some(first)) => {
            let comparison = Comparison::of(first, answer);
            print(format, &comparison, |both| report::of_both(&before.name, &after.name, both, &question))
        }
        _ => print(format, &answer, |answer| report::of(&after.name, answer, &question)),
    };
    // The verdict stands although nobody reads on.
    if let Err(error) = printed
        && !is_closed_pipe(&error)
    {
        return Err(error);
    }
    Ok(if feasible { Exit::Done } else { Exit::CheckFailed })
}

fn print<T: serde::Serialize>(format: Format, value: &T, report: impl Fn(&T) -> Report) -> anyhow::Result<()> {
    match format {
        Format::Json => output::json(value),
        Format::Table => table::print(&report(value)),
        Format::Markdown => Ok(output::line(markdown::text(&report(value)))?),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
