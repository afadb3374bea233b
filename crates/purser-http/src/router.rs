//! Every route on one screen.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::{
    analytics, api_key, artifact, backtest, calibration, context, cost, costsim, dataset, divergence, error_page,
    feature_tag, foreign, grpc, health, import, openapi, otlp, price, provenance, reconciliation, scenario, simulation,
    skill, tenant, usage_event, usage_query, what_if,
};

/// The main listener's routes: the API, the OTLP/HTTP receivers, health and metrics.
pub fn router(app: &App) -> Router {
    let routes = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/api/v1/openapi.json", get(openapi::get))
        .route("/api/v1/usage/events", post(usage_event::ingest).get(usage_event::list))
        .route("/api/v1/usage/events/{id}", get(usage_event::show))
        .route("/api/v1/usage/conflicts", get(usage_event::conflicts))
        .route("/api/v1/usage/passed-over", get(usage_event::passed_over))
        .route("/api/v1/usage/void", post(usage_event::void))
        .route("/api/v1/usage/imports", post(import::create).get(import::list))
        .route("/api/v1/usage/imports/{id}", get(import::show).patch(import::patch))
        .route("/api/v1/usage/query", get(usage_query::query))
        .route("/api/v1/what-if", post(what_if::ask))
        .route("/api/v1/events", post(foreign::cloud_events))
        .route("/api/v1/litellm", post(foreign::litellm))
        .route("/api/v1/cost/record", post(foreign::cost_record))
        .route("/api/v1/cost/summary", get(cost::summary))
        .route("/api/v1/cost/by-feature", get(cost::by_feature))
        .route("/api/v1/cost/by-user", get(cost::by_user))
        .route("/api/v1/cost/by-model", get(cost::by_model))
        .route("/api/v1/cost/features", get(feature_tag::list).post(feature_tag::create))
        .route(
            "/api/v1/cost/features/{tag}",
            get(feature_tag::show).put(feature_tag::put).patch(feature_tag::patch).delete(feature_tag::delete),
        )
        .route("/api/v1/analytics/_status", get(analytics::status))
        .route("/api/v1/analytics/health", get(analytics::health))
        .route("/api/v1/analytics/statistics/usage", get(analytics::usage))
        .route("/api/v1/analytics/statistics/usage/export.csv", get(analytics::usage_csv))
        .route("/api/v1/analytics/statistics/usage/export.json", get(analytics::usage_json))
        .route("/api/v1/analytics/statistics/cost", get(analytics::cost))
        .route("/api/v1/analytics/statistics/cost/export.csv", get(analytics::cost_csv))
        .route("/api/v1/analytics/statistics/cost/export.json", get(analytics::cost_json))
        .route("/api/v1/prices", get(price::list))
        .route("/api/v1/prices/{provider}/{model}", get(price::show))
        .route("/api/v1/prices/unpriced", get(price::unpriced))
        .route("/api/v1/prices/rerate", post(price::rerate))
        .route("/api/v1/prices/overrides", get(price::overrides).post(price::override_set))
        .route("/api/v1/prices/overrides/{id}", delete(price::override_end))
        .route("/api/v1/prices/discounts", get(price::discounts).post(price::discount_set))
        .route("/api/v1/prices/discounts/{id}", delete(price::discount_end))
        .route("/api/v1/simulate", post(simulation::simulate))
        .route("/api/v1/simulate/backtest", get(backtest::report))
        .route("/api/v1/calibrations", get(calibration::list).post(calibration::create))
        .route("/api/v1/runtime/simulate", post(simulation::runtime))
        .route("/api/v1/costsim/v2/status", get(costsim::status))
        .route("/api/v1/costsim/v2/simulate", post(costsim::simulate))
        .route("/api/v1/costsim/divergence", get(divergence::report))
        .route("/api/v1/costsim/datasets", get(dataset::list))
        .route("/api/v1/costsim/datasets/validate-all", post(dataset::validate_all))
        .route("/api/v1/costsim/datasets/{id}", get(dataset::show))
        .route("/api/v1/costsim/datasets/{id}/validate", post(dataset::validate))
        .route("/api/v1/scenarios", get(scenario::list).post(scenario::create))
        .route("/api/v1/scenarios/simulate-adhoc", post(scenario::simulate_adhoc))
        .route("/api/v1/scenarios/{id}", get(scenario::show).delete(scenario::delete))
        .route("/api/v1/scenarios/{id}/simulate", post(scenario::simulate))
        .route("/api/v1/skills", get(skill::catalogue))
        .route("/api/v1/skills/overrides", get(skill::overrides).post(skill::override_set))
        .route("/api/v1/skills/overrides/{skill}", delete(skill::override_end))
        .route("/api/v1/reconciliations", get(reconciliation::list).post(reconciliation::create))
        .route("/api/v1/reconciliations/{id}", get(reconciliation::show))
        .route("/api/v1/artifacts", get(artifact::list).post(artifact::save))
        .route("/api/v1/artifacts/{dataset_id}", get(artifact::show))
        .route("/api/v1/provenance", get(provenance::query))
        .route("/api/v1/provenance/drift", get(provenance::drift))
        .route("/api/v1/provenance/backfill", post(provenance::backfill))
        .route("/api/v1/provenance/verify", post(provenance::verify))
        .route("/api/v1/provenance/{id}", get(provenance::show))
        .route("/api/v1/provenance/{id}/replay", post(provenance::replay))
        .route("/api/v1/tenant", get(tenant::show).patch(tenant::patch))
        .route("/api/v1/keys", get(api_key::list).post(api_key::create))
        .route("/api/v1/keys/{id}", delete(api_key::revoke))
        .route("/v1/traces", post(otlp::traces))
        .route("/v1/logs", post(otlp::logs))
        .route("/v1/metrics", post(otlp::metrics))
        .route("/api/public/otel/v1/traces", post(otlp::langfuse))
        .route("/docs/errors/{code}", get(error_page::show))
        .route("/api/{*path}", any(context::no_route))
        .route("/v1/{*path}", any(context::no_route));
    finish(routes, app.clone())
}

/// The OTLP/HTTP listener's routes (port 4318).
pub fn otlp_router(app: &App) -> Router {
    let routes = Router::new()
        .route("/v1/traces", post(otlp::traces))
        .route("/v1/logs", post(otlp::logs))
        .route("/v1/metrics", post(otlp::metrics))
        .route("/{*path}", any(context::no_route));
    finish(routes, app.clone())
}

/// The OTLP/gRPC listener's routes (port 4317).
pub fn grpc_router(app: &App) -> Router {
    grpc::router(app.clone())
}

fn finish(routes: Router<App>, app: App) -> Router {
    routes
        .layer(CatchPanicLayer::custom(context::caught))
        .layer(from_fn_with_state(app.clone(), context::wrap))
        .with_state(app)
}
