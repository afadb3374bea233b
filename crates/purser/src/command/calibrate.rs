//! `purser calibrate`: learns what skills and models use from the tenant's own runs.

use purser_api::calibration::{CalibrationAnswer, CalibrationRecord, CalibrationRequest, FitRecord, SpreadRecord};
use purser_domain::tenant::TenantId;
use purser_service::calibration::{WINDOW_MICROS, window_before};
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
    /// First instant of the runs: a date in the tenant's zone, RFC 3339, or an age; 90 days before --to, if absent
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after; now, if absent
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Show what would be learned and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let answer = match args.remote.client()? {
        Some(client) => {
            let zone = client.tenant().await?.zone;
            client.calibrate(&request(&args, &zone)?).await?
        }
        None => learn_locally(&args, settings).await?,
    };
    if args.json {
        output::json(&answer)?;
    } else {
        show(&answer.calibration)?;
        say(&args, &answer);
    }
    Ok(Exit::Done)
}

fn request(args: &Args, zone: &str) -> anyhow::Result<CalibrationRequest> {
    let (from, to) = time::ends(args.from.as_deref(), args.to.as_deref(), zone)?;
    Ok(CalibrationRequest { from, to, dry_run: Some(args.dry_run) })
}

async fn learn_locally(args: &Args, settings: &Settings) -> anyhow::Result<CalibrationAnswer> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let local = Local::open(settings, false).await?;
    let learned = async {
        let who = local.speak_for(tenant).await?;
        let zone = local.service.tenant(&who).await?.zone;
        let CalibrationRequest { from, to, .. } = request(args, &zone)?;
        let window = window_before(from, to, Clock::System.now(), WINDOW_MICROS)?;
        let found = local.service.calibrate(&who, window, args.dry_run).await?;
        anyhow::Ok(CalibrationAnswer { kept: found.is_kept, calibration: found.fitted.into() })
    }
    .await;
    local.close().await?;
    learned
}

fn show(calibration: &CalibrationRecord) -> anyhow::Result<()> {
    let mut columns: Vec<Column> = vec![Column::Text("Skill"), Column::Text("Model"), Column::Number("Runs")];
    let numbers = ["Cost P50", "Cost P90", "Calls P50", "Calls P90", "Output P50", "Output P90", "Fails"];
    columns.extend(numbers.map(Column::Number));
    output::table(&columns, calibration.fits.iter().map(cells))?;
    if !calibration.refused.is_empty() {
        let columns =
            [Column::Text("Refused"), Column::Text("Model"), Column::Number("Runs"), Column::Number("It takes")];
        let rows = calibration.refused.iter().map(|refused| {
            let counts = [refused.runs, refused.required].map(|count| grouped(count.into()));
            [all(&refused.skill), all(&refused.model)].into_iter().chain(counts).collect()
        });
        output::table(&columns, rows)?;
    }
    Ok(())
}

fn cells(fit: &FitRecord) -> Vec<String> {
    let mut row = vec![all(&fit.skill), all(&fit.model), grouped(fit.runs.into())];
    row.extend(percentiles(fit.cost_usd.as_ref(), usd_of));
    row.extend(percentiles(fit.calls.as_ref(), |calls| format!("{calls:.1}")));
    row.extend(percentiles(fit.output_tokens.as_ref(), |tokens| grouped(tokens.round() as i128)));
    row.push(fit.failure.map_or_else(|| "-".to_owned(), |failure| format!("{:.1} %", failure * 100.0)));
    row
}

/// Median and 90th percentile in words.
fn percentiles(spread: Option<&SpreadRecord>, text: impl Fn(f64) -> String) -> [String; 2] {
    spread.map_or_else(|| ["-", "-"].map(str::to_owned), |spread| [spread.p50, spread.p90].map(text))
}

/// An empty name stands for all of them.
fn all(name: &str) -> String {
    if name.is_empty() { "(all)".to_owned() } else { name.to_owned() }
}

fn say(args: &Args, answer: &CalibrationAnswer) {
    let CalibrationRecord { number, runs, window, version, .. } = &answer.calibration;
    let learned = format!("{} runs from {} to {}, version {version}", grouped((*runs).into()), window.from, window.to);
    output::talk(match (args.dry_run, answer.kept) {
        (true, _) => format!("dry run: nothing was kept; would be calibration {number} of {learned}"),
        (_, true) => format!("calibration {number} of {learned}, is in force"),
        _ => format!("calibration {number} of {learned}, says the same and stays in force"),
    });
}
