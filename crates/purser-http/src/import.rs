//! Imports: begin, end, list, show. Their batches go to `POST /api/v1/usage/events?import_id=…`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::import::{ImportDraft, ImportPage, ImportPatch, ImportRecord};
use purser_api::problem::Problem;
use purser_domain::time::Timestamp;
use purser_service::import::{Counts, Import, Status};

use crate::app::App;
use crate::auth::{Reader, Sender};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, QueryRefusals};

/// The largest count of rows.
const ROWS_MAX: i64 = 1 << 53;

/// Begins an import.
#[utoipa::path(
    post, path = "/api/v1/usage/imports", tag = "usage", operation_id = "imports.begin", request_body = ImportDraft,
    responses((status = 201, body = ImportRecord), BodyRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    Sender(who): Sender,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<ImportRecord>)> {
    let mut fields = Fields::read(&payload)?;
    let [format, source, name] = ["format", "source", "name"].map(|name| fields.required_text(name));
    fields.finish()?;
    let import = app.service.import_begin(&who, &format, &source, &name).await?;
    Ok((StatusCode::CREATED, Json(record(import))))
}

/// Ends an import with what became of its rows.
#[utoipa::path(
    patch, path = "/api/v1/usage/imports/{id}", tag = "usage", operation_id = "imports.end",
    params(("id" = String, Path)), request_body = ImportPatch,
    responses(
        (status = 200, body = ImportRecord), BodyRefusals, (status = 404, body = Problem),
        (status = 409, body = Problem)
    )
)]
pub(crate) async fn patch(
    State(app): State<App>,
    Sender(who): Sender,
    Named(id): Named<String>,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<ImportRecord>> {
    let mut fields = Fields::read(&payload)?;
    let status = fields.required_text("status");
    let ended = match status.as_str() {
        "finished" => Some(Status::Finished),
        "failed" => Some(Status::Failed),
        "" => None,
        other => {
            fields.refuse("status", other, "must be finished or failed");
            None
        }
    };
    let mut count = |name: &str| fields.integer(name, 0..=ROWS_MAX).unwrap_or(0).unsigned_abs();
    let counts = Counts {
        accepted: count("accepted"),
        duplicate: count("duplicates"),
        conflict: count("conflicts"),
        refused: count("refused"),
    };
    fields.finish()?;
    let import = app.service.import_end(&who, &id, ended.unwrap_or(Status::Failed), counts).await?;
    Ok(Json(record(import)))
}

/// One import.
#[utoipa::path(
    get, path = "/api/v1/usage/imports/{id}", tag = "usage", operation_id = "imports.show",
    params(("id" = String, Path)),
    responses((status = 200, body = ImportRecord), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<Json<ImportRecord>> {
    Ok(Json(record(app.service.import(&who, &id).await?)))
}

/// Imports, newest first.
#[utoipa::path(
    get, path = "/api/v1/usage/imports", tag = "usage", operation_id = "imports.list",
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")
    ),
    responses((status = 200, body = ImportPage), QueryRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, mut params: Params) -> Reply<Json<ImportPage>> {
    let before = params.cursor(cursor);
    let limit = params.page_limit();
    params.finish()?;
    let before = before.as_ref().map(|(at, id)| (*at, id.as_str()));
    let mut found = app.service.imports(&who, limit as u64 + 1, before).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|import| format!("i{}.{}", import.started_at.micros(), import.id));
    Ok(Json(ImportPage { imports: found.into_iter().map(record).collect(), next_cursor }))
}

/// The start and id of the import that the page follows.
fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (at, id) = text.strip_prefix('i')?.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), id.to_owned()))
}

fn record(import: Import) -> ImportRecord {
    ImportRecord {
        id: import.id,
        format: import.format,
        source: import.source,
        name: import.name,
        status: import.status.name().to_owned(),
        started_at: import.started_at,
        finished_at: import.finished_at,
        accepted: import.counts.accepted,
        duplicates: import.counts.duplicate,
        conflicts: import.counts.conflict,
        refused: import.counts.refused,
        voided_at: import.voided_at,
        void_reason: import.void_reason,
    }
}
