//! What one model call consumed, in exclusive leaf buckets.
//! Invariant: leaves never overlap; their sum is the call's total.

use std::fmt;
use std::str::FromStr;

/// One exclusive bucket of usage: direction × modality × {plain, cache, reasoning}, or a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Leaf {
    /// Text tokens read, not cached.
    Input,
    /// Text tokens read from a cache.
    CacheRead,
    /// Text tokens written to a cache that lives five minutes (or the provider's only cache).
    CacheWrite5m,
    /// Text tokens written to a cache that lives one hour.
    CacheWrite1h,
    /// Text tokens written and visible.
    Output,
    /// Tokens of hidden reasoning.
    Reasoning,
    /// Audio tokens read, not cached.
    InputAudio,
    /// Audio tokens read from a cache.
    CacheReadAudio,
    /// Audio tokens written.
    OutputAudio,
    /// Image tokens read, not cached.
    InputImage,
    /// Image tokens read from a cache.
    CacheReadImage,
    /// Image tokens written.
    OutputImage,
    /// Video tokens read.
    InputVideo,
    /// Video tokens written.
    OutputVideo,
    /// Calls to the model.
    Requests,
    /// Web searches made by the provider during the call.
    WebSearches,
    /// Text tokens written to a cache that lives twelve hours.
    CacheWrite12h,
}

impl Leaf {
    /// How many leaves there are.
    pub const COUNT: usize = 17;

    /// Every leaf, in column order. The order is part of stored hashes: a new leaf comes last.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheWrite5m,
        Self::CacheWrite1h,
        Self::Output,
        Self::Reasoning,
        Self::InputAudio,
        Self::CacheReadAudio,
        Self::OutputAudio,
        Self::InputImage,
        Self::CacheReadImage,
        Self::OutputImage,
        Self::InputVideo,
        Self::OutputVideo,
        Self::Requests,
        Self::WebSearches,
        Self::CacheWrite12h,
    ];

    /// The short name, used in price files: `cache_write_5m`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite5m => "cache_write_5m",
            Self::CacheWrite1h => "cache_write_1h",
            Self::CacheWrite12h => "cache_write_12h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::InputAudio => "input_audio",
            Self::CacheReadAudio => "cache_read_audio",
            Self::OutputAudio => "output_audio",
            Self::InputImage => "input_image",
            Self::CacheReadImage => "cache_read_image",
            Self::OutputImage => "output_image",
            Self::InputVideo => "input_video",
            Self::OutputVideo => "output_video",
            Self::Requests => "requests",
            Self::WebSearches => "web_searches",
        }
    }

    /// The quantity's name on the wire and in the lake: `cache_write_5m_tokens`.
    #[must_use]
    pub const fn quantity_name(self) -> &'static str {
        match self {
            Self::Input => "input_tokens",
            Self::CacheRead => "cache_read_tokens",
            Self::CacheWrite5m => "cache_write_5m_tokens",
            Self::CacheWrite1h => "cache_write_1h_tokens",
            Self::CacheWrite12h => "cache_write_12h_tokens",
            Self::Output => "output_tokens",
            Self::Reasoning => "reasoning_tokens",
            Self::InputAudio => "input_audio_tokens",
            Self::CacheReadAudio => "cache_read_audio_tokens",
            Self::OutputAudio => "output_audio_tokens",
            Self::InputImage => "input_image_tokens",
            Self::CacheReadImage => "cache_read_image_tokens",
            Self::OutputImage => "output_image_tokens",
            Self::InputVideo => "input_video_tokens",
            Self::OutputVideo => "output_video_tokens",
            Self::Requests => "requests",
            Self::WebSearches => "web_searches",
        }
    }

    /// The amount's name on the wire and in the lake: `cache_write_5m_usd`.
    #[must_use]
    pub const fn amount_name(self) -> &'static str {
        match self {
            Self::Input => "input_usd",
            Self::CacheRead => "cache_read_usd",
            Self::CacheWrite5m => "cache_write_5m_usd",
            Self::CacheWrite1h => "cache_write_1h_usd",
            Self::CacheWrite12h => "cache_write_12h_usd",
            Self::Output => "output_usd",
            Self::Reasoning => "reasoning_usd",
            Self::InputAudio => "input_audio_usd",
            Self::CacheReadAudio => "cache_read_audio_usd",
            Self::OutputAudio => "output_audio_usd",
            Self::InputImage => "input_image_usd",
            Self::CacheReadImage => "cache_read_image_usd",
            Self::OutputImage => "output_image_usd",
            Self::InputVideo => "input_video_usd",
            Self::OutputVideo => "output_video_usd",
            Self::Requests => "requests_usd",
            Self::WebSearches => "web_searches_usd",
        }
    }

    /// Whether the leaf counts tokens that the model read. Context tiers go by their sum.
    #[must_use]
    pub const fn is_input(self) -> bool {
        matches!(
            self,
            Self::Input
                | Self::CacheRead
                | Self::CacheWrite5m
                | Self::CacheWrite1h
                | Self::CacheWrite12h
                | Self::InputAudio
                | Self::CacheReadAudio
                | Self::InputImage
                | Self::CacheReadImage
                | Self::InputVideo
        )
    }

    /// Whether the leaf counts tokens (the others count calls).
    #[must_use]
    pub const fn is_token(self) -> bool {
        !matches!(self, Self::Requests | Self::WebSearches)
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Leaf {
    type Err = String;

    /// Reads the short name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|leaf| leaf.name() == text).ok_or_else(|| format!("{text:?} is not a usage leaf"))
    }
}

/// Quantities per leaf. One request, no tokens, by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Usage([u64; Leaf::COUNT]);

impl Default for Usage {
    fn default() -> Self {
        Self::ZERO.with(Leaf::Requests, 1)
    }
}

impl Usage {
    /// Nothing at all, not even a request.
    pub const ZERO: Self = Self([0; Leaf::COUNT]);

    /// The largest quantity of one leaf: 2⁵³ − 1, so that JSON carries it exactly.
    pub const MAX: u64 = (1 << 53) - 1;

    /// The quantity of `leaf`.
    #[must_use]
    pub const fn get(&self, leaf: Leaf) -> u64 {
        self.0[leaf as usize]
    }

    /// Sets the quantity of `leaf`.
    pub const fn set(&mut self, leaf: Leaf, quantity: u64) {
        self.0[leaf as usize] = quantity;
    }

    /// The same usage with `leaf` set to `quantity`.
    #[must_use]
    pub const fn with(mut self, leaf: Leaf, quantity: u64) -> Self {
        self.set(leaf, quantity);
        self
    }

    /// The quantities in the order of [`Leaf::ALL`].
    #[must_use]
    pub const fn quantities(&self) -> &[u64; Leaf::COUNT] {
        &self.0
    }

    /// Every leaf with a quantity above zero.
    pub fn iter(&self) -> impl Iterator<Item = (Leaf, u64)> + '_ {
        Leaf::ALL.into_iter().map(|leaf| (leaf, self.get(leaf))).filter(|(_, quantity)| *quantity > 0)
    }

    /// All tokens the model read, cached or not: what context tiers are measured on.
    #[must_use]
    pub fn total_input(&self) -> u64 {
        self.sum_of(Leaf::is_input)
    }

    /// All tokens, both directions.
    #[must_use]
    pub fn total_tokens(&self) -> u64 {
        self.sum_of(Leaf::is_token)
    }

    /// How many leaves are above zero: the more, the more specific the observation.
    #[must_use]
    pub fn specificity(&self) -> u32 {
        self.0.iter().map(|quantity| u32::from(*quantity > 0)).sum()
    }

    fn sum_of(&self, wanted: impl Fn(Leaf) -> bool) -> u64 {
        let mut sum = 0_u64;
        for leaf in Leaf::ALL {
            if wanted(leaf) {
                sum = sum.saturating_add(self.get(leaf));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_stands_at_its_own_index_and_reads_its_own_name() {
        for (index, leaf) in Leaf::ALL.into_iter().enumerate() {
            assert_eq!(leaf as usize, index);
            assert_eq!(leaf.name().parse(), Ok(leaf));
        }
    }

    #[test]
    fn context_counts_cached_tokens_but_no_output() {
        let usage = Usage::default()
            .with(Leaf::Input, 10)
            .with(Leaf::CacheRead, 200)
            .with(Leaf::CacheWrite1h, 3_000)
            .with(Leaf::Output, 40_000)
            .with(Leaf::Reasoning, 500_000);
        assert_eq!(usage.total_input(), 3_210);
        assert_eq!(usage.total_tokens(), 543_210);
        assert_eq!(usage.specificity(), 6, "five token leaves and the request");
    }
}
