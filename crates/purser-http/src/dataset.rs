//! `/api/v1/costsim/datasets`: plans with known answers, and whether `v2` is acceptable on them.

use axum::Json;
use axum::extract::State;
use purser_api::dataset::{DatasetRecord, DatasetSuite, DatasetSummary, DatasetValidation};
use purser_api::problem::Problem;

use crate::app::App;
use crate::auth::Reader;
use crate::body::NoBody;
use crate::failure::Reply;
use crate::params::{Named, NoParams};
use crate::refusal::{BodyRefusals, KeyRefusals};

/// Every dataset without its samples.
#[utoipa::path(
    get, path = "/api/v1/costsim/datasets", tag = "simulation", operation_id = "costsim.datasets_list",
    responses((status = 200, body = Vec<DatasetSummary>), KeyRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<Vec<DatasetSummary>>> {
    Ok(Json(app.service.datasets(&who)?.into_iter().map(Into::into).collect()))
}

/// One dataset with its samples.
#[utoipa::path(
    get, path = "/api/v1/costsim/datasets/{id}", tag = "simulation", operation_id = "costsim.datasets_show",
    params(("id" = String, Path, example = "low_variance")),
    responses((status = 200, body = DatasetRecord), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<Json<DatasetRecord>> {
    Ok(Json(app.service.dataset(&who, &id)?.into()))
}

/// Whether `v2` is acceptable on one dataset.
#[utoipa::path(
    post, path = "/api/v1/costsim/datasets/{id}/validate", tag = "simulation",
    operation_id = "costsim.datasets_validate", params(("id" = String, Path, example = "low_variance")),
    responses((status = 200, body = DatasetValidation), BodyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn validate(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
    _: NoBody,
) -> Reply<Json<DatasetValidation>> {
    Ok(Json(app.service.dataset_validate(&who, &id)?.into()))
}

/// Whether `v2` is acceptable on every dataset.
#[utoipa::path(
    post, path = "/api/v1/costsim/datasets/validate-all", tag = "simulation",
    operation_id = "costsim.datasets_validate_all",
    responses((status = 200, body = DatasetSuite), BodyRefusals)
)]
pub(crate) async fn validate_all(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    _: NoBody,
) -> Reply<Json<DatasetSuite>> {
    Ok(Json(DatasetSuite::new(app.service.dataset_validate_all(&who)?, app.service.now())))
}
