//! Calibrations on the wire: what was learned from a tenant's own runs.

use purser_domain::calibration::{Fit, Fitted, Refused, percentiles};
use purser_domain::driver::Driver;
use purser_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::usage_query::TimeRange;

/// Which runs are learned from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-08-22T00:00:00Z", "to": "2026-11-20T00:00:00Z", "dry_run": true}))]
pub struct CalibrationRequest {
    /// First instant inside; 90 days before `to` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Timestamp>,
    /// First instant after; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub to: Option<Timestamp>,
    /// Whether nothing is kept; false by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What was learned, and whether it is in force from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationAnswer {
    /// Whether it was kept as the newest; a dry run is not, and what says the same as the newest is not kept again.
    pub kept: bool,
    /// What was learned; if the newest says the same, the newest.
    pub calibration: CalibrationRecord,
}

/// Calibrations, newest first; the first is in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationList {
    /// The calibrations.
    pub calibrations: Vec<CalibrationRecord>,
}

/// What was learned at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationRecord {
    /// 1 for the tenant's first.
    pub number: i64,
    /// Names what was learned, whenever that was.
    pub version: String,
    /// When it was learned.
    #[schema(value_type = String, format = DateTime)]
    pub fitted_at: Timestamp,
    /// The runs it was learned from.
    pub window: TimeRange,
    /// How many they were.
    pub runs: u64,
    /// By skill, then model; an empty model stands for all models of a skill, an empty skill for all runs.
    pub fits: Vec<FitRecord>,
    /// What had too few runs.
    pub refused: Vec<RefusedRecord>,
}

/// What was learned of one skill under one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FitRecord {
    /// The skill; empty for all runs.
    pub skill: String,
    /// The model; empty for all models.
    pub model: String,
    /// Runs it was learned from.
    pub runs: u64,
    /// Dollars of one run.
    pub cost_usd: Option<SpreadRecord>,
    /// Model calls of one run.
    pub calls: Option<SpreadRecord>,
    /// Tokens answered in one call.
    pub output_tokens: Option<SpreadRecord>,
    /// Milliseconds of all calls of one run.
    pub latency_ms: Option<SpreadRecord>,
    /// Probability that a run fails.
    pub failure: Option<f64>,
}

/// A fitted distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpreadRecord {
    /// The median.
    pub p50: f64,
    /// Nine runs in ten have at most this.
    pub p90: f64,
    /// The distribution, as a plan may tell one.
    #[schema(value_type = Object, example = json!({"lognormal": {"p50": 0.01, "p90": 0.04}}))]
    pub driver: Driver,
}

/// A skill under a model that had too few runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedRecord {
    /// The skill.
    pub skill: String,
    /// The model; empty for all models.
    pub model: String,
    /// Its runs.
    pub runs: u64,
    /// How many it takes.
    pub required: u64,
}

impl From<Fitted> for CalibrationRecord {
    fn from(fitted: Fitted) -> Self {
        let Fitted { number, window, runs, calibration } = fitted;
        Self {
            number,
            version: calibration.version,
            fitted_at: calibration.fitted_at,
            window: window.into(),
            runs,
            fits: calibration.fits.into_iter().map(Into::into).collect(),
            refused: calibration.refused.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Fit> for FitRecord {
    fn from(fit: Fit) -> Self {
        Self {
            skill: fit.skill,
            model: fit.model,
            runs: fit.runs,
            cost_usd: spread(fit.cost_usd),
            calls: spread(fit.turns),
            output_tokens: spread(fit.output_tokens),
            latency_ms: spread(fit.latency_ms),
            failure: fit.failure,
        }
    }
}

fn spread(driver: Option<Driver>) -> Option<SpreadRecord> {
    let driver = driver?;
    let (p50, p90) = percentiles(&driver)?;
    Some(SpreadRecord { p50, p90, driver })
}

impl From<Refused> for RefusedRecord {
    fn from(refused: Refused) -> Self {
        let Refused { skill, model, runs, required } = refused;
        Self { skill, model, runs, required }
    }
}
