//! Anthropic's `usage.iterations`: the samplings of one answer, compactions of its context among them.
//! Source: Anthropic's documentation of compaction: what is billed is the sum of all iterations, and the top-level counts
//! leave compactions out. Newer logs sum them up already.

use super::key::Slot;
use super::{Origin, UsageObject};
use crate::json::{self, Picked};
use crate::normalise::Reported;

/// The counts of all iterations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Iterations {
    sum: Reported,
    /// The most that one iteration read.
    longest: u64,
    /// Tokens of other models, asked for advice or before the one that answered: their rates are not those of the call.
    pub other_model_tokens: u64,
}

impl Iterations {
    /// Reads the array.
    pub(super) fn read(text: &str, origin: Origin<'_>) -> Self {
        let mut iterations = Self::default();
        let elements = json::elements(text);
        let model_of = |element: &&str| Picked::read(element, ["model"]).and_then(|fields| fields.first(&["model"]));
        let kind_of = |element: &str| Picked::read(element, ["type"]).and_then(|fields| fields.first(&["type"]));
        let is_advice = |element: &str| kind_of(element).is_some_and(|kind| kind.starts_with("advisor"));
        let answering = elements.iter().rev().filter(|element| !is_advice(element)).find_map(model_of);
        for element in elements {
            let Some(mut counts) = UsageObject::read(element, origin).map(|object| object.reported) else { continue };
            let model = model_of(&element);
            if is_advice(element) || (model.is_some() && model != answering) {
                let tokens = read_of(&counts).saturating_add(counts.output);
                iterations.other_model_tokens = iterations.other_model_tokens.saturating_add(tokens);
                continue;
            }
            iterations.longest = iterations.longest.max(read_of(&counts));
            for slot in TOTALS.into_iter().chain(SPLIT) {
                let sum = slot(&mut iterations.sum);
                *sum = sum.saturating_add(*slot(&mut counts));
            }
        }
        iterations
    }

    /// Puts the sum in the place of the counts of the call, unless those have more of something; the most that one
    /// iteration read, if there were several.
    pub(super) fn add_to(&self, reported: &mut Reported) -> Option<u64> {
        if self.longest == 0 || TOTALS.iter().any(|slot| *slot(&mut { self.sum }) < *slot(reported)) {
            return None;
        }
        for slot in TOTALS {
            *slot(reported) = *slot(&mut { self.sum });
        }
        for slot in SPLIT {
            *slot(reported) = (*slot(reported)).max(*slot(&mut { self.sum }));
        }
        (read_of(reported) > self.longest).then_some(self.longest)
    }
}

fn read_of(counts: &Reported) -> u64 {
    counts.input.saturating_add(counts.cache_read).saturating_add(counts.cache_write)
}

/// The counts that every iteration has.
const TOTALS: [Slot; 4] = [
    |counts| &mut counts.input,
    |counts| &mut counts.output,
    |counts| &mut counts.cache_read,
    |counts| &mut counts.cache_write,
];

/// The split that one may have.
const SPLIT: [Slot; 2] = [|counts| &mut counts.cache_write_5m, |counts| &mut counts.cache_write_1h];
