//! Reads datasets and validates a cost model on them.
//! Invariant: a dataset that names its checksum is read only if its content has it.

use purser_domain::dataset::{Dataset, Details, Outlier, Sample, Suite, Summary, Thresholds, Validation, Verdict};
use purser_domain::simulation::v2::Stamp;
use purser_domain::simulation::{BUDGET_CENTS_MAX, Limits};
use purser_domain::skill::{Catalogue, UnknownPolicy};
use purser_domain::step::parse_plan;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::FieldError;
use serde::Deserialize;
use serde_json::Value;

use crate::canonical_json::{self, Form};
use crate::rounding::decimals;
use crate::{simulation, step};

/// The five datasets that ship, in the order in which they are listed.
pub const SHIPPED: [&[u8]; 5] = [
    include_bytes!("../../../data/datasets/low_variance.json"),
    include_bytes!("../../../data/datasets/high_variance.json"),
    include_bytes!("../../../data/datasets/mixed_city.json"),
    include_bytes!("../../../data/datasets/noise_injected.json"),
    include_bytes!("../../../data/datasets/historical.json"),
];

/// The most samples of a dataset.
pub const SAMPLES_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDataset {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    seed: Option<u64>,
    validation_thresholds: Thresholds,
    samples: Vec<RawSample>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSample {
    id: String,
    plan: Value,
    budget_cents: i64,
    expected_cost_cents: Option<i64>,
    expected_feasible: Option<bool>,
    expected_confidence_min: Option<f64>,
    #[serde(default)]
    tags: Vec<String>,
}

/// The five datasets that ship.
///
/// # Errors
/// Never for a sound build: what is wrong with an embedded file.
pub fn shipped() -> Result<Vec<Dataset>, Vec<FieldError>> {
    SHIPPED.into_iter().map(parse).collect()
}

/// Reads a dataset from JSON. Its field `sha256`, if there is one, must be [`checksum`].
///
/// # Errors
/// Unreadable JSON with its place, a wrong checksum, or every fault by path.
pub fn parse(bytes: &[u8]) -> Result<Dataset, Vec<FieldError>> {
    let unreadable = |error: serde_json::Error| vec![FieldError::new("dataset", "", format!("is unreadable: {error}"))];
    let mut value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    let named = value.as_object_mut().and_then(|fields| fields.remove("sha256"));
    if let Some(named) = named {
        let real = checksum(&value);
        if named.as_str() != Some(real.as_str()) {
            return Err(vec![FieldError::new("sha256", &named, format!("is not the checksum of the content, {real}"))]);
        }
    }
    let raw: RawDataset = serde_json::from_value(value).map_err(unreadable)?;
    checked(raw)
}

/// SHA-256 over the RFC 8785 form of a dataset without its field `sha256`.
#[must_use]
pub fn checksum(dataset: &Value) -> String {
    canonical_json::hash(dataset, Form::Rfc8785)
}

fn checked(raw: RawDataset) -> Result<Dataset, Vec<FieldError>> {
    let mut errors = Vec::new();
    if raw.id.is_empty() {
        errors.push(FieldError::new("id", "", "must not be empty"));
    }
    check_thresholds(raw.validation_thresholds, &mut errors);
    if !(1..=SAMPLES_MAX).contains(&raw.samples.len()) {
        errors.push(FieldError::new("samples", &raw.samples.len(), format!("must be 1 to {SAMPLES_MAX}")));
    }
    let mut samples = Vec::with_capacity(raw.samples.len().min(SAMPLES_MAX));
    for (index, sample) in raw.samples.into_iter().take(SAMPLES_MAX).enumerate() {
        samples.extend(check_sample(sample, &format!("samples[{index}]"), &mut errors));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Dataset {
        id: raw.id,
        name: raw.name,
        description: raw.description,
        seed: raw.seed,
        validation_thresholds: raw.validation_thresholds,
        samples,
    })
}

fn check_thresholds(thresholds: Thresholds, errors: &mut Vec<FieldError>) {
    for (field, value) in [
        ("mean_error_max", thresholds.mean_error_max),
        ("median_error_max", thresholds.median_error_max),
        ("std_deviation_max", thresholds.std_deviation_max),
        ("outlier_share_max", thresholds.outlier_share_max),
        ("drift_score_max", thresholds.drift_score_max),
    ] {
        if !(0.0..=1e12).contains(&value) {
            errors.push(FieldError::new(format!("validation_thresholds.{field}"), &value, "must not be negative"));
        }
    }
}

fn check_sample(raw: RawSample, path: &str, errors: &mut Vec<FieldError>) -> Option<Sample> {
    let mut cents = |field: &str, value: i64| {
        if !(0..=BUDGET_CENTS_MAX).contains(&value) {
            let reason = format!("must be from 0 to {BUDGET_CENTS_MAX} cents");
            errors.push(FieldError::new(format!("{path}.{field}"), &value, reason));
        }
    };
    cents("budget_cents", raw.budget_cents);
    cents("expected_cost_cents", raw.expected_cost_cents.unwrap_or(0));
    if let Some(least) = raw.expected_confidence_min.filter(|least| !(0.0..=1.0).contains(least)) {
        errors.push(FieldError::new(format!("{path}.expected_confidence_min"), &least, "must be from 0 to 1"));
    }
    match parse_plan(&raw.plan, &format!("{path}.plan")) {
        Ok(plan) => Some(Sample {
            id: raw.id,
            plan,
            budget_cents: raw.budget_cents,
            expected_cost_cents: raw.expected_cost_cents,
            expected_feasible: raw.expected_feasible,
            expected_confidence_min: raw.expected_confidence_min,
            tags: raw.tags,
        }),
        Err(faults) => {
            errors.extend(faults);
            None
        }
    }
}

/// The dataset as a list shows it.
#[must_use]
pub fn summary(dataset: &Dataset) -> Summary {
    Summary {
        id: dataset.id.clone(),
        name: dataset.name.clone(),
        description: dataset.description.clone(),
        sample_count: dataset.samples.len(),
        thresholds: dataset.validation_thresholds,
    }
}

/// Validates the parametric model on every dataset, in order.
#[must_use]
pub fn validate_all<'a>(
    datasets: impl IntoIterator<Item = &'a Dataset>,
    catalogue: &Catalogue,
    stamp: &Stamp,
    at: Timestamp,
) -> Suite {
    let validations = datasets.into_iter().map(|dataset| validate(dataset, catalogue, stamp, at));
    let results: Vec<Validation> = validations.collect();
    Suite { all_passed: results.iter().all(|result| result.verdict == Verdict::Acceptable), results }
}

/// Validates the parametric model on a dataset, as the reference does: error where a cost is expected, an outlier for
/// each other expectation that is missed, so a sample may count twice. Every miss is named, which is added.
#[must_use]
pub fn validate(dataset: &Dataset, catalogue: &Catalogue, stamp: &Stamp, at: Timestamp) -> Validation {
    let mut errors = Vec::new();
    let mut outliers = Vec::new();
    for sample in &dataset.samples {
        try_sample(sample, catalogue, stamp, &mut errors, &mut outliers);
    }
    let thresholds = dataset.validation_thresholds;
    let share = outliers.len() as f64 / dataset.samples.len().max(1) as f64;
    let spread = Spread::of(errors, share);
    let drift = spread.drift(thresholds);
    Validation {
        dataset_id: dataset.id.clone(),
        dataset_name: dataset.name.clone(),
        sample_count: dataset.samples.len(),
        mean_error: decimals(spread.mean, 4),
        median_error: decimals(spread.median, 4),
        std_deviation: decimals(spread.deviation, 4),
        outlier_pct: decimals(spread.outliers, 4),
        drift_score: decimals(drift, 4),
        verdict: if spread.keeps(thresholds) && drift <= thresholds.drift_score_max {
            Verdict::Acceptable
        } else {
            Verdict::NotAcceptable
        },
        details: Details { thresholds, errors_count: spread.count, outliers_count: outliers.len(), outliers },
        timestamp: at.to_string(),
    }
}

fn try_sample(
    sample: &Sample,
    catalogue: &Catalogue,
    stamp: &Stamp,
    errors: &mut Vec<u64>,
    outliers: &mut Vec<Outlier>,
) {
    let mut missed = |reason: String| outliers.push(Outlier { sample_id: sample.id.clone(), reason });
    let plan = match step::resolve(&sample.plan, catalogue, &UnknownPolicy::Pessimistic) {
        Ok(plan) => plan,
        Err(faults) => return missed(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    let limits = Limits { budget_cents: sample.budget_cents, ..Limits::default() };
    let found = simulation::v2::simulate(&plan, &limits, stamp);
    if let Some(expected) = sample.expected_cost_cents {
        errors.push(found.estimated_cost_cents.abs_diff(expected));
    }
    if let Some(expected) = sample.expected_feasible.filter(|expected| *expected != found.feasible) {
        missed(format!("feasible was expected {expected}, came {}", found.feasible));
    }
    if let Some(least) = sample.expected_confidence_min.filter(|least| found.confidence_score < *least) {
        missed(format!("a confidence of {least} was expected, came {}", found.confidence_score));
    }
}

/// Where absolute errors lie; all zero without any.
struct Spread {
    count: usize,
    mean: f64,
    median: f64,
    deviation: f64,
    outliers: f64,
}

impl Spread {
    fn of(mut errors: Vec<u64>, outliers: f64) -> Self {
        errors.sort_unstable();
        let count = errors.len();
        let per = |sum: f64| sum / count.max(1) as f64;
        let mean = per(errors.iter().map(|error| *error as f64).sum());
        let variance = per(errors.iter().map(|error| (*error as f64 - mean) * (*error as f64 - mean)).sum());
        let median = errors.get(count / 2).map_or(0.0, |error| *error as f64);
        Self { count, mean, median, deviation: variance.sqrt(), outliers }
    }

    fn keeps(&self, most: Thresholds) -> bool {
        self.mean <= most.mean_error_max
            && self.median <= most.median_error_max
            && self.deviation <= most.std_deviation_max
            && self.outliers <= most.outlier_share_max
    }

    /// How much of each limit is used up, weighted; a limit of 0 does not count.
    fn drift(&self, most: Thresholds) -> f64 {
        let used = |weight: f64, value: f64, most: f64| if most > 0.0 { weight * value / most } else { 0.0 };
        let sum = used(0.3, self.mean, most.mean_error_max)
            + used(0.3, self.median, most.median_error_max)
            + used(0.2, self.deviation, most.std_deviation_max)
            + used(0.2, self.outliers, most.outlier_share_max);
        sum.min(1.0)
    }
}

#[cfg(test)]
mod tests;
