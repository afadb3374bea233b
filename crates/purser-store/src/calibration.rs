//! What was learned from a tenant's own runs, one calibration after the other.
//! Invariant: append-only and numbered without gaps, so that a simulation of long ago finds what it rested on.

use purser_domain::calibration::{Calibration, Fitted};
use purser_domain::tenant::TenantId;
use purser_domain::time::{Timestamp, Window};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::entity::calibration::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// One tenant's calibrations.
#[derive(Debug)]
pub struct Calibrations<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Calibrations<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Keeps what was learned from `runs` runs of `window` as the newest, unless the newest says the same; whether it
    /// was kept, and as which.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist, or another is added at the same moment: try again.
    pub async fn add(&self, calibration: &Calibration, window: Window, runs: u64) -> Result<(Fitted, bool)> {
        let transaction = self.store.begin().await?;
        let newest = self.last(&transaction, Condition::all()).await?;
        if let Some(same) = newest.as_ref().filter(|newest| newest.calibration.version == calibration.version) {
            let same = same.clone();
            transaction.rollback().await?;
            return Ok((same, false));
        }
        let number = newest.map_or(0, |newest| newest.number) + 1;
        let fitted = Fitted { number, window, runs, calibration: calibration.clone() };
        Entity::insert(to_row(self.tenant, &fitted)?.into_active_model())
            .exec_without_returning(&transaction)
            .await
            .map_err(|error| Error::from(error).name_conflict("calibration", number))?;
        transaction.commit().await?;
        Ok((fitted, true))
    }

    /// The newest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest(&self) -> Result<Option<Fitted>> {
        self.last(&self.store.read, Condition::all()).await
    }

    /// The one that was the newest at `at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn as_of(&self, at: Timestamp) -> Result<Option<Fitted>> {
        self.last(&self.store.read, Condition::all().add(Column::FittedAt.lte(at.micros()))).await
    }

    /// The one with this number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, number: i64) -> Result<Option<Fitted>> {
        self.last(&self.store.read, Condition::all().add(Column::Number.eq(number))).await
    }

    /// The newest `limit`, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, limit: u64) -> Result<Vec<Fitted>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .order_by_desc(Column::Number)
            .limit(limit)
            .all(&self.store.read)
            .await?;
        rows.iter().map(from_row).collect()
    }

    async fn last(&self, on: &impl ConnectionTrait, which: Condition) -> Result<Option<Fitted>> {
        let found = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(which)
            .order_by_desc(Column::Number)
            .one(on)
            .await?;
        found.as_ref().map(from_row).transpose()
    }
}

fn to_row(tenant: &TenantId, fitted: &Fitted) -> Result<Model> {
    let Fitted { number, window, runs, calibration } = fitted;
    let body = serde_json::to_string(calibration).map_err(|reason| Error::corrupt("calibration.body", reason))?;
    Ok(Model {
        tenant_id: tenant.to_string(),
        number: *number,
        version: calibration.version.clone(),
        fitted_at: calibration.fitted_at.micros(),
        from_at: window.from.micros(),
        to_at: window.to.micros(),
        runs: i64::try_from(*runs).unwrap_or(i64::MAX),
        body,
    })
}

fn from_row(row: &Model) -> Result<Fitted> {
    let corrupt = |reason: String| Error::corrupt("calibration.body", reason);
    let calibration: Calibration = serde_json::from_str(&row.body).map_err(|reason| corrupt(reason.to_string()))?;
    let [from, to] = [row.from_at, row.to_at].map(Timestamp::from_micros);
    let window = Window::new(from, to).ok_or_else(|| corrupt(format!("{from} is not before {to}")))?;
    Ok(Fitted { number: row.number, window, runs: u64::try_from(row.runs).unwrap_or_default(), calibration })
}
