//! A tenant's bills, held against its ledger.
//! Invariant: a reconciliation is kept as it was made; none is ever changed.

use purser_domain::reconciliation::Recorded;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::reconciliation::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// One tenant's reconciliations.
#[derive(Debug)]
pub struct Reconciliations<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Reconciliations<'a> {
    pub(crate) const fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Keeps a reconciliation.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist or the id is taken.
    pub async fn add(&self, recorded: &Recorded) -> Result<()> {
        let json = |error| Error::corrupt("reconciliation", error);
        let row = Model {
            tenant_id: self.tenant.to_string(),
            id: recorded.id.clone(),
            name: recorded.name.clone(),
            kind: recorded.kind.clone(),
            recorded_at: recorded.recorded_at.micros(),
            tolerance_millionths: i64::from(recorded.tolerance_millionths),
            result: serde_json::to_string(&recorded.reconciliation).map_err(json)?,
            left_out: serde_json::to_string(&recorded.left_out).map_err(json)?,
        };
        let transaction = self.store.begin().await?;
        Entity::insert(row.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("reconciliation", recorded.id.clone()))?;
        Ok(transaction.commit().await?)
    }

    /// One reconciliation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, id: &str) -> Result<Option<Recorded>> {
        let found = Entity::find_by_id((self.tenant.to_string(), id.to_owned())).one(&self.store.read).await?;
        found.map(from_row).transpose()
    }

    /// Those made last first: at most `limit`, those before the one that `before` names by time and id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, limit: u64, before: Option<(Timestamp, &str)>) -> Result<Vec<Recorded>> {
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
        rows.into_iter().map(from_row).collect()
    }
}

/// The lowest share of a bill, in millionths, that is reconciled in any tenant's newest reconciliation; `None` if there
/// is none. For the operator's monitor.
///
/// # Errors
/// When the database fails.
pub async fn lowest_share(store: &Store) -> Result<Option<u32>> {
    let rows = Entity::find().order_by_desc(Column::RecordedAt).order_by_desc(Column::Id).limit(1_000).all(&store.read);
    let mut seen = std::collections::HashSet::new();
    let newest = rows.await?.into_iter().filter(|row| seen.insert((row.tenant_id.clone(), row.kind.clone())));
    let shares: Vec<Option<u32>> = newest
        .map(|row| from_row(row).map(|recorded| recorded.reconciliation.reconciled_millionths()))
        .collect::<Result<_>>()?;
    Ok(shares.into_iter().flatten().min())
}

fn from_row(row: Model) -> Result<Recorded> {
    let json = |error| Error::corrupt("reconciliation", error);
    Ok(Recorded {
        reconciliation: serde_json::from_str(&row.result).map_err(json)?,
        left_out: serde_json::from_str(&row.left_out).map_err(json)?,
        tolerance_millionths: u32::try_from(row.tolerance_millionths).unwrap_or_default(),
        recorded_at: Timestamp::from_micros(row.recorded_at),
        id: row.id,
        name: row.name,
        kind: row.kind,
    })
}
