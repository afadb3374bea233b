//! The skill catalogue on the wire.

use std::collections::BTreeMap;

use purser_domain::skill::Skill;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The catalogue that the tenant's plans are simulated with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkillCatalogue {
    /// Which edition it is.
    pub version: String,
    /// SHA-256 of its canonical content, hex.
    pub hash: String,
    /// By skill: what it costs under each model, and how it fails.
    #[schema(value_type = Object)]
    pub skills: BTreeMap<String, Skill>,
    /// The skills whose row is the tenant's own.
    pub overridden: Vec<String>,
}

/// A row of the tenant's own; it takes the place of the catalogue's whole row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "skill": "web_search",
    "costs": {"v1": {"cost_cents": 1, "latency_ms": 800, "risk": {"name": "timeout", "mode": "timeout", "probability": 0.05}}}
}))]
pub struct SkillOverrideDraft {
    /// The skill.
    pub skill: String,
    /// What it costs per model; a model whose part is missing does not know the skill.
    #[schema(value_type = Object)]
    pub costs: Value,
}

/// A stored row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkillOverrideRecord {
    /// The skill.
    pub skill: String,
    /// What it costs.
    #[schema(value_type = Object)]
    pub costs: Skill,
}

/// The tenant's own rows, by skill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkillOverrideList {
    /// The rows.
    pub overrides: Vec<SkillOverrideRecord>,
}
