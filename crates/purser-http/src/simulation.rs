//! `POST /api/v1/simulate` for all three models, and the runtime view.

use axum::Json;
use axum::extract::State;
use purser_api::problem::Problem;
use purser_api::simulation::{RuntimeAnswer, RuntimeRequest, SimulationAnswer, SimulationRequest};
use purser_domain::estimate::{Options, RUNS_MAX, SWEEP_MAX, Sweep};
use purser_domain::money::Money;
use purser_domain::plan::Plan;
use purser_domain::simulation::{BUDGET_CENTS_MAX, ModelName};
use purser_service::Principal;
use purser_service::simulation::{DRAWS_MAX, GraphRequest, Recorded, Request};
use serde_json::Value;

use crate::app::App;
use crate::auth::Reader;
use crate::body::Payload;
use crate::failure::{Failure, Reply};
use crate::fields::Fields;
use crate::params::NoParams;
use crate::plan;
use crate::refusal::BodyRefusals;
use crate::turn::in_turn;

/// What a plan would cost: `v3` gives a distribution with its drivers and advice, `v1` and `v2` the reference's answers.
#[utoipa::path(
    post, path = "/api/v1/simulate", tag = "simulation", operation_id = "simulation.simulate",
    request_body = SimulationRequest,
    responses(
        (status = 200, body = SimulationAnswer), BodyRefusals, (status = 413, body = Problem),
        (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn simulate(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<SimulationAnswer>> {
    let mut fields = Fields::read(&payload)?;
    let model = fields.parsed("model").unwrap_or_else(|| app.service.default_model());
    let id = |id: Option<purser_domain::provenance::RecordId>| id.map(|id| id.to_string());
    let answer = match model {
        ModelName::V1 => {
            let request = flat(fields, &who)?;
            let Recorded { simulation, provenance_id } = app.service.simulate_v1(&who, request).await?;
            SimulationAnswer::v1(simulation, id(provenance_id))
        }
        ModelName::V2 => {
            let request = flat(fields, &who)?;
            let Recorded { simulation, provenance_id } = app.service.simulate_v2(&who, &request).await?;
            SimulationAnswer::v2(simulation, id(provenance_id))
        }
        ModelName::V3 => {
            let request = graph(fields, &who)?;
            let service = app.service.clone();
            let work = async move { service.simulate_v3(&who, request).await };
            let Recorded { simulation, provenance_id } = in_turn(&app, work).await?;
            SimulationAnswer::v3(simulation, id(provenance_id))
        }
    };
    Ok(Json(answer))
}

/// A flat plan for `v1` or `v2`.
fn flat(mut fields: Fields, who: &Principal) -> Reply<Request> {
    let plan = plan::required(&mut fields, "plan").and_then(|plan| parse(&mut fields, &plan));
    let steps = plan.map(|plan| plan.flat()).transpose();
    if let Err(not_flat) = &steps {
        fields.refuse("plan", &not_flat.node, not_flat.to_string());
    }
    let request = plan::with_limits(&mut fields, who, steps.ok().flatten().unwrap_or_default());
    fields.finish()?;
    Ok(request)
}

fn parse(fields: &mut Fields, plan: &Value) -> Option<Plan> {
    Plan::parse(plan, "plan").map_err(|errors| fields.refuse_all(errors)).ok()
}

/// A graph for `v3`.
fn graph(mut fields: Fields, who: &Principal) -> Reply<GraphRequest> {
    let sent = plan::required(&mut fields, "plan").unwrap_or_default();
    let plan = if sent.is_null() { None } else { parse(&mut fields, &sent) };
    plan::tenant(&mut fields, who);
    let default = Options::default();
    let draws = fields.integer("draws", 1..=i64::from(DRAWS_MAX)).and_then(|draws| u32::try_from(draws).ok());
    let options = Options {
        budget_usd: budget(&mut fields),
        deadline_ms: fields.integer("deadline_ms", 0..=i64::MAX).and_then(|ms| u64::try_from(ms).ok()),
        confidence: confidence(&mut fields).unwrap_or(default.confidence),
        allowed_skills: plan::allowed_skills(&mut fields),
        draws: draws.unwrap_or(default.draws),
        seed: seed(&mut fields).unwrap_or(default.seed),
        advice: fields.flag("advice").unwrap_or(default.advice),
        alternatives: fields.texts("alternatives"),
        failure_correlation: fields.number("failure_correlation", 0.0..=1.0).unwrap_or(default.failure_correlation),
        runs: fields.integer("runs", 1..=RUNS_MAX as i64).and_then(|runs| u64::try_from(runs).ok()),
        sweep: sweep(&mut fields),
    };
    if options.alternatives.len() > 20 {
        fields.refuse("alternatives", &options.alternatives.len().to_string(), "must be 20 at most");
    }
    let (price_at, run_id) = (fields.time("price_at"), plan::name(&mut fields, "run_id"));
    fields.finish()?;
    let plan = plan.ok_or_else(|| Failure::malformed("the plan must not be null"))?;
    Ok(GraphRequest { plan, sent, options, price_at, run_id })
}

/// The settings to try, each refused by its place.
fn sweep(fields: &mut Fields) -> Vec<Sweep> {
    let texts = fields.texts("sweep");
    if texts.len() > SWEEP_MAX {
        fields.refuse("sweep", &texts.len().to_string(), format!("must be {SWEEP_MAX} settings at most"));
        return Vec::new();
    }
    let mut read = |(index, text): (usize, &String)| {
        let refuse = |reason| fields.refuse(&format!("sweep[{index}]"), text, reason);
        text.parse().map_err(refuse).ok()
    };
    texts.iter().enumerate().filter_map(&mut read).collect()
}

/// The budget in dollars, or in cents.
fn budget(fields: &mut Fields) -> Option<Money> {
    let cents = fields.integer("budget_cents", 0..=BUDGET_CENTS_MAX);
    let text = if fields.is_null("budget_usd") { None } else { fields.decimal("budget_usd") };
    if let (Some(cents), Some(_)) = (cents, &text) {
        fields.refuse("budget_cents", &cents.to_string(), "cannot be given with budget_usd");
    }
    let Some(text) = text else { return cents.map(Money::from_cents) };
    match text.parse::<Money>() {
        Ok(money) if money >= Money::ZERO => Some(money),
        Ok(_) => {
            fields.refuse("budget_usd", &text, "must not be negative");
            None
        }
        Err(error) => {
            fields.refuse("budget_usd", &text, error.to_string());
            None
        }
    }
}

fn confidence(fields: &mut Fields) -> Option<f64> {
    let confidence = fields.number("confidence", 0.0..=1.0)?;
    if confidence == 0.0 {
        fields.refuse("confidence", "0", "must be above 0 and at most 1");
    }
    Some(confidence)
}

fn seed(fields: &mut Fields) -> Option<u64> {
    let value = fields.value("seed")?;
    if value.as_u64().is_none() {
        fields.refuse("seed", &value.to_string(), "must be a whole number from 0 to 2⁶⁴ − 1");
    }
    value.as_u64()
}

/// A rough cost of a flat plan, and how each step may fail.
#[utoipa::path(
    post, path = "/api/v1/runtime/simulate", tag = "simulation", operation_id = "runtime.simulate",
    request_body = RuntimeRequest,
    responses(
        (status = 200, body = RuntimeAnswer), BodyRefusals, (status = 413, body = Problem),
        (status = 503, body = Problem)
    )
)]
pub(crate) async fn runtime(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
    payload: Payload,
) -> Reply<Json<RuntimeAnswer>> {
    let mut fields = Fields::read(&payload)?;
    let steps = plan::steps(&mut fields, "plan");
    plan::tenant(&mut fields, &who);
    let agent_id = plan::name(&mut fields, "agent_id");
    let budget_cents = fields.integer("budget_cents", 0..=BUDGET_CENTS_MAX).unwrap_or(1000);
    fields.finish()?;
    let found = app.service.runtime_simulate(&who, &steps, budget_cents, agent_id.as_deref()).await?;
    Ok(Json(RuntimeAnswer::new(found.simulation, found.provenance_id.map(|id| id.to_string()))))
}
