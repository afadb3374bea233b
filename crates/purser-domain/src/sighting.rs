//! Which sightings are of one call, and what they know of it together.
//!
//! Several instrumentations may see one call of a model: an SDK, the framework around it, the gateway behind it. Three
//! rules tell that two sightings are of one call, each applied to what the one before has joined: they name the same
//! response (module `response`); one lies inside the other in their trace (module `nesting`); or, where one names no response,
//! both counted the same at the same time (module `pairing`).
//! Invariant: calls and what is known of them depend on the set of sightings only, never on their order.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::usage::Leaf;
use crate::usage_event::UsageEvent;

mod counts;
mod group;
mod merge;
mod model;
mod nesting;
mod pairing;
mod response;
#[cfg(test)]
mod tests;

use counts::Counts;
use group::Groups;
pub use merge::{merge, names};
pub use pairing::ENDS_APART_MICROS;

/// The gap between two sightings of one call, microseconds: clocks and log delays differ.
pub const SLACK_MICROS: i64 = 2_000_000;

/// What is known of a sighting beside the event it reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witness {
    /// The instrumentation that reported it: the scope of its spans. `None`: one per source.
    pub emitter: Option<Arc<str>>,
    /// The span of the nearest call around it, where the reader of the request knows it.
    pub enclosing_span_id: Option<String>,
}

/// Sources of events that the session logs of coding agents tell; the agents report the same calls over OTLP too.
const AGENT_LOGS: [&str; 6] = ["claude-code", "codex", "copilot", "gemini-cli", "opencode", "qwen-code"];

/// An event as a sighting of a call.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// What was seen.
    pub event: &'a UsageEvent,
    /// By whom and where.
    pub witness: &'a Witness,
}

/// A call, as places in the list of sightings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who saw it, the best first: that one is charged.
    pub members: Vec<usize>,
    /// Sightings around it that stand for several calls: they know whose it is.
    pub around: Vec<usize>,
}

/// Sorts sightings into calls. Those in no call's `members` stand for several calls and are never charged.
#[must_use]
pub fn calls(sightings: &[Sighting<'_>]) -> Vec<Call> {
    let mut groups = Groups::new(sightings);
    response::join(&mut groups);
    nesting::join(&mut groups);
    pairing::join(&mut groups);
    groups.calls()
}

/// How good a sighting is; the greatest is charged. The most specific leaves win, then the smallest (source, event id).
#[must_use]
pub fn rank(event: &UsageEvent) -> impl Ord + use<'_> {
    (event.usage.specificity(), Reverse((event.source.as_str(), event.event_id.as_str())))
}

impl<'a> Sighting<'a> {
    /// When the call began and ended by this sighting, microseconds.
    #[must_use]
    pub fn interval(&self) -> (i64, i64) {
        let end = self.event.occurred_at.micros();
        let latency = self.event.latency_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or(0).saturating_mul(1_000);
        (end.saturating_sub(latency), end)
    }

    /// The instrumentation that reported it.
    #[must_use]
    pub fn emitter(&self) -> &'a str {
        self.witness.emitter.as_deref().unwrap_or(&self.event.source)
    }

    /// Whether an instrumentation or a coding agent's own log reported it: others may have seen the same call although
    /// it names neither response nor trace.
    #[must_use]
    pub fn is_of_instrumentation(&self) -> bool {
        self.witness.emitter.is_some() || AGENT_LOGS.contains(&self.event.source.as_str())
    }

    /// The response that it names.
    #[must_use]
    pub fn response_id(&self) -> Option<&'a str> {
        self.event.response_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Its place in its trace.
    #[must_use]
    pub fn span(&self) -> Option<(&'a str, &'a str)> {
        self.event.trace_id.as_deref().zip(self.event.span_id.as_deref())
    }

    /// The spans that may be a call around it, the nearest first.
    pub fn spans_around(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let parents = [self.event.parent_span_id.as_deref(), self.witness.enclosing_span_id.as_deref()];
        let trace = self.event.trace_id.as_deref();
        parents.into_iter().flatten().filter_map(move |parent| Some((trace?, parent)))
    }

    /// How many tokens went in and out; `None` if it counted none, its counts contradict each other, or it stands for
    /// many calls.
    #[must_use]
    pub fn totals(&self) -> Option<(u64, u64)> {
        self.counts().map(|counts| (counts.input, counts.output))
    }

    fn counts(&self) -> Option<Counts> {
        Counts::of(self.event).filter(|_| !self.event.is_aggregate())
    }

    fn key(&self) -> (&'a str, &'a str) {
        (&self.event.source, &self.event.event_id)
    }
}

/// All tokens that a call wrote.
fn total_output(event: &UsageEvent) -> u64 {
    event.usage.iter().filter(|(leaf, _)| leaf.is_token() && !leaf.is_input()).map(|(_, count)| count).sum()
}

/// The cache writes of every lifetime.
const CACHE_WRITES: [Leaf; 3] = [Leaf::CacheWrite5m, Leaf::CacheWrite1h, Leaf::CacheWrite12h];
