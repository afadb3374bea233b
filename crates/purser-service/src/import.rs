//! Imports: files read in batch by batch, so that they can be taken back whole.
//! Invariant: a batch belongs to an import that is running; none joins one that has ended or was voided.

use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, unfit};

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

pub use purser_store::import::{Counts, Import, Status};

impl Service {
    /// Begins an import of the file called `name`.
    ///
    /// # Errors
    /// Forbidden; invalid; unavailable.
    pub async fn import_begin(&self, who: &Principal, format: &str, source: &str, name: &str) -> Result<Import, Error> {
        who.may_ingest()?;
        let wrong: Vec<FieldError> = [("format", format), ("source", source), ("name", name)]
            .into_iter()
            .filter_map(|(field, text)| {
                let reason = if text.is_empty() { Some("must not be empty") } else { unfit(text) };
                Some(FieldError::new(field, text, reason?))
            })
            .collect();
        if !wrong.is_empty() {
            return Err(Error::invalid(wrong));
        }
        let import = Import {
            id: format!("imp_{}", random_hex::<8>()),
            format: format.to_owned(),
            source: source.to_owned(),
            name: name.to_owned(),
            status: Status::Running,
            started_at: self.now(),
            finished_at: None,
            counts: Counts::default(),
            voided_at: None,
            void_reason: None,
        };
        self.store().import(who.tenant()).create(&import).await?;
        Ok(import)
    }

    /// Ends an import: read to its end, or given up.
    ///
    /// # Errors
    /// Forbidden; not found; conflict if it was voided; unavailable.
    pub async fn import_end(&self, who: &Principal, id: &str, status: Status, counts: Counts) -> Result<Import, Error> {
        who.may_ingest()?;
        self.store().import(who.tenant()).progress(id, status, counts, self.now()).await?;
        self.find_import(who, id).await
    }

    /// One import.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn import(&self, who: &Principal, id: &str) -> Result<Import, Error> {
        who.may_read()?;
        self.find_import(who, id).await
    }

    /// The newest imports first, those before the one that `before` names by start and id.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn imports(
        &self,
        who: &Principal,
        limit: u64,
        before: Option<(Timestamp, &str)>,
    ) -> Result<Vec<Import>, Error> {
        who.may_read()?;
        Ok(self.store().import(who.tenant()).list(limit, before).await?)
    }

    async fn find_import(&self, who: &Principal, id: &str) -> Result<Import, Error> {
        let found = self.store().import(who.tenant()).get(id).await?;
        found.ok_or_else(|| Error::not_found("import", id))
    }

    /// Refuses a batch whose import is not running.
    pub(crate) async fn require_running(&self, who: &Principal, id: &str) -> Result<(), Error> {
        match self.find_import(who, id).await?.status {
            Status::Running => Ok(()),
            ended => Err(Error::conflict("conflict", format!("import {id:?} is {}: begin another", ended.name()))),
        }
    }
}
