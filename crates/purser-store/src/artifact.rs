//! What a tenant's computed datasets were made from.
//! Invariant: a version of a dataset has one row; saving it again overwrites what it was made from and keeps its id.

use purser_domain::artifact::{Artifact, Made};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::artifact::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// The later of two times, in words that both databases have.
const LATER: &str =
    "CASE WHEN excluded.recorded_at > artifact.recorded_at THEN excluded.recorded_at ELSE artifact.recorded_at END";

/// One tenant's artifacts.
#[derive(Debug)]
pub struct Artifacts<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Artifacts<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Saves an artifact over the one of the same dataset and version, if there is one; what is stored then.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist or the id is another artifact's.
    pub async fn save(&self, artifact: Artifact) -> Result<Artifact> {
        let Artifact { id, made, recorded_at } = artifact;
        let (dataset, version) = (made.dataset_id.clone(), made.dataset_version.clone());
        let row = Model {
            tenant_id: self.tenant.to_string(),
            id,
            dataset_id: made.dataset_id,
            dataset_version: made.dataset_version,
            input_window_hash: made.input_window_hash,
            as_of: made.as_of.micros(),
            compute_code_version: made.compute_code_version,
            recorded_at: recorded_at.micros(),
        };
        let overwrite = OnConflict::columns([Column::TenantId, Column::DatasetId, Column::DatasetVersion])
            .update_columns([Column::InputWindowHash, Column::AsOf, Column::ComputeCodeVersion])
            .value(Column::RecordedAt, Expr::cust(LATER))
            .to_owned();
        let transaction = self.store.begin().await?;
        Entity::insert(row.into_active_model())
            .on_conflict(overwrite)
            .exec_without_returning(&transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("artifact", format!("{dataset} {version}")))?;
        let saved = self.newest(&transaction, &dataset, Some(&version)).await?;
        transaction.commit().await?;
        saved.ok_or_else(|| Error::missing("artifact", format!("{dataset} {version}")))
    }

    /// One version of a dataset, or the one saved last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, dataset: &str, version: Option<&str>) -> Result<Option<Artifact>> {
        self.newest(&self.store.read, dataset, version).await
    }

    /// Those saved last first: at most `limit`, those before the one that `before` names by time and id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, limit: u64, before: Option<(Timestamp, &str)>) -> Result<Vec<Artifact>> {
        let page = before.map_or_else(Condition::all, |(at, id)| {
            let same_time = Condition::all().add(Column::RecordedAt.eq(at.micros())).add(Column::Id.lt(id));
            Condition::any().add(Column::RecordedAt.lt(at.micros())).add(same_time)
        });
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(page)
            .order_by_desc(Column::RecordedAt)
            .order_by_desc(Column::Id)
            .limit(limit)
            .all(&self.store.read)
            .await?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    async fn newest(
        &self,
        on: &impl ConnectionTrait,
        dataset: &str,
        version: Option<&str>,
    ) -> Result<Option<Artifact>> {
        let which =
            version.map_or_else(Condition::all, |version| Condition::all().add(Column::DatasetVersion.eq(version)));
        let found = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::DatasetId.eq(dataset))
            .filter(which)
            .order_by_desc(Column::RecordedAt)
            .order_by_desc(Column::Id)
            .one(on)
            .await?;
        Ok(found.map(from_row))
    }
}

fn from_row(row: Model) -> Artifact {
    let made = Made {
        dataset_id: row.dataset_id,
        dataset_version: row.dataset_version,
        input_window_hash: row.input_window_hash,
        as_of: Timestamp::from_micros(row.as_of),
        compute_code_version: row.compute_code_version,
    };
    Artifact { id: row.id, made, recorded_at: Timestamp::from_micros(row.recorded_at) }
}
