//! What a sighting counted, as far as it can be compared with another one.

use super::{CACHE_WRITES, total_output};
use crate::usage::Leaf;
use crate::usage_event::UsageEvent;

/// Totals, and the parts that a coarser sighting may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) input: u64,
    pub(super) output: u64,
    cache_read: u64,
    cache_write: u64,
    reasoning: u64,
}

impl Counts {
    /// `None` if no token was counted, or the counts contradict each other.
    pub(super) fn of(event: &UsageEvent) -> Option<Self> {
        let usage = &event.usage;
        let reads = [Leaf::CacheRead, Leaf::CacheReadAudio, Leaf::CacheReadImage];
        let counts = Self {
            input: usage.total_input(),
            output: total_output(event),
            cache_read: reads.into_iter().map(|leaf| usage.get(leaf)).sum(),
            cache_write: CACHE_WRITES.into_iter().map(|leaf| usage.get(leaf)).sum(),
            reasoning: usage.get(Leaf::Reasoning),
        };
        (event.contradiction.is_none() && counts.input + counts.output > 0).then_some(counts)
    }

    /// Whether both counted the same.
    pub(super) const fn equals(&self, other: &Self) -> bool {
        self.input == other.input && self.output == other.output
    }

    /// Whether `coarser` counted the same but for parts that it does not know: what was read from or written to a
    /// cache, the reasoning, or a whole direction.
    pub(super) fn explains(&self, coarser: &Self) -> bool {
        let (read, written) = (self.cache_read, self.cache_write);
        let inputs = [0, read, written, read + written].map(|lacking| self.input.checked_sub(lacking));
        let input = coarser.input == 0 || inputs.contains(&Some(coarser.input));
        let outputs = [0, self.reasoning].map(|lacking| self.output.checked_sub(lacking));
        let output = coarser.output == 0 || outputs.contains(&Some(coarser.output));
        input && output
    }
}
