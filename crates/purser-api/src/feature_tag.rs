//! Feature tags on the wire.

use purser_domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A registered feature tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeatureTagRecord {
    /// `ft_…`
    pub id: String,
    /// `namespace.action`
    pub tag: String,
    /// Name for people.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Planned spend, whole cents.
    pub budget_cents: Option<i64>,
    /// Planned spend, exact.
    #[schema(value_type = Option<String>)]
    pub budget_usd: Option<Money>,
    /// Deactivated tags stay, but no longer classify.
    pub is_active: bool,
}

/// The tenant's tags, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeatureTagList {
    /// The tags.
    pub features: Vec<FeatureTagRecord>,
}

/// A tag to register.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureTagDraft {
    /// `namespace.action`
    pub tag: String,
    /// Name for people.
    pub display_name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Planned spend, whole cents, not negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_cents: Option<i64>,
}

/// Changes of a tag: what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureTagPatch {
    /// Name for people; cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// Planned spend, whole cents.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<i64>)]
    pub budget_cents: Option<Option<i64>>,
    /// Whether it classifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}
