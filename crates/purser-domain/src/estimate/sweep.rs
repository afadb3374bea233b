//! One setting of a plan at another value, to see how the answer depends on it.

use serde::{Deserialize, Serialize};

use super::Spread;
use crate::money::Money;
use crate::plan::CONCURRENCY_MAX;

/// The most values of one estimate.
pub const SWEEP_MAX: usize = 20;
/// The bounds of a factor.
const FACTORS: std::ops::RangeInclusive<f64> = 0.01..=100.0;

/// A setting and its value, written `model=openai/gpt-4o-mini`, `prompt=0.5`, `counts=2` or `concurrency=4`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sweep {
    /// Every model call goes to this model, `provider/model`.
    Model(String),
    /// Messages and prompts have so many times their tokens; system prompts and tools stay. `input_tokens` that the plan
    /// tells are multiplied whole.
    Prompt(f64),
    /// Every loop, map and iteration count is multiplied; a step that is called once still is.
    Counts(f64),
    /// Every map has so many workers.
    Concurrency(u32),
}

impl std::str::FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((name, value)) = text.split_once('=').map(|(name, value)| (name.trim(), value.trim())) else {
            return Err("must be model=NAME, prompt=FACTOR, counts=FACTOR or concurrency=WORKERS".to_owned());
        };
        let factor = || {
            let factor = value.parse::<f64>().ok().filter(|factor| FACTORS.contains(factor));
            factor.ok_or_else(|| format!("must be a factor from {} to {}", FACTORS.start(), FACTORS.end()))
        };
        match name {
            "model" if !value.is_empty() => Ok(Self::Model(value.to_owned())),
            "model" => Err("must name a model".to_owned()),
            "prompt" => factor().map(Self::Prompt),
            "counts" => factor().map(Self::Counts),
            "concurrency" => {
                let workers = value.parse().ok().filter(|workers| (1..=CONCURRENCY_MAX).contains(workers));
                workers.map(Self::Concurrency).ok_or_else(|| format!("must be from 1 to {CONCURRENCY_MAX} workers"))
            }
            _ => Err("must set model, prompt, counts or concurrency".to_owned()),
        }
    }
}

impl std::fmt::Display for Sweep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model(name) => write!(f, "model={name}"),
            Self::Prompt(factor) => write!(f, "prompt={factor}"),
            Self::Counts(factor) => write!(f, "counts={factor}"),
            Self::Concurrency(workers) => write!(f, "concurrency={workers}"),
        }
    }
}

impl TryFrom<String> for Sweep {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Sweep> for String {
    fn from(sweep: Sweep) -> Self {
        sweep.to_string()
    }
}

/// The plan with one setting at another value, all else and the random numbers alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The setting.
    pub setting: Sweep,
    /// Cost, dollars.
    pub cost_usd: Spread<Money>,
    /// Latency along the critical path, milliseconds.
    pub latency_ms: Spread<u64>,
    /// Probability that the cost is at most the budget; absent without one.
    pub within_budget: Option<f64>,
    /// Probability that the latency is at most the deadline; absent without one.
    pub within_deadline: Option<f64>,
    /// Probability that the plan fails.
    pub failure_probability: f64,
    /// Whether the plan is feasible.
    pub feasible: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_and_written_alike() {
        for text in ["model=openai/gpt-4o", "prompt=0.5", "counts=2", "concurrency=8"] {
            assert_eq!(text.parse::<Sweep>().map(|sweep| sweep.to_string()), Ok(text.to_owned()));
            let json = format!("\"{text}\"");
            let sweep: Sweep = serde_json::from_str(&json).expect("it is a setting");
            assert_eq!(serde_json::to_string(&sweep).expect("it is text"), json);
        }
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for text in ["", "prompt", "prompt=", "prompt=x", "prompt=0", "prompt=-1", "prompt=NaN", "counts=101", "model="]
        {
            assert!(text.parse::<Sweep>().is_err(), "{text}");
        }
        for text in ["concurrency=0", "concurrency=1.5", "concurrency=1001", "colour=red"] {
            assert!(text.parse::<Sweep>().is_err(), "{text}");
        }
    }
}
