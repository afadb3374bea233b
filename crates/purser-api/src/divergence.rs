//! The divergence report on the wire.

use purser_domain::divergence::{Accuracy, Distances, Paired, Report, SampleDetail, State};
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far the candidate lies from the baseline over recorded pairs, and both from metered cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DivergenceReport {
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    pub start_date: Timestamp,
    /// First instant after.
    #[schema(value_type = String, format = DateTime)]
    pub end_date: Timestamp,
    /// The candidate's version.
    pub version: String,
    /// How many pairs.
    pub sample_count: usize,
    /// Upper median of |delta|, cents; null without pairs, as the next four.
    pub delta_p50: Option<f64>,
    /// 90th percentile of |delta|, cents.
    pub delta_p90: Option<f64>,
    /// As the reference computes it, nats; for continuity only.
    pub kl_divergence: Option<f64>,
    /// Pairs with a drift above 0.2 by pairs.
    pub fail_ratio: Option<f64>,
    /// Pairs whose verdict is a match by pairs.
    pub matching_rate: Option<f64>,
    /// Pairs with a drift above 0.5.
    pub outlier_count: usize,
    /// The first 100 pairs, newest first.
    #[schema(value_type = Vec<Object>)]
    pub detailed_samples: Vec<SampleDetail>,
    /// `empty`, `few` (below 30) or `complete`.
    #[schema(value_type = String, example = "complete")]
    pub state: State,
    /// Jensen–Shannon, Wasserstein and Kolmogorov–Smirnov distances of cost.
    #[schema(value_type = Option<Object>)]
    pub distances: Option<Distances>,
    /// The baseline against metered cost; null if no run was metered.
    #[schema(value_type = Option<Object>)]
    pub v1_accuracy: Option<Accuracy>,
    /// The candidate against metered cost.
    #[schema(value_type = Option<Object>)]
    pub v2_accuracy: Option<Accuracy>,
    /// The pairs taken as pairs: mean delta, and which model is nearer to metered cost, with intervals and a judgement.
    #[schema(value_type = Option<Object>)]
    pub paired: Option<Paired>,
}

impl From<Report> for DivergenceReport {
    fn from(report: Report) -> Self {
        Self {
            start_date: report.start_date,
            end_date: report.end_date,
            version: report.version,
            sample_count: report.sample_count,
            delta_p50: report.delta_p50,
            delta_p90: report.delta_p90,
            kl_divergence: report.kl_divergence,
            fail_ratio: report.fail_ratio,
            matching_rate: report.matching_rate,
            outlier_count: report.outlier_count,
            detailed_samples: report.detailed_samples,
            state: report.state,
            distances: report.distances,
            v1_accuracy: report.v1_accuracy,
            v2_accuracy: report.v2_accuracy,
            paired: report.paired,
        }
    }
}
