//! Reports how far the candidate lies from the baseline over recorded pairs, and both from metered cost.

mod file;

use std::collections::{BTreeSet, HashMap, HashSet};

use purser_domain::comparison::Comparison;
use purser_domain::dataset::Dataset;
use purser_domain::divergence::{Report, Sample};
use purser_domain::money::{Money, PICO_PER_USD};
use purser_domain::provenance::{Chained, Filter, Page, Variant};
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_query::{self, Dimension, Metric, Query};
use purser_engine::{divergence, step};
use serde::Deserialize;

use crate::error::Error;
use crate::principal::Principal;
use crate::provenance::BATCH_MAX;
use crate::service::Service;

pub use file::{csv, parquet};

/// The most samples of one report.
pub const SAMPLES_MAX: usize = BATCH_MAX;
/// So many runs are looked up at once.
const RUNS_AT_ONCE: usize = 500;

/// Which pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// When they were simulated.
    pub window: Window,
    /// Only plans of this dataset, with its budgets.
    pub dataset: Option<String>,
    /// Only this version of the candidate.
    pub version: Option<String>,
    /// The newest so many; 1 to [`SAMPLES_MAX`].
    pub samples_max: usize,
}

/// The report with every sample it rests on, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// The samples.
    pub samples: Vec<Sample>,
}

impl Service {
    /// Reports on the caller's recorded pairs.
    ///
    /// # Errors
    /// Forbidden; not found for an unknown dataset; unavailable.
    pub async fn divergence(&self, who: &Principal, question: &Question) -> Result<Answer, Error> {
        who.may_read()?;
        let plans = question.dataset.as_deref().map(|id| self.dataset(who, id).map(plans_of)).transpose()?;
        let filter = Filter {
            variant: Some(Variant::Comparison),
            start: Some(question.window.from),
            // The filter's end is inclusive, the window's is not.
            end: Some(question.window.to.plus_micros(-1)),
            ..Filter::default()
        };
        let keep = |chained: &Chained| {
            let record = &chained.record;
            plans.as_ref().is_none_or(|plans| plans.contains(&record.input_hash.to_string()))
                && question.version.as_ref().is_none_or(|version| record.versions.model.as_ref() == Some(version))
        };
        let pairs = self.pairs(who, &filter, question.samples_max, keep).await?;
        let runs: BTreeSet<&str> = pairs.iter().filter_map(|(_, run)| run.as_deref()).collect();
        let metered = self.metered(who, &runs.into_iter().collect::<Vec<_>>()).await?;
        let samples: Vec<Sample> = pairs
            .into_iter()
            .map(|(sample, run)| {
                let actual_cents = run.and_then(|run| metered.get(&run).copied());
                Sample { actual_cents, ..sample }
            })
            .collect();
        let version = question.version.clone().unwrap_or_else(|| self.sandbox().stamp().model_version.to_string());
        let window = question.window;
        // Resampling ten thousand pairs takes a while.
        let task = tokio::task::spawn_blocking(move || (divergence::report(&samples, window, &version), samples));
        let (report, samples) = task.await.map_err(|error| Error::internal(&error))?;
        Ok(Answer { report, samples })
    }

    /// The newest pairs that pass, with their runs.
    async fn pairs(
        &self,
        who: &Principal,
        filter: &Filter,
        most: usize,
        keep: impl Fn(&Chained) -> bool,
    ) -> Result<Vec<(Sample, Option<String>)>, Error> {
        let (mut pairs, mut page) = (Vec::new(), Page { limit: SAMPLES_MAX.min(1_000), offset: 0 });
        // What is recorded meanwhile moves the rest down, onto the next page.
        let mut seen = HashSet::new();
        let provenance = self.provenance_of(who).await?;
        loop {
            let found = provenance.query(who.tenant(), filter, page).await?;
            let new = found.iter().filter(|chained| seen.insert(chained.record.id));
            pairs.extend(new.filter(|chained| keep(chained)).filter_map(pair));
            if found.len() < page.limit || pairs.len() >= most {
                pairs.truncate(most);
                return Ok(pairs);
            }
            page.offset += page.limit;
        }
    }

    /// What runs were charged, cents; runs with an unpriced call are left out.
    async fn metered(&self, who: &Principal, runs: &[&str]) -> Result<HashMap<String, f64>, Error> {
        let mut metered = HashMap::new();
        for part in runs.chunks(RUNS_AT_ONCE) {
            let values = part.iter().map(|run| Some((*run).to_owned())).collect();
            let query = Query {
                by: vec![Dimension::Run],
                filters: vec![usage_query::Filter { dimension: Dimension::Run, values }],
                metrics: vec![Metric::Requests],
                ..Query::default()
            };
            for row in self.usage_query(who, &query).await?.rows {
                if let Some(Some(run)) = row.keys.into_iter().next()
                    && row.totals.charged > 0
                    && row.totals.priced == row.totals.charged
                {
                    metered.insert(run, cents(row.totals.cost));
                }
            }
        }
        Ok(metered)
    }
}

/// The input hashes of a dataset's samples.
fn plans_of(dataset: &Dataset) -> BTreeSet<String> {
    dataset.samples.iter().map(|sample| step::input_hash(&sample.plan, sample.budget_cents)).collect()
}

/// What a recorded comparison says; `None` if the candidate gave no answer.
fn pair(chained: &Chained) -> Option<(Sample, Option<String>)> {
    #[derive(Deserialize)]
    struct Output {
        comparison: Option<Comparison>,
    }
    let record = &chained.record;
    let output: Output = serde_json::from_str(&record.output).ok()?;
    let comparison = output.comparison?;
    let sample = Sample {
        timestamp: record.created_at,
        input_hash: record.input_hash.to_string(),
        v1_cost_cents: comparison.v1_cost_cents,
        v2_cost_cents: comparison.v2_cost_cents,
        drift_score: comparison.drift_score,
        verdict: comparison.verdict,
        actual_cents: None,
        v2_interval_cents: None,
    };
    Some((sample, record.run_id.clone()))
}

fn cents(amount: Money) -> f64 {
    amount.pico() as f64 / (PICO_PER_USD / 100) as f64
}

/// The window of `days` days before `end`.
#[must_use]
pub fn days_before(end: Timestamp, days: u32) -> Option<Window> {
    Window::new(end.plus_micros(-i64::from(days) * 86_400_000_000), end)
}
