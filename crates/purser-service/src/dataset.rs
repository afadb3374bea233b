//! The reference datasets, and whether the candidate model is good enough on them.
//! Invariant: a validation uses the catalogue that ships, so it says the same to every tenant.

use std::sync::LazyLock;

use purser_domain::dataset::{Dataset, Suite, Summary, Validation};
use purser_engine::dataset;

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;
use crate::skill;

/// The datasets that ship, read once.
fn shipped() -> Result<&'static [Dataset], Error> {
    static SHIPPED: LazyLock<Result<Vec<Dataset>, String>> = LazyLock::new(|| {
        dataset::shipped().map_err(|errors| errors.first().map(ToString::to_string).unwrap_or_default())
    });
    SHIPPED.as_deref().map_err(Error::internal)
}

pub(crate) fn find(id: &str) -> Result<&'static Dataset, Error> {
    shipped()?.iter().find(|dataset| dataset.id == id).ok_or_else(|| Error::not_found("dataset", id))
}

impl Service {
    /// Every dataset without its samples.
    ///
    /// # Errors
    /// Forbidden.
    pub fn datasets(&self, who: &Principal) -> Result<Vec<Summary>, Error> {
        who.may_read()?;
        Ok(shipped()?.iter().map(dataset::summary).collect())
    }

    /// One dataset.
    ///
    /// # Errors
    /// Forbidden; not found.
    pub fn dataset(&self, who: &Principal, id: &str) -> Result<&'static Dataset, Error> {
        who.may_read()?;
        find(id)
    }

    /// Whether `v2` is acceptable on one dataset.
    ///
    /// # Errors
    /// Forbidden; not found.
    pub fn dataset_validate(&self, who: &Principal, id: &str) -> Result<Validation, Error> {
        who.may_read()?;
        Ok(dataset::validate(find(id)?, &*skill::shipped()?, &self.sandbox().stamp(), self.now()))
    }

    /// Whether `v2` is acceptable on every dataset.
    ///
    /// # Errors
    /// Forbidden.
    pub fn dataset_validate_all(&self, who: &Principal) -> Result<Suite, Error> {
        who.may_read()?;
        Ok(dataset::validate_all(shipped()?, &*skill::shipped()?, &self.sandbox().stamp(), self.now()))
    }
}
