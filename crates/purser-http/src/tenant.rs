//! The key's own tenant: its zone, weeks and billing months.

use axum::Json;
use axum::extract::State;
use purser_api::tenant::{TenantPatch, TenantRecord};

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::NoParams;
use crate::refusal::{BodyRefusals, KeyRefusals};

/// The key's tenant.
#[utoipa::path(
    get, path = "/api/v1/tenant", tag = "tenant", operation_id = "tenant.show",
    responses((status = 200, body = TenantRecord), KeyRefusals)
)]
pub(crate) async fn show(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<TenantRecord>> {
    Ok(Json(app.service.tenant(&who).await?.into()))
}

/// Changes how the key's tenant cuts time.
#[utoipa::path(
    patch, path = "/api/v1/tenant", tag = "tenant", operation_id = "tenant.update", request_body = TenantPatch,
    responses((status = 200, body = TenantRecord), BodyRefusals)
)]
pub(crate) async fn patch(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<TenantRecord>> {
    let mut tenant = app.service.tenant(&who).await?;
    let mut fields = Fields::read(&payload)?;
    for name in ["zone", "week_start", "anchor_day"] {
        fields.refuse_null(name);
    }
    if let Some(zone) = fields.text("zone") {
        tenant.zone = zone;
    }
    if let Some(day) = fields.text("week_start") {
        tenant.week_start = day;
    }
    if let Some(day) = fields.integer("anchor_day", 1..=28).and_then(|day| i8::try_from(day).ok()) {
        tenant.anchor_day = day;
    }
    fields.finish()?;
    Ok(Json(app.service.tenant_update(&who, tenant).await?.into()))
}
