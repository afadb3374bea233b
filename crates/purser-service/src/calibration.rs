//! Learns usage drivers from a tenant's own runs, and keeps what was learned by number.
//! Invariant: a run that has no price in part is not learned from in cost; what has too few runs is named, not fitted.

mod sample;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use purser_domain::calibration::{Calibration, Fitted};
use purser_domain::tenant::TenantId;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Dimension, Metric, Query};
use purser_engine::calibration::{RUNS_MIN, calibrate};

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

pub(crate) use sample::RunGroup;

/// The most groups of (run, skill, model) that are learned from at once.
pub const GROUPS_MAX: usize = 500_000;
/// The most calibrations of one list.
pub const LIST_MAX: u64 = 1_000;
/// How far back is learned from if nothing else is said: 90 days.
pub const WINDOW_MICROS: i64 = 90 * 86_400_000_000;

/// What a calibration found.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrated {
    /// What was learned, and from what. If it says the same as the one in force, that one.
    pub fitted: Fitted,
    /// Whether it was kept; a dry run and what is in force already are not.
    pub is_kept: bool,
}

/// What simulations of a tenant rest on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InForce {
    /// Its number; `None` if nothing was learned yet.
    pub(crate) number: Option<i64>,
    /// What was learned.
    pub(crate) calibration: Calibration,
}

impl InForce {
    /// `fitted`, or nothing.
    pub(crate) fn of(fitted: Option<Fitted>) -> Self {
        match fitted {
            Some(fitted) => Self { number: Some(fitted.number), calibration: fitted.calibration },
            None => Self { number: None, calibration: Calibration::none() },
        }
    }
}

impl Service {
    /// Learns from the runs of `window` and keeps it as the newest calibration, unless it says the same as the last.
    ///
    /// # Errors
    /// Forbidden; invalid if the window has fewer than [`RUNS_MIN`] runs or too many; unavailable.
    pub async fn calibrate(&self, who: &Principal, window: Window, dry_run: bool) -> Result<Calibrated, Error> {
        who.may_operate()?;
        let groups = self.run_groups(who, window).await?;
        let runs = groups.iter().map(|group| group.run_id.as_str()).collect::<HashSet<_>>().len() as u64;
        if runs < RUNS_MIN {
            let reason = format!("until {} there are {runs} runs with a run id; it takes {RUNS_MIN}", window.to);
            return Err(Error::invalid_field("from", &window.from, &reason));
        }
        let now = self.now();
        let fit = tokio::task::spawn_blocking(move || {
            let samples: Vec<_> = groups.into_iter().map(|group| group.sample).collect();
            calibrate(&samples, now)
        });
        let calibration = fit.await.map_err(|error| Error::internal(&error))?;
        let kept = self.store().calibration(who.tenant());
        if dry_run {
            let number = kept.newest().await?.map_or(0, |newest| newest.number) + 1;
            return Ok(Calibrated { fitted: Fitted { number, window, runs, calibration }, is_kept: false });
        }
        let (fitted, is_kept) = kept.add(&calibration, window, runs).await?;
        self.calibrations_known().clear();
        Ok(Calibrated { fitted, is_kept })
    }

    /// The caller's newest `limit` calibrations, newest first.
    ///
    /// # Errors
    /// Forbidden; invalid with a limit of 0 or over [`LIST_MAX`]; unavailable.
    pub async fn calibrations(&self, who: &Principal, limit: u64) -> Result<Vec<Fitted>, Error> {
        who.may_read()?;
        if !(1..=LIST_MAX).contains(&limit) {
            return Err(Error::invalid_field("limit", &limit, &format!("must be 1 to {LIST_MAX}")));
        }
        Ok(self.store().calibration(who.tenant()).list(limit).await?)
    }

    /// What simulations of `tenant` rest on, as of at most a second ago.
    pub(crate) async fn calibration_of(&self, tenant: &TenantId) -> Result<Arc<InForce>, Error> {
        let now = self.now();
        if let Some(in_force) = self.calibrations_known().get(tenant, now) {
            return Ok(in_force);
        }
        let in_force = Arc::new(InForce::of(self.store().calibration(tenant).newest().await?));
        self.calibrations_known().put(tenant.clone(), in_force.clone(), now);
        Ok(in_force)
    }

    /// The caller's calibration with this number, or nothing learned, each looked up once.
    pub(crate) async fn calibration_numbered(
        &self,
        who: &Principal,
        number: Option<i64>,
        known: &mut HashMap<i64, Arc<Calibration>>,
    ) -> Result<Arc<Calibration>, Error> {
        let Some(number) = number else { return Ok(Arc::new(Calibration::none())) };
        if let Some(calibration) = known.get(&number) {
            return Ok(calibration.clone());
        }
        let fitted = self.store().calibration(who.tenant()).get(number).await?;
        let calibration = Arc::new(fitted.map_or_else(Calibration::none, |fitted| fitted.calibration));
        known.insert(number, calibration.clone());
        Ok(calibration)
    }

    /// What each run of `window` used, by skill and model. Usage without a run id is no run.
    pub(crate) async fn run_groups(&self, who: &Principal, window: Window) -> Result<Vec<RunGroup>, Error> {
        let leaves = [Leaf::Output, Leaf::Reasoning].map(Metric::Leaf);
        let query = Query {
            window: Some(window),
            by: vec![Dimension::Run, Dimension::Skill, Dimension::Model],
            metrics: leaves.into_iter().chain([Metric::Requests, Metric::Errors, Metric::Latency]).collect(),
            ..Query::default()
        };
        let rows = self.usage_query(who, &query).await?.rows;
        if rows.len() > GROUPS_MAX {
            let (to, count) = (window.to, rows.len());
            let reason = format!("until {to} there are {count} runs by skill and model, more than {GROUPS_MAX}");
            return Err(Error::invalid_field("from", &window.from, &reason));
        }
        Ok(rows.into_iter().filter_map(RunGroup::of).collect())
    }
}

/// `from` to `to`, where an end that is not given is now and a start that is not given lies `micros` before the end.
///
/// # Errors
/// Invalid unless the window starts before it ends.
pub fn window_before(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    now: Timestamp,
    micros: i64,
) -> Result<Window, Error> {
    let to = to.unwrap_or(now);
    let from = from.unwrap_or_else(|| to.plus_micros(-micros));
    Window::new(from, to).ok_or_else(|| Error::invalid_field("from", &from, &format!("must be before to, {to}")))
}
