//! Tenants as rows.
//! Invariant: a tenant's id never changes and is never used again; tenants are not deleted.

use purser_domain::tenant::{Tenant, TenantId};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

use crate::entity::tenant::{Column, Entity, Model};
use crate::{Error, Result, Store};

/// Every tenant, for the operator.
#[derive(Debug)]
pub struct Tenants<'a> {
    store: &'a Store,
}

impl<'a> Tenants<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Adds a tenant.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the id is taken or a calendar field is out of range.
    pub async fn create(&self, tenant: &Tenant) -> Result<()> {
        let model = to_row(tenant).into_active_model();
        Entity::insert(model)
            .exec_without_returning(&self.store.write)
            .await
            .map(drop)
            .map_err(|error| Error::from(error).name_conflict("tenant", &tenant.id))
    }

    /// One tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, id: &TenantId) -> Result<Option<Tenant>> {
        Entity::find_by_id(id.as_str()).one(&self.store.read).await?.map(from_row).transpose()
    }

    /// All tenants by id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Tenant>> {
        Entity::find().order_by_asc(Column::Id).all(&self.store.read).await?.into_iter().map(from_row).collect()
    }

    /// Changes how a tenant cuts time.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such tenant, [`Error::Conflict`] if a calendar field is out of range.
    pub async fn update(&self, tenant: &Tenant) -> Result<()> {
        let changed = Entity::update_many()
            .set(to_row(tenant).into_active_model().reset_all())
            .filter(Column::Id.eq(tenant.id.as_str()))
            .exec(&self.store.write)
            .await
            .map_err(|error| Error::from(error).name_conflict("tenant", &tenant.id))?;
        if changed.rows_affected == 0 { Err(Error::missing("tenant", &tenant.id)) } else { Ok(()) }
    }
}

fn to_row(tenant: &Tenant) -> Model {
    Model {
        id: tenant.id.to_string(),
        zone: tenant.zone.clone(),
        week_start: tenant.week_start.clone(),
        anchor_day: tenant.anchor_day.into(),
    }
}

fn from_row(row: Model) -> Result<Tenant> {
    Ok(Tenant {
        id: row.id.parse().map_err(|reason| Error::corrupt("tenant.id", reason))?,
        zone: row.zone,
        week_start: row.week_start,
        anchor_day: i8::try_from(row.anchor_day).map_err(|reason| Error::corrupt("tenant.anchor_day", reason))?,
    })
}
