//! Reads plans and their limits from bodies; every fault at once, with its path.

use std::collections::BTreeSet;

use purser_domain::simulation::{BUDGET_CENTS_MAX, Limits};
use purser_domain::skill::{SkillId, UnknownPolicy};
use purser_domain::step::{Step, parse_plan};
use purser_service::Principal;
use purser_service::simulation::Request;
use serde_json::Value;

use crate::failure::Reply;
use crate::fields::Fields;

/// The most skills of an allow-list.
const SKILLS_MAX: usize = 1_000;

/// Reads a flat plan with its limits, and nothing else.
pub(crate) fn request(mut fields: Fields, who: &Principal) -> Reply<Request> {
    let steps = steps(&mut fields, "plan");
    let request = with_limits(&mut fields, who, steps);
    let request =
        Request { workflow_id: name(&mut fields, "workflow_id"), agent_id: name(&mut fields, "agent_id"), ..request };
    if fields.flag("inject_memory") == Some(true) {
        fields.refuse("inject_memory", "true", "must be false: there is no memory to inject");
    }
    fields.finish()?;
    Ok(request)
}

/// Reads the limits of a flat plan.
pub(crate) fn with_limits(fields: &mut Fields, who: &Principal, steps: Vec<Step>) -> Request {
    tenant(fields, who);
    let default = Limits::default();
    let limits = Limits {
        budget_cents: fields.integer("budget_cents", 0..=BUDGET_CENTS_MAX).unwrap_or(default.budget_cents),
        allowed_skills: allowed_skills(fields).map(|skills| skills.iter().map(|skill| SkillId::new(skill)).collect()),
        risk_threshold: fields.number("risk_threshold", 0.0..=1.0).unwrap_or(default.risk_threshold),
    };
    let unknown_skills = unknown_skills(fields);
    Request { steps, limits, unknown_skills, run_id: name(fields, "run_id"), ..Request::default() }
}

/// Reads a list of steps that must be there.
pub(crate) fn steps(fields: &mut Fields, name: &str) -> Vec<Step> {
    let Some(plan) = required(fields, name) else { return Vec::new() };
    parse_plan(&plan, name).unwrap_or_else(|errors| {
        fields.refuse_all(errors);
        Vec::new()
    })
}

/// A value that must be there.
pub(crate) fn required(fields: &mut Fields, name: &str) -> Option<Value> {
    let value = fields.value(name);
    if value.is_none() {
        fields.refuse(name, "", "is required");
    }
    value
}

/// Refuses a tenant other than the key's.
pub(crate) fn tenant(fields: &mut Fields, who: &Principal) {
    if let Some(tenant) = fields.text("tenant_id")
        && tenant != who.tenant().as_str()
    {
        fields.refuse("tenant_id", &tenant, "is not the tenant of the key");
    }
}

/// An optional name that is not empty.
pub(crate) fn name(fields: &mut Fields, field: &str) -> Option<String> {
    let text = fields.text(field)?;
    if text.is_empty() {
        fields.refuse(field, "", "must not be empty");
        return None;
    }
    Some(text)
}

/// The allow-list: absent or null allows all, an empty one none.
pub(crate) fn allowed_skills(fields: &mut Fields) -> Option<BTreeSet<String>> {
    let value = fields.value("allowed_skills")?;
    let skills = value.as_array().filter(|skills| skills.len() <= SKILLS_MAX);
    let Some(skills) = skills else {
        fields.refuse("allowed_skills", &value.to_string(), format!("must be a list of at most {SKILLS_MAX} skills"));
        return None;
    };
    let mut allowed = BTreeSet::new();
    for (index, skill) in skills.iter().enumerate() {
        match skill.as_str().filter(|skill| !skill.is_empty()) {
            Some(skill) => drop(allowed.insert(skill.to_owned())),
            None => {
                let field = format!("allowed_skills[{index}]");
                fields.refuse(&field, &skill.to_string(), "must be the name of a skill");
            }
        }
    }
    Some(allowed)
}

fn unknown_skills(fields: &mut Fields) -> UnknownPolicy {
    let Some(value) = fields.value("unknown_skills") else { return UnknownPolicy::default() };
    serde_json::from_value(value.clone()).unwrap_or_else(|error| {
        let reason = format!("must be pessimistic, reject or {{\"supplied\": a row}}: {error}");
        fields.refuse("unknown_skills", &value.to_string(), reason);
        UnknownPolicy::default()
    })
}
