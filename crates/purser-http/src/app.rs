//! What every handler may reach: the use-cases, the limits and the meters.
//! Invariant: all listeners of a server share one of it, so its limits hold for them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use purser_service::Service;
use tokio::sync::Semaphore;

use crate::body::Budget;
use crate::config::Config;

/// The state of the routers. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) service: Service,
    pub(crate) config: Arc<Config>,
    /// Memory for bodies.
    pub(crate) bodies: Budget,
    /// Turns for requests.
    pub(crate) turns: Arc<Semaphore>,
    /// Turns for simulations that take a core.
    pub(crate) simulations: Arc<Semaphore>,
    draining: Arc<AtomicBool>,
}

impl App {
    /// The state of a server's listeners.
    #[must_use]
    pub fn new(service: Service, config: Config) -> Self {
        crate::meter::install();
        let bodies = Budget::new(config.bodies_max);
        let turns = Arc::new(Semaphore::new(config.concurrency));
        let simulations = Arc::new(Semaphore::new(config.simulations));
        Self { service, config: Arc::new(config), bodies, turns, simulations, draining: Arc::default() }
    }

    /// From now on requests but the probes are told to come back, and the server is not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
