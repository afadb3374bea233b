//! What the simulation of a plan answers, and within which limits.
//!
//! The records of [`v1`] and [`v2`] keep the wire names of the models they are compatible with;
//! what purser adds stands apart, in [`Findings`].

use crate::text::Text;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::skill::{FailureClass, SkillId};
use crate::usage_event::FieldError;

pub mod runtime;
pub mod scenario;
pub mod v1;
pub mod v2;

/// The largest budget, in cents.
pub const BUDGET_CENTS_MAX: i64 = 1_000_000_000_000;

/// Which cost model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelName {
    /// The flat table.
    V1,
    /// The parametric model.
    V2,
    /// Graphs and distributions.
    V3,
}

impl ModelName {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }
}

impl std::str::FromStr for ModelName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::V1, Self::V2, Self::V3].into_iter().find(|model| model.name() == text);
        found.ok_or_else(|| "must be v1, v2 or v3".to_owned())
    }
}

/// What a plan may cost, do and risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most it may cost, in cents; the limit itself is allowed.
    pub budget_cents: i64,
    /// The skills it may call; `None` allows all, an empty set allows none.
    pub allowed_skills: Option<BTreeSet<SkillId>>,
    /// The highest cumulative risk, 0 to 1; the limit itself is allowed.
    pub risk_threshold: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { budget_cents: 1000, allowed_skills: None, risk_threshold: 0.5 }
    }
}

impl Limits {
    /// Whether the plan may call `skill`.
    #[must_use]
    pub fn allows(&self, skill: &SkillId) -> bool {
        self.allowed_skills.as_ref().is_none_or(|allowed| allowed.contains(skill))
    }

    /// Appends to `errors` what is out of range.
    pub fn check(&self, errors: &mut Vec<FieldError>) {
        if !(0..=BUDGET_CENTS_MAX).contains(&self.budget_cents) {
            let reason = format!("must be from 0 to {BUDGET_CENTS_MAX} cents");
            errors.push(FieldError::new("budget_cents", &self.budget_cents, reason));
        }
        if !(0.0..=1.0).contains(&self.risk_threshold) {
            errors.push(FieldError::new("risk_threshold", &self.risk_threshold, "must be from 0 to 1"));
        }
    }
}

/// What a model says beside its compat answer: nothing is left out because another check failed first
/// or because a number was below a listing cut.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Every violated constraint, not only the one that the status names.
    pub violations: Vec<Violation>,
    /// Risks that the compat list leaves out.
    pub hidden_risks: Vec<HiddenRisk>,
    /// Steps whose skill the model does not know.
    pub unknown_skills: Vec<UnknownSkill>,
    /// Cumulative risk over every factor, listed or not, 0 to 1.
    pub full_cumulative_risk: f64,
}

/// A constraint that the plan violates, and by how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// Which.
    pub constraint: Constraint,
    /// What is allowed.
    pub limit: f64,
    /// What the plan has.
    pub actual: f64,
    /// How far it is beyond the limit, above 0, in the constraint's unit.
    pub margin: f64,
    /// The skills that are not allowed, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<SkillId>,
}

/// What a plan must keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// A plan has at least one step.
    Plan,
    /// Cost within the budget, cents.
    Budget,
    /// Every skill allowed; counts steps.
    Permission,
    /// Cumulative risk within the threshold.
    Risk,
}

/// A risk below the listing cut of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HiddenRisk {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
    /// The model's own name of the risk.
    pub risk_type: Text,
    /// The mode of the catalogue's taxonomy.
    pub mode: Text,
    /// The mode's class, if the catalogue knows the mode.
    pub class: Option<FailureClass>,
    /// Chance over all iterations of the step, 0 to 1.
    pub probability: f64,
}

/// A step whose skill the model does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownSkill {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: SkillId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_allows_all_and_an_empty_list_none() {
        let skill = SkillId::new("kv_get");
        let limits = |allowed_skills| Limits { allowed_skills, ..Limits::default() };
        assert!(limits(None).allows(&skill));
        assert!(!limits(Some(BTreeSet::new())).allows(&skill));
        assert!(limits(Some(BTreeSet::from([skill.clone()]))).allows(&skill));
    }

    #[test]
    fn limits_are_bounded() {
        let faults = |budget_cents, risk_threshold| {
            let mut errors = Vec::new();
            Limits { budget_cents, allowed_skills: None, risk_threshold }.check(&mut errors);
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(faults(0, 0.0), Vec::<String>::new());
        assert_eq!(faults(BUDGET_CENTS_MAX, 1.0), Vec::<String>::new());
        assert_eq!(faults(-1, 1.5), ["budget_cents", "risk_threshold"]);
        assert_eq!(faults(BUDGET_CENTS_MAX + 1, f64::NAN), ["budget_cents", "risk_threshold"]);
    }

    #[test]
    fn unknown_options_are_refused() {
        assert!(serde_json::from_str::<Limits>("{\"budget_cents\": 5}").is_ok());
        assert!(serde_json::from_str::<Limits>("{\"budget\": 5}").is_err());
    }
}
