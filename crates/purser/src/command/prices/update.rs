//! `prices update`: newer catalogues, compared with the book and laid over it.

use std::time::Duration;

use purser_domain::price::Rate;
use purser_service::clock::Clock;
use purser_service::price_update::{self, Plan};
use purser_store::Store;
use serde_json::{Value, json};

use super::shown;
use crate::config::{Prices, Settings};
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An address or a file of a catalogue; may be repeated. Those of the settings, if absent
    #[arg(long = "source", value_name = "URL|FILE")]
    sources: Vec<String>,
    /// Show what would change, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take rates that move by more than `prices.outlier_factor`, and odd ones, too
    #[arg(long)]
    accept_outliers: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let catalogues = settings.prices.read(&args.sources).await?;
    let store = local::store(settings).await?;
    let now = Clock::System.now();
    let factor_max = (!args.accept_outliers).then_some(settings.prices.outlier_factor);
    let plan = price_update::plan(&store, &catalogues, factor_max, now).await?;
    let version = if args.dry_run { None } else { Some(price_update::apply(&store, &plan, now).await?) };
    if args.json {
        output::json(&record(&plan, version))?;
    } else {
        show(&plan, version)?;
    }
    // What was refused is told, and a caller that asked for nothing else must notice.
    if plan.update.refused.is_empty() { Ok(Exit::Done) } else { Err(refusals(&plan)) }
}

fn refusals(plan: &Plan) -> anyhow::Error {
    let count = plan.update.refused.len();
    Failure::with(Exit::Refused, format!("{count} models keep their prices; --accept-outliers takes the new ones"))
}

fn text(rate: Option<Rate>) -> Option<String> {
    rate.map(|rate| rate.to_string())
}

fn record(plan: &Plan, version: Option<i64>) -> Value {
    let changes = plan.update.changes.iter().map(|change| {
        json!({
            "provider": change.provider, "model": change.model, "field": change.field,
            "before": text(change.before), "after": text(change.after),
        })
    });
    let refused = plan
        .update
        .refused
        .iter()
        .map(|one| json!({ "provider": one.provider, "model": one.model, "reason": one.reason }));
    json!({
        "catalogue": plan.catalogue,
        "book_version": version,
        "changes": changes.collect::<Vec<_>>(),
        "added": plan.update.added,
        "refused": refused.collect::<Vec<_>>(),
        "findings": plan.findings.iter().map(shown::finding).collect::<Vec<_>>(),
    })
}

fn show(plan: &Plan, version: Option<i64>) -> anyhow::Result<()> {
    let columns =
        ["Provider", "Model", "Rate"].map(Column::Text).into_iter().chain(["Before", "After"].map(Column::Number));
    let rows = plan.update.changes.iter().map(|change| {
        let shown = |rate| text(rate).unwrap_or_else(|| "-".to_owned());
        let (before, after) = (shown(change.before), shown(change.after));
        vec![change.provider.clone(), change.model.clone(), change.field.clone(), before, after]
    });
    output::table(&columns.collect::<Vec<_>>(), rows)?;
    for refused in &plan.update.refused {
        output::talk(format!("{} {} stays: {}", refused.provider, refused.model, refused.reason));
    }
    shown::talk_findings(&plan.findings);
    let (changes, added) = (plan.update.changes.len(), plan.update.added.len());
    output::talk(format!("{changes} rates change, {added} models are new; {}", plan.catalogue));
    match version {
        Some(version) => output::talk(format!("the price book is at version {version}; the past keeps its prices")),
        None => output::talk("nothing was changed"),
    }
    Ok(())
}

/// Updates the book once a day, the first time a minute after the start, until it is dropped.
pub(crate) async fn daily(store: Store, prices: Prices) {
    const DAY: Duration = Duration::from_secs(86_400);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut timer = tokio::time::interval(DAY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        match once(&store, &prices).await {
            Ok(plan) => tracing::info!(
                changes = plan.update.changes.len(),
                added = plan.update.added.len(),
                refused = plan.update.refused.len(),
                "updated the price book"
            ),
            Err(error) => tracing::error!(%error, "the price book was not updated; it is tried again tomorrow"),
        }
    }
}

async fn once(store: &Store, prices: &Prices) -> anyhow::Result<Plan> {
    let catalogues = prices.read(&[]).await?;
    let now = Clock::System.now();
    let plan = price_update::plan(store, &catalogues, Some(prices.outlier_factor), now).await?;
    for refused in &plan.update.refused {
        tracing::warn!(provider = refused.provider, model = refused.model, reason = refused.reason, "a price stays");
    }
    price_update::apply(store, &plan, now).await?;
    Ok(plan)
}
