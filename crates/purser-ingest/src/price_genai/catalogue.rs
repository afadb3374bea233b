//! The shape of genai-prices' JSON. Rates stay texts until they are read exactly.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::clause::Clause;
use crate::price_catalogue::CatalogueError;

/// A whole catalogue.
#[derive(Debug, Deserialize)]
pub(super) struct Export<'a> {
    #[serde(default)]
    pub(super) catalogue: Option<String>,
    #[serde(default)]
    pub(super) retrieved: Option<String>,
    #[serde(borrow)]
    pub(super) providers: Vec<Provider<'a>>,
}

/// Who sells the models.
#[derive(Debug, Deserialize)]
pub(super) struct Provider<'a> {
    pub(super) id: String,
    #[serde(default)]
    pub(super) pricing_urls: Option<Vec<String>>,
    #[serde(borrow)]
    pub(super) models: Vec<Model<'a>>,
}

/// A model: its names and its prices over time.
#[derive(Debug, Deserialize)]
pub(super) struct Model<'a> {
    pub(super) id: String,
    #[serde(rename = "match")]
    pub(super) matches: Clause,
    /// One object of rates, or a list of objects with conditions.
    #[serde(borrow)]
    prices: &'a RawValue,
    #[serde(default, borrow)]
    pub(super) price_variants: Option<Vec<Variant<'a>>>,
}

/// Rates by price key: `input_mtok` → a decimal, or a base with tiers.
pub(super) type Rates<'a> = BTreeMap<String, &'a RawValue>;

/// Rates under a condition.
#[derive(Debug, Deserialize)]
pub(super) struct Conditional<'a> {
    #[serde(default)]
    pub(super) constraint: Option<Constraint>,
    #[serde(borrow)]
    pub(super) prices: Rates<'a>,
}

/// Rates that replace the standard ones, key by key, for calls of a kind.
#[derive(Debug, Deserialize)]
pub(super) struct Variant<'a> {
    pub(super) when: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) constraint: Option<Constraint>,
    #[serde(borrow)]
    pub(super) prices: Rates<'a>,
}

/// When rates hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Constraint {
    /// From a UTC date on.
    Start { start_date: String },
    /// At a time of every day.
    Daily { start_time: String, end_time: String },
}

/// A rate that depends on the size of the call's input.
#[derive(Debug, Deserialize)]
pub(super) struct Tiered<'a> {
    #[serde(borrow)]
    pub(super) base: &'a RawValue,
    #[serde(borrow)]
    pub(super) tiers: Vec<TieredStep<'a>>,
}

/// The rate above `start` input tokens.
#[derive(Debug, Deserialize)]
pub(super) struct TieredStep<'a> {
    pub(super) start: u64,
    #[serde(borrow)]
    pub(super) price: &'a RawValue,
}

/// Reads an export or a bare list of providers.
pub(super) fn read(json: &str) -> Result<Export<'_>, CatalogueError> {
    if json.trim_start().starts_with('[') {
        return Ok(Export { catalogue: None, retrieved: None, providers: serde_json::from_str(json)? });
    }
    Ok(serde_json::from_str(json)?)
}

impl<'a> Model<'a> {
    /// The prices in their order, the last that holds being the one in force.
    pub(super) fn conditionals(&self) -> Result<Vec<Conditional<'a>>, CatalogueError> {
        let text = self.prices.get();
        if text.starts_with('[') {
            return Ok(serde_json::from_str(text)?);
        }
        Ok(vec![Conditional { constraint: None, prices: serde_json::from_str(text)? }])
    }
}
