//! One step of a plan: which skill, with which parameters, how often.
//! Invariant: a step that [`parse`] returned has iterations in range and parameters of the types the models read.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::skill::SkillId;
use crate::usage_event::{FieldError, TEXT_MAX};

/// The most steps of one plan.
pub const STEPS_MAX: usize = 10_000;
/// The most iterations of one step.
pub const ITERATIONS_MAX: u32 = 100;
/// After that many faults a plan is not read further.
pub const ERRORS_MAX: usize = 100;

/// The fields a step may have.
pub const FIELDS: [&str; 3] = ["skill", "params", "iterations"];

/// A call of one skill, repeated `iterations` times in sequence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The skill that is called.
    pub skill: SkillId,
    /// Its parameters, whose meaning depends on the skill.
    pub params: Map<String, Value>,
    /// How often it is called, 1 to [`ITERATIONS_MAX`]. Left out of JSON when 1, so a plan hashes as it was sent.
    #[serde(skip_serializing_if = "is_one")]
    pub iterations: u32,
}

const fn is_one(iterations: &u32) -> bool {
    *iterations == 1
}

impl Step {
    /// One call of `skill` without parameters.
    #[must_use]
    pub fn new(skill: &str) -> Self {
        Self { skill: SkillId::new(skill), params: Map::new(), iterations: 1 }
    }

    /// The same step with one more parameter.
    #[must_use]
    pub fn with(mut self, param: &str, value: impl Into<Value>) -> Self {
        self.params.insert(param.to_owned(), value.into());
        self
    }

    /// The same step, called `iterations` times.
    #[must_use]
    pub const fn times(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }
}

/// Reads a plan: a list of at most [`STEPS_MAX`] steps. An empty list is a plan; the models call it invalid.
///
/// # Errors
/// Every fault, [`ERRORS_MAX`] at most, each with its path: `plan[3].params.timeout`.
pub fn parse_plan(plan: &Value, path: &str) -> Result<Vec<Step>, Vec<FieldError>> {
    let Value::Array(items) = plan else {
        return Err(vec![FieldError::new(path, plan, "must be a list of steps")]);
    };
    if items.len() > STEPS_MAX {
        return Err(vec![FieldError::new(path, &items.len(), format!("has more than {STEPS_MAX} steps"))]);
    }
    let mut errors = Vec::new();
    let mut steps = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        steps.extend(parse(item, &format!("{path}[{index}]"), &mut errors));
        if errors.len() >= ERRORS_MAX {
            errors.truncate(ERRORS_MAX);
            break;
        }
    }
    if errors.is_empty() { Ok(steps) } else { Err(errors) }
}

/// Reads one step; what is wrong goes to `errors`, and then there is no step.
pub fn parse(step: &Value, path: &str, errors: &mut Vec<FieldError>) -> Option<Step> {
    let Value::Object(fields) = step else {
        errors.push(FieldError::new(path, step, "must be an object with skill, params and iterations"));
        return None;
    };
    let before = errors.len();
    for (name, value) in fields {
        if !FIELDS.contains(&name.as_str()) {
            errors.push(FieldError::new(
                format!("{path}.{name}"),
                value,
                "is unknown; a step has skill, params and iterations",
            ));
        }
    }
    let step = parse_fields(fields, path, errors);
    step.filter(|_| errors.len() == before)
}

/// Reads the three fields of a step from an object that may hold others.
pub fn parse_fields(fields: &Map<String, Value>, path: &str, errors: &mut Vec<FieldError>) -> Option<Step> {
    let before = errors.len();
    let skill = parse_skill(fields.get("skill"), path, errors);
    let params = match fields.get("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params.clone(),
        Some(other) => {
            errors.push(FieldError::new(format!("{path}.params"), other, "must be an object"));
            Map::new()
        }
    };
    let iterations = match fields.get("iterations") {
        None => 1,
        Some(value) => parse_iterations(value, path, errors),
    };
    let skill = skill?;
    check_params(&skill, &params, path, errors);
    (errors.len() == before).then_some(Step { skill, params, iterations })
}

fn parse_skill(skill: Option<&Value>, path: &str, errors: &mut Vec<FieldError>) -> Option<SkillId> {
    let mut refuse = |value: &Value, reason| {
        errors.push(FieldError::new(format!("{path}.skill"), value, reason));
        None
    };
    match skill {
        None => refuse(&Value::Null, "is required"),
        Some(Value::String(name)) if name.is_empty() => refuse(&Value::Null, "must not be empty"),
        Some(value @ Value::String(name)) if name.len() > TEXT_MAX || name.chars().any(char::is_control) => {
            refuse(value, "must be at most 1024 bytes without control characters")
        }
        Some(Value::String(name)) => Some(SkillId::new(name)),
        Some(other) => refuse(other, "must be text"),
    }
}

fn parse_iterations(value: &Value, path: &str, errors: &mut Vec<FieldError>) -> u32 {
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    count.filter(|count| (1..=ITERATIONS_MAX).contains(count)).unwrap_or_else(|| {
        errors.push(FieldError::new(
            format!("{path}.iterations"),
            value,
            format!("must be a whole number from 1 to {ITERATIONS_MAX}"),
        ));
        1
    })
}

/// What a parameter that a model reads must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamType {
    /// Text.
    Text,
    /// Text, or null, which the compat models read as four characters.
    TextOrNull,
    /// A finite number of seconds, not negative.
    Seconds,
    /// A list of objects.
    Messages,
    /// A whole number, not negative.
    Count,
}

/// The parameters that models read, by skill. Others are the skill's own business.
pub const PARAMS: [(&str, &str, ParamType); 8] = [
    ("llm_invoke", "prompt", ParamType::TextOrNull),
    ("llm_invoke", "system", ParamType::TextOrNull),
    ("llm_invoke", "messages", ParamType::Messages),
    ("llm_invoke", "model", ParamType::Text),
    ("llm_invoke", "max_tokens", ParamType::Count),
    ("http_call", "url", ParamType::Text),
    ("http_call", "timeout", ParamType::Seconds),
    ("shell_lite", "command", ParamType::Text),
];

impl ParamType {
    /// Whether `value` is of this type.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::TextOrNull => value.is_string() || value.is_null(),
            Self::Seconds => value.as_f64().is_some_and(|seconds| seconds.is_finite() && seconds >= 0.0),
            Self::Messages => value.as_array().is_some_and(|items| items.iter().all(Value::is_object)),
            Self::Count => value.is_u64(),
        }
    }

    /// The rule, for whoever broke it.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Text => "must be text",
            Self::TextOrNull => "must be text or null",
            Self::Seconds => "must be a finite number of seconds, not negative",
            Self::Messages => "must be a list of objects",
            Self::Count => "must be a whole number, not negative",
        }
    }
}

/// Checks the parameters of [`PARAMS`] that `skill` has.
pub fn check_params(skill: &str, params: &Map<String, Value>, path: &str, errors: &mut Vec<FieldError>) {
    for (_, name, kind) in PARAMS.iter().filter(|(of, ..)| *of == skill) {
        if let Some(value) = params.get(*name)
            && !kind.accepts(value)
        {
            errors.push(FieldError::new(format!("{path}.params.{name}"), value, kind.rule()));
        }
    }
}

#[cfg(test)]
mod tests;
