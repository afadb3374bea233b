//! Simulates with what ships: the price book and the skill catalogue, nothing learned.

use std::num::NonZero;
use std::sync::Arc;

use purser_api::simulation::SimulationAnswer;
use purser_domain::calibration::Calibration;
use purser_domain::simulation::ModelName;
use purser_domain::simulation::v2::Stamp;
use purser_domain::skill::Catalogue;
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_engine::simulation::model::{Model as _, ModelError, V1, V2, V3};
use purser_engine::simulation::v3::{Sources, priors};
use purser_engine::skill;
use purser_ingest::price_file;
use purser_service::{Error, simulation};

use super::answer::unrecorded;
use super::plan_file::PlanFile;
use super::question::Question;

/// The most threads that draw; their number changes no answer.
const THREADS_MAX: usize = 8;

/// What ships.
pub(crate) struct Offline {
    book: TenantBook,
    catalogue: Catalogue,
}

impl Offline {
    /// Reads what ships.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let prices = price_file::parse(purser_service::price::SHIPPED)
            .map_err(|findings| anyhow::anyhow!("the prices that ship do not read: {findings:?}"))?;
        let (book, _) = PriceBook::compile(prices);
        let catalogue = skill::parse(skill::SHIPPED).map_err(Error::invalid)?;
        Ok(Self { book: PriceBook::for_tenant(Arc::new(book), Vec::new(), Vec::new()), catalogue })
    }

    /// What the plan would cost.
    ///
    /// # Errors
    /// What the model refuses of the plan, under the plan's name.
    pub(crate) fn ask(&self, file: &PlanFile, question: &Question) -> anyhow::Result<SimulationAnswer> {
        let Self { book, catalogue } = self;
        let Question { limits, unknown, options, .. } = question;
        let answer = match question.model {
            ModelName::V1 => V1 { catalogue, unknown, limits }.simulate(&file.plan),
            ModelName::V2 => V2 { catalogue, unknown, limits, stamp: &Stamp::default() }.simulate(&file.plan),
            ModelName::V3 => {
                let (calibration, priors) = (Calibration::none(), priors(catalogue));
                let sources = Sources { book, at: question.price_at, calibration: &calibration, priors: &priors };
                let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
                V3 { sources, options, threads }.simulate(&file.plan)
            }
        };
        let answer = answer.map_err(|error| anyhow::Error::new(refused(error)).context(file.name.clone()))?;
        Ok(unrecorded(answer))
    }
}

/// The refusal under the field that can be changed.
fn refused(error: ModelError) -> Error {
    match error {
        ModelError::Refused(faults) => Error::invalid(faults),
        ModelError::NotFlat(not) => Error::invalid_field("plan", &not.node, &not.to_string()),
        ModelError::Simulate(error) => simulation::refused(&error),
    }
}
