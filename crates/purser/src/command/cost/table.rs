//! The answer as a table for people: rounded where it does not matter, exact where it does.

use jiff::tz::TimeZone;
use purser_api::usage_query::{UsageAnswer, UsageRow, UsageTotals};
use purser_domain::money::Money;
use purser_domain::time::Timestamp;

use crate::output::{self, Column, grouped, usd};

/// Input tokens of the table: everything that was read.
const READ: [&str; 10] = [
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_write_12h_tokens",
    "input_audio_tokens",
    "cache_read_audio_tokens",
    "input_image_tokens",
    "cache_read_image_tokens",
    "input_video_tokens",
];
/// Output tokens of the table: everything that was written.
const WRITTEN: [&str; 5] =
    ["output_tokens", "reasoning_tokens", "output_audio_tokens", "output_image_tokens", "output_video_tokens"];

/// Prints the rows and their total, with the further columns `extra`.
pub(super) fn show(answer: &UsageAnswer, extra: &[String]) -> anyhow::Result<()> {
    let zone = TimeZone::get(&answer.zone).unwrap_or(TimeZone::UTC);
    let grain = answer.grain.as_deref();
    let mut columns = Vec::new();
    if let Some(grain) = grain {
        columns.push(Column::Text(title_of_grain(grain)));
    }
    columns.extend(answer.group_by.iter().map(|name| Column::Text(title(name))));
    if columns.is_empty() {
        columns.push(Column::Text("Spend"));
    }
    let heads = columns.len();
    columns.extend(["Cost", "Share", "Requests", "Tokens in", "Tokens out", "Errors", "Priced"].map(Column::Number));
    let extra = spelled_out(answer, extra);
    let titles: Vec<String> = extra.iter().map(|name| title_of_metric(name)).collect();
    columns.extend(titles.iter().map(|title| Column::Number(title)));
    let mut rows: Vec<Vec<String>> = Vec::new();
    if heads > 1 || grain.is_some() || !answer.group_by.is_empty() {
        for row in &answer.rows {
            let mut cells = head(answer, row, &zone);
            cells.extend(numbers(&row.totals, &answer.total));
            cells.extend(extra.iter().map(|name| measure(&row.totals, name)));
            rows.push(cells);
        }
    }
    let mut total = vec![String::new(); heads];
    total[0] = "total".to_owned();
    total.extend(numbers(&answer.total, &answer.total));
    total.extend(extra.iter().map(|name| measure(&answer.total, name)));
    rows.push(total);
    output::table(&columns, rows)?;
    notes(answer, &zone);
    Ok(())
}

fn head(answer: &UsageAnswer, row: &UsageRow, zone: &TimeZone) -> Vec<String> {
    let mut cells = Vec::new();
    if let Some(grain) = &answer.grain {
        cells.push(row.bucket.map_or_else(|| "all".to_owned(), |at| shown_time(at, grain, zone)));
    }
    for (index, name) in answer.group_by.iter().enumerate() {
        cells.push(match row.keys.get(name) {
            _ if row.other => if index == 0 { "(other)" } else { "" }.to_owned(),
            Some(Some(value)) => value.clone(),
            _ => "(none)".to_owned(),
        });
    }
    cells
}

fn numbers(totals: &UsageTotals, of: &UsageTotals) -> Vec<String> {
    let sum = |names: &[&str]| names.iter().filter_map(|name| totals.metrics.get(*name)).map(|n| i128::from(*n)).sum();
    let metric = |name: &str| grouped(i128::from(totals.metrics.get(name).copied().unwrap_or(0)));
    let cost = if totals.charged_events > 0 && totals.unpriced_events == totals.charged_events {
        "unpriced".to_owned()
    } else {
        usd(totals.cost_usd)
    };
    vec![
        cost,
        share(totals.cost_usd.pico(), of.cost_usd.pico()),
        metric("requests"),
        grouped(sum(&READ)),
        grouped(sum(&WRITTEN)),
        metric("errors"),
        totals.priced_fraction.map_or_else(|| "-".to_owned(), percent),
    ]
}

/// The further columns by name: `units` stands for one column per unit.
fn spelled_out(answer: &UsageAnswer, extra: &[String]) -> Vec<String> {
    let units = answer.total.units.iter().flatten().map(|(unit, _)| format!("units.{unit}"));
    let units: Vec<String> = units.collect();
    extra.iter().flat_map(|name| if name == "units" { units.clone() } else { vec![name.clone()] }).collect()
}

/// The cell of a further column.
fn measure(totals: &UsageTotals, name: &str) -> String {
    let money = |amount: Option<Money>| amount.map_or_else(|| "-".to_owned(), usd);
    match name {
        "rated_usd" => money(totals.rated_usd),
        "reported_usd" => money(totals.reported_usd),
        "rated_minus_reported_usd" => money(totals.rated_minus_reported_usd),
        "latency" => totals.latency_ms_mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.0}")),
        _ => match name.strip_prefix("units.") {
            Some(unit) => {
                totals.units.iter().flatten().find(|(known, _)| *known == unit).map_or("0", |(_, n)| n).to_owned()
            }
            None => grouped(i128::from(totals.metrics.get(name).copied().unwrap_or(0))),
        },
    }
}

fn title_of_metric(name: &str) -> String {
    match name {
        "rated_usd" => "Rated".to_owned(),
        "reported_usd" => "Reported".to_owned(),
        "rated_minus_reported_usd" => "Rated − reported".to_owned(),
        "latency" => "Mean ms".to_owned(),
        _ => name.strip_prefix("units.").unwrap_or(name).replace('_', " "),
    }
}

fn share(part: i128, whole: i128) -> String {
    if whole == 0 { "-".to_owned() } else { percent(part as f64 / whole as f64) }
}

/// Never "100 %" for less than all, nor "0 %" for more than nothing.
fn percent(fraction: f64) -> String {
    let shown = fraction * 100.0;
    if fraction < 1.0 && shown > 99.9 {
        return ">99.9 %".to_owned();
    }
    if fraction > 0.0 && shown < 0.1 {
        return "<0.1 %".to_owned();
    }
    format!("{shown:.1} %")
}

fn notes(answer: &UsageAnswer, zone: &TimeZone) {
    let unpriced = answer.total.unpriced_events;
    if unpriced > 0 {
        output::talk(format!(
            "{} of {} charged events have no price and cost nothing here: see `purser prices unpriced`",
            grouped(i128::from(unpriced)),
            grouped(i128::from(answer.total.charged_events)),
        ));
    }
    if let Some(newest) = answer.newest_event {
        output::talk(format!("times in {}; newest event {}", answer.zone, shown_time(newest, "hour", zone)));
    } else {
        output::talk("no usage");
    }
}

fn shown_time(at: Timestamp, grain: &str, zone: &TimeZone) -> String {
    let zoned = at.to_jiff().to_zoned(zone.clone());
    let format = if grain == "hour" { "%Y-%m-%d %H:%M %:z" } else { "%Y-%m-%d" };
    zoned.strftime(format).to_string()
}

fn title_of_grain(grain: &str) -> &'static str {
    match grain {
        "hour" => "Hour",
        "week" => "Week of",
        "month" => "Month of",
        _ => "Day",
    }
}

/// A dimension as a heading; a tag keeps its name.
fn title(name: &str) -> &str {
    match name {
        "provider" => "Provider",
        "model" => "Model",
        "response_model" => "Response model",
        "feature" => "Feature",
        "user" => "User",
        "agent" => "Agent",
        "skill" => "Skill",
        "run" => "Run",
        "session" => "Session",
        "project" => "Project",
        "environment" => "Environment",
        "source" => "Source",
        "operation" => "Operation",
        "service_tier" => "Service tier",
        "status" => "Status",
        "error_type" => "Error type",
        "inference_geo" => "Geography",
        "speed" => "Speed",
        "tool" => "Tool",
        "mcp_server" => "MCP server",
        "cost_source" => "Cost source",
        tag => tag,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_never_claims_all_or_nothing_wrongly() {
        for (fraction, expected) in
            [(0.0, "0.0 %"), (0.0004, "<0.1 %"), (0.5, "50.0 %"), (0.99999, ">99.9 %"), (1.0, "100.0 %")]
        {
            assert_eq!(percent(fraction), expected);
        }
    }
}
