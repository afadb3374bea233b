//! What two models say about one plan, side by side.

use serde::{Deserialize, Serialize};

use crate::simulation::{v1, v2};

/// How far the candidate is from the baseline.
///
/// This is change, not error: the baseline is a guess too. Error is measured against metered cost, see
/// [`crate::divergence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Drift up to 0.05.
    Match,
    /// Drift up to 0.15.
    MinorDrift,
    /// Drift up to 0.30.
    MajorDrift,
    /// More, or the models disagree on feasibility.
    Mismatch,
}

impl Verdict {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::MinorDrift => "minor_drift",
            Self::MajorDrift => "major_drift",
            Self::Mismatch => "mismatch",
        }
    }
}

/// The baseline (v1) and the candidate (v2) side by side, with the wire names of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The class of the unrounded drift.
    pub verdict: Verdict,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Cents of the candidate.
    pub v2_cost_cents: i64,
    /// Candidate less baseline.
    pub cost_delta_cents: i64,
    /// |delta| by baseline as a fraction, 4 decimals; 0 if the baseline is 0. See [`Measures`] for better.
    pub cost_delta_pct: f64,
    /// Milliseconds of the baseline.
    pub v1_duration_ms: i64,
    /// Milliseconds of the candidate.
    pub v2_duration_ms: i64,
    /// Candidate less baseline.
    pub duration_delta_ms: i64,
    /// Whether the baseline finds the plan feasible.
    pub v1_feasible: bool,
    /// Whether the candidate does.
    pub v2_feasible: bool,
    /// Whether they agree.
    pub feasibility_match: bool,
    /// 0.6 × relative cost (1 at most) + 0.4 if they disagree on feasibility; 4 decimals.
    pub drift_score: f64,
    /// What led to it.
    pub details: Details,
    /// Measures that purser adds.
    pub measures: Measures,
}

/// What led to a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// The baseline's status.
    pub v1_status: v1::Status,
    /// The candidate's status.
    pub v2_status: v2::Status,
    /// The candidate's confidence.
    pub v2_confidence: f64,
    /// How many risks the baseline lists.
    pub v1_risks_count: usize,
    /// How many risks the candidate lists.
    pub v2_risks_count: usize,
}

/// Measures that see a change from free to paid and treat both models alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// |delta| in cents.
    pub absolute_error_cents: u64,
    /// |delta| by the mean of both costs, at least by the floor; 0 to 2, 4 decimals. Above 0 whenever the costs differ.
    pub symmetric_error: f64,
    /// The same of durations.
    pub duration_symmetric_error: f64,
    /// The smallest mean cost that is divided by, cents: below it a difference counts absolutely.
    pub floor_cents: u64,
}

/// A difference worth keeping, with the wire names of the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// SHA-256 of the canonical input, hex.
    pub input_hash: String,
    /// SHA-256 of the baseline's canonical output, hex.
    pub v1_output_hash: String,
    /// SHA-256 of the candidate's canonical output, hex.
    pub v2_output_hash: String,
    /// Candidate less baseline, cents.
    pub cost_diff: i64,
    /// Candidate less baseline, milliseconds.
    pub duration_diff: i64,
    /// The steps whose cost or latency differ.
    pub step_diffs: Vec<StepDifference>,
    /// Whether the verdict is a match.
    pub is_match: bool,
    /// In words.
    pub diff_summary: String,
    /// When it was found.
    pub timestamp: String,
}

/// A step that the models see differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDifference {
    /// The step, from 0.
    pub step_index: usize,
    /// Its skill.
    pub skill_id: crate::skill::SkillId,
    /// Cents of the baseline.
    pub v1_cost_cents: i64,
    /// Cents of the candidate, 2 decimals.
    pub v2_cost_cents: f64,
    /// Milliseconds of the baseline.
    pub v1_latency_ms: i64,
    /// Milliseconds of the candidate, 2 decimals.
    pub v2_latency_ms: f64,
}
