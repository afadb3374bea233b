//! Keys of the key's own tenant: make, list, revoke.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::api_key::{ApiKeyCreated, ApiKeyDraft, ApiKeyList, ApiKeyRecord};
use purser_api::problem::Problem;
use purser_domain::api_key::{ApiKey, Role};
use purser_service::error::Error;

use crate::app::App;
use crate::auth::Admin;
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams};
use crate::refusal::{BodyRefusals, KeyRefusals};

/// The tenant's keys, revoked ones included.
#[utoipa::path(
    get, path = "/api/v1/keys", tag = "keys", operation_id = "keys.list",
    responses((status = 200, body = ApiKeyList), KeyRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Admin(who): Admin, _: NoParams) -> Reply<Json<ApiKeyList>> {
    let keys = app.service.keys(&who).await?;
    Ok(Json(ApiKeyList { keys: keys.into_iter().map(record).collect() }))
}

/// Makes a key; its secret is in this reply and nowhere else.
#[utoipa::path(
    post, path = "/api/v1/keys", tag = "keys", operation_id = "keys.create", request_body = ApiKeyDraft,
    responses((status = 201, body = ApiKeyCreated), BodyRefusals)
)]
pub(crate) async fn create(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<ApiKeyCreated>)> {
    let mut fields = Fields::read(&payload)?;
    fields.require("role");
    let role = fields.parsed::<Role>("role");
    fields.finish()?;
    let role = role.ok_or_else(|| Error::invalid_field("role", "null", "is required"))?;
    let made = app.service.key_create(&who, role).await?;
    Ok((StatusCode::CREATED, Json(ApiKeyCreated { key: made.secret, record: record(made.key) })))
}

/// Ends a key and its console sessions, on all nodes within a second.
#[utoipa::path(
    delete, path = "/api/v1/keys/{id}", tag = "keys", operation_id = "keys.revoke",
    params(("id" = String, Path, description = "The key's public id")),
    responses((status = 204), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Admin(who): Admin,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<StatusCode> {
    app.service.key_revoke(&who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn record(key: ApiKey) -> ApiKeyRecord {
    ApiKeyRecord {
        id: key.id,
        tenant: key.tenant.into(),
        role: key.role.name().to_owned(),
        created_at: key.created_at,
        revoked_at: key.revoked_at,
    }
}
