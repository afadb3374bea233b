//! The OpenAPI document, made from the handlers' own descriptions.
//! Invariant: every route of the router but the catch-alls and the pages on errors is in it.

use std::sync::LazyLock;

use axum::Json;
use purser_api::{
    analytics, api_key, artifact, backtest, calibration, conflict, cost, cost_record, costsim, dataset, divergence,
    feature_tag, health, import, price, problem, provenance, reconciliation, scenario, simulation, skill, tenant,
    usage_event, usage_query, void, what_if,
};
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

mod polish;

/// The document's root.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "purser",
        description = "Cost control for AI agents: usage events in, exact money out.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Keys),
    security(("bearer" = []), ("basic" = [])),
    paths(
        crate::health::healthz, crate::health::readyz, crate::health::metrics, get,
        crate::usage_event::ingest, crate::usage_event::list, crate::usage_event::show, crate::usage_event::conflicts,
        crate::usage_event::passed_over,
        crate::usage_event::void, crate::import::create, crate::import::patch, crate::import::show, crate::import::list,
        crate::usage_query::query, crate::what_if::ask,
        crate::foreign::cloud_events, crate::foreign::litellm, crate::foreign::cost_record,
        crate::cost::summary, crate::cost::by_feature, crate::cost::by_user, crate::cost::by_model,
        crate::feature_tag::list, crate::feature_tag::create, crate::feature_tag::show, crate::feature_tag::put,
        crate::feature_tag::patch, crate::feature_tag::delete,
        crate::analytics::status, crate::analytics::health,
        crate::analytics::usage, crate::analytics::usage_csv, crate::analytics::usage_json,
        crate::analytics::cost, crate::analytics::cost_csv, crate::analytics::cost_json,
        crate::price::list, crate::price::show, crate::price::unpriced, crate::price::rerate,
        crate::price::overrides, crate::price::override_set, crate::price::override_end,
        crate::price::discounts, crate::price::discount_set, crate::price::discount_end,
        crate::simulation::simulate, crate::simulation::runtime, crate::costsim::status, crate::costsim::simulate,
        crate::backtest::report, crate::calibration::list, crate::calibration::create,
        crate::provenance::query, crate::provenance::show, crate::provenance::replay, crate::provenance::verify,
        crate::provenance::drift, crate::provenance::backfill,
        crate::artifact::save, crate::artifact::show, crate::artifact::list,
        crate::reconciliation::create, crate::reconciliation::show, crate::reconciliation::list,
        crate::divergence::report, crate::dataset::list, crate::dataset::show, crate::dataset::validate,
        crate::dataset::validate_all, crate::scenario::list, crate::scenario::create, crate::scenario::show,
        crate::scenario::delete, crate::scenario::simulate, crate::scenario::simulate_adhoc,
        crate::skill::catalogue, crate::skill::overrides, crate::skill::override_set, crate::skill::override_end,
        crate::tenant::show, crate::tenant::patch,
        crate::api_key::list, crate::api_key::create, crate::api_key::revoke,
        crate::otlp::traces, crate::otlp::logs, crate::otlp::metrics, crate::otlp::langfuse,
    ),
    components(schemas(
        problem::Problem, usage_event::UsageEventBody, usage_event::Receipt, usage_event::EventPage,
        usage_event::EventDetail, conflict::ConflictPage, usage_event::PassedOverList, void::VoidRequest, void::VoidReceipt,
        import::ImportDraft, import::ImportPatch, import::ImportRecord, import::ImportPage,
        cost_record::CostRecordBody, cost_record::CostRecorded, usage_query::UsageAnswer,
        analytics::UsageStatistics, analytics::CostStatistics, analytics::AnalyticsStatus, analytics::AnalyticsHealth,
        cost::CostSummary, cost::CostByFeature, cost::CostByUser, cost::CostByModel,
        feature_tag::FeatureTagRecord, feature_tag::FeatureTagList, feature_tag::FeatureTagDraft,
        feature_tag::FeatureTagPatch, price::PricePage, price::PriceHistory, price::UnpricedList,
        price::OverrideDraft, price::OverrideRecord, price::OverrideList, price::DiscountDraft,
        price::DiscountRecord, price::DiscountList, price::RerateRequest, price::RerateReport,
        tenant::TenantRecord, tenant::TenantPatch, api_key::ApiKeyList, api_key::ApiKeyDraft, api_key::ApiKeyCreated,
        health::Health, health::Readiness, simulation::SimulationRequest, simulation::SimulationAnswer,
        simulation::RuntimeRequest, simulation::RuntimeAnswer, costsim::CostsimStatus, costsim::CostsimRequest,
        costsim::CostsimSimulation, divergence::DivergenceReport, dataset::DatasetSummary, dataset::DatasetRecord,
        dataset::DatasetValidation, dataset::DatasetSuite, scenario::ScenarioDraft, scenario::ScenarioAdhoc,
        scenario::ScenarioRecord, scenario::ScenarioList, scenario::ScenarioAnswer, skill::SkillCatalogue,
        skill::SkillOverrideDraft, skill::SkillOverrideRecord, skill::SkillOverrideList,
        what_if::WhatIfRequest, what_if::WhatIfAnswer,
        calibration::CalibrationRequest, calibration::CalibrationAnswer, calibration::CalibrationList,
        backtest::BacktestReport, provenance::ProvenancePage, provenance::ProvenanceDetail,
        provenance::ProvenanceReplay, provenance::ProvenanceCheck, provenance::ProvenanceDrift,
        provenance::ProvenanceBaseline, provenance::ProvenanceBackfill,
        artifact::ArtifactDraft, artifact::ArtifactRecord, artifact::ArtifactPage,
        reconciliation::ReconciliationRequest, reconciliation::ReconciliationRecord,
        reconciliation::ReconciliationPage
    ))
)]
struct Document;

/// How requests carry their key.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        components.add_security_scheme("basic", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    }
}

/// The OpenAPI 3.1 document.
#[must_use]
pub fn document() -> Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
        polish::polish(&mut document);
        document
    });
    DOCUMENT.clone()
}

/// The OpenAPI 3.1 document of this server.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "health", operation_id = "openapi.show", security(()),
    responses((status = 200, body = serde_json::Value))
)]
pub(crate) async fn get() -> Json<Value> {
    Json(document())
}
