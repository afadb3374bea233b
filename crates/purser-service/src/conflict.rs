//! Keeps a record of events that contradict a stored one, and lists them.

use purser_ingest::native;
use purser_ledger::append::Conflict;
use purser_store::conflict::NewConflict;

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

pub use purser_store::conflict::Conflict as Record;

impl Service {
    /// The tenant's conflict records, newest first, and how many there are.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn conflicts(
        &self,
        who: &Principal,
        limit: u64,
        before: Option<i64>,
    ) -> Result<(Vec<Record>, u64), Error> {
        who.may_read()?;
        let conflicts = self.store().conflict(who.tenant());
        Ok((conflicts.list(limit, before).await?, conflicts.count().await?))
    }

    pub(crate) async fn record_conflicts(
        &self,
        who: &Principal,
        conflicts: &[Conflict],
        import_id: Option<&str>,
    ) -> Result<(), Error> {
        if conflicts.is_empty() {
            return Ok(());
        }
        let at = self.now();
        let new: Vec<NewConflict> = conflicts
            .iter()
            .map(|conflict| {
                let payload =
                    conflict.event.as_ref().map(|event| native::encode(event).to_string()).unwrap_or_default();
                NewConflict {
                    source: conflict.source.clone(),
                    event_id: conflict.event_id.clone(),
                    payload_hash: crate::api_key::hash(&payload),
                    payload,
                    import_id: import_id.map(str::to_owned),
                    at,
                }
            })
            .collect();
        Ok(self.store().conflict(who.tenant()).record(&new).await?)
    }
}
