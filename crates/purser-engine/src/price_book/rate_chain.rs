//! Which rate a leaf is charged at when it has none of its own, as the catalogue that the rates stand in defines it.
//! Invariant: a leaf never falls back across directions, nor a call count on anything, and every fallback is named.

use purser_domain::price::{Rate, STANDARD};
use purser_domain::usage::Leaf;

/// A rate per leaf in the order of [`Leaf::ALL`].
pub type Rates = [Option<Rate>; Leaf::COUNT];

/// Who says what a leaf without a rate of its own costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definition {
    /// The unit tree of genai-prices, and price files in purser's own form: a part without a price is charged as the
    /// whole. Source: `genai_prices/decompose.py`.
    UnitTree,
    /// LiteLLM's cost calculator. Source: `litellm_core_utils/llm_cost_calc/utils.py` (`_get_token_base_cost`,
    /// `_calculate_input_cost`, `generic_cost_per_token`) and `cost_calculator.py` (`batch_cost_calculator`).
    LiteLlm,
    /// A tenant's own price of a model that no catalogue has: text is charged as the text it is a part of; other
    /// modalities need a rate.
    Tenant,
}

impl Definition {
    /// The definition of a catalogue: `litellm 1.110.2`, `tenant`, …
    #[must_use]
    pub fn of(catalogue: &str) -> Self {
        match catalogue.split(' ').next() {
            Some("litellm") => Self::LiteLlm,
            Some("tenant") => Self::Tenant,
            _ => Self::UnitTree,
        }
    }

    /// The leaves whose rates stand in for a missing one, nearest first.
    #[must_use]
    pub const fn parents(self, leaf: Leaf) -> &'static [Leaf] {
        match (self, leaf) {
            // A cached modality is billed as cached text, then as input, never at the rate of its plain modality.
            (Self::LiteLlm, Leaf::CacheReadAudio | Leaf::CacheReadImage) => &[Leaf::CacheRead, Leaf::Input],
            // Writes of any lifetime without a rate are billed at the base rate of cache writes.
            (Self::LiteLlm, Leaf::CacheWrite12h) => &[Leaf::CacheWrite5m, Leaf::Input],
            // All that an image model without a price of text writes are images.
            (Self::LiteLlm, Leaf::Output) => &[Leaf::OutputImage],
            // The tree has no lifetime of twelve hours; half of its price would be missing.
            (Self::UnitTree | Self::Tenant, Leaf::CacheWrite12h) => &[],
            (
                Self::Tenant,
                Leaf::InputAudio
                | Leaf::InputImage
                | Leaf::InputVideo
                | Leaf::CacheReadAudio
                | Leaf::CacheReadImage
                | Leaf::OutputAudio
                | Leaf::OutputImage
                | Leaf::OutputVideo,
            ) => &[],
            _ => parents(leaf),
        }
    }
}

/// The leaves that a leaf is a part of in the unit tree, nearest first.
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

/// Rates with the fallbacks that the catalogue defines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// The rate of each leaf; `None` if its catalogue does not say what it costs.
    pub rates: Rates,
    /// Leaves without a rate of their own, and what each is charged as: a leaf's name, `standard.cache_read`.
    pub fell_back: Vec<(Leaf, String)>,
}

/// Fills every leaf that has no rate of its own from the one that stands in for it.
///
/// `standard` are the model's rates for standard calls, if `own` are of another tier or of larger calls: a leaf that
/// they price apart is not charged as its parent elsewhere, because a tier that lacks it is merely incomplete.
#[must_use]
pub fn resolve(own: &Rates, tier: &str, definition: Definition, standard: Option<&Rates>) -> Resolved {
    let mut resolved = Resolved { rates: *own, fell_back: Vec::new() };
    for leaf in Leaf::ALL.into_iter().filter(|leaf| own[*leaf as usize].is_none()) {
        let apart = standard.and_then(|standard| standard[leaf as usize]);
        let found = match apart {
            Some(rate) => of_standard(leaf, rate, tier, definition),
            None => definition
                .parents(leaf)
                .iter()
                .find_map(|parent| Some((own[*parent as usize]?, parent.name().to_owned()))),
        };
        if let Some((rate, stand_in)) = found {
            resolved.rates[leaf as usize] = Some(rate);
            resolved.fell_back.push((leaf, stand_in));
        }
    }
    resolved
}

/// Every leaf at its own rate or at that of the whole it is a part of: what two catalogues can be compared by.
#[must_use]
pub fn as_parts(own: &Rates) -> Rates {
    resolve(own, STANDARD, Definition::UnitTree, None).rates
}

/// What a leaf that standard calls pay `rate` for costs in a tier that does not say.
///
/// LiteLLM bills batches for cached input as standard calls, and for written images half of it.
fn of_standard(leaf: Leaf, rate: Rate, tier: &str, definition: Definition) -> Option<(Rate, String)> {
    match (definition, tier, leaf) {
        (Definition::LiteLlm, "batch", Leaf::CacheRead) => Some((rate, format!("{STANDARD}.{leaf}"))),
        (Definition::LiteLlm, "batch", Leaf::OutputImage) => {
            Some((rate.times(1, 2)?, format!("{STANDARD}.{leaf} / 2")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Option<Rate> {
        Some(Rate::parse(text, 1_000_000).expect("a literal of this test"))
    }

    fn rates(of: &[(Leaf, &str)]) -> Rates {
        let mut rates = Rates::default();
        for (leaf, text) in of {
            rates[*leaf as usize] = usd(text);
        }
        rates
    }

    fn check(definition: Definition, own: &Rates, expected: &[(Leaf, Option<&str>)]) {
        let resolved = resolve(own, STANDARD, definition, None);
        for (leaf, text) in expected {
            assert_eq!(resolved.rates[*leaf as usize], text.and_then(usd), "{definition:?} {leaf}");
        }
    }

    #[test]
    fn the_unit_tree_charges_a_part_as_the_whole() {
        let own = rates(&[(Leaf::Input, "3"), (Leaf::CacheWrite5m, "3.75"), (Leaf::Output, "15")]);
        let expected = [
            (Leaf::Input, Some("3")),
            (Leaf::CacheRead, Some("3")),
            (Leaf::CacheWrite5m, Some("3.75")),
            (Leaf::CacheWrite1h, Some("3.75")),
            (Leaf::CacheWrite12h, None),
            (Leaf::Output, Some("15")),
            (Leaf::Reasoning, Some("15")),
            (Leaf::InputAudio, Some("3")),
            (Leaf::CacheReadAudio, Some("3")),
            (Leaf::OutputAudio, Some("15")),
            (Leaf::InputImage, Some("3")),
            (Leaf::CacheReadImage, Some("3")),
            (Leaf::OutputImage, Some("15")),
            (Leaf::InputVideo, Some("3")),
            (Leaf::OutputVideo, Some("15")),
            (Leaf::Requests, None),
            (Leaf::WebSearches, None),
        ];
        check(Definition::of("genai-prices 0.2.3"), &own, &expected);
        check(Definition::UnitTree, &rates(&[(Leaf::InputAudio, "1")]), &[(Leaf::CacheReadAudio, Some("1"))]);
    }

    #[test]
    fn litellm_charges_as_its_own_calculator_does() {
        let own =
            rates(&[(Leaf::Input, "3"), (Leaf::CacheWrite1h, "6"), (Leaf::InputAudio, "40"), (Leaf::OutputImage, "8")]);
        let expected = [
            (Leaf::CacheReadAudio, Some("3")),
            (Leaf::CacheWrite5m, Some("3")),
            (Leaf::CacheWrite12h, Some("3")),
            (Leaf::InputVideo, Some("3")),
            (Leaf::Output, Some("8")),
            (Leaf::Reasoning, None),
            (Leaf::WebSearches, None),
        ];
        check(Definition::of("litellm 1.110.2"), &own, &expected);
    }

    #[test]
    fn a_tenants_own_price_charges_text_as_text_and_nothing_else() {
        let own = rates(&[(Leaf::Input, "3"), (Leaf::Output, "15")]);
        let expected = [
            (Leaf::CacheRead, Some("3")),
            (Leaf::CacheWrite1h, Some("3")),
            (Leaf::Reasoning, Some("15")),
            (Leaf::InputImage, None),
            (Leaf::CacheReadAudio, None),
            (Leaf::OutputAudio, None),
        ];
        check(Definition::of("tenant"), &own, &expected);
    }

    #[test]
    fn a_tier_that_lacks_what_standard_calls_price_apart_is_incomplete() {
        let standard = rates(&[
            (Leaf::Input, "2"),
            (Leaf::CacheRead, "0.2"),
            (Leaf::CacheWrite5m, "2.5"),
            (Leaf::CacheWrite1h, "4"),
            (Leaf::Output, "12"),
            (Leaf::OutputImage, "120"),
        ]);
        let own = rates(&[(Leaf::Input, "1"), (Leaf::CacheWrite5m, "1.25"), (Leaf::Output, "6")]);
        for (tier, definition, expected) in [
            // LiteLLM's batches: cached input as standard, 0.2, and images half of 120.
            ("batch", Definition::LiteLlm, [Some("0.2"), None, Some("60"), Some("6"), Some("1")]),
            ("flex", Definition::LiteLlm, [None, None, None, Some("6"), Some("1")]),
            ("batch", Definition::UnitTree, [None, None, None, Some("6"), Some("1")]),
        ] {
            let resolved = resolve(&own, tier, definition, Some(&standard));
            let leaves = [Leaf::CacheRead, Leaf::CacheWrite1h, Leaf::OutputImage, Leaf::Reasoning, Leaf::InputImage];
            for (leaf, text) in leaves.into_iter().zip(expected) {
                assert_eq!(resolved.rates[leaf as usize], text.and_then(usd), "{tier} {definition:?} {leaf}");
            }
        }
        let resolved = resolve(&own, "batch", Definition::LiteLlm, Some(&standard));
        let named =
            |leaf| resolved.fell_back.iter().find(|(own, _)| *own == leaf).map(|(_, stand_in)| stand_in.as_str());
        assert_eq!(named(Leaf::OutputImage), Some("standard.output_image / 2"));
        assert_eq!(named(Leaf::Reasoning), Some("output"));
        assert_eq!(named(Leaf::CacheWrite1h), None, "it has no rate at all");
    }

    #[test]
    fn no_leaf_crosses_direction() {
        for leaf in Leaf::ALL {
            for definition in [Definition::UnitTree, Definition::LiteLlm, Definition::Tenant] {
                for parent in definition.parents(leaf) {
                    assert_eq!(leaf.is_input(), parent.is_input(), "{leaf} {parent}");
                }
            }
        }
    }
}
