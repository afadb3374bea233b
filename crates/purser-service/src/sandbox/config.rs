//! What the sandbox is told.

use std::path::PathBuf;
use std::time::Duration;

use purser_domain::dataset::Dataset;
use purser_domain::simulation::ModelName;
use purser_domain::simulation::v2::Stamp;

/// How the sandbox runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Whether the candidate runs in the shadow of `v1`.
    pub enabled: bool,
    /// The candidate does not run while this file is there.
    pub disable_file: Option<PathBuf>,
    /// How long a reply that shows the comparison waits for it once the baseline is ready.
    pub shadow_wait: Duration,
    /// A candidate that takes longer is given up.
    pub deadline: Duration,
    /// So many simulations wait at most; more are dropped.
    pub queue: usize,
    /// Threads that run the candidate.
    pub workers: usize,
    /// What results of `v2` say about the code that made them.
    pub stamp: Stamp,
    /// Whether simulations are recorded.
    pub provenance: bool,
    /// A drift above this counts as a breach.
    pub drift_threshold: f64,
    /// The model that answers when a request names none.
    pub model: ModelName,
    /// The operator's own datasets, beside those that ship.
    pub datasets: Vec<Dataset>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: false,
            disable_file: None,
            shadow_wait: Duration::from_millis(20),
            deadline: Duration::from_secs(1),
            queue: 1_024,
            workers: 1,
            stamp: Stamp { commit_sha: crate::provenance::CODE_VERSION.into(), ..Stamp::default() },
            provenance: true,
            drift_threshold: 0.2,
            model: ModelName::V3,
            datasets: Vec::new(),
        }
    }
}

impl Config {
    /// Whether the file that keeps the candidate out is there.
    #[must_use]
    pub fn is_disabled_by_file(&self) -> bool {
        self.disable_file.as_ref().is_some_and(|file| file.exists())
    }
}
