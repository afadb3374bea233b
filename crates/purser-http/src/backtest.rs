//! `GET /api/v1/simulate/backtest`: how good predictions of past runs were.

use axum::Json;
use axum::extract::State;
use purser_api::backtest::BacktestReport;
use purser_api::problem::Problem;
use purser_domain::time::Timestamp;
use purser_service::backtest::BACKTEST_MICROS;
use purser_service::calibration::window_before;

use crate::app::App;
use crate::auth::Reader;
use crate::failure::Reply;
use crate::params::Params;
use crate::turn::in_turn;

/// Predicts the cost of every run of a window with what was known before it, and scores the predictions.
#[utoipa::path(
    get, path = "/api/v1/simulate/backtest", tag = "simulation", operation_id = "simulation.backtest",
    params(
        ("from" = Option<String>, Query, format = DateTime, description = "First instant; 30 days before `to` by default"),
        ("to" = Option<String>, Query, format = DateTime, description = "First instant after; now by default"),
    ),
    responses(
        (status = 200, body = BacktestReport), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn report(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<BacktestReport>> {
    let (from, to) = (params.parsed::<Timestamp>("from"), params.parsed::<Timestamp>("to"));
    params.finish()?;
    let window = window_before(from, to, app.service.now(), BACKTEST_MICROS)?;
    let service = app.service.clone();
    let report = in_turn(&app, async move { service.backtest(&who, window).await }).await?;
    Ok(Json(report.into()))
}
