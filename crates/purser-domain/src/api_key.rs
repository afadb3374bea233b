//! Keys that let a client speak for a tenant.
//! Invariant: only a hash of the secret is ever kept.

use serde::{Deserialize, Serialize};

use crate::tenant::TenantId;
use crate::time::Timestamp;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Send usage; read nothing.
    Ingest,
    /// Read and simulate.
    Read,
    /// Read, send, and act on what was found.
    Operate,
    /// All of it, and manage prices, the tenant and its keys.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Operate, Self::Admin];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Admin => "admin",
        }
    }

    /// Whether the role may send usage.
    #[must_use]
    pub const fn may_ingest(self) -> bool {
        matches!(self, Self::Ingest | Self::Operate | Self::Admin)
    }

    /// Whether the role may read.
    #[must_use]
    pub const fn may_read(self) -> bool {
        !matches!(self, Self::Ingest)
    }

    /// Whether the role may change feature tags and void events.
    #[must_use]
    pub const fn may_operate(self) -> bool {
        matches!(self, Self::Operate | Self::Admin)
    }

    /// Whether the role may manage prices, the tenant and its keys.
    #[must_use]
    pub const fn may_admin(self) -> bool {
        matches!(self, Self::Admin)
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| format!("{text:?} is not ingest, read, operate or admin"))
    }
}

/// A key as it may be shown: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Its id, the public part of the key.
    pub id: String,
    /// The tenant it speaks for.
    pub tenant: TenantId,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
