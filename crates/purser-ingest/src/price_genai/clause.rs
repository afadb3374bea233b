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
            Self::Regex(pattern) => pattern.0.is_match(name),
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

/// A compiled regular expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(regex::Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        regex::Regex::new(&text).map(Self)
    }
}
