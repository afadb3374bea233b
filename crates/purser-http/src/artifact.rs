//! `/api/v1/artifacts`: what computed datasets were made from.

use axum::Json;
use axum::extract::State;
use purser_api::artifact::{ArtifactDraft, ArtifactPage, ArtifactRecord};
use purser_api::problem::Problem;
use purser_domain::artifact::Made;
use purser_domain::time::Timestamp;

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, QueryRefusals};

/// Saves what a version of a dataset was made from, over what was saved of it before.
#[utoipa::path(
    post, path = "/api/v1/artifacts", tag = "simulation", operation_id = "artifacts.save",
    request_body = ArtifactDraft,
    responses((status = 200, body = ArtifactRecord), BodyRefusals)
)]
pub(crate) async fn save(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<ArtifactRecord>> {
    let mut fields = Fields::read(&payload)?;
    let [dataset_id, dataset_version, input_window_hash, compute_code_version] =
        ["dataset_id", "dataset_version", "input_window_hash", "compute_code_version"]
            .map(|name| fields.required_text(name));
    let as_of = fields.required_time("as_of");
    fields.finish()?;
    let made = Made { dataset_id, dataset_version, input_window_hash, as_of, compute_code_version };
    Ok(Json(app.service.artifact_save(&who, made).await?.into()))
}

/// What a dataset was made from: the version asked for, or the one saved last.
#[utoipa::path(
    get, path = "/api/v1/artifacts/{dataset_id}", tag = "simulation", operation_id = "artifacts.show",
    params(("dataset_id" = String, Path), ("dataset_version" = Option<String>, Query)),
    responses((status = 200, body = ArtifactRecord), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(dataset_id): Named<String>,
    mut params: Params,
) -> Reply<Json<ArtifactRecord>> {
    let version = params.text("dataset_version");
    params.finish()?;
    Ok(Json(app.service.artifact(&who, &dataset_id, version.as_deref()).await?.into()))
}

/// Artifacts, those saved last first.
#[utoipa::path(
    get, path = "/api/v1/artifacts", tag = "simulation", operation_id = "artifacts.list",
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")
    ),
    responses((status = 200, body = ArtifactPage), QueryRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, mut params: Params) -> Reply<Json<ArtifactPage>> {
    let before = params.cursor(cursor);
    let limit = params.page_limit();
    params.finish()?;
    let before = before.as_ref().map(|(at, id)| (*at, id.as_str()));
    let mut found = app.service.artifacts(&who, limit as u64 + 1, before).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|artifact| format!("a{}.{}", artifact.recorded_at.micros(), artifact.id));
    Ok(Json(ArtifactPage { artifacts: found.into_iter().map(Into::into).collect(), next_cursor }))
}

/// The time and id of the artifact that the page follows.
fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (at, id) = text.strip_prefix('a')?.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), id.to_owned()))
}
