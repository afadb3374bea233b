//! What is asked of a plan, from the flags.

use std::collections::BTreeSet;

use purser_domain::estimate::Options;
use purser_domain::money::{Money, PICO_PER_USD};
use purser_domain::simulation::Limits;
use purser_domain::skill::{SkillId, UnknownPolicy};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;
use purser_service::Error;

use super::Args;
use crate::time;

/// Which model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Model {
    /// The flat table
    V1,
    /// The parametric model
    V2,
    /// Graphs and distributions
    V3,
}

impl Model {
    /// The wire name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }
}

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
    pub(crate) model: Model,
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
        };
        if args.model == Model::V3 {
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
        ("no_advice", args.no_advice.then(|| "true".to_owned())),
        ("price_at", args.price_at.clone()),
    ];
    let of_others = [
        ("risk_threshold", args.risk_threshold.map(|value| value.to_string())),
        ("unknown_skills", args.unknown_skills.map(|policy| format!("{policy:?}").to_lowercase())),
    ];
    let model = args.model.name();
    let unread: &[(&str, Option<String>)] = if args.model == Model::V3 { &of_others } else { &of_v3 };
    let readers = if args.model == Model::V3 { "v1 and v2 do" } else { "v3 does" };
    for (name, value) in unread {
        if let Some(value) = value {
            errors.push(FieldError::new(*name, value, format!("is not read by {model}; {readers}")));
        }
    }
}
