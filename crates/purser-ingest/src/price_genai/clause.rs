//! Match clauses of genai-prices: which names stand for a model.
//! Invariant: they are only ever asked about names that are known to exist.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A clause over a name in lower case.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Clause {
    Equals(String),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Regex(Pattern),
    Or(Vec<Self>),
    And(Vec<Self>),
}

impl Clause {
    /// Whether the clause holds for a name in lower case.
    pub(super) fn is_match(&self, name: &str) -> bool {
        match self {
            Self::Equals(text) => text.eq_ignore_ascii_case(name),
            Self::StartsWith(text) => name.starts_with(&text.to_ascii_lowercase()),
            Self::EndsWith(text) => name.ends_with(&text.to_ascii_lowercase()),
            Self::Contains(text) => name.contains(&text.to_ascii_lowercase()),
            Self::Regex(pattern) => pattern.is_match(name),
            Self::Or(clauses) => clauses.iter().any(|clause| clause.is_match(name)),
            Self::And(clauses) => clauses.iter().all(|clause| clause.is_match(name)),
        }
    }

    /// Adds every name that an `equals` clause spells out.
    pub(super) fn listed_names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Equals(text) => {
                names.insert(text.to_ascii_lowercase());
            }
            Self::Or(clauses) | Self::And(clauses) => {
                for clause in clauses {
                    clause.listed_names(names);
                }
            }
            Self::StartsWith(_) | Self::EndsWith(_) | Self::Contains(_) | Self::Regex(_) => {}
        }
    }
}

/// A compiled regular expression. `^(?!X)` alone, the one look-ahead in use, is "does not start with X".
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    regex: regex::Regex,
    must_match: bool,
}

impl Pattern {
    fn is_match(&self, name: &str) -> bool {
        self.regex.is_match(name) == self.must_match
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.strip_prefix("^(?!").and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => Ok(Self { regex: regex::Regex::new(&format!("^(?:{inner})"))?, must_match: false }),
            None => Ok(Self { regex: regex::Regex::new(&text)?, must_match: true }),
        }
    }
}
