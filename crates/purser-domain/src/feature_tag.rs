//! Names for what money is spent on: `namespace.action`, registered per tenant.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::usage_event::FieldError;

/// What an unregistered or deactivated tag is shown as in breakdowns.
pub const UNCLASSIFIED: &str = "unclassified";

/// A registered feature tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureTag {
    /// Its id: `ft_` and 16 hex digits.
    pub id: String,
    /// `namespace.action`.
    pub tag: String,
    /// Name for people.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Planned spend that breakdowns compare with.
    pub budget_usd: Option<Money>,
    /// Deactivated tags stay, but no longer classify.
    pub is_active: bool,
}

/// Checks the form of a tag: at least two non-empty parts joined by dots, 128 bytes at most.
///
/// # Errors
/// Names the field, the value and the rule.
pub fn check_tag(tag: &str) -> Result<(), FieldError> {
    let well_formed = tag.len() <= 128
        && tag.contains('.')
        && tag.split('.').all(|part| !part.is_empty())
        && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':'));
    if well_formed {
        Ok(())
    } else {
        Err(FieldError::new(
            "tag",
            tag,
            "must be namespace.action: letters, digits, _ - / :, parts joined by dots, at most 128 bytes",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_namespace_dot_action() {
        for tag in ["support.reply", "a.b.c", "rag-v2.search_index"] {
            assert!(check_tag(tag).is_ok(), "{tag}");
        }
        for tag in ["", "support", ".reply", "support.", "a..b", "a b.c", &"x.".repeat(80)] {
            assert!(check_tag(tag).is_err(), "{tag}");
        }
    }
}
