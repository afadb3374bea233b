//! The skill catalogue as a tenant sees it: what ships, with the tenant's own rows laid over it.
//! Invariant: a stored row was checked against the catalogue, so laying it over cannot fail.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use purser_domain::skill::{Catalogue, Skill, SkillId};
use purser_domain::tenant::TenantId;
use purser_engine::skill;

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// The most rows of one tenant.
pub const ROWS_MAX: usize = 1_000;

/// The catalogue that ships, read once.
pub(crate) fn shipped() -> Result<Arc<Catalogue>, Error> {
    static SHIPPED: LazyLock<Result<Arc<Catalogue>, String>> = LazyLock::new(|| {
        let read = skill::parse(skill::SHIPPED).map(Arc::new);
        read.map_err(|errors| errors.first().map(ToString::to_string).unwrap_or_default())
    });
    SHIPPED.clone().map_err(|error| Error::internal(&error))
}

impl Service {
    /// The catalogue of `tenant`, as of at most a second ago.
    pub(crate) async fn catalogue_of(&self, tenant: &TenantId) -> Result<Arc<Catalogue>, Error> {
        let now = self.now();
        if let Some(catalogue) = self.catalogues().get(tenant, now) {
            return Ok(catalogue);
        }
        let shipped = shipped()?;
        let rows = self.store().skill_override(tenant).list().await?;
        let catalogue = if rows.is_empty() {
            shipped
        } else {
            let laid = skill::overridden(&shipped, &rows);
            Arc::new(laid.map_err(|errors| Error::internal(&Error::invalid(errors)))?)
        };
        self.catalogues().put(tenant.clone(), catalogue.clone(), now);
        Ok(catalogue)
    }

    /// The catalogue that the caller's plans are simulated with.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn catalogue(&self, who: &Principal) -> Result<Arc<Catalogue>, Error> {
        who.may_read()?;
        self.catalogue_of(who.tenant()).await
    }

    /// The caller's own rows, by skill.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn skill_overrides(&self, who: &Principal) -> Result<BTreeMap<SkillId, Skill>, Error> {
        who.may_read()?;
        Ok(self.store().skill_override(who.tenant()).list().await?)
    }

    /// Sets a row of the caller's own; it takes the place of the catalogue's whole row.
    ///
    /// # Errors
    /// Forbidden; invalid with every field that is out of range; unavailable.
    pub async fn skill_override_set(&self, who: &Principal, id: &SkillId, skill: &Skill) -> Result<(), Error> {
        who.may_admin()?;
        skill::check(&*shipped()?, "costs", skill).map_err(Error::invalid)?;
        let rows = self.store().skill_override(who.tenant()).list().await?;
        if rows.len() >= ROWS_MAX && !rows.contains_key(id) {
            let reason = format!("a tenant has at most {ROWS_MAX} rows of its own");
            return Err(Error::invalid_field("skill", &**id, &reason));
        }
        self.store().skill_override(who.tenant()).set(id, skill, self.now()).await?;
        self.catalogues().clear();
        Ok(())
    }

    /// Goes back to the catalogue's row.
    ///
    /// # Errors
    /// Forbidden; not found if the caller has no row of its own for the skill; unavailable.
    pub async fn skill_override_end(&self, who: &Principal, id: &str) -> Result<(), Error> {
        who.may_admin()?;
        self.store().skill_override(who.tenant()).delete(id).await?;
        self.catalogues().clear();
        Ok(())
    }
}
