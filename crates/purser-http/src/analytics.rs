//! The analytics facade: usage and cost statistics over at most 90 days, whole or as exports.
//! Invariant: an export is the same answer as the read, in another form; the parts of an answer share one `as_of`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use purser_api::analytics::{AnalyticsHealth, AnalyticsStatus, CostStatistics, Signals, TopicStatus, UsageStatistics};
use purser_api::problem::Problem;
use purser_service::principal::Principal;

use crate::app::App;
use crate::auth::Reader;
use crate::export;
use crate::failure::Reply;
use crate::params::NoParams;
use crate::refusal::KeyRefusals;

mod question;
mod statistics;

use statistics::Asked;

/// The parameters that all statistics take, for the document.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; `Asked` reads them")]
pub(crate) struct StatisticsParams {
    /// First instant inside, RFC 3339 with an offset.
    #[param(format = DateTime)]
    from: String,
    /// First instant after, at most 90 days later.
    #[param(format = DateTime)]
    to: String,
    /// `hour` or `day` (default).
    resolution: Option<String>,
    /// `org` (default), `project` or `env`.
    scope: Option<String>,
    /// The project or environment.
    scope_id: Option<String>,
    /// Only what was received until then.
    #[param(format = DateTime)]
    as_of: Option<String>,
}

async fn signals(app: &App, who: &Principal, mut sources: Vec<String>) -> Reply<Signals> {
    let freshness = app.service.freshness(who).await?;
    if sources.is_empty() {
        sources.push("none".to_owned());
    }
    Ok(Signals { sources, freshness_sec: freshness.freshness_sec, state: freshness.state.name().to_owned() })
}

/// Usage over a window.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/usage", tag = "analytics",
    operation_id = "analytics.statistics_usage", params(StatisticsParams),
    responses(
        (status = 200, body = UsageStatistics), KeyRefusals, (status = 400, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn usage(mut asked: Asked) -> Reply<Json<UsageStatistics>> {
    Ok(Json(asked.usage().await?))
}

/// Usage over a window as CSV.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/usage/export.csv", tag = "analytics",
    operation_id = "analytics.statistics_usage_csv", params(StatisticsParams),
    responses((status = 200, content_type = "text/csv", body = String), KeyRefusals, (status = 400, body = Problem))
)]
pub(crate) async fn usage_csv(mut asked: Asked) -> Reply<Response> {
    let csv = export::usage_csv(&asked.usage().await?);
    Ok(export::attachment(csv, "text/csv; charset=utf-8", &asked.file_name("usage", "csv")))
}

/// Usage over a window as a JSON file.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/usage/export.json", tag = "analytics",
    operation_id = "analytics.statistics_usage_json", params(StatisticsParams),
    responses((status = 200, body = UsageStatistics), KeyRefusals, (status = 400, body = Problem))
)]
pub(crate) async fn usage_json(mut asked: Asked) -> Reply<Response> {
    export::json(&asked.usage().await?, &asked.file_name("usage", "json"))
}

/// Cost over a window.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/cost", tag = "analytics",
    operation_id = "analytics.statistics_cost", params(StatisticsParams),
    responses(
        (status = 200, body = CostStatistics), KeyRefusals, (status = 400, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn cost(mut asked: Asked) -> Reply<Json<CostStatistics>> {
    Ok(Json(asked.cost().await?))
}

/// Cost over a window as CSV; cents with all their decimals.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/cost/export.csv", tag = "analytics",
    operation_id = "analytics.statistics_cost_csv", params(StatisticsParams),
    responses((status = 200, content_type = "text/csv", body = String), KeyRefusals, (status = 400, body = Problem))
)]
pub(crate) async fn cost_csv(mut asked: Asked) -> Reply<Response> {
    let csv = export::cost_csv(&asked.cost().await?);
    Ok(export::attachment(csv, "text/csv; charset=utf-8", &asked.file_name("cost", "csv")))
}

/// Cost over a window as a JSON file.
#[utoipa::path(
    get, path = "/api/v1/analytics/statistics/cost/export.json", tag = "analytics",
    operation_id = "analytics.statistics_cost_json", params(StatisticsParams),
    responses((status = 200, body = CostStatistics), KeyRefusals, (status = 400, body = Problem))
)]
pub(crate) async fn cost_json(mut asked: Asked) -> Reply<Response> {
    export::json(&asked.cost().await?, &asked.file_name("cost", "json"))
}

/// What the facade serves, and how fresh it is.
#[utoipa::path(
    get, path = "/api/v1/analytics/_status", tag = "analytics", operation_id = "analytics.status",
    responses((status = 200, body = AnalyticsStatus), KeyRefusals)
)]
pub(crate) async fn status(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<AnalyticsStatus>> {
    let topic = |signals| TopicStatus { read: true, write: false, signals };
    Ok(Json(AnalyticsStatus {
        domain: "analytics".to_owned(),
        subdomains: vec!["statistics".to_owned()],
        topics: BTreeMap::from([("usage".to_owned(), topic(3)), ("cost".to_owned(), topic(1))]),
        signals: signals(&app, &who, vec!["ledger".to_owned()]).await?,
    }))
}

/// Whether the facade answers.
#[utoipa::path(
    get, path = "/api/v1/analytics/health", tag = "analytics", operation_id = "analytics.health",
    responses((status = 200, body = AnalyticsHealth), KeyRefusals)
)]
pub(crate) async fn health(_who: Reader, _: NoParams) -> Json<AnalyticsHealth> {
    Json(AnalyticsHealth { status: "healthy".to_owned(), domain: "analytics".to_owned() })
}
