//! What goes into the ledger and what it answers.
//! Invariant: an event's identity is (tenant, source, event id); all else of the event is payload.

use std::sync::Arc;

use purser_domain::charge::Charge;
use purser_domain::entry::{Entry, Reason};
use purser_domain::sighting::Witness;
use purser_domain::tenant::TenantId;
use purser_domain::usage_event::UsageEvent;

use crate::error::Error;

/// Rates an event of one tenant: what a call costs is known only once all that its sightings know is put together.
pub type Rate = Arc<dyn Fn(&UsageEvent) -> Charge + Send + Sync>;

/// An event with its charge, before the ledger has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose money.
    pub tenant: TenantId,
    /// What happened.
    pub event: UsageEvent,
    /// Who saw it, and where.
    pub witness: Witness,
    /// What it costs. Its `reported_usd` must be the event's.
    pub charge: Charge,
    /// The import that brings it.
    pub import_id: Option<String>,
}

/// What a conflict does to the rest of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Any conflict stores nothing and fails with all conflicts.
    AllOrNothing,
    /// Conflicts are left out and reported per item.
    Partial,
}

/// What became of one draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Stored; it counts.
    Accepted,
    /// The same event was stored before; nothing changed.
    Duplicate,
    /// The same identity was stored before with another payload; nothing changed.
    Conflict,
    /// Stored as another sighting of a call that is charged elsewhere, or of several; it does not count.
    Observation,
}

/// What became of each draft, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// One per draft.
    pub outcomes: Vec<Outcome>,
    /// The drafts whose outcome is [`Outcome::Conflict`].
    pub conflicts: Vec<Conflict>,
}

impl Receipt {
    /// How many drafts had `outcome`.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|o| **o == outcome).count()
    }
}

/// An event that was already stored with another payload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conflict {
    /// Its place in the request.
    pub index: usize,
    /// Its source.
    pub source: String,
    /// Its id.
    pub event_id: String,
    /// What was refused, where it is known.
    pub event: Option<Box<UsageEvent>>,
}

/// Why an append stored nothing.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Events that are stored with another payload; only under [`Mode::AllOrNothing`].
    #[error("{} events are already stored with another payload", .0.len())]
    Conflicts(Vec<Conflict>),
    /// A draft that no row can hold.
    #[error("item {index}: {reason}")]
    Unstorable {
        /// Its place in the request.
        index: usize,
        /// Which field has which value.
        reason: String,
    },
    /// The ledger failed. Whether the request was stored is unknown only after a failed commit; sending it again is
    /// always safe.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Takes a charge back, and possibly charges the event anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The charge row as read from the ledger, `received_at` included; any of the event's rows withdraws it.
    pub reverses: Entry,
    /// Why: re-rating or a void.
    pub reason: Reason,
    /// Why, in the words of whoever asked for it.
    pub note: Option<String>,
    /// What the event costs instead; `None` withdraws it.
    pub replacement: Option<Charge>,
}

/// What became of one correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applied {
    /// Written.
    Yes,
    /// The row is no longer the event's charge in force, or the event was withdrawn already: read again.
    Stale,
}
