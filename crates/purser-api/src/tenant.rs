//! The key's own tenant on the wire.

use purser_domain::tenant::Tenant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A tenant and how it cuts time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantRecord {
    /// Its id.
    pub id: String,
    /// IANA zone of its days and months.
    pub zone: String,
    /// First day of the week.
    pub week_start: String,
    /// Day of the month on which a billing month starts, 1 to 28.
    pub anchor_day: i8,
}

/// Changes of the tenant: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// IANA zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// `monday` … `sunday`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub week_start: Option<String>,
    /// 1 to 28.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor_day: Option<i8>,
}

impl From<Tenant> for TenantRecord {
    fn from(tenant: Tenant) -> Self {
        let Tenant { id, zone, week_start, anchor_day } = tenant;
        Self { id: id.into(), zone, week_start, anchor_day }
    }
}
