//! The nouns of purser and their invariants. No IO, no clock, no randomness.

#![warn(missing_docs)]

pub mod api_key;
pub mod artifact;
pub mod attribution;
pub mod backtest;
pub mod calibration;
pub mod charge;
pub mod comparison;
pub mod context_window;
pub mod dataset;
pub mod divergence;
pub mod driver;
pub mod entry;
pub mod estimate;
pub mod feature_tag;
pub mod money;
pub mod passed_over;
pub mod plan;
pub mod price;
pub mod prior;
pub mod provenance;
pub mod provider;
pub mod reconciliation;
pub mod rerate;
pub mod run;
pub mod scenario;
pub mod sighting;
pub mod simulation;
pub mod skill;
pub mod step;
pub mod tenant;
pub mod text;
pub mod time;
pub mod unique_json;
pub mod unit;
pub mod usage;
pub mod usage_event;
pub mod usage_query;
pub mod what_if;
pub mod why;
