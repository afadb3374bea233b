//! Compares a candidate's answer with the baseline's: the reference's drift score and verdict, and better measures.
//!
//! Compat: relative cost is 0 when the baseline is free, so such plans never drift on cost; duration never counts.
//! The cuts are decided in whole numbers, since 0.6 · 25/100 ≤ 0.15 must not hang on a binary float.

use purser_domain::comparison::{Comparison, Details, Difference, Measures, StepDifference, Verdict};
use purser_domain::simulation::{v1, v2};
use purser_domain::time::Timestamp;
use serde_json::json;

use crate::canonical_json::{self, Form};
use crate::rounding::decimals;
use crate::simulation::v2::output_hash;

/// The mean cost below which [`Measures`] count absolutely, cents.
pub const FLOOR_CENTS: u64 = 1;
/// The mean duration below which they do, milliseconds.
pub const FLOOR_MS: u64 = 1;

/// What the score looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Cents.
    pub cost_cents: i64,
    /// Whether the model finds the plan feasible.
    pub feasible: bool,
}

/// How far two sides lie apart, unrounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// |delta| by baseline; 0 if the baseline is 0.
    pub relative: f64,
    /// 0.6 × relative (1 at most) + 0.4 if feasibility differs.
    pub drift: f64,
    /// The class of the drift.
    pub verdict: Verdict,
}

/// Scores the candidate against the baseline.
#[must_use]
pub fn score(baseline: Side, candidate: Side) -> Score {
    let delta = candidate.cost_cents.abs_diff(baseline.cost_cents);
    let relative = if baseline.cost_cents > 0 { delta as f64 / baseline.cost_cents as f64 } else { 0.0 };
    let agree = baseline.feasible == candidate.feasible;
    let drift = 0.6 * relative.min(1.0) + if agree { 0.0 } else { 0.4 };
    Score { relative, drift, verdict: verdict(baseline.cost_cents, delta, agree) }
}

/// 0.6·d/b ≤ 0.05, 0.15, 0.30 is 12·d, 4·d, 2·d ≤ b. A disagreement on feasibility alone is 0.4.
fn verdict(baseline_cents: i64, delta: u64, agree: bool) -> Verdict {
    if !agree {
        return Verdict::Mismatch;
    }
    let Ok(base @ 1..) = u64::try_from(baseline_cents) else {
        return Verdict::Match;
    };
    let within = |times: u64| delta.saturating_mul(times) <= base;
    if within(12) {
        Verdict::Match
    } else if within(4) {
        Verdict::MinorDrift
    } else if within(2) {
        Verdict::MajorDrift
    } else {
        Verdict::Mismatch
    }
}

/// |a − b| by their mean, which counts as `floor` if it is less; 0 to 2. Above 0 whenever they differ.
#[must_use]
pub fn symmetric_error(a: i64, b: i64, floor: u64) -> f64 {
    let mean = (a as f64).midpoint(b as f64).max(floor as f64);
    if a == b { 0.0 } else { a.abs_diff(b) as f64 / mean }
}

/// Puts two answers side by side.
#[must_use]
pub fn compare(baseline: &v1::Simulation, candidate: &v2::Simulation) -> Comparison {
    let (a, b) = (baseline.estimated_cost_cents, candidate.estimated_cost_cents);
    let (a_ms, b_ms) = (baseline.estimated_duration_ms, candidate.estimated_duration_ms);
    let score = score(
        Side { cost_cents: a, feasible: baseline.feasible },
        Side { cost_cents: b, feasible: candidate.feasible },
    );
    Comparison {
        verdict: score.verdict,
        v1_cost_cents: a,
        v2_cost_cents: b,
        cost_delta_cents: b - a,
        cost_delta_pct: decimals(score.relative, 4),
        v1_duration_ms: a_ms,
        v2_duration_ms: b_ms,
        duration_delta_ms: b_ms - a_ms,
        v1_feasible: baseline.feasible,
        v2_feasible: candidate.feasible,
        feasibility_match: baseline.feasible == candidate.feasible,
        drift_score: decimals(score.drift, 4),
        details: Details {
            v1_status: baseline.status,
            v2_status: candidate.status,
            v2_confidence: candidate.confidence_score,
            v1_risks_count: baseline.risks.len(),
            v2_risks_count: candidate.risks.len(),
        },
        measures: Measures {
            absolute_error_cents: a.abs_diff(b),
            symmetric_error: decimals(symmetric_error(a, b, FLOOR_CENTS), 4),
            duration_symmetric_error: decimals(symmetric_error(a_ms, b_ms, FLOOR_MS), 4),
            floor_cents: FLOOR_CENTS,
        },
    }
}

/// What differs, for whoever looks into a drift. `input_hash` is the hash of the canonical input.
#[must_use]
pub fn difference(
    input_hash: &str,
    baseline: &v1::Simulation,
    candidate: &v2::Simulation,
    at: Timestamp,
) -> Difference {
    let comparison = compare(baseline, candidate);
    let v1_output = json!({
        "feasible": baseline.feasible,
        "status": baseline.status,
        "estimated_cost_cents": baseline.estimated_cost_cents,
        "estimated_duration_ms": baseline.estimated_duration_ms,
        "step_estimates": baseline.step_estimates,
    });
    Difference {
        input_hash: input_hash.to_owned(),
        v1_output_hash: canonical_json::hash(&v1_output, Form::Compat),
        v2_output_hash: output_hash(candidate),
        cost_diff: comparison.cost_delta_cents,
        duration_diff: comparison.duration_delta_ms,
        step_diffs: step_differences(baseline, candidate),
        is_match: comparison.verdict == Verdict::Match,
        diff_summary: format!(
            "{}: {}¢ against {}¢ (drift {}), feasible {} against {}",
            comparison.verdict.name(),
            comparison.v2_cost_cents,
            comparison.v1_cost_cents,
            comparison.drift_score,
            comparison.v2_feasible,
            comparison.v1_feasible
        ),
        timestamp: at.to_string(),
    }
}

fn step_differences(baseline: &v1::Simulation, candidate: &v2::Simulation) -> Vec<StepDifference> {
    let pairs = baseline.step_estimates.iter().zip(&candidate.step_estimates);
    let differ = pairs.filter(|(a, b)| a.cost_cents as f64 != b.cost_cents || a.latency_ms as f64 != b.latency_ms);
    differ
        .map(|(a, b)| StepDifference {
            step_index: a.step_index,
            skill_id: a.skill_id.clone(),
            v1_cost_cents: a.cost_cents,
            v2_cost_cents: b.cost_cents,
            v1_latency_ms: a.latency_ms,
            v2_latency_ms: b.latency_ms,
        })
        .collect()
}

#[cfg(test)]
mod tests;
