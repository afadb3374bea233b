//! Settings of rating.

use std::collections::BTreeMap;

use purser_engine::rating::{Prefer, Preferences};
use serde::{Deserialize, Serialize};

/// How events are rated. The names are those of `[rating]` in `purser.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rating {
    /// Which cost stands where an event is rated and its source reports one: by `provider NAME` or `source NAME`.
    #[serde(default)]
    pub(crate) prefer: BTreeMap<String, Prefer>,
}

impl Rating {
    /// The rules, laid over the usual ones.
    ///
    /// # Errors
    /// The first rule that names neither a provider nor a source.
    pub(crate) fn preferences(&self) -> Result<Preferences, String> {
        Preferences::new(self.prefer.iter().map(|(rule, prefer)| (rule.as_str(), *prefer)))
            .map_err(|fault| format!("rating.prefer: {fault}"))
    }
}
