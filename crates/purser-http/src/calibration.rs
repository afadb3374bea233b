//! `/api/v1/calibrations`: what is learned from the tenant's own runs.

use axum::Json;
use axum::extract::State;
use purser_api::calibration::{CalibrationAnswer, CalibrationList, CalibrationRequest};
use purser_api::problem::Problem;
use purser_service::calibration::{LIST_MAX, WINDOW_MICROS, window_before};

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{NoParams, Params};

/// How many calibrations are listed if the request does not say.
const LISTED: usize = 10;

/// The calibrations, newest first; the first is in force.
#[utoipa::path(
    get, path = "/api/v1/calibrations", tag = "simulation", operation_id = "calibrations.list",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "The newest so many; 10 by default")),
    responses(
        (status = 200, body = CalibrationList), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem)
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<CalibrationList>> {
    let most = usize::try_from(LIST_MAX).unwrap_or(usize::MAX);
    let limit = params.number("limit", 1..=most, LISTED);
    params.finish()?;
    let calibrations = app.service.calibrations(&who, limit as u64).await?;
    Ok(Json(CalibrationList { calibrations: calibrations.into_iter().map(Into::into).collect() }))
}

/// Learns from the tenant's own runs by skill and model; simulations under `v3` rest on it from then on.
#[utoipa::path(
    post, path = "/api/v1/calibrations", tag = "simulation", operation_id = "calibrations.create",
    request_body = CalibrationRequest,
    responses(
        (status = 200, body = CalibrationAnswer), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<CalibrationAnswer>> {
    let mut fields = Fields::read(&payload)?;
    let (from, to) = (fields.time("from"), fields.time("to"));
    let dry_run = fields.flag("dry_run").unwrap_or(false);
    fields.finish()?;
    let window = window_before(from, to, app.service.now(), WINDOW_MICROS)?;
    let found = app.service.calibrate(&who, window, dry_run).await?;
    Ok(Json(CalibrationAnswer { kept: found.is_kept, calibration: found.fitted.into() }))
}
