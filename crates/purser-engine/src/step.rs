//! Reads a plan once for every compat model: looks each skill up and measures the parameters that formulas use.
//! Invariant: a resolved step has iterations in range and only finite measures, so the models cannot fail.

use purser_domain::text::Text;

use purser_domain::skill::{Catalogue, FlatCost, Mode, ParametricCost, Rows, Skill, SkillId, UnknownPolicy};
use purser_domain::step::{ERRORS_MAX, ITERATIONS_MAX, ParamType, STEPS_MAX, Step};
use purser_domain::usage_event::FieldError;
use serde::Serialize;
use serde_json::Value;

use crate::canonical_json::{self, Form};
use crate::skill;

/// A plan whose skills are looked up.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The steps, in order.
    pub steps: Vec<Resolved<'a>>,
    /// The catalogue's taxonomy of failures.
    pub modes: &'a Rows<Text, Mode>,
}

/// A step with its rows of the catalogue and what its parameters measure.
#[derive(Debug, Clone, Copy)]
pub struct Resolved<'a> {
    /// Its skill.
    pub skill: &'a SkillId,
    /// How often it is called.
    pub iterations: u32,
    /// Its row of the flat table.
    pub v1: &'a FlatCost,
    /// Its row of the parametric model.
    pub v2: &'a ParametricCost,
    /// Whether the flat table has the skill.
    pub is_known_to_v1: bool,
    /// Whether the parametric model has it.
    pub is_known_to_v2: bool,
    /// Code points of `prompt`; `None` without one, 4 for null, as the reference counts it.
    pub prompt_chars: Option<u64>,
    /// `timeout` in milliseconds.
    pub timeout_ms: Option<f64>,
    /// Whether `url` leaves the machine; a missing one does.
    pub is_external: bool,
    /// Code points of `command`.
    pub command_chars: u64,
}

/// Looks the steps' skills up.
///
/// Under [`UnknownPolicy::Reject`] a skill that either model lacks is a fault. Parameters are measured only where the
/// row of the skill uses them, and checked as they are read, so a tenant's own skills are checked too.
///
/// # Errors
/// Every fault by path, [`ERRORS_MAX`] at most.
pub fn resolve<'a>(
    steps: &'a [Step],
    catalogue: &'a Catalogue,
    policy: &'a UnknownPolicy,
) -> Result<Plan<'a>, Vec<FieldError>> {
    if steps.len() > STEPS_MAX {
        return Err(vec![FieldError::new("plan", &steps.len(), format!("has more than {STEPS_MAX} steps"))]);
    }
    if let UnknownPolicy::Supplied(row) = policy {
        skill::check(catalogue, "unknown_skills", row)?;
    }
    let mut reader = Reader { catalogue, policy, errors: Vec::new(), index: 0 };
    let mut resolved = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        reader.index = index;
        resolved.push(reader.read(step));
        if reader.errors.len() >= ERRORS_MAX {
            break;
        }
    }
    if reader.errors.is_empty() {
        Ok(Plan { steps: resolved, modes: &catalogue.modes })
    } else {
        reader.errors.truncate(ERRORS_MAX);
        Err(reader.errors)
    }
}

/// The reference's input hash: SHA-256 of plan and budget in the compat form, 64 hex digits.
///
/// Allow-list, threshold and catalogue are not in it; whoever must reproduce an answer hashes those too.
#[must_use]
pub fn input_hash(steps: &[Step], budget_cents: i64) -> String {
    #[derive(Serialize)]
    struct Input<'a> {
        plan: &'a [Step],
        budget_cents: i64,
    }
    canonical_json::hash(&Input { plan: steps, budget_cents }, Form::Compat)
}

struct Reader<'a> {
    catalogue: &'a Catalogue,
    policy: &'a UnknownPolicy,
    errors: Vec<FieldError>,
    index: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, step: &'a Step) -> Resolved<'a> {
        let row = self.catalogue.skills.get(&*step.skill);
        let known_v1 = row.and_then(|row| row.v1.as_ref());
        let known_v2 = row.and_then(|row| row.v2.as_ref());
        if *self.policy == UnknownPolicy::Reject && (known_v1.is_none() || known_v2.is_none()) {
            self.refuse("skill", &step.skill, "is unknown, and unknown skills are refused");
        }
        if !(1..=ITERATIONS_MAX).contains(&step.iterations) {
            self.refuse("iterations", &step.iterations, "must be from 1 to 100");
        }
        let unknown = &self.catalogue.unknown;
        let v1 = known_v1.or_else(|| self.supplied().and_then(|row| row.v1.as_ref())).unwrap_or(&unknown.v1);
        let v2 = known_v2.or_else(|| self.supplied().and_then(|row| row.v2.as_ref())).unwrap_or(&unknown.v2);
        let mut resolved = Resolved {
            skill: &step.skill,
            iterations: step.iterations,
            v1,
            v2,
            is_known_to_v1: known_v1.is_some(),
            is_known_to_v2: known_v2.is_some(),
            prompt_chars: None,
            timeout_ms: None,
            is_external: true,
            command_chars: 0,
        };
        if !step.params.is_empty() {
            self.measure(step, &mut resolved);
        }
        resolved
    }

    fn supplied(&self) -> Option<&'a Skill> {
        match self.policy {
            UnknownPolicy::Supplied(row) => Some(row),
            UnknownPolicy::Pessimistic | UnknownPolicy::Reject => None,
        }
    }

    fn measure(&mut self, step: &'a Step, resolved: &mut Resolved<'a>) {
        let (v1, v2) = (resolved.v1, resolved.v2);
        if v1.prompt_chars_per_cent.is_some() || v2.prompt.is_some() {
            resolved.prompt_chars = match self.param(step, "prompt", ParamType::TextOrNull) {
                Some(Value::String(prompt)) => Some(chars(prompt)),
                Some(_) => Some(4),
                None => None,
            };
        }
        if v1.timeout_caps_latency || v2.http.is_some() {
            let seconds = self.param(step, "timeout", ParamType::Seconds).and_then(Value::as_f64);
            // Beyond any latency; the product stays finite.
            resolved.timeout_ms = seconds.map(|seconds| seconds.min(1e12) * 1000.0);
        }
        if let Some(http) = &v2.http {
            let url = self.param(step, "url", ParamType::Text).and_then(Value::as_str).unwrap_or_default();
            resolved.is_external = !http.loopback.iter().any(|start| url.starts_with(start.as_str()));
        }
        if v2.command.is_some() {
            let command = self.param(step, "command", ParamType::Text).and_then(Value::as_str);
            resolved.command_chars = command.map_or(0, chars);
        }
    }

    fn param(&mut self, step: &'a Step, name: &str, kind: ParamType) -> Option<&'a Value> {
        let value = step.params.get(name)?;
        if kind.accepts(value) {
            return Some(value);
        }
        self.refuse(&format!("params.{name}"), value, kind.rule());
        None
    }

    fn refuse(&mut self, field: &str, value: &(impl ToString + ?Sized), reason: &str) {
        self.errors.push(FieldError::new(format!("plan[{}].{field}", self.index), value, reason));
    }
}

fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests;
