//! Foreign formats: CloudEvents as OpenMeter takes them, LiteLLM's logging payload, the reference's cost record.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use purser_api::cost_record::{CostRecordBody, CostRecorded, EnvelopeMeta, RecordedId};
use purser_api::problem::Problem;
use purser_api::usage_event::Receipt;
use purser_service::decode as ingest;
use purser_service::ingest::{Options, Receipt as Taken};

use crate::app::App;
use crate::auth::Sender;
use crate::body::{Media, Payload};
use crate::context::RequestId;
use crate::decode;
use crate::failure::Reply;
use crate::params::NoParams;
use crate::refusal::BodyRefusals;

/// CloudEvents, one or a batch. 204 if there is nothing to say, as OpenMeter answers; else 202 with what was refused or
/// passed over.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "usage", operation_id = "events.ingest",
    request_body(content(
        (serde_json::Value = "application/cloudevents+json"),
        (Vec<serde_json::Value> = "application/cloudevents-batch+json"), (serde_json::Value = "application/json")
    )),
    responses((status = 202, body = Receipt), (status = 204), BodyRefusals, (status = 413, body = Problem))
)]
pub(crate) async fn cloud_events(
    State(app): State<App>,
    Sender(who): Sender,
    _: NoParams,
    payload: Payload,
) -> Reply<Response> {
    payload.expect(&[Media::CloudEvent, Media::CloudEventBatch, Media::Json])?;
    let (bytes, now) = (payload.bytes.clone(), app.service.now());
    let read = move || ingest::cloud_event::decode(&bytes, now);
    let taken = decode::take_in(&app, &who, "cloud_events", payload.bytes.len(), &Options::partial(), read).await?;
    if is_clean(&taken) && taken.notice.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok((StatusCode::ACCEPTED, Json(decode::wire(taken))).into_response())
}

/// LiteLLM's `StandardLoggingPayload`, one or a list. 200 if nothing was refused, else 202.
#[utoipa::path(
    post, path = "/api/v1/litellm", tag = "usage", operation_id = "litellm.ingest",
    request_body = serde_json::Value,
    responses(
        (status = 200, body = Receipt), (status = 202, body = Receipt), BodyRefusals, (status = 413, body = Problem)
    )
)]
pub(crate) async fn litellm(
    State(app): State<App>,
    Sender(who): Sender,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<Receipt>)> {
    payload.expect(&[Media::Json, Media::Ndjson])?;
    let (bytes, now) = (payload.bytes.clone(), app.service.now());
    let read = move || ingest::litellm::decode(&bytes, now);
    let taken = decode::take_in(&app, &who, "litellm", payload.bytes.len(), &Options::partial(), read).await?;
    let status = if is_clean(&taken) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(decode::wire(taken))))
}

fn is_clean(taken: &Taken) -> bool {
    taken.refused.is_empty() && taken.conflicts.is_empty()
}

/// The reference's cost record: what a call cost by the writer's own account, fractions of a cent kept.
#[utoipa::path(
    post, path = "/api/v1/cost/record", tag = "cost", operation_id = "cost.record", request_body = CostRecordBody,
    responses(
        (status = 201, body = CostRecorded), (status = 200, body = CostRecorded, description = "Known already"),
        BodyRefusals, (status = 409, body = Problem)
    )
)]
pub(crate) async fn cost_record(
    State(app): State<App>,
    Sender(who): Sender,
    context: RequestId,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<CostRecorded>)> {
    payload.expect(&[Media::Json])?;
    let now = app.service.now();
    let started = std::time::Instant::now();
    let decoded = ingest::cost_record::decode(&payload.bytes, &fresh_id(&context), now)
        .map_err(|why| decode::unreadable(&why))?;
    let id = decoded.events.first().map(|incoming| incoming.event.event_id.clone()).unwrap_or_default();
    let options = Options { reported: true, ..Options::strict() };
    let taken = decode::store(&app, &who, "cost_record", started, &options, decoded).await?;
    let status = if taken.duplicates > 0 { StatusCode::OK } else { StatusCode::CREATED };
    let data = RecordedId { id, status: "recorded".to_owned() };
    let meta = EnvelopeMeta { request_id: context.id, timestamp: now };
    Ok((status, Json(CostRecorded { data, meta })))
}

/// The id of a record whose writer gave none.
fn fresh_id(context: &RequestId) -> String {
    context.id.replacen("req_", "cr_", 1)
}
