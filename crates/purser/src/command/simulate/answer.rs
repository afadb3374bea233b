//! What a model answered, in the shape of the API, and two answers beside each other.

use purser_api::simulation::SimulationAnswer;
use purser_domain::estimate::Difference;
use purser_domain::money::Money;
use purser_engine::simulation::model::Answer;
use purser_engine::simulation::v3;
use serde::Serialize;

/// An answer that is recorded nowhere.
pub(crate) fn unrecorded(answer: Answer) -> SimulationAnswer {
    match answer {
        Answer::V1(said) => SimulationAnswer::v1(said, None),
        Answer::V2(said) => SimulationAnswer::v2(said, None),
        Answer::V3(said) => SimulationAnswer::v3(*said, None),
    }
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
                duration_ms: duration_ms(&after).saturating_sub(duration_ms(&before)),
                feasibility_match: before.feasible == after.feasible,
            },
        };
        Self { before, after, difference }
    }
}

/// The duration of `v1` and `v2`; the median latency of `v3`; milliseconds.
pub(crate) fn duration_ms(answer: &SimulationAnswer) -> i64 {
    match (&answer.v1, &answer.v2, &answer.v3) {
        (Some(said), ..) => said.estimated_duration_ms,
        (_, Some(said), _) => said.estimated_duration_ms,
        (.., Some(said)) => i64::try_from(said.latency_ms.p50).unwrap_or(i64::MAX),
        _ => 0,
    }
}

/// `a` less `b`.
pub(crate) fn minus(a: Money, b: Money) -> Money {
    Money::from_pico(a.pico() - b.pico())
}
