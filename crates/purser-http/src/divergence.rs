//! `/api/v1/costsim/divergence`: how far the candidate lies from the baseline, and both from metered cost.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use purser_api::divergence::DivergenceReport;
use purser_api::problem::Problem;
use purser_domain::time::{Timestamp, Window};
use purser_service::Principal;
use purser_service::divergence::{self, Question, SAMPLES_MAX, days_before};

use crate::app::App;
use crate::auth::Reader;
use crate::export::attachment;
use crate::failure::{Failure, Reply};
use crate::params::Params;
use crate::refusal::QueryRefusals;

/// How far the candidate lies from the baseline over the recorded pairs of a window, and both from metered cost. CSV
/// and Parquet hold every sample, JSON the figures and the first hundred.
#[utoipa::path(
    get, path = "/api/v1/costsim/divergence", tag = "simulation", operation_id = "costsim.divergence",
    params(
        ("start_date" = Option<String>, Query, format = DateTime, description = "First instant; `days` before the end by default"),
        ("end_date" = Option<String>, Query, format = DateTime, description = "First instant after; now by default"),
        ("days" = Option<u32>, Query, minimum = 1, maximum = 90, description = "7 by default; not with start_date"),
        ("dataset" = Option<String>, Query, description = "Only this dataset's plans, with its budgets"),
        ("version" = Option<String>, Query, description = "Only this version of the candidate"),
        ("tenant_id" = Option<String>, Query, description = "Must be the key's tenant, if given"),
        ("max_samples" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "The newest so many; 1000 by default"),
        ("format" = Option<String>, Query, description = "`json` (default), `csv` or `parquet`"),
    ),
    responses(
        (status = 200, content(
            (DivergenceReport = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet")
        )),
        QueryRefusals, (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn report(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Response> {
    let (question, format) = read(params, &who, app.service.now())?;
    let answer = app.service.divergence(&who, &question).await?;
    Ok(match format {
        "csv" => attachment(divergence::csv(&answer.samples), "text/csv; charset=utf-8", "divergence.csv"),
        "parquet" => {
            attachment(divergence::parquet(&answer.samples)?, "application/vnd.apache.parquet", "divergence.parquet")
        }
        _ => Json(DivergenceReport::from(answer.report)).into_response(),
    })
}

fn read(mut params: Params, who: &Principal, now: Timestamp) -> Reply<(Question, &'static str)> {
    let end = params.parsed::<Timestamp>("end_date").unwrap_or(now);
    let start = params.parsed::<Timestamp>("start_date");
    let days = params.optional_number("days", 1..=90);
    if let (Some(_), Some(days)) = (start, days) {
        params.refuse("days", &days.to_string(), "cannot be given with start_date");
    }
    let window = match start {
        Some(start) => Window::new(start, end),
        None => days_before(end, u32::try_from(days.unwrap_or(7)).unwrap_or(7)),
    };
    if window.is_none() {
        params.refuse(
            "start_date",
            &start.map_or_else(String::new, |start| start.to_string()),
            "must be before end_date",
        );
    }
    let (dataset, version) = (params.text("dataset"), params.text("version"));
    if let Some(tenant) = params.text("tenant_id")
        && tenant != who.tenant().as_str()
    {
        params.refuse("tenant_id", &tenant, "is not the tenant of the key");
    }
    let samples_max = params.number("max_samples", 1..=SAMPLES_MAX, 1_000);
    let format = params.one_of("format", &["json", "csv", "parquet"]);
    params.finish()?;
    let window = window.ok_or_else(|| Failure::malformed("the window is empty"))?;
    Ok((Question { window, dataset, version, samples_max }, format))
}
