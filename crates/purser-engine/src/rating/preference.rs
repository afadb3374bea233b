//! Which cost stands where an event is rated whole and its source reports a cost too.
//! Invariant: the rated cost stands unless a rule says otherwise, and the charge names the rule.

use std::collections::BTreeMap;

use purser_domain::provider;
use serde::{Deserialize, Serialize};

/// The cost that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// What the price book makes of the event.
    Rated,
    /// What the source says: its own bill is the truth.
    Reported,
}

impl Prefer {
    /// `rated` or `reported`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Reported => "reported",
        }
    }
}

impl std::str::FromStr for Prefer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Rated, Self::Reported]
            .into_iter()
            .find(|prefer| prefer.name() == text)
            .ok_or_else(|| format!("{text:?} is neither rated nor reported"))
    }
}

/// Routers and plans: they bill by their own rules, so that a list price is a guess and their report is the bill.
const ROUTERS: [&str; 4] = ["cursor", "github_copilot", "openrouter", "vercel_ai_gateway"];

/// Sources whose counts are coarser than what they bill by: LiteLLM's OpenMeter events tell totals only, so that what
/// was cached would be charged as fresh.
const COARSE: [&str; 1] = ["cloudevents:litellm-proxy"];

/// The name under which a charge keeps the preference of the import that brought its event.
const IMPORT: &str = "import";
/// The same of an import that prefers the rated cost.
const IMPORT_RATED: &str = "import: rated";

/// Preferences by source and by provider; a source goes before a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    sources: BTreeMap<String, Prefer>,
    providers: BTreeMap<String, Prefer>,
}

impl Default for Preferences {
    /// `reported` for routers and for sources that count coarsely, `rated` for all others.
    fn default() -> Self {
        let reported = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Prefer::Reported)).collect();
        Self { sources: reported(&COARSE), providers: reported(&ROUTERS) }
    }
}

impl Preferences {
    /// The defaults with rules laid over them, named `provider openrouter` or `source cursor`.
    ///
    /// # Errors
    /// The first rule that names neither a provider nor a source.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a str, Prefer)>) -> Result<Self, String> {
        let mut this = Self::default();
        for (rule, prefer) in rules {
            match rule.split_once(' ').map(|(kind, name)| (kind, name.trim())) {
                Some(("provider", name)) if !name.is_empty() => {
                    this.providers.insert(provider::canonical(name), prefer);
                }
                Some(("source", name)) if !name.is_empty() => {
                    this.sources.insert(name.to_owned(), prefer);
                }
                _ => return Err(format!("{rule:?} is not \"provider NAME\" or \"source NAME\"")),
            }
        }
        Ok(this)
    }

    /// What a rule says of an event, and the rule's name; `None` if none does.
    pub(super) fn of(&self, source: &str, provider: &str) -> Option<(Prefer, String)> {
        let by_source = || self.sources.get(source).map(|prefer| (*prefer, format!("source {source}")));
        let by_provider = || self.providers.get(provider).map(|prefer| (*prefer, format!("provider {provider}")));
        by_source().or_else(by_provider)
    }
}

/// The name of an import's preference.
pub(super) const fn of_import(prefer: Prefer) -> &'static str {
    match prefer {
        Prefer::Reported => IMPORT,
        Prefer::Rated => IMPORT_RATED,
    }
}

/// The preference of the import that brought a charge's event, if it had one: rating again keeps it.
pub(crate) fn import_of(charge: &purser_domain::charge::Charge) -> Option<Prefer> {
    match charge.basis.as_ref()?.preference.as_deref()? {
        IMPORT => Some(Prefer::Reported),
        IMPORT_RATED => Some(Prefer::Rated),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_goes_before_a_provider_and_a_setting_before_the_default() {
        let rules =
            [("provider openai", Prefer::Reported), ("source ours", Prefer::Rated), ("provider cursor", Prefer::Rated)];
        let preferences = Preferences::new(rules).expect("rules of this test");
        for (source, provider, expected) in [
            ("otlp", "openrouter", Some((Prefer::Reported, "provider openrouter"))),
            ("otlp", "openai", Some((Prefer::Reported, "provider openai"))),
            ("ours", "openai", Some((Prefer::Rated, "source ours"))),
            ("otlp", "cursor", Some((Prefer::Rated, "provider cursor"))),
            ("otlp", "anthropic", None),
        ] {
            let expected = expected.map(|(prefer, rule)| (prefer, rule.to_owned()));
            assert_eq!(preferences.of(source, provider), expected, "{source} {provider}");
        }
        for rule in ["openai", "provider", "provider ", "model gpt"] {
            assert!(Preferences::new([(rule, Prefer::Rated)]).is_err(), "{rule:?}");
        }
    }
}
