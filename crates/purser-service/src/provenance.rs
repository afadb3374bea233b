//! What was simulated is kept: recorded in passing, found again, checked, and brought in afterwards.
//! Invariant: a record belongs to its caller's tenant; what was taken is stored or spooled, each record once.

mod backfill;
mod recorder;
mod replay;
mod spool;

use purser_domain::provenance::{Chained, Drift, Filter, Hash, Page, Record, RecordId, Source, Variant};
use purser_domain::tenant::TenantId;
use purser_ledger::provenance::{ChainChecked, Provenance, Unless};

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

pub use backfill::{Backfilled, input_hash};
pub(crate) use recorder::Recorder;
pub use recorder::{Config, Counts};

/// The program's version, as stamped when it was built: the commit in `PURSER_COMMIT`, else the package's version.
pub const CODE_VERSION: &str = match option_env!("PURSER_COMMIT") {
    Some(commit) => commit,
    None => env!("CARGO_PKG_VERSION"),
};

/// The most records of one batch and of one page.
pub const BATCH_MAX: usize = 10_000;

impl Service {
    /// A new record's id: it may be told before the record is taken.
    #[must_use]
    pub fn provenance_id(&self) -> RecordId {
        RecordId::new(self.now(), rand::random())
    }

    /// Takes a record, which is stored soon after; waits while too many wait.
    ///
    /// A store that is out delays nothing: the record is spooled on disk until the store is back. Only what waits in
    /// memory, a fraction of a second's records, ends with a process that is killed.
    ///
    /// # Errors
    /// Forbidden for another tenant's record; invalid with every field that no row can hold; unavailable after shutdown.
    pub async fn provenance_record(&self, who: &Principal, record: Record) -> Result<RecordId, Error> {
        let record = admit(who.tenant(), record)?;
        let id = record.id;
        self.recorder().record(record).await?;
        Ok(id)
    }

    /// Stores records in one transaction and returns their ids. `Ok` means on disk.
    ///
    /// # Errors
    /// As [`Service::provenance_record`]; then nothing is stored. Unavailable if the store is: not spooled.
    pub async fn provenance_record_batch(&self, who: &Principal, records: Vec<Record>) -> Result<Vec<RecordId>, Error> {
        if records.len() > BATCH_MAX {
            let reason = format!("a batch has at most {BATCH_MAX} records");
            return Err(Error::invalid_field("records", &records.len(), &reason));
        }
        let records: Vec<Record> =
            records.into_iter().map(|record| admit(who.tenant(), record)).collect::<Result<_, _>>()?;
        let ids = records.iter().map(|record| record.id).collect();
        self.provenance().await?.append(records, Unless::Never).await.map_err(|error| match error {
            purser_ledger::Error::TooLarge { bytes, limit } => {
                Error::invalid_field("records", &bytes, &format!("a batch has at most {limit} bytes of payload"))
            }
            error => error.into(),
        })?;
        Ok(ids)
    }

    /// The caller's records that pass `filter`, newest first.
    ///
    /// # Errors
    /// Forbidden; invalid with a limit over [`BATCH_MAX`]; unavailable.
    pub async fn provenance_query(&self, who: &Principal, filter: &Filter, page: Page) -> Result<Vec<Chained>, Error> {
        check_limit(page)?;
        Ok(self.provenance_of(who).await?.query(who.tenant(), filter, page).await?)
    }

    /// The same without their inputs and outputs, which are empty.
    ///
    /// # Errors
    /// As [`Service::provenance_query`].
    pub async fn provenance_outline(
        &self,
        who: &Principal,
        filter: &Filter,
        page: Page,
    ) -> Result<Vec<Chained>, Error> {
        check_limit(page)?;
        Ok(self.provenance_of(who).await?.outline(who.tenant(), filter, page).await?)
    }

    /// One record with all its inputs: enough to run it again.
    ///
    /// # Errors
    /// Forbidden; not found, also if it is another tenant's; unavailable.
    pub async fn provenance_get(&self, who: &Principal, id: RecordId) -> Result<Chained, Error> {
        let found = self.provenance_of(who).await?.get(who.tenant(), id).await?;
        found.ok_or_else(|| Error::not_found("provenance record", &id.to_string()))
    }

    /// How many of the caller's records pass `filter`.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn provenance_count(&self, who: &Principal, filter: &Filter) -> Result<u64, Error> {
        Ok(self.provenance_of(who).await?.count(who.tenant(), filter).await?)
    }

    /// Statistics of the cost deltas of the caller's records that pass `filter`.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn provenance_drift(&self, who: &Principal, filter: &Filter) -> Result<Drift, Error> {
        Ok(self.provenance_of(who).await?.drift(who.tenant(), filter).await?)
    }

    /// Whether the caller has a record of `variant` with these inputs.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn provenance_exists(&self, who: &Principal, variant: Variant, input_hash: Hash) -> Result<bool, Error> {
        Ok(!self.provenance_of(who).await?.known(who.tenant(), variant, &[input_hash].into()).await?.is_empty())
    }

    /// Checks the caller's chain record by record.
    ///
    /// # Errors
    /// Forbidden; unavailable. What is wrong with the chain is found, not an error.
    pub async fn provenance_verify(&self, who: &Principal) -> Result<ChainChecked, Error> {
        Ok(self.provenance_of(who).await?.verify(who.tenant()).await?)
    }

    /// The records that wait and those that were spooled or lost.
    #[must_use]
    pub fn provenance_counts(&self) -> Counts {
        self.recorder().counts()
    }

    /// Stores what waits in memory, or spools it.
    pub async fn provenance_flush(&self) {
        self.recorder().flush().await;
    }

    pub(crate) async fn provenance(&self) -> Result<&Provenance, Error> {
        Ok(self.ledger().provenance().await?)
    }

    /// The records for a reader, who sees what this process has taken until now.
    pub(crate) async fn provenance_of(&self, who: &Principal) -> Result<&Provenance, Error> {
        who.may_read()?;
        self.recorder().flush().await;
        self.provenance().await
    }
}

fn check_limit(page: Page) -> Result<(), Error> {
    if page.limit <= BATCH_MAX {
        return Ok(());
    }
    Err(Error::invalid_field("limit", &page.limit, &format!("must be at most {BATCH_MAX}")))
}

/// The record as it will be stored, stamped with the program's version unless it is the record of another program.
fn admit(tenant: &TenantId, mut record: Record) -> Result<Record, Error> {
    if record.tenant != *tenant {
        return Err(Error::forbidden("record for another tenant"));
    }
    if record.source != Source::Backfill {
        record.versions.code.get_or_insert_with(|| CODE_VERSION.to_owned());
    }
    record.check().map_err(Error::invalid)?;
    Ok(record)
}
