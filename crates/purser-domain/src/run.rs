//! One run of an agent: the calls that share a run id.

use crate::money::Money;
use crate::time::Timestamp;

/// What is known of a run, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The run id that its events carry.
    pub id: String,
    /// The agent, if any event names it.
    pub agent: Option<String>,
    /// When its first event occurred.
    pub first_at: Timestamp,
    /// When its last event occurred.
    pub last_at: Timestamp,
    /// Model calls.
    pub requests: u64,
    /// Calls that failed.
    pub errors: u64,
    /// The cost of its priced calls.
    pub cost: Money,
    /// Charged events.
    pub charged: u64,
    /// Charged events with a cost.
    pub priced: u64,
}
