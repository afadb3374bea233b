//! The console: server-rendered pages over the use-cases of `purser-service`.
//! Invariant: every control is a link or a form first; nothing is loaded from another origin.

#![warn(missing_docs)]

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use purser_service::Service;
use tokio::sync::Semaphore;

mod asset;
mod config;
mod guard;
mod header;
mod page;
mod param;
mod session;
mod view;

pub use config::Config;

/// The largest form: a key and an address to go on to.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The most simulations at a time.
const SIMULATIONS_MAX: usize = 2;

/// What every page needs.
#[derive(Clone)]
struct Console {
    service: Service,
    config: Config,
    /// Turns to simulate: each takes a core.
    simulations: Arc<Semaphore>,
}

/// All routes of the console, to be merged with those of the API.
pub fn router(service: Service, config: Config) -> Router {
    let simulations = Arc::new(Semaphore::new(SIMULATIONS_MAX));
    let console = Console { service, config, simulations };
    Router::new()
        .route("/", get(page::root))
        .route("/login", get(page::login::show).post(page::login::submit))
        .route("/logout", post(page::login::leave))
        .route("/overview", get(page::overview::show))
        .route(
            "/simulate",
            get(page::simulate::show)
                .post(page::simulate::submit)
                .layer(DefaultBodyLimit::max(page::simulate::FORM_BYTES_MAX)),
        )
        .route("/what-if", get(page::what_if::show))
        .route("/reconciliations", get(page::reconciliation::show))
        .route("/passed-over", get(page::passed_over::show))
        .route("/assets/{name}", get(asset::serve))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(console.clone(), header::add))
        .with_state(console)
}
