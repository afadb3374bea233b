//! Reference datasets on the wire.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::dataset::{Dataset, Details, Sample, Suite, Summary, Thresholds, Validation, Verdict};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A dataset without its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetSummary {
    /// Its id.
    #[schema(example = "low_variance")]
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many samples it has.
    pub sample_count: usize,
    /// What a model must keep.
    #[schema(value_type = Object)]
    pub thresholds: Thresholds,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetRecord {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: DatasetSummary,
    /// Every tag of its samples, once.
    pub sample_tags: BTreeSet<String>,
    /// The samples: id, plan, budget and what is expected.
    #[schema(value_type = Vec<Object>)]
    pub samples: Vec<Value>,
}

/// What the validation of `v2` on a dataset found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetValidation {
    /// The dataset.
    pub dataset_id: String,
    /// Its name.
    pub dataset_name: String,
    /// How many samples it has.
    pub sample_count: usize,
    /// Mean absolute error, cents.
    pub mean_error: f64,
    /// Upper median of absolute errors, cents.
    pub median_error: f64,
    /// Standard deviation of absolute errors, cents.
    pub std_deviation: f64,
    /// Outliers by samples; one sample may count twice.
    pub outlier_pct: f64,
    /// The weighted share of each limit that was used up.
    pub drift_score: f64,
    /// `acceptable` or `not_acceptable`.
    #[schema(value_type = String, example = "acceptable")]
    pub verdict: Verdict,
    /// Limits, counts, and the samples that missed something.
    #[schema(value_type = Object)]
    pub details: Details,
    /// When it was made.
    #[schema(format = DateTime)]
    pub timestamp: String,
}

/// What the validation of `v2` on every dataset found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetSuite {
    /// Whether every dataset is acceptable.
    pub all_passed: bool,
    /// By dataset.
    pub results: BTreeMap<String, DatasetResult>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
}

/// One dataset of [`DatasetSuite`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetResult {
    /// Its name.
    pub name: String,
    /// How many samples it has.
    pub sample_count: usize,
    /// Mean absolute error, cents.
    pub mean_error: f64,
    /// The weighted share of each limit that was used up.
    pub drift_score: f64,
    /// `acceptable` or `not_acceptable`.
    #[schema(value_type = String, example = "acceptable")]
    pub verdict: Verdict,
}

impl From<Summary> for DatasetSummary {
    fn from(summary: Summary) -> Self {
        let Summary { id, name, description, sample_count, thresholds } = summary;
        Self { id, name, description, sample_count, thresholds }
    }
}

impl From<&Dataset> for DatasetRecord {
    fn from(dataset: &Dataset) -> Self {
        let sample = |sample: &Sample| serde_json::to_value(sample).unwrap_or_default();
        Self {
            summary: DatasetSummary {
                id: dataset.id.clone(),
                name: dataset.name.clone(),
                description: dataset.description.clone(),
                sample_count: dataset.samples.len(),
                thresholds: dataset.validation_thresholds,
            },
            sample_tags: dataset.samples.iter().flat_map(|sample| sample.tags.iter().cloned()).collect(),
            samples: dataset.samples.iter().map(sample).collect(),
        }
    }
}

impl From<Validation> for DatasetValidation {
    fn from(found: Validation) -> Self {
        Self {
            dataset_id: found.dataset_id,
            dataset_name: found.dataset_name,
            sample_count: found.sample_count,
            mean_error: found.mean_error,
            median_error: found.median_error,
            std_deviation: found.std_deviation,
            outlier_pct: found.outlier_pct,
            drift_score: found.drift_score,
            verdict: found.verdict,
            details: found.details,
            timestamp: found.timestamp,
        }
    }
}

impl DatasetSuite {
    /// What was found at `timestamp`.
    #[must_use]
    pub fn new(suite: Suite, timestamp: Timestamp) -> Self {
        let result = |found: Validation| {
            let result = DatasetResult {
                name: found.dataset_name,
                sample_count: found.sample_count,
                mean_error: found.mean_error,
                drift_score: found.drift_score,
                verdict: found.verdict,
            };
            (found.dataset_id, result)
        };
        Self { all_passed: suite.all_passed, results: suite.results.into_iter().map(result).collect(), timestamp }
    }
}
