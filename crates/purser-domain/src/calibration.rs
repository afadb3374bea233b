//! Usage drivers fitted from a tenant's own runs.
//! Invariant: dated and versioned; what had too few runs is listed as refused, never fitted.

use serde::{Deserialize, Serialize};

use crate::driver::Driver;
use crate::time::{Timestamp, Window};

/// The drivers of one tenant, as they were learned at one time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibration {
    /// Content id, `none` if nothing was fitted.
    pub version: String,
    /// When it was fitted.
    pub fitted_at: Timestamp,
    /// By skill, then model.
    pub fits: Vec<Fit>,
    /// Groups with too few runs.
    pub refused: Vec<Refused>,
}

/// What was learned of one skill under one model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Fit {
    /// The skill.
    pub skill: String,
    /// The model; empty if the skill calls none, or for all its models together.
    pub model: String,
    /// Runs it was learned from.
    pub runs: u64,
    /// Dollars of one run.
    pub cost_usd: Option<Driver>,
    /// Milliseconds of one run.
    pub latency_ms: Option<Driver>,
    /// Model calls of one run.
    pub turns: Option<Driver>,
    /// Tokens answered in one call.
    pub output_tokens: Option<Driver>,
    /// Tool calls after one call.
    pub tool_calls: Option<Driver>,
    /// Probability that a run fails.
    pub failure: Option<f64>,
}

/// A group that had too few runs to be fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The skill.
    pub skill: String,
    /// The model.
    pub model: String,
    /// Its runs.
    pub runs: u64,
    /// How many it takes.
    pub required: u64,
}

/// A calibration that a tenant keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// 1 for the tenant's first.
    pub number: i64,
    /// The runs it was learned from.
    pub window: Window,
    /// How many runs they were, by run id.
    pub runs: u64,
    /// What was learned.
    pub calibration: Calibration,
}

/// One past run, as calibration reads it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunSample {
    /// The skill.
    pub skill: String,
    /// The model; empty if none.
    pub model: String,
    /// What it cost, dollars; none if unpriced.
    pub cost_usd: Option<f64>,
    /// How long it took, milliseconds.
    pub latency_ms: Option<f64>,
    /// Model calls.
    pub turns: Option<f64>,
    /// Tokens answered per call, on average.
    pub output_tokens: Option<f64>,
    /// Tool calls per model call, on average.
    pub tool_calls: Option<f64>,
    /// Whether it failed.
    pub failed: Option<bool>,
}

impl Calibration {
    /// Nothing learned yet.
    #[must_use]
    pub fn none() -> Self {
        Self { version: "none".to_owned(), ..Self::default() }
    }

    /// What is known of `skill` under `model`, which a plan may call `provider/model`; else of `skill` under all its
    /// models.
    #[must_use]
    pub fn find(&self, skill: &str, model: &str) -> Option<&Fit> {
        let named = |wanted: &str| self.fits.iter().find(|fit| fit.skill == skill && fit.model == wanted);
        let bare = || model.split_once('/').and_then(|(_, bare)| named(bare));
        named(model).or_else(bare).or_else(|| named(""))
    }
}

/// Median and 90th percentile of a fitted driver; `None` for forms that no fit has.
#[must_use]
pub fn percentiles(driver: &Driver) -> Option<(f64, f64)> {
    match driver {
        Driver::Constant(value) => Some((*value, *value)),
        Driver::LogNormal { p50, p90 } => Some((*p50, *p90)),
        Driver::Quantiles(points) => Some((between(points, 0.5)?, between(points, 0.9)?)),
        Driver::Uniform { .. } | Driver::Poisson { .. } | Driver::Geometric { .. } | Driver::Bernoulli { .. } => None,
    }
}

/// The value at `p`, straight between the points.
fn between(points: &[(f64, f64)], p: f64) -> Option<f64> {
    let after = points.iter().position(|(probability, _)| *probability >= p)?;
    let (p1, v1) = points[after];
    let Some((p0, v0)) = after.checked_sub(1).map(|before| points[before]) else { return Some(v1) };
    Some(if p1 > p0 { v0 + (v1 - v0) * (p - p0) / (p1 - p0) } else { v1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(skill: &str, model: &str, runs: u64) -> Fit {
        Fit { skill: skill.to_owned(), model: model.to_owned(), runs, ..Fit::default() }
    }

    #[test]
    fn a_fit_is_found_by_model_then_bare_model_then_skill() {
        let fits = vec![fit("chat", "", 1), fit("chat", "gpt-4o", 2), fit("chat", "meta/llama", 3)];
        let calibration = Calibration { fits, ..Calibration::none() };
        let found = |skill: &str, model: &str| calibration.find(skill, model).map(|fit| fit.runs);
        for (model, expected) in
            [("gpt-4o", 2), ("openai/gpt-4o", 2), ("meta/llama", 3), ("x/meta/llama", 3), ("gpt", 1), ("", 1)]
        {
            assert_eq!(found("chat", model), Some(expected), "{model}");
        }
        assert_eq!(found("search", "gpt-4o"), None);
    }

    #[test]
    fn percentiles_are_read_off_every_form_that_a_fit_has() {
        let points = vec![(0.0, 0.0), (0.4, 0.0), (0.8, 2.0), (1.0, 4.0)];
        for (driver, expected) in [
            (Driver::Constant(3.0), Some((3.0, 3.0))),
            (Driver::LogNormal { p50: 1.0, p90: 4.0 }, Some((1.0, 4.0))),
            // A quarter of the way from 0.4 to 0.8, half of the way from 0.8 to 1.
            (Driver::Quantiles(points), Some((0.5, 3.0))),
            (Driver::Quantiles(Vec::new()), None),
            (Driver::Bernoulli { p: 0.5 }, None),
        ] {
            let found = percentiles(&driver);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            let same = match (found, expected) {
                (Some(a), Some(b)) => near(a.0, b.0) && near(a.1, b.1),
                (a, b) => a == b,
            };
            assert!(same, "{driver:?} has {found:?}");
        }
    }
}
