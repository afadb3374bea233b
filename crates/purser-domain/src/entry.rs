//! A row of the ledger: an event, its charge, and what the row does to the totals.
//! Invariant: rows are only ever added; the sum of all rows is the truth.

use crate::charge::Charge;
use crate::sighting::Witness;
use crate::tenant::TenantId;
use crate::time::Timestamp;
use crate::usage_event::UsageEvent;

/// What a row does to every total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Counts once.
    Charge,
    /// Takes an earlier charge of the same event back: the same quantities, counted negative.
    Reversal,
    /// What one sighting of a call says, where the charge stands elsewhere: kept, counts nothing.
    Observation,
}

impl Kind {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Reversal => "reversal",
            Self::Observation => "observation",
        }
    }

    /// The factor of the row's quantities and amounts in totals: 1, −1 or 0.
    #[must_use]
    pub const fn sign(self) -> i8 {
        match self {
            Self::Charge => 1,
            Self::Reversal => -1,
            Self::Observation => 0,
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Charge, Self::Reversal, Self::Observation]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| format!("{text:?} is not a kind of ledger entry"))
    }
}

/// Why a row other than an event's first charge was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Another sighting of the same call came or went: what is known of it changed.
    Observation,
    /// The event was rated again with another price.
    Rerate,
    /// The event was withdrawn.
    Void,
}

impl Reason {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observation => "observation",
            Self::Rerate => "rerate",
            Self::Void => "void",
        }
    }
}

impl std::str::FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Observation, Self::Rerate, Self::Void]
            .into_iter()
            .find(|reason| reason.name() == text)
            .ok_or_else(|| format!("{text:?} is not a reason of a correction"))
    }
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose money.
    pub tenant: TenantId,
    /// What happened.
    pub event: UsageEvent,
    /// Who saw it, and where.
    pub witness: Witness,
    /// What it costs.
    pub charge: Charge,
    /// What the row does to totals.
    pub kind: Kind,
    /// Why it was written, if it is not the event's first charge.
    pub reason: Option<Reason>,
    /// Why, in the words of whoever asked for it: what a void was given as its reason.
    pub note: Option<String>,
    /// The import that brought the event.
    pub import_id: Option<String>,
    /// When the inbox committed the row; strictly increasing over the ledger.
    pub received_at: Timestamp,
}

impl Entry {
    /// Whether the row corrects an earlier one.
    #[must_use]
    pub const fn is_correction(&self) -> bool {
        self.reason.is_some()
    }
}
