//! The HTTP interface: routes, authentication, limits, error documents, OTLP receivers, metrics.
//! Invariant: no business rule lives here; a handler reads the request, calls one use-case and writes the reply.

#![warn(missing_docs)]

mod analytics;
mod api_key;
mod app;
mod artifact;
mod auth;
mod backtest;
mod body;
mod calibration;
mod config;
mod context;
mod cost;
mod costsim;
mod dataset;
mod decode;
mod divergence;
mod entry;
mod error_page;
mod export;
mod failure;
mod feature_tag;
mod fields;
mod foreign;
mod grpc;
mod health;
mod import;
mod meter;
mod openapi;
mod otlp;
mod params;
mod plan;
mod price;
mod provenance;
mod reconciliation;
mod refusal;
mod router;
mod scenario;
mod serve;
mod share;
mod simulation;
mod skill;
mod tenant;
mod tls;
mod turn;
mod usage_event;
mod usage_query;
mod what_if;

pub use app::App;
pub use config::Config;
pub use openapi::document;
pub use router::{grpc_router, otlp_router, router};
pub use serve::{Peer, serve};
pub use tls::Tls;
