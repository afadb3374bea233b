//! Skills that a plan's steps call, what each is taken to cost and how it fails.
//! Invariant: the numbers are data (`data/skills.json`); only the shape of a formula is code.

use crate::text::Text;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// The name of a skill, opaque to purser: `llm_invoke`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SkillId(Text);

impl SkillId {
    /// A skill of that name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Text::from(name))
    }
}

impl Deref for SkillId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SkillId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SkillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Rows in the order of their file, found by name in one step.
pub type Rows<K, V> = indexmap::IndexMap<K, V, foldhash::fast::FixedState>;

/// Every skill that is known, what it costs under each model, and how it fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Which edition this is.
    pub version: String,
    /// The one taxonomy of failures, by mode.
    pub modes: Rows<Text, Mode>,
    /// The skills.
    pub skills: Rows<SkillId, Skill>,
    /// What a skill that is in no row is taken for.
    pub unknown: UnknownCost,
    /// Usage drivers of the graph model, in that model's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drivers: Option<serde_json::Value>,
    /// SHA-256 of the canonical form, hex; set by whoever parses or merges, never read from a file.
    #[serde(skip)]
    pub hash: String,
}

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// What a retry is worth.
    pub class: FailureClass,
    /// What to do about it.
    pub mitigation: Text,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// May pass when tried again.
    Transient,
    /// Fails again however often it is tried.
    Permanent,
    /// Access is missing.
    Permission,
    /// Space, quota or context ran out.
    Resource,
}

/// A chance to fail, under the name that a compat model gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// The model's own name: `rate_limit`.
    pub name: Text,
    /// The mode of the taxonomy that it means.
    pub mode: Text,
    /// Chance per call, 0 to 1.
    pub probability: f64,
    /// The mode's class; set by whoever parses or merges a catalogue, so that simulations need not look it up.
    #[serde(skip)]
    pub class: Option<FailureClass>,
}

/// What one skill costs; a model whose part is missing does not know the skill.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skill {
    /// Of the flat table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v1: Option<FlatCost>,
    /// Of the parametric model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v2: Option<ParametricCost>,
    /// Of the runtime view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<RuntimeCost>,
    /// Of the scenario view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioCost>,
    /// How it fails, per call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
}

/// What a skill in no row is taken for, under every model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownCost {
    /// Of the flat table.
    pub v1: FlatCost,
    /// Of the parametric model.
    pub v2: ParametricCost,
    /// Of the runtime view.
    pub runtime: RuntimeCost,
    /// Of the scenario view.
    pub scenario: ScenarioCost,
}

/// A row of the flat table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlatCost {
    /// Cents per call.
    pub cost_cents: i64,
    /// Milliseconds per call.
    pub latency_ms: i64,
    /// How it fails.
    pub risk: Risk,
    /// If set, a call costs at least a cent per that many whole characters of `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_chars_per_cent: Option<u64>,
    /// Whether the parameter `timeout` caps the latency.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timeout_caps_latency: bool,
}

/// A row of the parametric model. A coefficient that is left out is the model's fallback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParametricCost {
    /// Cents per call before anything else.
    pub cost_cents: f64,
    /// Milliseconds per call before anything else.
    pub latency_ms: f64,
    /// How far the estimate is trusted, 0 to 1; no probability of anything.
    pub confidence: f64,
    /// How it fails.
    pub risks: Vec<Risk>,
    /// What the length of `prompt` adds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptCost>,
    /// What `url` and `timeout` change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCost>,
    /// What a long `command` changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<LengthMark>,
}

impl Default for ParametricCost {
    fn default() -> Self {
        Self {
            cost_cents: 0.0,
            latency_ms: 500.0,
            confidence: 0.70,
            risks: Vec::new(),
            prompt: None,
            http: None,
            command: None,
        }
    }
}

/// What a prompt's length adds, in characters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptCost {
    /// Cents per thousand characters sent.
    pub cents_per_1k_input: f64,
    /// Cents per thousand characters answered.
    pub cents_per_1k_output: f64,
    /// Milliseconds per thousand characters sent.
    pub latency_ms_per_1k_input: f64,
    /// Characters answered per character sent.
    pub output_per_input: u64,
    /// The most characters answered.
    pub output_chars_max: u64,
    /// Lengths above which the estimate is trusted less.
    pub marks: Vec<LengthMark>,
}

/// What changes above a length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LengthMark {
    /// Applies above that many characters.
    pub over_chars: u64,
    /// Factor on every risk.
    #[serde(default = "one")]
    pub risk_factor: f64,
    /// Factor on the confidence.
    #[serde(default = "one")]
    pub confidence_factor: f64,
}

const fn one() -> f64 {
    1.0
}

/// What `url` and `timeout` change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCost {
    /// Added to the latency before `timeout` caps it.
    pub latency_variance_ms: f64,
    /// Seconds, when there is no `timeout`.
    pub timeout_default_s: f64,
    /// A url that starts with one of these stays on the machine.
    pub loopback: Vec<String>,
    /// Factor on every risk for any other url.
    pub external_risk_factor: f64,
    /// Factor on the confidence for any other url.
    pub external_confidence_factor: f64,
}

/// A row of the runtime view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeCost {
    /// Cents per call.
    pub cost_cents: i64,
    /// Milliseconds per call.
    pub latency_ms: i64,
}

/// A row of the scenario view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioCost {
    /// Cents of a step, however often it is repeated.
    pub base_cents: i64,
    /// Cents per repetition.
    pub per_cents: i64,
    /// Milliseconds per repetition.
    pub latency_ms: i64,
    /// How far the estimate is trusted, 0 to 1.
    pub confidence: f64,
}

/// A chance to fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The mode of the taxonomy.
    pub mode: Text,
    /// Chance per call, 0 to 1.
    pub probability: f64,
}

/// What to do with a skill that is in no row. It is reported whatever is done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownPolicy {
    /// Take it for the catalogue's `unknown`.
    #[default]
    Pessimistic,
    /// Refuse the plan.
    Reject,
    /// Take it for what the caller says; what the caller leaves out, for `unknown`.
    Supplied(Box<Skill>),
}
