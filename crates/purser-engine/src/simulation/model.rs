//! One trait over the three models: what a plan would cost, whichever model is asked.

use purser_domain::estimate::{Estimate, Options};
use purser_domain::money::Money;
use purser_domain::plan::{NotFlat, Plan};
use purser_domain::simulation::v2::Stamp;
use purser_domain::simulation::{self, Limits};
use purser_domain::skill::{Catalogue, UnknownPolicy};
use purser_domain::usage_event::FieldError;

use super::{v1, v2, v3};
use crate::step;

/// A model that simulates plans.
pub trait Model {
    /// `v1`, `v2` or `v3`.
    fn name(&self) -> &'static str;

    /// What the plan would cost.
    ///
    /// # Errors
    /// The model cannot read the plan, or cannot price it.
    fn simulate(&self, plan: &Plan) -> Result<Answer, ModelError>;
}

/// What a model answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Of the flat table.
    V1(simulation::v1::Simulation),
    /// Of the parametric model.
    V2(simulation::v2::Simulation),
    /// Of the plan simulator.
    V3(Box<Estimate>),
}

impl Answer {
    /// Whether the plan is feasible.
    #[must_use]
    pub fn feasible(&self) -> bool {
        match self {
            Self::V1(answer) => answer.feasible,
            Self::V2(answer) => answer.feasible,
            Self::V3(answer) => answer.feasible,
        }
    }

    /// The expected cost: the only figure that all models have.
    #[must_use]
    pub fn cost_usd(&self) -> Money {
        match self {
            Self::V1(answer) => Money::from_cents(answer.estimated_cost_cents),
            Self::V2(answer) => Money::from_cents(answer.estimated_cost_cents),
            Self::V3(answer) => answer.cost_usd.mean,
        }
    }
}

/// Why a model has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The plan is a graph, and the model reads flat lists only.
    #[error(transparent)]
    NotFlat(#[from] NotFlat),
    /// Steps that the model refuses.
    #[error("{} of the plan's fields are refused", .0.len())]
    Refused(Vec<FieldError>),
    /// The plan simulator cannot price it.
    #[error(transparent)]
    Simulate(#[from] v3::SimulateError),
}

/// The flat table.
#[derive(Debug, Clone, Copy)]
pub struct V1<'a> {
    /// The skills.
    pub catalogue: &'a Catalogue,
    /// What becomes of skills that are in no row.
    pub unknown: &'a UnknownPolicy,
    /// What the plan is held against.
    pub limits: &'a Limits,
}

/// The parametric model.
#[derive(Debug, Clone, Copy)]
pub struct V2<'a> {
    /// The skills.
    pub catalogue: &'a Catalogue,
    /// What becomes of skills that are in no row.
    pub unknown: &'a UnknownPolicy,
    /// What the plan is held against.
    pub limits: &'a Limits,
    /// The versions that the answer carries.
    pub stamp: &'a Stamp,
}

/// The plan simulator.
#[derive(Debug, Clone, Copy)]
pub struct V3<'a> {
    /// Prices, fits and assumptions.
    pub sources: v3::Sources<'a>,
    /// What is asked.
    pub options: &'a Options,
    /// How many threads draw.
    pub threads: usize,
}

impl Model for V1<'_> {
    fn name(&self) -> &'static str {
        "v1"
    }

    fn simulate(&self, plan: &Plan) -> Result<Answer, ModelError> {
        let steps = plan.flat()?;
        let plan = step::resolve(&steps, self.catalogue, self.unknown).map_err(ModelError::Refused)?;
        Ok(Answer::V1(v1::simulate(&plan, self.limits)))
    }
}

impl Model for V2<'_> {
    fn name(&self) -> &'static str {
        "v2"
    }

    fn simulate(&self, plan: &Plan) -> Result<Answer, ModelError> {
        let steps = plan.flat()?;
        let plan = step::resolve(&steps, self.catalogue, self.unknown).map_err(ModelError::Refused)?;
        Ok(Answer::V2(v2::simulate(&plan, self.limits, self.stamp)))
    }
}

impl Model for V3<'_> {
    fn name(&self) -> &'static str {
        "v3"
    }

    fn simulate(&self, plan: &Plan) -> Result<Answer, ModelError> {
        Ok(Answer::V3(Box::new(v3::simulate(plan, self.sources, self.options, self.threads)?)))
    }
}

#[cfg(test)]
mod tests;
