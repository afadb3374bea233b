//! `/api/v1/provenance`: what was simulated, from what, and whether it comes out again.

use axum::Json;
use axum::extract::State;
use purser_api::problem::Problem;
use purser_api::provenance::{
    ProvenanceBackfill, ProvenanceBaseline, ProvenanceCheck, ProvenanceDetail, ProvenanceDrift, ProvenancePage,
    ProvenanceReplay,
};
use purser_domain::provenance::{Filter, Page, RecordId};
use purser_domain::time::Timestamp;
use purser_service::decode::baseline;
use purser_service::error::Error;
use purser_service::provenance::{BATCH_MAX, Backfilled};

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::{Media, NoBody, Payload, off_reactor};
use crate::decode::unreadable;
use crate::failure::{Failure, Reply};
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, QueryRefusals};
use crate::turn::{in_turn, on_its_own};

/// The most records of one page, and how many if the request does not say.
const LIMIT_MAX: usize = 1_000;
const LIMIT: usize = 100;
/// How many baselines are stored in one transaction if the request does not say.
const BATCH: usize = 100;
/// No tenant has more records than can be counted to.
const OFFSET_MAX: usize = 1_000_000_000;

/// The records that pass all filters, newest first, without their inputs and outputs.
#[utoipa::path(
    get, path = "/api/v1/provenance", tag = "simulation", operation_id = "provenance.query",
    params(
        ("variant" = Option<String>, Query, description = "`v1`, `v2`, `v3`, `canary`, `comparison`, `runtime` or `scenario`"),
        ("source" = Option<String>, Query, description = "`sandbox`, `canary`, `manual` or `backfill`"),
        ("status" = Option<String>, Query, description = "`success`, `error`, `timeout` or `schema_error`"),
        ("input_hash" = Option<String>, Query, description = "Only these inputs"),
        ("run_id" = Option<String>, Query, description = "Only plans of this agent run"),
        ("from" = Option<String>, Query, format = DateTime, description = "Run at this moment or later"),
        ("to" = Option<String>, Query, format = DateTime, description = "Run before this moment"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1_000, description = "100 by default"),
        ("offset" = Option<u32>, Query, minimum = 0, maximum = 1_000_000_000, description = "After that many; 0 by default"),
    ),
    responses(
        (status = 200, body = ProvenancePage), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn query(State(app): State<App>, Reader(who): Reader, params: Params) -> Reply<Json<ProvenancePage>> {
    let (filter, page) = read(params)?;
    let total = app.service.provenance_count(&who, &filter).await?;
    let found = app.service.provenance_outline(&who, &filter, page).await?;
    Ok(Json(ProvenancePage::new(&found, page.offset, total)))
}

fn read(mut params: Params) -> Reply<(Filter, Page)> {
    let filter = filter(&mut params);
    let limit = params.number("limit", 1..=LIMIT_MAX, LIMIT);
    let offset = params.number("offset", 0..=OFFSET_MAX, 0);
    params.finish()?;
    Ok((filter, Page { limit, offset }))
}

fn filter(params: &mut Params) -> Filter {
    let (from, to) = (params.parsed::<Timestamp>("from"), params.parsed::<Timestamp>("to"));
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        params.refuse("from", &from.to_string(), "must be before to");
    }
    Filter {
        variant: params.parsed("variant"),
        source: params.parsed("source"),
        status: params.parsed("status"),
        input_hash: params.parsed("input_hash"),
        run_id: params.text("run_id"),
        start: from,
        // The filter's end is inclusive, the parameter is not.
        end: to.map(|to| to.plus_micros(-1)),
    }
}

/// How far the candidate's costs lie from the baseline's, over the records that pass all filters.
#[utoipa::path(
    get, path = "/api/v1/provenance/drift", tag = "simulation", operation_id = "provenance.drift",
    params(
        ("variant" = Option<String>, Query, description = "`v1`, `v2`, `v3`, `canary`, `comparison`, `runtime` or `scenario`"),
        ("source" = Option<String>, Query, description = "`sandbox`, `canary`, `manual` or `backfill`"),
        ("status" = Option<String>, Query, description = "`success`, `error`, `timeout` or `schema_error`"),
        ("input_hash" = Option<String>, Query, description = "Only these inputs"),
        ("run_id" = Option<String>, Query, description = "Only plans of this agent run"),
        ("from" = Option<String>, Query, format = DateTime, description = "Run at this moment or later"),
        ("to" = Option<String>, Query, format = DateTime, description = "Run before this moment"),
    ),
    responses((status = 200, body = ProvenanceDrift), QueryRefusals, (status = 503, body = Problem))
)]
pub(crate) async fn drift(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<ProvenanceDrift>> {
    let filter = filter(&mut params);
    params.finish()?;
    Ok(Json(app.service.provenance_drift(&who, &filter).await?.into()))
}

/// Brings in what the baseline said before provenance was kept, each input once: a JSON array, one object, or NDJSON.
#[utoipa::path(
    post, path = "/api/v1/provenance/backfill", tag = "simulation", operation_id = "provenance.backfill",
    params(
        ("dry_run" = Option<bool>, Query, description = "Say what would be stored, store nothing"),
        ("batch_size" = Option<u32>, Query, minimum = 1, maximum = 10_000, description = "So many in one transaction; 100 by default"),
    ),
    request_body(content(
        (Vec<ProvenanceBaseline> = "application/json"), (String = "application/x-ndjson")
    )),
    responses(
        (status = 200, body = ProvenanceBackfill), BodyRefusals, (status = 409, body = Problem),
        (status = 413, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn backfill(
    State(app): State<App>,
    Operator(who): Operator,
    mut params: Params,
    payload: Payload,
) -> Reply<Json<ProvenanceBackfill>> {
    let dry_run = params.flag("dry_run", false);
    let batch_size = params.number("batch_size", 1..=BATCH_MAX, BATCH);
    params.finish()?;
    payload.expect(&[Media::Json, Media::Ndjson])?;
    let (bytes, tenant) = (payload.bytes.clone(), who.tenant().clone());
    let decoded = off_reactor(bytes.len() > app.config.decode_inline_max, move || baseline::decode(&bytes, &tenant));
    let (baselines, errors) = decoded.await?.map_err(|why| unreadable(&why))?;
    if !errors.is_empty() {
        return Err(Failure::invalid(errors));
    }
    let service = app.service.clone();
    let work = async move {
        if dry_run {
            service.provenance_backfill_preview(&who, &baselines).await
        } else {
            service.provenance_backfill(&who, baselines, batch_size).await
        }
    };
    let Backfilled { inserted, skipped, errors, first_error } = on_its_own(work).await?;
    Ok(Json(ProvenanceBackfill { inserted, skipped, errors, first_error, dry_run }))
}

/// One record with all its inputs, its output and its place in the chain.
#[utoipa::path(
    get, path = "/api/v1/provenance/{id}", tag = "simulation", operation_id = "provenance.show",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = ProvenanceDetail), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<Json<ProvenanceDetail>> {
    Ok(Json(app.service.provenance_get(&who, named(&id)?).await?.into()))
}

/// Runs a record again, with the prices and the calibration as they were, and says whether its output came out again.
#[utoipa::path(
    post, path = "/api/v1/provenance/{id}/replay", tag = "simulation", operation_id = "provenance.replay",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = ProvenanceReplay), BodyRefusals, (status = 404, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn replay(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
    _: NoBody,
) -> Reply<Json<ProvenanceReplay>> {
    let (service, id) = (app.service.clone(), named(&id)?);
    let replay = in_turn(&app, async move { service.provenance_replay(&who, id).await }).await?;
    Ok(Json(replay.into()))
}

/// Checks the tenant's chain record by record.
#[utoipa::path(
    post, path = "/api/v1/provenance/verify", tag = "simulation", operation_id = "provenance.verify",
    responses(
        (status = 200, body = ProvenanceCheck), BodyRefusals, (status = 429, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    _: NoBody,
) -> Reply<Json<ProvenanceCheck>> {
    let service = app.service.clone();
    let found = in_turn(&app, async move { service.provenance_verify(&who).await }).await?;
    Ok(Json(ProvenanceCheck::new(found.records, &found.faults, found.faults_total)))
}

/// What is no id names nothing.
fn named(id: &str) -> Reply<RecordId> {
    id.parse().map_err(|_| Failure::from(Error::not_found("provenance record", id)))
}
