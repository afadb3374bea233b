//! Which rate a leaf is charged at when it has none of its own: its parent's.
//! Invariant: a leaf never falls back across directions, nor a call count on anything.
//! Source: the unit tree of genai-prices, where a part without a price is charged as the whole.

use purser_domain::price::Rate;
use purser_domain::usage::Leaf;

/// A rate per leaf in the order of [`Leaf::ALL`].
pub type Rates = [Option<Rate>; Leaf::COUNT];

/// The leaves whose rates stand in for a missing one, nearest first.
#[must_use]
pub const fn parents(leaf: Leaf) -> &'static [Leaf] {
    match leaf {
        Leaf::Input | Leaf::Output | Leaf::Requests | Leaf::WebSearches => &[],
        Leaf::CacheRead | Leaf::CacheWrite5m | Leaf::InputAudio | Leaf::InputImage | Leaf::InputVideo => &[Leaf::Input],
        Leaf::CacheWrite1h => &[Leaf::CacheWrite5m, Leaf::Input],
        Leaf::CacheWrite12h => &[Leaf::CacheWrite1h, Leaf::CacheWrite5m, Leaf::Input],
        Leaf::CacheReadAudio => &[Leaf::CacheRead, Leaf::InputAudio, Leaf::Input],
        Leaf::CacheReadImage => &[Leaf::CacheRead, Leaf::InputImage, Leaf::Input],
        Leaf::Reasoning | Leaf::OutputAudio | Leaf::OutputImage | Leaf::OutputVideo => &[Leaf::Output],
    }
}

/// Fills every leaf that has no rate from its nearest parent that has one.
#[must_use]
pub fn resolve(own: &Rates) -> Rates {
    let mut resolved = *own;
    for leaf in Leaf::ALL {
        if resolved[leaf as usize].is_none() {
            resolved[leaf as usize] = parents(leaf).iter().find_map(|parent| own[*parent as usize]);
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Option<Rate> {
        Some(Rate::parse(text, 1_000_000).expect("a literal of this test"))
    }

    #[test]
    fn a_leaf_without_a_rate_is_charged_as_its_parent() {
        let mut own = Rates::default();
        own[Leaf::Input as usize] = usd("3");
        own[Leaf::CacheWrite5m as usize] = usd("3.75");
        own[Leaf::Output as usize] = usd("15");
        let rates = resolve(&own);
        for (leaf, expected) in [
            (Leaf::Input, usd("3")),
            (Leaf::CacheRead, usd("3")),
            (Leaf::CacheWrite5m, usd("3.75")),
            (Leaf::CacheWrite1h, usd("3.75")),
            (Leaf::Output, usd("15")),
            (Leaf::Reasoning, usd("15")),
            (Leaf::InputAudio, usd("3")),
            (Leaf::CacheReadAudio, usd("3")),
            (Leaf::OutputAudio, usd("15")),
            (Leaf::InputImage, usd("3")),
            (Leaf::CacheReadImage, usd("3")),
            (Leaf::OutputImage, usd("15")),
            (Leaf::InputVideo, usd("3")),
            (Leaf::OutputVideo, usd("15")),
            (Leaf::Requests, None),
            (Leaf::WebSearches, None),
        ] {
            assert_eq!(rates[leaf as usize], expected, "{leaf}");
        }
    }

    #[test]
    fn a_cached_modality_prefers_the_cache_rate_to_its_plain_one() {
        let mut own = Rates::default();
        own[Leaf::InputAudio as usize] = usd("1");
        assert_eq!(resolve(&own)[Leaf::CacheReadAudio as usize], usd("1"));
        own[Leaf::CacheRead as usize] = usd("0.1");
        assert_eq!(resolve(&own)[Leaf::CacheReadAudio as usize], usd("0.1"));
    }

    #[test]
    fn no_leaf_crosses_direction() {
        for leaf in Leaf::ALL {
            for parent in parents(leaf) {
                assert_eq!(leaf.is_input(), parent.is_input(), "{leaf} {parent}");
            }
        }
    }
}
