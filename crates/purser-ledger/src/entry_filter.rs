//! Which entries to read, and which page of them.

use purser_domain::entry::Kind;
use purser_domain::time::{Timestamp, Window};
use purser_domain::usage_query::Filter;

/// Keeps the entries that pass every part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryFilter {
    /// When it occurred.
    pub window: Option<Window>,
    /// Only what was received until then, inclusive.
    pub as_of: Option<Timestamp>,
    /// By dimension.
    pub filters: Vec<Filter>,
    /// Only these kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// Only this import.
    pub import_id: Option<String>,
    /// Only this event id.
    pub event_id: Option<String>,
    /// Only this response id.
    pub response_id: Option<String>,
    /// Only rows with no cost.
    pub unpriced: bool,
}

/// A page, newest received first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only rows received before; `None` starts at the newest.
    pub before: Option<Timestamp>,
    /// At most that many rows.
    pub limit: usize,
}
