//! Plans with known answers, against which a cost model is validated.

use serde::{Deserialize, Serialize};

use crate::step::Step;

/// A named set of samples and the limits that a model must keep on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Dataset {
    /// Its id: `low_variance`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The seed of whatever is drawn at random in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What a model must keep.
    pub validation_thresholds: Thresholds,
    /// The samples.
    pub samples: Vec<Sample>,
}

/// One plan and what is known about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Its id within the dataset.
    pub id: String,
    /// The plan.
    pub plan: Vec<Step>,
    /// The budget it is simulated with, cents.
    pub budget_cents: i64,
    /// What it should cost, cents, derived by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_cost_cents: Option<i64>,
    /// Whether it should be feasible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_feasible: Option<bool>,
    /// The least confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_confidence_min: Option<f64>,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What a model may miss on a dataset; to meet a limit exactly is to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Mean absolute error, cents.
    pub mean_error_max: f64,
    /// Upper median of absolute errors, cents.
    pub median_error_max: f64,
    /// Population standard deviation of absolute errors, cents.
    pub std_deviation_max: f64,
    /// Outliers by samples.
    pub outlier_share_max: f64,
    /// Drift score.
    pub drift_score_max: f64,
}

/// A dataset without its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many samples it has.
    pub sample_count: usize,
    /// What a model must keep.
    pub thresholds: Thresholds,
}

/// What the validation of a model on a dataset found, with the wire names of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// The dataset.
    pub dataset_id: String,
    /// Its name.
    pub dataset_name: String,
    /// How many samples it has.
    pub sample_count: usize,
    /// Mean absolute error of the samples with an expected cost, cents; 4 decimals.
    pub mean_error: f64,
    /// Their upper median, 4 decimals.
    pub median_error: f64,
    /// Their population standard deviation, 4 decimals.
    pub std_deviation: f64,
    /// Outliers by samples, 4 decimals; one sample may count twice.
    pub outlier_pct: f64,
    /// The weighted share of each limit that was used up, 1 at most; 4 decimals.
    pub drift_score: f64,
    /// Whether every limit was kept.
    pub verdict: Verdict,
    /// What led to it.
    pub details: Details,
    /// When it was made; set by whoever has a clock.
    pub timestamp: String,
}

/// Whether a model is good enough on a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every limit was kept.
    Acceptable,
    /// One was not.
    NotAcceptable,
}

/// What led to a validation's verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// What a model must keep.
    pub thresholds: Thresholds,
    /// How many samples have an expected cost, so an error.
    pub errors_count: usize,
    /// How many expectations were not met.
    pub outliers_count: usize,
    /// The samples that missed something, and what. Added by purser.
    pub outliers: Vec<Outlier>,
}

/// A sample that missed an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlier {
    /// The sample.
    pub sample_id: String,
    /// What was expected and what came.
    pub reason: String,
}

/// Whether every dataset is acceptable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// Whether all are.
    pub all_passed: bool,
    /// What was found, in the order of the datasets.
    pub results: Vec<Validation>,
}
