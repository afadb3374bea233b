//! Who is asking: the tenant and role that an API key stands for.
//! Invariant: a tenant's data is reached only through a [`Principal`], never through a parameter.

use purser_domain::api_key::Role;
use purser_domain::tenant::TenantId;

use crate::error::Error;

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    tenant: TenantId,
    role: Role,
    key_id: String,
}

impl Principal {
    /// What the key `key_id` stands for.
    #[must_use]
    pub const fn new(tenant: TenantId, role: Role, key_id: String) -> Self {
        Self { tenant, role, key_id }
    }

    /// The tenant whose data the caller may touch.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The key's role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The key's public id.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// # Errors
    /// Forbidden unless the role may send usage.
    pub fn may_ingest(&self) -> Result<(), Error> {
        require(self.role.may_ingest(), "send usage")
    }

    /// # Errors
    /// Forbidden unless the role may read.
    pub fn may_read(&self) -> Result<(), Error> {
        require(self.role.may_read(), "read")
    }

    /// # Errors
    /// Forbidden unless the role may act.
    pub fn may_operate(&self) -> Result<(), Error> {
        require(
            self.role.may_operate(),
            "operate: change feature tags, scenarios and artifacts, void usage, reconcile bills, calibrate, bring baselines in",
        )
    }

    /// # Errors
    /// Forbidden unless the role may manage.
    pub fn may_admin(&self) -> Result<(), Error> {
        require(self.role.may_admin(), "manage prices, skills, tenants or keys")
    }
}

fn require(allowed: bool, action: &str) -> Result<(), Error> {
    if allowed { Ok(()) } else { Err(Error::forbidden(action)) }
}
