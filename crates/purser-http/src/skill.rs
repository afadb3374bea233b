//! `/api/v1/skills`: what skills are taken to cost, and the tenant's own rows.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use purser_api::problem::Problem;
use purser_api::skill::{SkillCatalogue, SkillOverrideDraft, SkillOverrideList, SkillOverrideRecord};
use purser_domain::skill::{Skill, SkillId};

use crate::app::App;
use crate::auth::{Admin, Reader};
use crate::body::Payload;
use crate::failure::Reply;
use crate::fields::Fields;
use crate::params::{Named, NoParams};
use crate::plan;
use crate::refusal::{BodyRefusals, KeyRefusals};

/// The catalogue that the tenant's plans are simulated with.
#[utoipa::path(
    get, path = "/api/v1/skills", tag = "simulation", operation_id = "skills.catalogue",
    responses((status = 200, body = SkillCatalogue), KeyRefusals)
)]
pub(crate) async fn catalogue(State(app): State<App>, Reader(who): Reader, _: NoParams) -> Reply<Json<SkillCatalogue>> {
    let catalogue = app.service.catalogue(&who).await?;
    let overridden = app.service.skill_overrides(&who).await?;
    Ok(Json(SkillCatalogue {
        version: catalogue.version.clone(),
        hash: catalogue.hash.clone(),
        skills: catalogue.skills.iter().map(|(id, skill)| (id.to_string(), skill.clone())).collect(),
        overridden: overridden.keys().map(ToString::to_string).collect(),
    }))
}

/// The tenant's own rows, by skill.
#[utoipa::path(
    get, path = "/api/v1/skills/overrides", tag = "simulation", operation_id = "skills.overrides_list",
    responses((status = 200, body = SkillOverrideList), KeyRefusals)
)]
pub(crate) async fn overrides(
    State(app): State<App>,
    Reader(who): Reader,
    _: NoParams,
) -> Reply<Json<SkillOverrideList>> {
    let rows = app.service.skill_overrides(&who).await?.into_iter();
    let overrides = rows.map(|(id, costs)| SkillOverrideRecord { skill: id.to_string(), costs }).collect();
    Ok(Json(SkillOverrideList { overrides }))
}

/// Sets a row of the tenant's own; it takes the place of the catalogue's whole row.
#[utoipa::path(
    post, path = "/api/v1/skills/overrides", tag = "simulation", operation_id = "skills.overrides_set",
    request_body = SkillOverrideDraft,
    responses((status = 201, body = SkillOverrideRecord), BodyRefusals)
)]
pub(crate) async fn override_set(
    State(app): State<App>,
    Admin(who): Admin,
    _: NoParams,
    payload: Payload,
) -> Reply<(StatusCode, Json<SkillOverrideRecord>)> {
    let mut fields = Fields::read(&payload)?;
    let skill = fields.required_text("skill");
    let costs = costs(&mut fields);
    fields.finish()?;
    app.service.skill_override_set(&who, &SkillId::new(&skill), &costs).await?;
    Ok((StatusCode::CREATED, Json(SkillOverrideRecord { skill, costs })))
}

fn costs(fields: &mut Fields) -> Skill {
    let Some(value) = plan::required(fields, "costs") else { return Skill::default() };
    serde_json::from_value(value.clone()).unwrap_or_else(|error| {
        fields.refuse("costs", &value.to_string(), format!("is no row of a catalogue: {error}"));
        Skill::default()
    })
}

/// Goes back to the catalogue's row.
#[utoipa::path(
    delete, path = "/api/v1/skills/overrides/{skill}", tag = "simulation", operation_id = "skills.overrides_end",
    params(("skill" = String, Path)),
    responses((status = 204), KeyRefusals, (status = 404, body = Problem))
)]
pub(crate) async fn override_end(
    State(app): State<App>,
    Admin(who): Admin,
    Named(skill): Named<String>,
    _: NoParams,
) -> Reply<StatusCode> {
    app.service.skill_override_end(&who, &skill).await?;
    Ok(StatusCode::NO_CONTENT)
}
