//! Scenarios that a tenant keeps.
//! Invariant: an id names one scenario of a tenant; a scenario is deleted, never changed.

use purser_domain::scenario::Scenario;
use purser_domain::step::{Step, parse_plan};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::entity::scenario::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// One tenant's scenarios.
#[derive(Debug)]
pub struct Scenarios<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> Scenarios<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Keeps a scenario.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the id is taken or the tenant does not exist.
    pub async fn create(&self, scenario: &Scenario, at: Timestamp) -> Result<()> {
        let steps =
            serde_json::to_string(&scenario.steps).map_err(|reason| Error::corrupt("scenario.steps", reason))?;
        let row = Model {
            tenant_id: self.tenant.to_string(),
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            description: scenario.description.clone(),
            budget_cents: scenario.budget_cents,
            steps,
            created_at: at.micros(),
        };
        Entity::insert(row.into_active_model())
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("scenario", &scenario.id))
    }

    /// One scenario.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, id: &str) -> Result<Option<Scenario>> {
        let found = Entity::find_by_id((self.tenant.to_string(), id.to_owned())).one(&self.store.read).await?;
        found.map(from_row).transpose()
    }

    /// All scenarios, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Scenario>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// Forgets a scenario.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such id.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let deleted = Entity::delete_many()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(id))
            .exec(&self.store.write)
            .await?;
        if deleted.rows_affected == 0 { Err(Error::missing("scenario", id)) } else { Ok(()) }
    }
}

fn from_row(row: Model) -> Result<Scenario> {
    Ok(Scenario {
        id: row.id,
        name: row.name,
        description: row.description,
        budget_cents: row.budget_cents,
        steps: steps(&row.steps)?,
        is_template: false,
    })
}

fn steps(text: &str) -> Result<Vec<Step>> {
    let value = serde_json::from_str(text).map_err(|reason| Error::corrupt("scenario.steps", reason))?;
    parse_plan(&value, "steps").map_err(|errors| {
        let first = errors.first().map(ToString::to_string);
        Error::corrupt("scenario.steps", first.unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_back_as_they_were_written() {
        let written = vec![Step::new("api_call").times(3), Step::new("llm_call").with("model", "m")];
        let text = serde_json::to_string(&written).expect("steps are JSON");
        assert_eq!(steps(&text), Ok(written));
        assert!(matches!(steps("[{}]"), Err(Error::Corrupt(reason)) if reason.contains("skill")));
    }
}
