//! `/api/v1/reconciliations`: bills held against the ledger.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::problem::Problem;
use purser_api::reconciliation::{
    ReconciliationPage, ReconciliationRecord, ReconciliationRequest, tolerance_millionths,
};
use purser_domain::time::Timestamp;

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::{Payload, off_reactor};
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, QueryRefusals};

/// Holds a bill against what the ledger charged on its days: by model, day and tier the billed, the rated, the
/// difference and its causes.
#[utoipa::path(
    post, path = "/api/v1/reconciliations", tag = "cost", operation_id = "reconciliations.create",
    request_body = ReconciliationRequest,
    responses((status = 201, body = ReconciliationRecord), BodyRefusals, (status = 413, body = Problem))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<ReconciliationRecord>)> {
    let mut fields = Fields::read(&payload)?;
    fields.require("bill");
    let text = fields.document("bill");
    let name = fields.text("name").unwrap_or_else(|| "bill".to_owned());
    let percent = fields.text("tolerance_percent").unwrap_or_else(|| "1".to_owned());
    let tolerance = tolerance_millionths(&percent);
    if tolerance.is_none() {
        fields.refuse("tolerance_percent", &percent, "must be a percentage from 0 to 100");
    }
    fields.finish()?;
    let (text, now) = (text.unwrap_or_default(), app.service.now());
    let read = move || purser_service::reconciliation::read(&name, text.into_bytes(), now);
    let bill = off_reactor(true, read).await??;
    let recorded = app.service.reconcile(&who, bill, tolerance.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json((&recorded).into())))
}

/// One reconciliation with its rows.
#[utoipa::path(
    get, path = "/api/v1/reconciliations/{id}", tag = "cost", operation_id = "reconciliations.show",
    params(("id" = String, Path)),
    responses((status = 200, body = ReconciliationRecord), QueryRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<Json<ReconciliationRecord>> {
    Ok(Json((&app.service.reconciliation(&who, &id).await?).into()))
}

/// Reconciliations, the newest first, without their rows.
#[utoipa::path(
    get, path = "/api/v1/reconciliations", tag = "cost", operation_id = "reconciliations.list",
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")
    ),
    responses((status = 200, body = ReconciliationPage), QueryRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<ReconciliationPage>> {
    let before = params.cursor(cursor);
    let limit = params.page_limit();
    params.finish()?;
    let before = before.as_ref().map(|(at, id)| (*at, id.as_str()));
    let mut found = app.service.reconciliations(&who, limit as u64 + 1, before).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_cursor = last.map(|recorded| format!("r{}.{}", recorded.recorded_at.micros(), recorded.id));
    let reconciliations = found.iter().map(ReconciliationRecord::summary).collect();
    Ok(Json(ReconciliationPage { reconciliations, next_cursor }))
}

/// The time and id of the reconciliation that the page follows.
fn cursor(text: &str) -> Option<(Timestamp, String)> {
    let (at, id) = text.strip_prefix('r')?.split_once('.')?;
    Some((Timestamp::from_micros(at.parse().ok()?), id.to_owned()))
}
