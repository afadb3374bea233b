//! `purser cost`: what it cost, by whom, for what, when.

mod table;

use std::io::Write;

use purser_api::usage_query::{UsageAnswer, UsageRow, UsageTotals};
use purser_domain::tenant::TenantId;
use purser_domain::time::Grain;
use purser_domain::usage_query::{Dimension, Filter, Metric, Query};
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::remote::RemoteFlags;
use crate::{output, time};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// Cut by these: provider, model, feature, user, agent, skill, run, session, project, environment,
    /// response_model, source, operation, service_tier, status, error_type, inference_geo, speed, tool, mcp_server,
    /// cost_source, tag:KEY
    #[arg(long, value_delimiter = ',', value_name = "DIMENSION")]
    by: Vec<Dimension>,
    /// First instant: a date in the tenant's zone, RFC 3339, or an age such as 7d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// First instant after
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// Cut time: hour, day, week or month of the tenant's calendar
    #[arg(long)]
    grain: Option<Grain>,
    /// Keep only usage whose dimension has this value; may be repeated. An empty value means: has none
    #[arg(long, value_name = "DIMENSION=VALUE", value_parser = parse_filter)]
    filter: Vec<(Dimension, Option<String>)>,
    /// Keep the N groups that cost most, fold the rest into "other"
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Show empty buckets
    #[arg(long, requires = "grain")]
    zero_fill: bool,
    /// Only what was received until then
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Further columns: rated_usd, reported_usd, rated_minus_reported_usd, latency, units, units.NAME, or tokens of a leaf
    #[arg(long, value_delimiter = ',', value_name = "METRIC", value_parser = parse_metric)]
    columns: Vec<String>,
    /// Print JSON, exact
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV, exact
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

/// Reads `dimension=value`.
pub(crate) fn parse_filter(text: &str) -> Result<(Dimension, Option<String>), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not DIMENSION=VALUE"))?;
    Ok((name.parse()?, Some(value.to_owned()).filter(|value| !value.is_empty())))
}

/// Reads the name of a metric, short names made whole; `units.NAME` stays as it is.
fn parse_metric(text: &str) -> Result<String, String> {
    let metric = text.parse::<Metric>()?;
    Ok(if text.starts_with("units.") { text.to_owned() } else { metric.name().to_owned() })
}

/// Joins the values of each dimension: any of them may match.
pub(crate) fn filters(pairs: &[(Dimension, Option<String>)]) -> Vec<Filter> {
    let mut filters: Vec<Filter> = Vec::new();
    for (dimension, value) in pairs {
        match filters.iter_mut().find(|filter| filter.dimension == *dimension) {
            Some(filter) => filter.values.push(value.clone()),
            None => filters.push(Filter { dimension: dimension.clone(), values: vec![value.clone()] }),
        }
    }
    filters
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    if args.top == Some(0) {
        return Err(Failure::usage("top: must be at least 1"));
    }
    let answer = match args.remote.client()? {
        Some(client) => {
            let zone = client.tenant().await?.zone;
            client.usage_query(&query(&args, &zone)?).await?
        }
        None => ask_locally(&args, settings).await?,
    };
    match (args.json, args.csv) {
        (true, _) => output::json(&answer)?,
        (_, true) => csv(&answer)?,
        _ => table::show(&answer, &args.columns)?,
    }
    Ok(Exit::Done)
}

async fn ask_locally(args: &Args, settings: &Settings) -> anyhow::Result<UsageAnswer> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    local::with(settings, async |local| {
        let who = local.speak_for(tenant).await?;
        let zone = local.service.tenant(&who).await?.zone;
        let query = query(args, &zone)?;
        let answer = local.service.usage_query(&who, &query).await?;
        Ok(UsageAnswer::new(&query, &zone, answer))
    })
    .await
}

fn query(args: &Args, zone: &str) -> anyhow::Result<Query> {
    let (zone, now) = (time::zone(zone)?, Clock::System.now());
    let mut metrics = Metric::all();
    if args.columns.iter().any(|name| name.starts_with("units")) {
        metrics.push(Metric::Units);
    }
    let as_of = args.as_of.as_deref().map(|text| time::instant("as_of", text, &zone, now)).transpose()?;
    Ok(Query {
        window: time::window(args.from.as_deref(), args.to.as_deref(), &zone, now)?,
        as_of,
        grain: args.grain,
        by: args.by.clone(),
        filters: filters(&args.filter),
        top: args.top,
        zero_fill: args.zero_fill,
        metrics,
    })
}

/// One line per row; the total is left to the reader, who may sum.
fn csv(answer: &UsageAnswer) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(std::io::stdout().lock());
    let metrics: Vec<&String> = answer.total.metrics.keys().collect();
    let mut header: Vec<&str> = answer.grain.iter().map(|_| "bucket").collect();
    header.extend(answer.group_by.iter().map(String::as_str));
    header.extend(["other", "cost_usd", "priced_fraction", "charged_events", "unpriced_events"]);
    header.extend(metrics.iter().map(|name| name.as_str()));
    header.extend(["latency_ms_mean", "rated_usd", "reported_usd", "rated_minus_reported_usd"]);
    let units: Vec<&String> = answer.total.units.iter().flat_map(|units| units.keys()).collect();
    let named: Vec<String> = units.iter().map(|unit| format!("units.{unit}")).collect();
    header.extend(named.iter().map(String::as_str));
    writer.write_record(header)?;
    for row in &answer.rows {
        writer.write_record(record(answer, row, &metrics, &units))?;
    }
    writer.flush()?;
    writer.into_inner().map_err(|error| error.into_error())?.flush()?;
    Ok(())
}

fn record(answer: &UsageAnswer, row: &UsageRow, metrics: &[&String], units: &[&String]) -> Vec<String> {
    let UsageTotals { cost_usd, priced_fraction, charged_events, unpriced_events, .. } = &row.totals;
    let mut cells: Vec<String> =
        answer.grain.iter().map(|_| row.bucket.map_or_else(String::new, |at| at.to_string())).collect();
    cells.extend(answer.group_by.iter().map(|name| row.keys.get(name).cloned().flatten().unwrap_or_default()));
    cells.push(row.other.to_string());
    cells.push(cost_usd.to_string());
    cells.push(priced_fraction.map_or_else(String::new, |part| part.to_string()));
    cells.push(charged_events.to_string());
    cells.push(unpriced_events.to_string());
    cells.extend(metrics.iter().map(|name| row.totals.metrics.get(*name).copied().unwrap_or(0).to_string()));
    cells.push(row.totals.latency_ms_mean.map_or_else(String::new, |mean| mean.to_string()));
    let UsageTotals { rated_usd, reported_usd, rated_minus_reported_usd, units: used, .. } = &row.totals;
    let amounts = [rated_usd, reported_usd, rated_minus_reported_usd];
    cells.extend(amounts.map(|amount| amount.map_or_else(String::new, |usd| usd.to_string())));
    let quantity = |unit: &String| used.as_ref().and_then(|used| used.get(unit)).cloned();
    cells.extend(units.iter().map(|unit| quantity(unit).unwrap_or_else(|| "0".to_owned())));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_dimension_are_alternatives() {
        let pairs: Vec<_> = ["model=a", "user=", "model=b"].iter().map(|text| parse_filter(text)).collect();
        let pairs: Vec<_> = pairs.into_iter().collect::<Result<_, _>>().expect("filters");
        let joined = filters(&pairs);
        assert_eq!(joined.len(), 2);
        assert_eq!(joined[0].values, [Some("a".to_owned()), Some("b".to_owned())]);
        assert_eq!(joined[1].values, [None]);
        assert!(parse_filter("model").is_err());
        assert!(parse_filter("colour=red").is_err());
    }
}
