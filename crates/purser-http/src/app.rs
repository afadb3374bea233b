//! What every handler may reach: the use-cases, the limits and the meters.

use std::sync::Arc;

use purser_service::Service;
use tokio::sync::Semaphore;

use crate::body::Budget;
use crate::config::Config;

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) service: Service,
    pub(crate) config: Arc<Config>,
    /// Memory for bodies.
    pub(crate) bodies: Budget,
    /// Turns for requests.
    pub(crate) turns: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(service: Service, config: Config) -> Self {
        crate::meter::install();
        let bodies = Budget::new(config.bodies_max);
        let turns = Arc::new(Semaphore::new(config.concurrency));
        Self { service, config: Arc::new(config), bodies, turns }
    }
}
