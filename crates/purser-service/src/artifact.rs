//! Records of what computed datasets were made from.

use purser_domain::artifact::{Artifact, Made};
use purser_domain::time::Timestamp;

use crate::api_key::random_hex;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

impl Service {
    /// Saves what a version of a dataset was made from, over what was saved of it before.
    ///
    /// # Errors
    /// Forbidden; invalid; unavailable.
    pub async fn artifact_save(&self, who: &Principal, made: Made) -> Result<Artifact, Error> {
        who.may_operate()?;
        made.check().map_err(Error::invalid)?;
        let artifact = Artifact { id: format!("art_{}", random_hex::<8>()), made, recorded_at: self.now() };
        let saved = self.store().artifact(who.tenant()).save(artifact).await?;
        tracing::info!(
            tenant = %who.tenant(),
            dataset_id = saved.made.dataset_id,
            dataset_version = saved.made.dataset_version,
            "analytics.ArtifactRecorded"
        );
        Ok(saved)
    }

    /// What a version of a dataset was made from; without a version, that of the one saved last.
    ///
    /// # Errors
    /// Forbidden; not found; unavailable.
    pub async fn artifact(&self, who: &Principal, dataset: &str, version: Option<&str>) -> Result<Artifact, Error> {
        who.may_read()?;
        let found = self.store().artifact(who.tenant()).get(dataset, version).await?;
        found.ok_or_else(|| match version {
            Some(version) => Error::not_found("artifact", &format!("{dataset} {version}")),
            None => Error::not_found("artifact", dataset),
        })
    }

    /// The artifacts saved last first, those before the one that `before` names by time and id.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn artifacts(
        &self,
        who: &Principal,
        limit: u64,
        before: Option<(Timestamp, &str)>,
    ) -> Result<Vec<Artifact>, Error> {
        who.may_read()?;
        Ok(self.store().artifact(who.tenant()).list(limit, before).await?)
    }
}
