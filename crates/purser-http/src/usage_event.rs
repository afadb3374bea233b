//! Usage events: send, list, show, void; and the ids that clashed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::conflict::{ConflictPage, ConflictRecord};
use purser_api::problem::Problem;
use purser_api::usage_event::{EventDetail, EventPage, PassedOverList, PassedOverRecord, Receipt, UsageEventBody};
use purser_api::void::{VoidReceipt, VoidRequest};
use purser_domain::entry::Kind;
use purser_domain::time::Timestamp;
use purser_service::conflict::Record;
use purser_service::decode::native;
use purser_service::ingest::{Options, Prefer};
use purser_service::ledger::entry_filter::{EntryFilter, Page};
use purser_service::passed_over;

use crate::app::App;
use crate::auth::{Operator, Reader, Sender};
use crate::body::{Media, Payload};
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, QueryRefusals};
use crate::{decode, entry};

/// Stores usage events: a JSON array, one object, or NDJSON; all of them or, with `partial=true`, the good ones.
#[utoipa::path(
    post, path = "/api/v1/usage/events", tag = "usage", operation_id = "usage.ingest",
    params(
        ("partial" = Option<bool>, Query, description = "Store the good items although others are refused"),
        ("import_id" = Option<String>, Query, description = "The running import that they are part of"),
        ("dry_run" = Option<bool>, Query, description = "Check and rate, store nothing"),
        ("prefer" = Option<String>, Query, description = "rated or reported: which cost stands where both are known")
    ),
    request_body(content(
        (Vec<UsageEventBody> = "application/json"), (String = "application/x-ndjson")
    )),
    responses(
        (status = 202, body = Receipt), BodyRefusals, (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn ingest(
    State(app): State<App>,
    Sender(who): Sender,
    mut params: Params,
    payload: Payload,
) -> Reply<(StatusCode, Json<Receipt>)> {
    let partial = params.flag("partial", false);
    let (import_id, dry_run) = (params.text("import_id"), params.flag("dry_run", false));
    let prefer = params.parsed::<Prefer>("prefer");
    params.finish()?;
    payload.expect(&[Media::Json, Media::Ndjson])?;
    let options = if partial { Options::partial() } else { Options::strict() };
    let options = Options { import_id, dry_run, prefer, ..options };
    let (bytes, now) = (payload.bytes.clone(), app.service.now());
    let read = move || native::decode(&bytes, now);
    let receipt = decode::take_in(&app, &who, "api", payload.bytes.len(), &options, read).await?;
    Ok((StatusCode::ACCEPTED, Json(decode::wire(receipt))))
}

/// Ledger rows, newest received first, a page at a time. Filters are parameters named after dimensions.
#[utoipa::path(
    get, path = "/api/v1/usage/events", tag = "usage", operation_id = "usage.events",
    params(
        ("from" = Option<String>, Query, description = "First instant inside"),
        ("to" = Option<String>, Query, description = "First instant after"),
        ("as_of" = Option<String>, Query, description = "Only what was received until then"),
        ("kind" = Option<String>, Query, description = "charge, reversal or observation; repeatable"),
        ("event_id" = Option<String>, Query), ("response_id" = Option<String>, Query),
        ("import_id" = Option<String>, Query),
        ("unpriced" = Option<bool>, Query, description = "Only rows without a cost"),
        ("provider" = Option<String>, Query), ("model" = Option<String>, Query),
        ("feature" = Option<String>, Query), ("user" = Option<String>, Query), ("agent" = Option<String>, Query),
        ("run" = Option<String>, Query), ("session" = Option<String>, Query), ("project" = Option<String>, Query),
        ("environment" = Option<String>, Query), ("source" = Option<String>, Query),
        ("response_model" = Option<String>, Query), ("skill" = Option<String>, Query),
        ("operation" = Option<String>, Query), ("service_tier" = Option<String>, Query),
        ("status" = Option<String>, Query), ("error_type" = Option<String>, Query),
        ("inference_geo" = Option<String>, Query), ("speed" = Option<String>, Query),
        ("tool" = Option<String>, Query), ("mcp_server" = Option<String>, Query),
        ("cost_source" = Option<String>, Query),
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")
    ),
    responses((status = 200, body = EventPage), QueryRefusals, (status = 503, body = Problem))
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, mut params: Params) -> Reply<Json<EventPage>> {
    let kinds = kinds(&mut params);
    let filter = EntryFilter {
        window: params.window(),
        as_of: params.parsed::<Timestamp>("as_of"),
        kinds,
        import_id: params.text("import_id"),
        event_id: params.text("event_id"),
        response_id: params.text("response_id"),
        unpriced: params.flag("unpriced", false),
        filters: params.filters(),
    };
    let page = Page { before: cursor(&mut params, "e").map(Timestamp::from_micros), limit: params.page_limit() };
    params.finish()?;
    let found = app.service.events(&who, &filter, page).await?;
    Ok(Json(EventPage {
        events: found.entries.into_iter().map(entry::record).collect(),
        total: found.total,
        next_cursor: found.next.map(|at| format!("e{}", at.micros())),
    }))
}

fn kinds(params: &mut Params) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for name in params.many("kind") {
        match name.parse::<Kind>() {
            Ok(kind) => kinds.push(kind),
            Err(reason) => params.refuse("kind", &name, reason),
        }
    }
    kinds
}

/// The number in a cursor that starts with `mark`.
fn cursor(params: &mut Params, mark: &str) -> Option<i64> {
    params.cursor(|text| text.strip_prefix(mark)?.parse().ok())
}

/// One event with its leaves, price version, match reason, other sightings and corrections.
#[utoipa::path(
    get, path = "/api/v1/usage/events/{id}", tag = "usage", operation_id = "usage.event",
    params(
        ("id" = String, Path, description = "The event's id"),
        ("source" = Option<String>, Query, description = "Its source, if several used the id")
    ),
    responses(
        (status = 200, body = EventDetail), QueryRefusals, (status = 404, body = Problem),
        (status = 409, body = Problem)
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    mut params: Params,
) -> Reply<Json<EventDetail>> {
    let source = params.text("source");
    params.finish()?;
    let detail = app.service.event(&who, &id, source.as_deref()).await?;
    Ok(Json(entry::detail(detail, id)))
}

/// Event ids that came again with another payload, newest first.
#[utoipa::path(
    get, path = "/api/v1/usage/conflicts", tag = "usage", operation_id = "usage.conflicts",
    params(
        ("limit" = Option<i32>, Query, minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before")
    ),
    responses((status = 200, body = ConflictPage), QueryRefusals)
)]
pub(crate) async fn conflicts(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<ConflictPage>> {
    let before = cursor(&mut params, "c");
    let limit = params.page_limit();
    params.finish()?;
    let (mut found, total) = app.service.conflicts(&who, limit as u64 + 1, before).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| format!("c{}", last.seq));
    Ok(Json(ConflictPage { conflicts: found.into_iter().map(conflict).collect(), total, next_cursor }))
}

fn conflict(record: Record) -> ConflictRecord {
    ConflictRecord {
        id: record.seq,
        source: record.source,
        event_id: record.event_id,
        times: record.times,
        first_at: record.first_at,
        last_at: record.last_at,
        import_id: record.import_id,
    }
}

/// What receivers read and did not charge: by emitter, operation and reason, doubtful kinds first.
#[utoipa::path(
    get, path = "/api/v1/usage/passed-over", tag = "usage", operation_id = "usage.passed_over",
    params(("since" = Option<String>, Query, description = "Only what came on the UTC day of this instant or later")),
    responses((status = 200, body = PassedOverList), QueryRefusals, (status = 503, body = Problem))
)]
pub(crate) async fn passed_over(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<PassedOverList>> {
    let since = params.parsed::<Timestamp>("since");
    params.finish()?;
    let found = app.service.passed_over(&who, since).await?;
    let record = |r: passed_over::Record| PassedOverRecord::new(r.kind, r.count, r.first_at, r.last_at);
    Ok(Json(PassedOverList { passed_over: found.into_iter().map(record).collect() }))
}

/// Takes back one event or a whole import, by corrections.
#[utoipa::path(
    post, path = "/api/v1/usage/void", tag = "usage", operation_id = "usage.void", request_body = VoidRequest,
    responses(
        (status = 200, body = VoidReceipt), BodyRefusals, (status = 404, body = Problem), (status = 409, body = Problem)
    )
)]
pub(crate) async fn void(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<VoidReceipt>> {
    let mut fields = Fields::read(&payload)?;
    let (event_id, source) = (fields.text("event_id"), fields.text("source"));
    let import_id = fields.text("import_id");
    let reason = fields.required_text("reason");
    match (&event_id, &import_id) {
        (Some(_), Some(_)) => fields.refuse("import_id", "", "give event_id or import_id, not both"),
        (None, None) => fields.refuse("event_id", "", "event_id or import_id is required"),
        (None, Some(_)) if source.is_some() => fields.refuse("source", "", "goes with event_id only"),
        _ => {}
    }
    fields.finish()?;
    let voided = match (event_id, import_id) {
        (Some(id), _) => app.service.void_event(&who, source.as_deref(), &id, &reason).await?,
        (None, Some(id)) => app.service.void_import(&who, &id, &reason).await?,
        (None, None) => 0,
    };
    tracing::info!(tenant = %who.tenant(), key = who.key_id(), voided, reason, "usage voided");
    Ok(Json(VoidReceipt { voided }))
}
