//! `/api/v1/scenarios`: outlined jobs that are kept and simulated.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::problem::Problem;
use purser_api::scenario::{ScenarioAdhoc, ScenarioAnswer, ScenarioDraft, ScenarioList, ScenarioRecord};
use purser_domain::simulation::scenario::{BUDGET_CENTS_MAX, Simulation};
use purser_service::scenario::Draft;
use purser_service::simulation::Recorded;

use crate::app::App;
use crate::auth::{Operator, Reader};
use crate::body::{NoBody, Payload};
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams};
use crate::plan;
use crate::refusal::{BodyRefusals, KeyRefusals};

/// The budget of a scenario that names none, cents.
const BUDGET_CENTS: i64 = 1000;

/// The templates, then the tenant's scenarios, oldest first.
#[utoipa::path(
    get, path = "/api/v1/scenarios", tag = "simulation", operation_id = "scenarios.list",
    responses((status = 200, body = ScenarioList), KeyRefusals)
)]
pub(crate) async fn list(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<ScenarioList>> {
    let scenarios = app.service.scenarios(&who).await?;
    Ok(Json(ScenarioList { scenarios: scenarios.into_iter().map(Into::into).collect() }))
}

/// Keeps a scenario.
#[utoipa::path(
    post, path = "/api/v1/scenarios", tag = "simulation", operation_id = "scenarios.create",
    request_body = ScenarioDraft,
    responses((status = 201, body = ScenarioRecord), BodyRefusals, (status = 409, body = Problem))
)]
pub(crate) async fn create(
    State(app): State<App>,
    Operator(who): Operator,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<ScenarioRecord>)> {
    let mut fields = Fields::read(&payload)?;
    let draft = Draft {
        name: fields.required_text("name"),
        description: fields.text("description"),
        steps: plan::steps(&mut fields, "steps"),
        budget_cents: fields.integer("budget_cents", 0..=BUDGET_CENTS_MAX).unwrap_or(BUDGET_CENTS),
    };
    fields.finish()?;
    let kept = app.service.scenario_create(&who, draft).await?;
    Ok((StatusCode::CREATED, Json(kept.into())))
}

/// One scenario or template.
#[utoipa::path(
    get, path = "/api/v1/scenarios/{id}", tag = "simulation", operation_id = "scenarios.show",
    params(("id" = String, Path, example = "basic")),
    responses((status = 200, body = ScenarioRecord), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn show(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<Json<ScenarioRecord>> {
    Ok(Json(app.service.scenario(&who, &id).await?.into()))
}

/// Forgets a scenario; templates stay.
#[utoipa::path(
    delete, path = "/api/v1/scenarios/{id}", tag = "simulation", operation_id = "scenarios.delete",
    params(("id" = String, Path)),
    responses((status = 204), KeyRefusals, (status = 404, body = Problem), (status = 409, body = Problem))
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Operator(who): Operator,
    Named(id): Named<String>,
    _: NoParams,
) -> Reply<StatusCode> {
    app.service.scenario_delete(&who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a kept scenario or a template would cost.
#[utoipa::path(
    post, path = "/api/v1/scenarios/{id}/simulate", tag = "simulation", operation_id = "scenarios.simulate",
    params(("id" = String, Path, example = "basic")),
    responses((status = 200, body = ScenarioAnswer), BodyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn simulate(
    State(app): State<App>,
    Reader(who): Reader,
    Named(id): Named<String>,
    _: NoParams,
    _: NoBody,
) -> Reply<Json<ScenarioAnswer>> {
    Ok(Json(answer(app.service.scenario_simulate(&who, &id).await?)))
}

/// What a scenario that is not kept would cost.
#[utoipa::path(
    post, path = "/api/v1/scenarios/simulate-adhoc", tag = "simulation", operation_id = "scenarios.simulate_adhoc",
    request_body = ScenarioAdhoc,
    responses((status = 200, body = ScenarioAnswer), BodyRefusals)
)]
pub(crate) async fn simulate_adhoc(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<ScenarioAnswer>> {
    let mut fields = Fields::read(&payload)?;
    let steps = plan::steps(&mut fields, "steps");
    let budget_cents = fields.integer("budget_cents", 0..=BUDGET_CENTS_MAX).unwrap_or(BUDGET_CENTS);
    fields.finish()?;
    Ok(Json(answer(app.service.scenario_simulate_adhoc(&who, &steps, budget_cents).await?)))
}

fn answer(found: Recorded<Simulation>) -> ScenarioAnswer {
    ScenarioAnswer::new(found.simulation, found.provenance_id.map(|id| id.to_string()))
}
