//! Runs a candidate model in the shadow of the one in production, off the request path.
//! Invariant: the baseline's answer is ready before the candidate starts, and a candidate that fails, hangs or is
//! flooded can neither change, delay nor fail it.

mod candidate;
mod config;
mod finish;
mod worker;

use std::time::Duration;

use purser_domain::provenance::RecordId;
use purser_domain::simulation::v1;
use purser_domain::simulation::v2::Stamp;

pub use candidate::{Candidate, Input, Parametric};
pub use config::Config;
pub use finish::Compared;
pub(crate) use finish::{Context, Output, record_baseline, status_of};
pub(crate) use worker::Job;
use worker::Pool;

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;
use crate::simulation::Request;

/// The shadow and what it was told.
pub(crate) struct Sandbox {
    config: Config,
    pool: Pool,
}

/// What the sandbox does at the moment, and what became of its work since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Simulations that wait.
    pub queued: usize,
    /// Threads that take them.
    pub workers: usize,
    /// Threads that hang in a candidate beyond its deadline.
    pub stuck: usize,
    /// Simulations that ended with an answer.
    pub answered: u64,
    /// Simulations that ended with an error or a panic.
    pub failed: u64,
    /// Simulations that were given up at their deadline.
    pub timed_out: u64,
    /// Simulations that found the queue full.
    pub dropped: u64,
}

/// How the sandbox is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Whether the candidate runs: it is switched on, and no disable file is there.
    pub sandbox_enabled: bool,
    /// Whether the disable file is there.
    pub disabled_by_file: bool,
    /// The candidate's versions.
    pub stamp: Stamp,
    /// A drift above this counts as a breach.
    pub drift_threshold: f64,
    /// What it does.
    pub counts: Counts,
}

/// What is known of the candidate when the reply is written.
#[derive(Debug, Clone)]
pub enum Shadow {
    /// It is switched off.
    Off,
    /// It has answered.
    Done(Box<Compared>),
    /// It has not answered in time; what it says goes to provenance.
    Pending,
    /// It did not run or failed, and why.
    Failed(String),
}

/// The production answer, and what is known of the candidate.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The production answer.
    pub baseline: v1::Simulation,
    /// What is known of the candidate.
    pub shadow: Shadow,
    /// Where both are recorded; `None` if nothing is.
    pub provenance_id: Option<RecordId>,
}

impl Sandbox {
    pub(crate) fn start(config: Config, candidate: Box<dyn Candidate>) -> Self {
        let pool = Pool::new(&config, candidate.into());
        Self { config, pool }
    }

    /// What results say about the code that made them.
    pub(crate) fn stamp(&self) -> Stamp {
        self.config.stamp.clone()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    fn is_on(&self) -> bool {
        self.config.enabled && !self.config.is_disabled_by_file()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.pool.counts()
    }

    /// Waits until what was taken is done, one deadline at most; what is left then counts as timed out. What only has to
    /// be recorded is waited for longer.
    pub(crate) async fn shutdown(&self) {
        let patience = self.config.deadline + Duration::from_millis(100);
        for job in self.pool.close(patience).await {
            job.context.keep(job.context.expired()).await;
        }
    }
}

impl Service {
    /// How the sandbox is set, and what it does.
    ///
    /// # Errors
    /// Forbidden.
    pub fn sandbox_status(&self, who: &Principal) -> Result<Status, Error> {
        who.may_read()?;
        let sandbox = self.sandbox();
        Ok(Status {
            sandbox_enabled: sandbox.is_on(),
            disabled_by_file: sandbox.config.is_disabled_by_file(),
            stamp: sandbox.stamp(),
            drift_threshold: sandbox.config.drift_threshold,
            counts: sandbox.counts(),
        })
    }

    /// Simulates under the baseline, and waits a moment for the candidate.
    ///
    /// # Errors
    /// Forbidden; invalid with every fault of the plan; unavailable.
    pub async fn sandbox_simulate(&self, who: &Principal, request: Request) -> Result<Answer, Error> {
        let (answer, reply) = self.run_baseline(who, request).await?;
        let Some(reply) = reply else { return Ok(answer) };
        let shadow = match tokio::time::timeout(self.sandbox().config.shadow_wait, reply).await {
            Err(_) => Shadow::Pending,
            Ok(Ok(Ok(compared))) => Shadow::Done(compared),
            Ok(Ok(Err(reason))) => Shadow::Failed(reason),
            Ok(Err(_)) => Shadow::Failed("the candidate was given up".to_owned()),
        };
        Ok(Answer { shadow, ..answer })
    }

    /// The baseline's answer, with the candidate under way if it is switched on.
    pub(crate) async fn run_baseline(
        &self,
        who: &Principal,
        request: Request,
    ) -> Result<(Answer, Option<worker::Reply>), Error> {
        let catalogue = self.catalogue(who).await?;
        let started = std::time::Instant::now();
        let baseline = request.v1(&catalogue)?;
        let sandbox = self.sandbox();
        let id = sandbox.config.provenance.then(|| self.provenance_id());
        let context = Context {
            service: self.clone(),
            who: who.clone(),
            id,
            at: self.now(),
            request,
            baseline,
            catalogue,
            stamp: sandbox.stamp(),
            baseline_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        if !sandbox.is_on() {
            let baseline = record_baseline(&context).await;
            return Ok((Answer { baseline, shadow: Shadow::Off, provenance_id: id }, None));
        }
        let baseline = context.baseline.clone();
        match sandbox.pool.submit(Job::new(context)) {
            Ok(reply) => Ok((Answer { baseline, shadow: Shadow::Pending, provenance_id: id }, Some(reply))),
            Err(job) => {
                record_baseline(&job.context).await;
                let shadow = Shadow::Failed("shadow_dropped".to_owned());
                Ok((Answer { baseline, shadow, provenance_id: id }, None))
            }
        }
    }
}
