//! The use-cases: load, decide (engine), save. Owns the clock, the jobs and authorization by tenant.
//! Invariant: nothing of a tenant is reached without its [`principal::Principal`].

#![warn(missing_docs)]

pub mod api_key;
pub mod artifact;
pub mod backtest;
mod cache;
pub mod calibration;
pub mod clock;
pub mod conflict;
pub mod dataset;
pub mod divergence;
pub mod error;
pub mod feature_tag;
pub mod gauge;
pub mod import;
pub mod ingest;
pub mod job;
pub mod passed_over;
pub mod price;
mod price_book;
pub mod price_update;
pub mod principal;
pub mod provenance;
pub mod reconciliation;
pub mod sandbox;
pub mod scenario;
pub mod service;
pub mod simulation;
pub mod skill;
pub mod usage_event;
pub mod usage_query;
pub mod what_if;

pub use error::Error;
pub use principal::Principal;
pub use purser_ingest as decode;
pub use purser_ledger as ledger;
pub use service::Service;
