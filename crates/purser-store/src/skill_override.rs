//! A tenant's own rows of the skill catalogue.
//! Invariant: one row per skill, which takes the place of the catalogue's whole row.

use std::collections::BTreeMap;

use purser_domain::skill::{Skill, SkillId};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::entity::skill_override::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// One tenant's rows.
#[derive(Debug)]
pub struct SkillOverrides<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> SkillOverrides<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Sets a skill's row; it takes the place of the one before.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the tenant does not exist.
    pub async fn set(&self, id: &SkillId, skill: &Skill, at: Timestamp) -> Result<()> {
        let costs = serde_json::to_string(skill).map_err(|reason| Error::corrupt("skill_override.costs", reason))?;
        let row = Model { tenant_id: self.tenant.to_string(), skill_id: id.to_string(), costs, set_at: at.micros() };
        let replace = OnConflict::columns([Column::TenantId, Column::SkillId])
            .update_columns([Column::Costs, Column::SetAt])
            .to_owned();
        Entity::insert(row.into_active_model())
            .on_conflict(replace)
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("skill", id))
    }

    /// All rows, by skill.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<BTreeMap<SkillId, Skill>> {
        let rows = Entity::find().filter(Column::TenantId.eq(self.tenant.as_str())).all(&self.store.read).await?;
        rows.iter().map(from_row).collect()
    }

    /// Goes back to the catalogue's row.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the tenant has no row of its own for the skill.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let deleted = Entity::delete_many()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::SkillId.eq(id))
            .exec(&self.store.write)
            .await?;
        if deleted.rows_affected == 0 { Err(Error::missing("skill override", id)) } else { Ok(()) }
    }
}

fn from_row(row: &Model) -> Result<(SkillId, Skill)> {
    let skill = serde_json::from_str(&row.costs).map_err(|reason| Error::corrupt("skill_override.costs", reason))?;
    Ok((SkillId::new(&row.skill_id), skill))
}
