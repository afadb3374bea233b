//! The datasets that ship and the operator's own, and whether the candidate model is good enough on them.
//! Invariant: a validation uses the catalogue that ships, so it says the same to every tenant.

use std::collections::BTreeSet;
use std::path::Path;
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

/// The operator's own datasets: every `.json` file of `directory`, by name.
///
/// # Errors
/// What cannot be read, by file; an id that another dataset has.
pub fn read(directory: &Path) -> Result<Vec<Dataset>, Vec<String>> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| vec![format!("{}: {error}", path.display())];
    let entries = std::fs::read_dir(directory).map_err(|error| unreadable(directory, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(|error| unreadable(directory, &error))?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut ids: BTreeSet<String> = shipped().into_iter().flatten().map(|dataset| dataset.id.clone()).collect();
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for path in paths {
        let fault = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        match std::fs::read(&path).map(|bytes| dataset::parse(&bytes)) {
            Err(error) => faults.push(fault(&error)),
            Ok(Err(errors)) => faults.extend(errors.iter().map(|error| fault(error))),
            Ok(Ok(dataset)) if ids.insert(dataset.id.clone()) => found.push(dataset),
            Ok(Ok(dataset)) => faults.push(fault(&format!("id: {:?} is another dataset's", dataset.id))),
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

impl Service {
    /// Every dataset without its samples.
    ///
    /// # Errors
    /// Forbidden.
    pub fn datasets(&self, who: &Principal) -> Result<Vec<Summary>, Error> {
        who.may_read()?;
        Ok(self.all_datasets()?.map(dataset::summary).collect())
    }

    /// One dataset.
    ///
    /// # Errors
    /// Forbidden; not found.
    pub fn dataset(&self, who: &Principal, id: &str) -> Result<&Dataset, Error> {
        who.may_read()?;
        self.all_datasets()?.find(|dataset| dataset.id == id).ok_or_else(|| Error::not_found("dataset", id))
    }

    /// Whether `v2` is acceptable on one dataset.
    ///
    /// # Errors
    /// Forbidden; not found.
    pub fn dataset_validate(&self, who: &Principal, id: &str) -> Result<Validation, Error> {
        Ok(dataset::validate(self.dataset(who, id)?, &*skill::shipped()?, &self.sandbox().stamp(), self.now()))
    }

    /// Whether `v2` is acceptable on every dataset.
    ///
    /// # Errors
    /// Forbidden.
    pub fn dataset_validate_all(&self, who: &Principal) -> Result<Suite, Error> {
        who.may_read()?;
        Ok(dataset::validate_all(self.all_datasets()?, &*skill::shipped()?, &self.sandbox().stamp(), self.now()))
    }

    fn all_datasets(&self) -> Result<impl Iterator<Item = &Dataset>, Error> {
        Ok(shipped()?.iter().chain(&self.sandbox().config().datasets))
    }
}
