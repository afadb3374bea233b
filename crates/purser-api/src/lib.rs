//! The wire: what requests and replies of the HTTP API look like, and the stable error codes.
//! Invariant: money travels as decimal text, instants as RFC 3339 text in UTC.

#![warn(missing_docs)]

pub mod analytics;
pub mod api_key;
pub mod artifact;
pub mod backtest;
pub mod calibration;
pub mod conflict;
pub mod cost;
pub mod cost_record;
pub mod costsim;
pub mod dataset;
pub mod divergence;
pub mod error_code;
pub mod feature_tag;
pub mod health;
pub mod import;
pub mod price;
pub mod problem;
pub mod provenance;
pub mod reconciliation;
pub mod scenario;
pub mod simulation;
pub mod skill;
pub mod tenant;
pub mod usage_event;
pub mod usage_query;
pub mod void;
pub mod what_if;
pub mod why;

pub use purser_domain as domain;
pub use purser_domain::money::Money;
pub use purser_domain::time::{Timestamp, Window};

/// Tells `null` (`Some(None)`) from absent (`None`) in a PATCH body.
///
/// # Errors
/// When the value is not a `T`.
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}
