//! Liveness, readiness and metrics.

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use purser_api::health::{Check, Health, Readiness};
use purser_api::problem::Problem;

use crate::app::App;
use crate::auth::Reader;
use crate::failure::Reply;
use crate::meter;
use crate::params::NoParams;
use crate::serve::Peer;

/// Whether the process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "health.live", security(()),
    responses((status = 200, body = Health))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// Whether every store can serve now.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "health.ready", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness))
)]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let mut checks = Vec::new();
    for (name, outcome) in app.service.readiness().await {
        if let Err(reason) = &outcome {
            tracing::warn!(check = name, reason, "not ready");
        }
        checks.push(Check { name: name.to_owned(), ok: outcome.is_ok() });
    }
    checks.push(Check { name: "listener".to_owned(), ok: !app.is_draining() });
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let words = if ready { "ready" } else { "not_ready" };
    (status, Json(Readiness { status: words.to_owned(), checks })).into_response()
}

/// Counters in Prometheus' text format. Callers on this machine need no key, others one that may read.
#[utoipa::path(
    get, path = "/metrics", tag = "health", operation_id = "health.metrics",
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Problem))
)]
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Reply<Response> {
    let (mut parts, _) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0.0.ip());
    // Behind a proxy on this machine every peer is local.
    let is_forwarded = parts.headers.contains_key("x-forwarded-for") || parts.headers.contains_key("forwarded");
    if is_forwarded || !peer.is_some_and(|ip| ip.is_loopback()) {
        Reader::from_request_parts(&mut parts, &app).await?;
    }
    NoParams::from_request_parts(&mut parts, &app).await?;
    let text = meter::render(&app.service.gauges().await);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
