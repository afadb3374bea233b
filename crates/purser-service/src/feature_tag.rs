//! Registers and changes feature tags.

use std::collections::HashSet;

use purser_domain::feature_tag::{FeatureTag, check_tag};
use purser_domain::money::Money;
use purser_domain::usage_event::FieldError;

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// A tag to register.
#[derive(Debug, Clone)]
pub struct Draft {
    /// `namespace.action`.
    pub tag: String,
    /// Name for people.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Planned spend.
    pub budget_usd: Option<Money>,
}

/// What to change; the outer `None` leaves a field alone, the inner one clears it.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// New name for people.
    pub display_name: Option<String>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New planned spend.
    pub budget_usd: Option<Option<Money>>,
    /// Whether it classifies.
    pub is_active: Option<bool>,
}

impl Service {
    /// Registers a tag.
    ///
    /// # Errors
    /// Forbidden; invalid; conflict if it is registered, active or not; unavailable.
    pub async fn feature_tag_create(&self, who: &Principal, draft: Draft) -> Result<FeatureTag, Error> {
        who.may_operate()?;
        let tag = FeatureTag {
            id: format!("ft_{}", random_hex::<8>()),
            tag: draft.tag,
            display_name: draft.display_name,
            description: draft.description,
            budget_usd: draft.budget_usd,
            is_active: true,
        };
        check(&tag)?;
        self.store().feature_tag(who.tenant()).create(&tag).await?;
        Ok(tag)
    }

    /// The tenant's tags by name.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn feature_tags(&self, who: &Principal, include_inactive: bool) -> Result<Vec<FeatureTag>, Error> {
        who.may_read()?;
        let mut tags = self.store().feature_tag(who.tenant()).list().await?;
        tags.retain(|tag| include_inactive || tag.is_active);
        Ok(tags)
    }

    /// Changes a tag.
    ///
    /// # Errors
    /// Forbidden; not found; invalid; unavailable.
    pub async fn feature_tag_update(&self, who: &Principal, tag: &str, patch: Patch) -> Result<FeatureTag, Error> {
        who.may_operate()?;
        let tags = self.store().feature_tag(who.tenant()).list().await?;
        let old = tags.into_iter().find(|known| known.tag == tag);
        let old = old.ok_or_else(|| Error::not_found("feature tag", tag))?;
        let new = FeatureTag {
            display_name: patch.display_name.unwrap_or(old.display_name),
            description: patch.description.unwrap_or(old.description),
            budget_usd: patch.budget_usd.unwrap_or(old.budget_usd),
            is_active: patch.is_active.unwrap_or(old.is_active),
            ..old
        };
        check(&new)?;
        self.store().feature_tag(who.tenant()).update(&new).await?;
        Ok(new)
    }

    pub(crate) async fn active_tags(&self, who: &Principal) -> Result<HashSet<String>, Error> {
        let tags = self.store().feature_tag(who.tenant()).list().await?;
        Ok(tags.into_iter().filter(|tag| tag.is_active).map(|tag| tag.tag).collect())
    }
}

fn check(tag: &FeatureTag) -> Result<(), Error> {
    let mut errors: Vec<FieldError> = check_tag(&tag.tag).err().into_iter().collect();
    if tag.display_name.trim().is_empty() || tag.display_name.len() > 256 {
        errors.push(FieldError::new("display_name", &tag.display_name, "must have 1 to 256 bytes"));
    }
    if tag.description.as_ref().is_some_and(|text| text.len() > 1024) {
        errors.push(FieldError::new(
            "description",
            tag.description.as_deref().unwrap_or_default(),
            "is longer than 1 KiB",
        ));
    }
    if tag.budget_usd.is_some_and(|budget| budget < Money::ZERO) {
        errors.push(FieldError::new("budget", &tag.budget_usd.unwrap_or_default(), "must not be negative"));
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::invalid(errors)) }
}
