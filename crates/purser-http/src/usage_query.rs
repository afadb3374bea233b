//! `GET /api/v1/usage/query`: what was spent, cut and filtered.

use axum::Json;
use axum::extract::State;
use purser_api::problem::Problem;
use purser_api::usage_query::UsageAnswer;
use purser_domain::time::{Grain, Timestamp};
use purser_domain::usage_query::{Dimension, Metric, Query};

use crate::app::App;
use crate::auth::Reader;
use crate::failure::Reply;
use crate::params::Params;
use crate::refusal::QueryRefusals;

/// The most rows of an answer.
const ROWS_MAX: usize = 100_000;
/// The most groups that are not folded into the rest.
const TOP_MAX: usize = 1_000;
/// The most dimensions of a question.
const GROUPS_MAX: usize = 6;

/// What was spent, per bucket of time and per group; rows add up to `total` to the last digit.
///
/// Filters are parameters named after dimensions (`model=…&tag:team=…`); repeated, any of them passes; empty means
/// "has none".
#[utoipa::path(
    get, path = "/api/v1/usage/query", tag = "usage", operation_id = "usage.query",
    params(
        ("from" = Option<String>, Query, description = "First instant inside, RFC 3339 with an offset"),
        ("to" = Option<String>, Query, description = "First instant after, RFC 3339 with an offset"),
        ("grain" = Option<String>, Query, description = "hour, day, week or month in the tenant's zone"),
        ("group_by" = Option<String>, Query, description = "Comma list of provider, model, response_model, feature, \
            user, agent, skill, run, session, project, environment, source, operation, service_tier, status, \
            error_type, inference_geo, speed, tool, mcp_server, cost_source, tag:KEY; a grain may stand among them"),
        ("metrics" = Option<String>, Query, description = "Comma list of requests, tokens per leaf \
            (input_tokens, …), errors, latency, rated_usd, reported_usd, rated_minus_reported_usd, all of them by \
            default, and units"),
        ("top" = Option<i32>, Query, minimum = 1, maximum = 1000, description = "Keep the costliest groups, fold the rest"),
        ("zero_fill" = Option<bool>, Query, description = "Show empty buckets"),
        ("as_of" = Option<String>, Query, description = "Only what was received until then"),
        ("provider" = Option<String>, Query), ("model" = Option<String>, Query),
        ("response_model" = Option<String>, Query), ("feature" = Option<String>, Query),
        ("user" = Option<String>, Query), ("agent" = Option<String>, Query), ("skill" = Option<String>, Query),
        ("run" = Option<String>, Query), ("session" = Option<String>, Query), ("project" = Option<String>, Query),
        ("environment" = Option<String>, Query), ("source" = Option<String>, Query),
        ("operation" = Option<String>, Query), ("service_tier" = Option<String>, Query),
        ("status" = Option<String>, Query), ("error_type" = Option<String>, Query),
        ("inference_geo" = Option<String>, Query), ("speed" = Option<String>, Query),
        ("tool" = Option<String>, Query), ("mcp_server" = Option<String>, Query),
        ("cost_source" = Option<String>, Query)
    ),
    responses((status = 200, body = UsageAnswer), QueryRefusals, (status = 503, body = Problem))
)]
pub(crate) async fn query(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Json<UsageAnswer>> {
    let query = read(params)?;
    let calendar = app.service.calendar(&who).await?;
    let answer = app.service.usage_query(&who, &query).await?;
    if answer.rows.len() > ROWS_MAX {
        let by: Vec<String> = query.by.iter().map(Dimension::name).collect();
        let reason = format!("gives {} rows, more than {ROWS_MAX}: narrow the window or use top", answer.rows.len());
        return Err(purser_service::error::Error::invalid_field("group_by", &by.join(","), &reason).into());
    }
    Ok(Json(UsageAnswer::new(&query, calendar.zone.iana_name().unwrap_or("UTC"), answer)))
}

fn read(mut params: Params) -> Reply<Query> {
    let window = params.window();
    let mut grain = params.parsed::<Grain>("grain");
    let by = groups(&mut params, &mut grain);
    let metrics = metrics(&mut params);
    let query = Query {
        window,
        as_of: params.parsed::<Timestamp>("as_of"),
        grain,
        by,
        metrics,
        top: params.optional_number("top", 1..=TOP_MAX),
        zero_fill: params.flag("zero_fill", false),
        filters: params.filters(),
    };
    params.finish()?;
    Ok(query)
}

fn groups(params: &mut Params, grain: &mut Option<Grain>) -> Vec<Dimension> {
    let mut by: Vec<Dimension> = Vec::new();
    let Some(text) = params.text("group_by") else { return by };
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if let Ok(also) = name.parse::<Grain>() {
            if grain.is_some_and(|known| known != also) {
                params.refuse("group_by", name, "contradicts grain");
            }
            *grain = Some(also);
            continue;
        }
        match name.parse::<Dimension>() {
            Ok(dimension) if by.contains(&dimension) => params.refuse("group_by", name, "is named twice"),
            Ok(dimension) => by.push(dimension),
            Err(reason) => params.refuse("group_by", name, reason),
        }
    }
    if by.len() > GROUPS_MAX {
        params.refuse("group_by", &text, format!("at most {GROUPS_MAX} dimensions"));
    }
    by
}

fn metrics(params: &mut Params) -> Vec<Metric> {
    let Some(text) = params.text("metrics") else { return Metric::all() };
    let mut metrics = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "cost") {
        match name.parse::<Metric>() {
            Ok(metric) if metrics.contains(&metric) && !name.starts_with("units.") => {
                params.refuse("metrics", name, "is named twice");
            }
            Ok(metric) if metrics.contains(&metric) => {}
            Ok(metric) => metrics.push(metric),
            Err(reason) => params.refuse("metrics", name, reason),
        }
    }
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(raw: &str) -> Vec<String> {
        let failure = read(Params::parse(raw)).expect_err(raw);
        failure.problem("r").fields.into_iter().map(|field| field.field).collect()
    }

    #[test]
    fn a_question_reads_all_its_parts() {
        let query = read(Params::parse(
            "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&group_by=day,model,tag:team&top=5&metrics=cost,requests\
             &zero_fill=true&user=u1&user=u2&as_of=2026-01-03T00:00:00Z",
        ))
        .expect("a good question");
        assert_eq!(query.grain, Some(Grain::Day));
        assert_eq!(query.by, [Dimension::Model, Dimension::Tag("team".to_owned())]);
        assert_eq!(query.metrics, [Metric::Requests]);
        assert_eq!((query.top, query.zero_fill), (Some(5), true));
        assert_eq!(query.filters[0].values.len(), 2);
    }

    #[test]
    fn every_bad_part_is_named() {
        assert_eq!(
            refused("group_by=colour,model,model&metrics=love&top=0&grain=year"),
            ["grain", "group_by", "group_by", "metrics", "top"]
        );
        assert_eq!(refused("group_by=day&grain=hour"), ["group_by"]);
    }
}
