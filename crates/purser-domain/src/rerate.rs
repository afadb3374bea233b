//! What rating charges of the past again changes.

use crate::charge::Charge;
use crate::money::Money;

/// What re-rating changes, or would change.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// The first changed charges.
    pub changes: Vec<Change>,
    /// Charges that change.
    pub changed: u64,
    /// Charges that stay.
    pub unchanged: u64,
    /// Charges that stay unpriced.
    pub unpriced: u64,
    /// Charges whose writer fixed the cost.
    pub fixed: u64,
    /// Charges that changed under our hands and were left alone: run again.
    pub stale: u64,
    /// Sum of the old costs of the changed charges.
    pub old_usd: Money,
    /// Sum of their new costs.
    pub new_usd: Money,
}

/// One changed charge.
#[derive(Debug, Clone)]
pub struct Change {
    /// The event's source.
    pub source: String,
    /// The event's id.
    pub event_id: String,
    /// The model asked for.
    pub model: String,
    /// The charge as it stood.
    pub old: Charge,
    /// The charge as it is now.
    pub new: Charge,
    /// Why it changes.
    pub why: Why,
}

/// Why a charge changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// It had no price and has one now.
    Priced,
    /// It had a price and has none now.
    Unpriced,
    /// Another price, override or discount applies.
    OtherPrice,
}

impl Why {
    /// `priced`, `unpriced` or `other_price`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Priced => "priced",
            Self::Unpriced => "unpriced",
            Self::OtherPrice => "other_price",
        }
    }
}
