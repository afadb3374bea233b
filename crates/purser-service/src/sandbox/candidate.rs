//! The model in the shadow, behind a trait so that it can be another one.

use std::sync::Arc;

use purser_domain::simulation::v2::{self, Stamp};
use purser_domain::skill::Catalogue;
use purser_engine::{simulation, step};

use crate::simulation::Request;

/// What a candidate is given.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What is asked.
    pub request: &'a Request,
    /// The tenant's catalogue.
    pub catalogue: &'a Arc<Catalogue>,
    /// What the result says about the code that made it.
    pub stamp: &'a Stamp,
}

/// A model that is tried. It runs on a thread of its own; it may fail, panic or hang.
pub trait Candidate: Send + Sync + 'static {
    /// Simulates.
    ///
    /// # Errors
    /// In words, for the log and the record.
    fn simulate(&self, input: Input<'_>) -> Result<v2::Simulation, String>;
}

/// The parametric model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parametric;

impl Candidate for Parametric {
    fn simulate(&self, input: Input<'_>) -> Result<v2::Simulation, String> {
        let Request { steps, unknown_skills, limits, .. } = input.request;
        let plan = step::resolve(steps, input.catalogue, unknown_skills);
        let plan = plan.map_err(|errors| errors.first().map(ToString::to_string).unwrap_or_default())?;
        Ok(simulation::v2::simulate(&plan, limits, input.stamp))
    }
}
