//! `purser simulate backtest`: how good predictions of past runs were.

use purser_api::backtest::{BacktestReport, BacktestRow, BacktestScore};
use purser_domain::tenant::TenantId;
use purser_service::backtest::BACKTEST_MICROS;
use purser_service::calibration::window_before;
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local::Local;
use crate::output::{self, Column, grouped, usd_of};
use crate::remote::RemoteFlags;
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// First instant of the runs: a date in the tenant's zone, RFC 3339, or an age; 30 days before --to, if absent
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after; now, if absent
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(super) async fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let report = match args.remote.client()? {
        Some(client) => {
            let zone = client.tenant().await?.zone;
            let (from, to) = time::ends(args.from.as_deref(), args.to.as_deref(), &zone)?;
            client.backtest(from, to).await?
        }
        None => score_locally(args, settings).await?,
    };
    if args.json {
        output::json(&report)?;
    } else {
        show(&report)?;
    }
    Ok(Exit::Done)
}

async fn score_locally(args: &Args, settings: &Settings) -> anyhow::Result<BacktestReport> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let local = Local::open(settings, false).await?;
    let scored = async {
        let who = local.speak_for(tenant).await?;
        let zone = local.service.tenant(&who).await?.zone;
        let (from, to) = time::ends(args.from.as_deref(), args.to.as_deref(), &zone)?;
        let window = window_before(from, to, Clock::System.now(), BACKTEST_MICROS)?;
        anyhow::Ok(local.service.backtest(&who, window).await?.into())
    }
    .await;
    local.close().await?;
    scored
}

fn show(report: &BacktestReport) -> anyhow::Result<()> {
    let mut columns = vec![Column::Text("Skill"), Column::Text("Model")];
    let numbers = ["Runs", "Bias", "WAPE", "WAPE of P50", "Pinball P50", "Pinball P90", "P90 holds", "P10-P90 holds"];
    columns.extend(numbers.map(Column::Number));
    let mut rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    rows.extend(report.total.iter().map(|total| cells(["total", ""], total)));
    output::table(&columns, rows)?;
    output::talk(basis(report));
    if report.unpriced_runs > 0 {
        output::talk(format!("{} runs have no price and are not scored", grouped(report.unpriced_runs.into())));
    }
    Ok(())
}

fn row(row: &BacktestRow) -> Vec<String> {
    let names = if row.by_plan { ["(by plan)", ""] } else { [row.skill.as_str(), row.model.as_str()] };
    cells(names, &row.score)
}

fn cells(names: [&str; 2], score: &BacktestScore) -> Vec<String> {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let known = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), percent);
    let mut cells = names.map(str::to_owned).to_vec();
    cells.extend([
        grouped(score.runs.into()),
        score.bias.map_or_else(|| "-".to_owned(), |bias| format!("{:+.1} %", bias * 100.0)),
        known(score.wape),
        known(score.wape_p50),
        usd_of(score.pinball_p50_usd),
        usd_of(score.pinball_p90_usd),
        percent(score.coverage_p90),
        percent(score.coverage_p10_p90),
    ]);
    cells
}

/// What the predictions rest on, in words.
fn basis(report: &BacktestReport) -> String {
    let window = format!("runs from {} to {}", report.window.from, report.window.to);
    let learned = report.learned_from.as_ref().map(|from| format!("runs from {} to {}", from.from, from.to));
    match (report.calibration, learned) {
        (Some(number), Some(learned)) => format!("{window}, predicted by calibration {number}, learned from {learned}"),
        (None, Some(learned)) => {
            format!("{window}, predicted by what {learned} teach: no calibration was in force then")
        }
        _ => format!("{window}, predicted by assumptions: nothing was known of runs then"),
    }
}
