//! `/api/v1/costsim/v2`: the baseline, the candidate in its shadow, and their comparison.

use axum::Json;
use axum::extract::State;
use purser_api::costsim::{CostsimRequest, CostsimSimulation, CostsimStatus, ShadowStatus, SideEffects};
use purser_api::problem::Problem;
use purser_service::sandbox::{Answer, Shadow};

use crate::app::App;
use crate::auth::Reader;
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::NoParams;
use crate::plan;
use crate::refusal::{BodyRefusals, KeyRefusals};

/// How the sandbox is set and what it does.
#[utoipa::path(
    get, path = "/api/v1/costsim/v2/status", tag = "simulation", operation_id = "costsim.status",
    responses((status = 200, body = CostsimStatus), KeyRefusals)
)]
pub(crate) async fn status(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<CostsimStatus>> {
    let status = app.service.sandbox_status(&who)?;
    let counts = status.counts;
    Ok(Json(CostsimStatus {
        sandbox_enabled: status.sandbox_enabled,
        circuit_breaker_open: false,
        disabled_by_drift: status.disabled_by_file,
        model_version: status.stamp.model_version.to_string(),
        adapter_version: status.stamp.adapter_version.to_string(),
        commit_sha: status.stamp.commit_sha.to_string(),
        drift_threshold: status.drift_threshold,
        shadow: ShadowStatus {
            queued: counts.queued as u64,
            workers: counts.workers as u64,
            stuck: counts.stuck as u64,
            answered: counts.answered,
            failed: counts.failed,
            timed_out: counts.timed_out,
            dropped: counts.dropped,
        },
    }))
}

/// What a plan would cost under the baseline; with the candidate's answer beside it, if it is on and ready in time.
#[utoipa::path(
    post, path = "/api/v1/costsim/v2/simulate", tag = "simulation", operation_id = "costsim.simulate",
    request_body = CostsimRequest,
    responses(
        (status = 200, body = CostsimSimulation), BodyRefusals, (status = 413, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn simulate(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<CostsimSimulation>> {
    let request = plan::request(Fields::read(&payload)?, &who)?;
    Ok(Json(record(app.service.sandbox_simulate(&who, request).await?)))
}

fn record(answer: Answer) -> CostsimSimulation {
    let Answer { baseline, shadow, provenance_id } = answer;
    let sandbox_enabled = !matches!(shadow, Shadow::Off);
    let (compared, v2_error) = match shadow {
        Shadow::Off => (None, None),
        Shadow::Done(compared) => (Some(*compared), None),
        Shadow::Pending => (None, Some("shadow_pending".to_owned())),
        Shadow::Failed(reason) => (None, Some(reason)),
    };
    let (v2_result, comparison) = compared.map(|compared| (compared.v2.into(), compared.comparison.into())).unzip();
    CostsimSimulation {
        v1_feasible: baseline.feasible,
        v1_cost_cents: baseline.estimated_cost_cents,
        v1_duration_ms: baseline.estimated_duration_ms,
        v1_status: baseline.status,
        v1_findings: baseline.findings,
        v2_result,
        comparison,
        sandbox_enabled,
        v2_error,
        provenance_id: provenance_id.map(|id| id.to_string()),
        side_effects: SideEffects::of(provenance_id.is_some()),
    }
}
