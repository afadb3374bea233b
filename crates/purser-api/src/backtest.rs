//! How good past predictions were, on the wire.

use purser_domain::backtest::{Report, Row, Score};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::usage_query::TimeRange;

/// How good predictions of the cost of a window's runs were. Figures of runs by skill and model count each skill and
/// model of a run once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestReport {
    /// When the runs were, half-open.
    pub window: TimeRange,
    /// The calibration that was in force when the window began; null if there was none.
    pub calibration: Option<i64>,
    /// The version of what the predictions rest on; `none` if nothing could be learned.
    pub calibration_version: String,
    /// What that was learned from; without a calibration, the 90 days before the window.
    pub learned_from: Option<TimeRange>,
    /// By skill and model, then runs by their own plan.
    pub rows: Vec<BacktestRow>,
    /// All of them; null without any.
    pub total: Option<BacktestScore>,
    /// Runs that could not be scored, for want of a price.
    pub unpriced_runs: u64,
}

/// One group of predictions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestRow {
    /// The skill; empty for runs by their own plan.
    pub skill: String,
    /// The model; empty for runs by their own plan.
    pub model: String,
    /// Whether the runs' own plans were simulated.
    pub by_plan: bool,
    /// How good they were.
    pub score: BacktestScore,
}

/// How good predictions were; losses in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BacktestScore {
    /// How many predictions.
    pub runs: u64,
    /// Σ(mean − actual) / Σ actual: above zero if too high; null if nothing was spent.
    pub bias: Option<f64>,
    /// Σ|mean − actual| / Σ actual.
    pub wape: Option<f64>,
    /// Σ|median − actual| / Σ actual.
    pub wape_p50: Option<f64>,
    /// Mean pinball loss of the median.
    pub pinball_p50_usd: f64,
    /// Mean pinball loss of P90.
    pub pinball_p90_usd: f64,
    /// The share of runs at most P90; 0.9 is right.
    pub coverage_p90: f64,
    /// The share within P10 and P90; 0.8 is right.
    pub coverage_p10_p90: f64,
}

impl From<Report> for BacktestReport {
    fn from(report: Report) -> Self {
        Self {
            window: report.window.into(),
            calibration: report.calibration,
            calibration_version: report.calibration_version,
            learned_from: report.learned_from.map(Into::into),
            rows: report.rows.into_iter().map(Into::into).collect(),
            total: report.total.map(Into::into),
            unpriced_runs: report.unpriced,
        }
    }
}

impl From<Row> for BacktestRow {
    fn from(row: Row) -> Self {
        Self { skill: row.skill, model: row.model, by_plan: row.by_plan, score: row.score.into() }
    }
}

impl From<Score> for BacktestScore {
    fn from(score: Score) -> Self {
        Self {
            runs: score.pairs,
            bias: score.bias,
            wape: score.wape,
            wape_p50: score.wape_p50,
            pinball_p50_usd: score.pinball_p50,
            pinball_p90_usd: score.pinball_p90,
            coverage_p90: score.coverage_p90,
            coverage_p10_p90: score.coverage_p10_p90,
        }
    }
}
