//! How far two models lie apart over many plans, and how far each lies from what was billed.

use serde::{Deserialize, Serialize};

use crate::comparison::Verdict;
use crate::time::Timestamp;

/// One plan under both models, and what it really cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When it was simulated.
    pub timestamp: Timestamp,
    /// SHA-256 of the canonical input, hex.
    pub input_hash: String,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Cents of the candidate.
    pub v2_cost_cents: i64,
    /// The comparison's score, 0 to 1.
    pub drift_score: f64,
    /// The comparison's class.
    pub verdict: Verdict,
    /// Metered cost of the run, cents, if it was run and priced.
    pub actual_cents: Option<f64>,
    /// The candidate's 10th and 90th percentile, cents, if it gives any.
    pub v2_interval_cents: Option<(f64, f64)>,
}

/// Whether there was anything to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No sample, so no figure.
    Empty,
    /// Fewer samples than [`SAMPLES_MIN`]: figures are shaky.
    Few,
    /// Enough.
    Complete,
}

/// Below that many samples a report is called [`State::Few`]: a ninth decile needs thirty values to have three above it.
pub const SAMPLES_MIN: usize = 30;

/// The report, with the wire names of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// First instant.
    pub start_date: Timestamp,
    /// First instant after.
    pub end_date: Timestamp,
    /// The candidate's version.
    pub version: String,
    /// How many samples.
    pub sample_count: usize,
    /// Upper median of |delta|, cents, 2 decimals; `None` without samples, as the next four.
    pub delta_p50: Option<f64>,
    /// 90th percentile of |delta|, cents, 2 decimals.
    pub delta_p90: Option<f64>,
    /// As the reference computes it, nats, 4 decimals; 23.0259 for any two costs without a common bin.
    pub kl_divergence: Option<f64>,
    /// Samples with a drift above 0.2 by samples, 4 decimals.
    pub fail_ratio: Option<f64>,
    /// Samples whose verdict is a match by samples, 4 decimals.
    pub matching_rate: Option<f64>,
    /// Samples with a drift above 0.5.
    pub outlier_count: usize,
    /// The first samples.
    pub detailed_samples: Vec<SampleDetail>,
    /// Whether there was anything to report. Added by purser, as all that follows.
    pub state: State,
    /// Distances between the two distributions of cost.
    pub distances: Option<Distances>,
    /// The baseline against metered cost.
    pub v1_accuracy: Option<Accuracy>,
    /// The candidate against metered cost.
    pub v2_accuracy: Option<Accuracy>,
    /// The pairs taken as pairs.
    pub paired: Option<Paired>,
}

/// Pairs taken as pairs: what two separate distributions cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Mean of candidate less baseline, cents.
    pub delta_mean_cents: f64,
    /// Its 95 % interval, from a bootstrap with a fixed seed.
    pub delta_interval_cents: (f64, f64),
    /// Which model foretold metered cost better; `None` without a metered cost.
    pub realised: Option<Realised>,
}

/// Which model's error against metered cost is smaller, pair by pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Realised {
    /// Pairs with a metered cost.
    pub sample_count: usize,
    /// Mean of the candidate's absolute error less the baseline's, cents: below 0 the candidate is nearer.
    pub error_change_cents: f64,
    /// Its 95 % interval, from a bootstrap with a fixed seed.
    pub error_change_interval_cents: (f64, f64),
    /// Pairs in which the candidate is nearer.
    pub candidate_nearer: usize,
    /// Pairs in which the baseline is.
    pub baseline_nearer: usize,
    /// Of a sign test against "each is as often nearer": holds however often one looks while
    /// samples are only added: from a fixed start, none left off.
    pub p_value: f64,
    /// What follows.
    pub judgement: Judgement,
}

/// Whether one of two models foretells metered cost better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// The candidate does: it may take the baseline's place.
    CandidateBetter,
    /// The baseline does.
    BaselineBetter,
    /// Fewer than [`SAMPLES_MIN`] pairs, or chance would do.
    Undecided,
}

/// A sample as the report shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleDetail {
    /// When.
    pub timestamp: Timestamp,
    /// The first 16 hex digits.
    pub input_hash: String,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Cents of the candidate.
    pub v2_cost_cents: i64,
    /// Candidate less baseline.
    pub cost_delta_cents: i64,
    /// 0 to 1.
    pub drift_score: f64,
    /// The class.
    pub verdict: Verdict,
    /// Metered cost, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual_cents: Option<f64>,
}

/// Distances between two samples of cost that stay meaningful when supports do not meet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distances {
    /// Jensen–Shannon divergence over half-octaves of cost, bits, 0 to 1. The bins do not depend on the window.
    pub jensen_shannon: f64,
    /// First Wasserstein distance, cents: how far a plan's cost must move on average.
    pub wasserstein_cents: f64,
    /// The same of log₂ cost, where 0 counts as 1 cent: 1 is a factor of 2.
    pub wasserstein_octaves: f64,
    /// Kolmogorov–Smirnov statistic, 0 to 1: the widest gap between the distribution functions.
    pub kolmogorov_smirnov: f64,
}

/// How well a model foretold metered cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Samples with a metered cost.
    pub sample_count: usize,
    /// Mean of estimate less actual, cents: above 0 it overestimates.
    pub bias_cents: f64,
    /// Sum of |estimate − actual| by sum of actual; `None` if nothing was billed.
    pub wape: Option<f64>,
    /// Mean pinball loss of the point estimate taken as the median, cents: half the mean absolute error.
    pub pinball_p50_cents: f64,
    /// Mean pinball loss of the 90th percentile, cents, over the samples that have one.
    pub pinball_p90_cents: Option<f64>,
    /// Share of actuals at or below the 90th percentile; near 0.9 if it holds.
    pub coverage_p90: Option<f64>,
    /// Share of actuals within the 10th and 90th percentile; near 0.8 if they hold.
    pub coverage_p10_p90: Option<f64>,
}
