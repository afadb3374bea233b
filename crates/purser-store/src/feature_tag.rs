//! Registered feature tags, per tenant.
//! Invariant: a tag names one feature of a tenant; tags are deactivated, not deleted.

use purser_domain::feature_tag::FeatureTag;
use purser_domain::tenant::TenantId;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::entity::feature_tag::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// One tenant's feature tags.
#[derive(Debug)]
pub struct FeatureTags<'a> {
    store: &'a Store,
    tenant: &'a TenantId,
}

impl<'a> FeatureTags<'a> {
    pub(crate) fn new(store: &'a Store, tenant: &'a TenantId) -> Self {
        Self { store, tenant }
    }

    /// Registers a tag.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the id or the tag is taken, or the tenant does not exist.
    pub async fn create(&self, tag: &FeatureTag) -> Result<()> {
        Entity::insert(self.to_row(tag).into_active_model())
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("feature tag", &tag.tag))
    }

    /// One tag by its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, id: &str) -> Result<Option<FeatureTag>> {
        let found = Entity::find_by_id((self.tenant.to_string(), id.to_owned())).one(&self.store.read).await?;
        found.map(from_row).transpose()
    }

    /// All tags, deactivated ones included, by tag.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<FeatureTag>> {
        let rows = Entity::find()
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .order_by_asc(Column::Tag)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// Changes the tag with the same id.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such id, [`Error::Conflict`] if another id has the tag.
    pub async fn update(&self, tag: &FeatureTag) -> Result<()> {
        let changed = Entity::update_many()
            .set(self.to_row(tag).into_active_model().reset_all())
            .filter(Column::TenantId.eq(self.tenant.as_str()))
            .filter(Column::Id.eq(&tag.id))
            .exec(&self.store.write)
            .await
            .map_err(|error| Error::from(error).name_conflict("feature tag", &tag.tag))?;
        if changed.rows_affected == 0 { Err(Error::missing("feature tag", &tag.id)) } else { Ok(()) }
    }

    fn to_row(&self, tag: &FeatureTag) -> Model {
        Model {
            tenant_id: self.tenant.to_string(),
            id: tag.id.clone(),
            tag: tag.tag.clone(),
            display_name: tag.display_name.clone(),
            description: tag.description.clone(),
            budget_usd: tag.budget_usd.map(|budget| budget.to_string()),
            is_active: tag.is_active,
        }
    }
}

fn from_row(row: Model) -> Result<FeatureTag> {
    let budget_usd = row.budget_usd.map(|text| text.parse()).transpose();
    Ok(FeatureTag {
        id: row.id,
        tag: row.tag,
        display_name: row.display_name,
        description: row.description,
        budget_usd: budget_usd.map_err(|reason| Error::corrupt("feature_tag.budget_usd", reason))?,
        is_active: row.is_active,
    })
}
