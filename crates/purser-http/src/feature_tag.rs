//! Feature tags: register, list, change, deactivate.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::feature_tag::{FeatureTagDraft, FeatureTagList, FeatureTagPatch, FeatureTagRecord};
use purser_api::problem::Problem;
use purser_domain::feature_tag::FeatureTag;
use purser_domain::money::Money;
use purser_service::error::Error;
use purser_service::feature_tag::{Draft, Patch};

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams, Params};
use crate::refusal::{BodyRefusals, KeyRefusals, QueryRefusals};
use crate::share::cents;

/// The largest planned spend, whole cents.
const BUDGET_MAX: i64 = 1 << 53;

/// The tenant's tags, by name.
#[utoipa::path(
    get, path = "/api/v1/cost/features", tag = "features", operation_id = "cost.features_list",
    params(("include_inactive" = Option<bool>, Query)),
    responses((status = 200, body = FeatureTagList), QueryRefusals)
)]
pub(crate) async fn list(
    State(app): State<App>,
    Reader(who): Reader,
    mut params: Params,
) -> Reply<Json<FeatureTagList>> {
    let include_inactive = params.flag("include_inactive", false);
    params.finish()?;
    let tags = app.service.feature_tags(&who, include_inactive).await?;
    Ok(Json(FeatureTagList { features: tags.into_iter().map(record).collect() }))
}

/// Registers a tag.
#[utoipa::path(
    post, path = "/api/v1/cost/features", tag = "features", operation_id = "cost.features_create",
    request_body = FeatureTagDraft,
    responses((status = 201, body = FeatureTagRecord), BodyRefusals, (status = 409, body = Problem))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<FeatureTagRecord>)> {
    let mut fields = Fields::read(&payload)?;
    let draft = Draft {
        tag: fields.required_text("tag"),
        display_name: fields.required_text("display_name"),
        description: fields.text("description"),
        budget_usd: fields.integer("budget_cents", 0..=BUDGET_MAX).map(Money::from_cents),
    };
    fields.finish()?;
    let tag = app.service.feature_tag_create(&who, draft).await?;
    Ok((StatusCode::CREATED, Json(record(tag))))
}

/// One tag, active or not.
#[utoipa::path(
    get, path = "/api/v1/cost/features/{tag}", tag = "features", operation_id = "cost.features_show",
    params(("tag" = String, Path)),
    responses((status = 200, body = FeatureTagRecord), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(tag): Named<String>,
    _: NoParams,
) -> Reply<Json<FeatureTagRecord>> {
    let tags = app.service.feature_tags(&who, true).await?;
    let found = tags.into_iter().find(|known| known.tag == tag);
    Ok(Json(record(found.ok_or_else(|| Error::not_found("feature tag", &tag))?)))
}

/// Changes a tag: what is absent stays, `null` clears.
#[utoipa::path(
    put, path = "/api/v1/cost/features/{tag}", tag = "features", operation_id = "cost.features_update",
    params(("tag" = String, Path)), request_body = FeatureTagPatch,
    responses((status = 200, body = FeatureTagRecord), BodyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn put(
    app: State<App>,
    who: Operator,
    tag: Named<String>,
    none: NoParams,
    payload: Payload,
) -> Reply<Json<FeatureTagRecord>> {
    patch(app, who, tag, none, payload).await
}

/// Changes a tag: what is absent stays, `null` clears.
#[utoipa::path(
    patch, path = "/api/v1/cost/features/{tag}", tag = "features", operation_id = "cost.features_patch",
    params(("tag" = String, Path)), request_body = FeatureTagPatch,
    responses((status = 200, body = FeatureTagRecord), BodyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn patch(
    State(app): State<App>,
    Operator(who): Operator,
    Named(tag): Named<String>,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<FeatureTagRecord>> {
    let mut fields = Fields::read(&payload)?;
    for name in ["display_name", "is_active"] {
        fields.refuse_null(name);
    }
    let patch = Patch {
        display_name: fields.text("display_name"),
        description: fields.has("description").then(|| fields.text("description")),
        budget_usd: fields
            .has("budget_cents")
            .then(|| fields.integer("budget_cents", 0..=BUDGET_MAX).map(Money::from_cents)),
        is_active: fields.flag("is_active"),
    };
    fields.finish()?;
    Ok(Json(record(app.service.feature_tag_update(&who, &tag, patch).await?)))
}

/// Deactivates a tag; it stays in the list of inactive ones.
#[utoipa::path(
    delete, path = "/api/v1/cost/features/{tag}", tag = "features", operation_id = "cost.features_delete",
    params(("tag" = String, Path)),
    responses((status = 204), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Operator(who): Operator,
    Named(tag): Named<String>,
    _: NoParams,
) -> Reply<StatusCode> {
    let patch = Patch { is_active: Some(false), ..Patch::default() };
    app.service.feature_tag_update(&who, &tag, patch).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn record(tag: FeatureTag) -> FeatureTagRecord {
    FeatureTagRecord {
        id: tag.id,
        tag: tag.tag,
        display_name: tag.display_name,
        description: tag.description,
        budget_cents: tag.budget_usd.map(cents),
        budget_usd: tag.budget_usd,
        is_active: tag.is_active,
    }
}
