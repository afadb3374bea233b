//! Replays past runs: predicts each with what was known before it, and scores the prediction by what was charged.
//! Invariant: nothing of the window itself is learned from.

mod predictor;

use std::collections::{HashMap, HashSet};

use purser_domain::backtest::Report;
use purser_domain::provenance::{Filter, Page, Variant};
use purser_domain::time::Window;
use purser_engine::calibration::calibrate;
use purser_engine::simulation::v3::priors;

use crate::calibration::{InForce, RunGroup, WINDOW_MICROS};
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

use predictor::{Planned, Predictor};

/// The window if nothing else is said: the last 30 days.
pub const BACKTEST_MICROS: i64 = 30 * 86_400_000_000;
/// The most runs whose own plan is simulated; the rest is predicted from the first step.
pub const PLANS_MAX: usize = 1_000;
/// A plan is looked for so long before the window: 7 days.
const PLANNED_BEFORE_MICROS: i64 = 7 * 86_400_000_000;
/// Records that are read at once, and at most.
const RECORDS_AT_ONCE: usize = 500;
const RECORDS_MAX: usize = 10_000;

/// What was known when the window began, and where from.
struct Known {
    in_force: InForce,
    learned_from: Option<Window>,
}

impl Service {
    /// Predicts the cost of every run of `window` and scores the predictions.
    ///
    /// A run whose plan was simulated under its id is predicted from that plan, with the calibration that the
    /// simulation rested on; any other from its first step: whose skill it is and which model it calls, with the
    /// calibration that was in force when the window began. If there was none, one is learned from the 90 days before.
    ///
    /// # Errors
    /// Forbidden; invalid if a window has too many runs; unavailable.
    pub async fn backtest(&self, who: &Principal, window: Window) -> Result<Report, Error> {
        who.may_read()?;
        let runs = self.run_groups(who, window).await?;
        let known = self.known_before(who, window).await?;
        let plans = self.plans_of(who, &runs, window).await?;
        let predictor = Predictor {
            book: self.tenant_book(who.tenant()).await?,
            priors: priors(&*self.catalogue(who).await?),
            calibration: known.in_force.calibration,
            at: window.from,
        };
        let task = tokio::task::spawn_blocking(move || predictor.report(&runs, &plans, window));
        let report = task.await.map_err(|error| Error::internal(&error))?;
        Ok(Report { calibration: known.in_force.number, learned_from: known.learned_from, ..report })
    }

    async fn known_before(&self, who: &Principal, window: Window) -> Result<Known, Error> {
        if let Some(kept) = self.store().calibration(who.tenant()).as_of(window.from).await? {
            let learned_from = Some(kept.window);
            return Ok(Known { in_force: InForce::of(Some(kept)), learned_from });
        }
        let before = Window { from: window.from.plus_micros(-WINDOW_MICROS), to: window.from };
        let groups = self.run_groups(who, before).await?;
        let fit = tokio::task::spawn_blocking(move || {
            calibrate(&groups.into_iter().map(|group| group.sample).collect::<Vec<_>>(), before.to)
        });
        let calibration = fit.await.map_err(|error| Error::internal(&error))?;
        let learned_from = (!calibration.fits.is_empty()).then_some(before);
        Ok(Known { in_force: InForce { number: None, calibration }, learned_from })
    }

    /// The newest plan that was simulated for each run.
    async fn plans_of(
        &self,
        who: &Principal,
        runs: &[RunGroup],
        window: Window,
    ) -> Result<HashMap<String, Planned>, Error> {
        let filter = Filter {
            variant: Some(Variant::V3),
            start: Some(window.from.plus_micros(-PLANNED_BEFORE_MICROS)),
            // The filter's end is inclusive, the window's is not.
            end: Some(window.to.plus_micros(-1)),
            ..Filter::default()
        };
        let known: HashSet<&str> = runs.iter().map(|group| group.run_id.as_str()).collect();
        let (mut plans, mut calibrations) = (HashMap::new(), HashMap::new());
        for offset in (0..RECORDS_MAX).step_by(RECORDS_AT_ONCE) {
            let page = Page { limit: RECORDS_AT_ONCE, offset };
            let records = self.provenance_query(who, &filter, page).await?;
            let is_last = records.len() < RECORDS_AT_ONCE;
            for record in records.into_iter().map(|chained| chained.record) {
                let Some(run_id) = record.run_id.clone().filter(|run| known.contains(run.as_str())) else { continue };
                if plans.len() >= PLANS_MAX || plans.contains_key(&run_id) {
                    continue;
                }
                let Some((planned, number)) = Planned::read(&record) else { continue };
                let calibration = self.calibration_numbered(who, number, &mut calibrations).await?;
                plans.insert(run_id, planned.resting_on(calibration));
            }
            if is_last {
                break;
            }
        }
        Ok(plans)
    }
}
