//! What is asked of a plan, from the flags.

use std::collections::BTreeSet;

use purser_api::simulation::SimulationRequest;
use purser_domain::estimate::Options;
use purser_domain::money::{Money, PICO_PER_USD};
use purser_domain::simulation::{Limits, ModelName};
use purser_domain::skill::{SkillId, UnknownPolicy};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;
use purser_service::Error;
use purser_service::simulation::{GraphRequest, Request};

use super::Args;
use super::plan_file::PlanFile;
use crate::time;

/// What is done with skills that are in no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum UnknownSkills {
    /// Assume the worst row
    Pessimistic,
    /// Refuse the plan
    Reject,
}

/// What is asked of a plan.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    /// Of which model.
    pub(crate) model: ModelName,
    /// Limits of `v1` and `v2`.
    pub(crate) limits: Limits,
    /// What `v1` and `v2` do with skills that are in no row.
    pub(crate) unknown: UnknownPolicy,
    /// Limits and draws of `v3`.
    pub(crate) options: Options,
    /// The date of the prices (`v3`).
    pub(crate) price_at: Timestamp,
}

impl Question {
    /// Reads the flags.
    ///
    /// # Errors
    /// Every flag that is out of range or that the model does not read.
    pub(super) fn of(args: &Args, now: Timestamp) -> anyhow::Result<Self> {
        let mut errors = Vec::new();
        refuse_unread(args, &mut errors);
        let allowed = args.allow.as_ref().map(|skills| skills.iter().filter(|skill| !skill.is_empty()));
        let default = Limits::default();
        let limits = Limits {
            budget_cents: args.budget_usd.map_or(default.budget_cents, cents),
            allowed_skills: allowed.clone().map(|skills| skills.map(|skill| SkillId::new(skill)).collect()),
            risk_threshold: args.risk_threshold.unwrap_or(default.risk_threshold),
        };
        let default = Options::default();
        let options = Options {
            budget_usd: args.budget_usd,
            deadline_ms: args.deadline,
            confidence: args.confidence.unwrap_or(default.confidence),
            allowed_skills: allowed.map(|skills| skills.cloned().collect::<BTreeSet<_>>()),
            draws: args.draws.unwrap_or(default.draws),
            seed: args.seed.unwrap_or(default.seed),
            advice: !args.no_advice,
            alternatives: args.alternatives.clone(),
            failure_correlation: args.failure_correlation.unwrap_or(default.failure_correlation),
            runs: args.runs,
            sweep: args.sweep.clone(),
        };
        if args.model == ModelName::V3 {
            options.check(&mut errors);
        } else {
            limits.check(&mut errors);
        }
        if !errors.is_empty() {
            return Err(Error::invalid(errors).into());
        }
        let zone = jiff::tz::TimeZone::UTC;
        let price_at = args.price_at.as_deref().map(|text| time::instant("price-at", text, &zone, now)).transpose()?;
        let unknown = match args.unknown_skills {
            Some(UnknownSkills::Reject) => UnknownPolicy::Reject,
            Some(UnknownSkills::Pessimistic) | None => UnknownPolicy::Pessimistic,
        };
        Ok(Self { model: args.model, limits, unknown, options, price_at: price_at.unwrap_or(now) })
    }
}

impl Question {
    /// The question about `file` for a server.
    pub(crate) fn on_the_wire(&self, file: &PlanFile) -> SimulationRequest {
        let Self { limits, options, .. } = self;
        let is_v3 = self.model == ModelName::V3;
        let allowed = options.allowed_skills.as_ref().map(|skills| skills.iter().cloned().collect());
        let for_flat = !is_v3;
        SimulationRequest {
            plan: file.sent.clone(),
            model: Some(self.model.name().to_owned()),
            budget_usd: options.budget_usd.filter(|_| is_v3),
            budget_cents: for_flat.then_some(limits.budget_cents),
            deadline_ms: options.deadline_ms.filter(|_| is_v3),
            confidence: is_v3.then_some(options.confidence),
            allowed_skills: allowed,
            draws: is_v3.then_some(options.draws),
            seed: is_v3.then_some(options.seed),
            advice: is_v3.then_some(options.advice),
            alternatives: Some(options.alternatives.clone()).filter(|models| is_v3 && !models.is_empty()),
            failure_correlation: is_v3.then_some(options.failure_correlation),
            runs: options.runs.filter(|_| is_v3),
            sweep: Some(options.sweep.iter().map(ToString::to_string).collect::<Vec<_>>())
                .filter(|settings| is_v3 && !settings.is_empty()),
            price_at: is_v3.then_some(self.price_at),
            risk_threshold: for_flat.then_some(limits.risk_threshold),
            unknown_skills: for_flat.then(|| serde_json::json!(self.unknown)),
            tenant_id: None,
            run_id: None,
        }
    }

    /// The question about `file` for `v3`.
    pub(crate) fn of_graph(&self, file: &PlanFile) -> GraphRequest {
        let (plan, sent) = (file.plan.clone(), file.sent.clone());
        GraphRequest { plan, sent, options: self.options.clone(), price_at: Some(self.price_at), run_id: None }
    }

    /// The question about `file` for `v1` and `v2`, which read flat plans only.
    pub(crate) fn of_flat(&self, file: &PlanFile) -> Request {
        Request {
            steps: file.plan.flat().unwrap_or_default(),
            limits: self.limits.clone(),
            unknown_skills: self.unknown.clone(),
            ..Request::default()
        }
    }
}

/// Whole cents: a cost in cents is within both or neither.
fn cents(budget: Money) -> i64 {
    i64::try_from(budget.pico().div_euclid(PICO_PER_USD / 100)).unwrap_or(i64::MAX)
}

/// A flag that the model does not read would be believed to limit something.
fn refuse_unread(args: &Args, errors: &mut Vec<FieldError>) {
    let of_v3 = [
        ("deadline", args.deadline.map(|ms| format!("{ms}ms"))),
        ("confidence", args.confidence.map(|value| value.to_string())),
        ("seed", args.seed.map(|value| value.to_string())),
        ("draws", args.draws.map(|value| value.to_string())),
        ("alternatives", (!args.alternatives.is_empty()).then(|| args.alternatives.join(","))),
        ("sweep", args.sweep.first().map(ToString::to_string)),
        ("runs", args.runs.map(|value| value.to_string())),
        ("failure_correlation", args.failure_correlation.map(|value| value.to_string())),
        ("no_advice", args.no_advice.then(|| "true".to_owned())),
        ("price_at", args.price_at.clone()),
    ];
    let of_others = [
        ("risk_threshold", args.risk_threshold.map(|value| value.to_string())),
        ("unknown_skills", args.unknown_skills.map(|policy| format!("{policy:?}").to_lowercase())),
    ];
    let model = args.model.name();
    let unread: &[(&str, Option<String>)] = if args.model == ModelName::V3 { &of_others } else { &of_v3 };
    let readers = if args.model == ModelName::V3 { "v1 and v2 do" } else { "v3 does" };
    for (name, value) in unread {
        if let Some(value) = value {
            errors.push(FieldError::new(*name, value, format!("is not read by {model}; {readers}")));
        }
    }
}
