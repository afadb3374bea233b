//! Predicts runs from their plans or their first steps, and pairs each prediction with what was charged.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use purser_domain::backtest::{Pair, Report, Row};
use purser_domain::calibration::Calibration;
use purser_domain::estimate::{Options, Spread};
use purser_domain::money::Money;
use purser_domain::plan::Plan;
use purser_domain::prior::Priors;
use purser_domain::provenance::Record;
use purser_domain::time::{Timestamp, Window};
use purser_engine::backtest::{first_step, score};
use purser_engine::price_book::TenantBook;
use purser_engine::simulation::v3::{Sources, simulate};

use crate::calibration::RunGroup;
use crate::simulation::GraphRequest;

/// The draws of each prediction.
const DRAWS: u32 = 4_000;

/// A plan as it was simulated for its run.
pub(super) struct Planned {
    plan: Plan,
    options: Options,
    price_at: Timestamp,
    /// What the simulation rested on.
    calibration: Arc<Calibration>,
}

impl Planned {
    /// The plan of a record, without a calibration, and the number of the one that it rested on.
    pub(super) fn read(record: &Record) -> Option<(Self, Option<i64>)> {
        let (request, rested) = GraphRequest::of_record(record).ok()?;
        let GraphRequest { plan, options, price_at, .. } = request;
        let price_at = price_at.unwrap_or(record.created_at);
        let planned = Self { plan, options, price_at, calibration: Arc::new(Calibration::none()) };
        Some((planned, rested.map(|rested| rested.number)))
    }

    /// The same, resting on `calibration`.
    pub(super) fn resting_on(self, calibration: Arc<Calibration>) -> Self {
        Self { calibration, ..self }
    }
}

/// What was known when the window began.
pub(super) struct Predictor {
    pub(super) book: Arc<TenantBook>,
    pub(super) priors: Priors,
    pub(super) calibration: Calibration,
    pub(super) at: Timestamp,
}

/// What runs were charged, dollars: those with a plan by run, the others by skill and model.
#[derive(Default)]
struct Charged<'a> {
    /// `None` for a run that has no price in part.
    planned: BTreeMap<&'a str, Option<f64>>,
    steps: BTreeMap<(&'a str, &'a str), Vec<f64>>,
    unpriced: u64,
}

impl<'a> Charged<'a> {
    fn of(runs: &'a [RunGroup], plans: &HashMap<String, Planned>) -> Self {
        let mut charged = Self::default();
        for RunGroup { run_id, sample } in runs {
            if plans.contains_key(run_id) {
                let whole = charged.planned.entry(run_id).or_insert(Some(0.0));
                *whole = whole.zip(sample.cost_usd).map(|(sum, cost)| sum + cost);
            } else if let Some(cost) = sample.cost_usd {
                charged.steps.entry((&sample.skill, &sample.model)).or_default().push(cost);
            } else {
                charged.unpriced += 1;
            }
        }
        charged
    }
}

impl Predictor {
    /// Predicts and scores `runs`.
    pub(super) fn report(&self, runs: &[RunGroup], plans: &HashMap<String, Planned>, window: Window) -> Report {
        let Charged { planned, steps, mut unpriced } = Charged::of(runs, plans);
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        for ((skill, model), actual) in steps {
            let plan = first_step(skill, model, &self.calibration);
            let Some(cost) = self.predict(&plan, &Options::default(), self.at, &self.calibration) else {
                unpriced += actual.len() as u64;
                continue;
            };
            let pairs: Vec<Pair> = actual.into_iter().map(|actual| pair(&cost, actual)).collect();
            rows.extend(row(skill, model, false, &pairs));
            all.extend(pairs);
        }
        let mut pairs = Vec::new();
        for (run, actual) in planned {
            let predicted = plans.get(run).and_then(|planned| {
                let Planned { plan, options, price_at, calibration } = planned;
                self.predict(plan, options, *price_at, calibration)
            });
            match predicted.zip(actual) {
                Some((cost, actual)) => pairs.push(pair(&cost, actual)),
                None => unpriced += 1,
            }
        }
        rows.extend(row("", "", true, &pairs));
        all.extend(pairs);
        let calibration_version = self.calibration.version.clone();
        let total = score(&all);
        Report { window, calibration: None, calibration_version, learned_from: None, rows, total, unpriced }
    }

    /// The cost of `plan`; none if it has no price any more.
    fn predict(
        &self,
        plan: &Plan,
        options: &Options,
        at: Timestamp,
        calibration: &Calibration,
    ) -> Option<Spread<Money>> {
        let sources = Sources { book: &self.book, at, calibration, priors: &self.priors };
        let options = Options { draws: DRAWS, advice: false, ..options.clone() };
        simulate(plan, sources, &options, 1).ok().map(|estimate| estimate.cost_usd)
    }
}

fn row(skill: &str, model: &str, by_plan: bool, pairs: &[Pair]) -> Option<Row> {
    let score = score(pairs)?;
    Some(Row { skill: skill.to_owned(), model: model.to_owned(), by_plan, score })
}

fn pair(cost: &Spread<Money>, actual: f64) -> Pair {
    let [mean, p10, p50, p90] = [cost.mean, cost.p10, cost.p50, cost.p90].map(|usd| usd.pico() as f64 / 1e12);
    Pair { mean, p10, p50, p90, actual }
}
