//! What a model answered, in the shape of the API, and two answers beside each other.

use purser_domain::estimate::{Difference, Estimate};
use purser_domain::money::Money;
use purser_domain::simulation::{v1, v2};
use purser_engine::simulation::model::Answer;
use purser_engine::simulation::v3;
use serde::{Deserialize, Serialize};

use super::question::Model;

/// What the model said: the part under its name is there, the other two are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SimulationAnswer {
    /// The model that answered.
    pub(crate) model: String,
    /// Whether the plan is feasible.
    pub(crate) feasible: bool,
    /// The expected cost.
    pub(crate) cost_usd: Money,
    /// Where the simulation is recorded; null if nothing is.
    pub(crate) provenance_id: Option<String>,
    /// What the flat table said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) v1: Option<v1::Simulation>,
    /// What the parametric model said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) v2: Option<v2::Simulation>,
    /// What the plan simulator said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) v3: Option<Estimate>,
}

/// An answer that is recorded nowhere.
pub(crate) fn unrecorded(model: Model, answer: Answer) -> SimulationAnswer {
    let (feasible, cost_usd) = (answer.feasible(), answer.cost_usd());
    let (v1, v2, v3) = match answer {
        Answer::V1(said) => (Some(said), None, None),
        Answer::V2(said) => (None, Some(said), None),
        Answer::V3(said) => (None, None, Some(*said)),
    };
    SimulationAnswer { model: model.name().to_owned(), feasible, cost_usd, provenance_id: None, v1, v2, v3 }
}

/// Two plans under one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    /// The plan before.
    pub(crate) before: SimulationAnswer,
    /// The plan now.
    pub(crate) after: SimulationAnswer,
    /// The second less the first.
    pub(crate) difference: Changes,
}

/// How two answers differ: second less first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Changes {
    /// Of distributions.
    Spread(Box<Difference>),
    /// Of single numbers.
    Point {
        /// Cost.
        cost_usd: Money,
        /// Duration, milliseconds.
        duration_ms: i64,
        /// Whether both are equally feasible.
        feasibility_match: bool,
    },
}

impl Comparison {
    /// Holds `after` against `before`.
    pub(crate) fn of(before: SimulationAnswer, after: SimulationAnswer) -> Self {
        let difference = match (&before.v3, &after.v3) {
            (Some(first), Some(second)) => Changes::Spread(Box::new(v3::compare(first, second))),
            _ => Changes::Point {
                cost_usd: minus(after.cost_usd, before.cost_usd),
                duration_ms: after.duration_ms().saturating_sub(before.duration_ms()),
                feasibility_match: before.feasible == after.feasible,
            },
        };
        Self { before, after, difference }
    }
}

impl SimulationAnswer {
    /// The duration of `v1` and `v2`; the median latency of `v3`; milliseconds.
    pub(crate) fn duration_ms(&self) -> i64 {
        match (&self.v1, &self.v2, &self.v3) {
            (Some(said), ..) => said.estimated_duration_ms,
            (_, Some(said), _) => said.estimated_duration_ms,
            (.., Some(said)) => i64::try_from(said.latency_ms.p50).unwrap_or(i64::MAX),
            _ => 0,
        }
    }
}

/// `a` less `b`.
pub(crate) fn minus(a: Money, b: Money) -> Money {
    Money::from_pico(a.pico() - b.pico())
}
