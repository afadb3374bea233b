//! Random numbers keyed by (seed, node, draw): ChaCha8 with the node as stream and the draw as position.
//! Invariant: what a node draws depends on nothing else, neither on other nodes nor on threads.
//!
//! A node that runs several times in one draw (turns, loops, retries) stretches its number with
//! SplitMix64 (Steele, Lea, Flood 2014), told apart by the path that led there.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use xxhash_rust::xxh3::xxh3_64;

/// How many draws are made at a time.
pub(super) const LANES: usize = 256;

/// A base number per draw of one node.
pub(super) type Column = [u64; LANES];

/// Makes columns.
#[derive(Debug, Clone)]
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// From the seed of a simulation.
    #[must_use]
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// The numbers of the node with stream `stream` for the draws of chunk `chunk`.
    pub(super) fn fill(&mut self, stream: u64, chunk: u64, column: &mut Column) {
        self.0.set_stream(stream);
        self.0.set_word_pos(u128::from(chunk) * (LANES as u128 * 2));
        let mut bytes = [0_u8; LANES * 8];
        self.0.fill_bytes(&mut bytes);
        for (number, bytes) in column.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *number = u64::from_le_bytes(*bytes);
        }
    }
}

/// The stream of a node's key.
#[must_use]
pub(super) fn stream(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

/// The `index`-th number after `base` in the SplitMix64 sequence.
#[inline]
#[must_use]
pub(super) const fn stretch(base: u64, index: u64) -> u64 {
    let mut z = base.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The path to the `turn`-th run of what stands in the node with stream `stream`. The first run goes by the
/// path of the node itself, so that one run more changes no earlier one.
#[inline]
#[must_use]
pub(super) const fn path(parent: u64, stream: u64, turn: u64) -> u64 {
    if turn == 0 { parent } else { stretch(parent ^ stream, turn) }
}

/// The threshold below which 32 random bits lie with probability `p`.
#[must_use]
pub(super) fn threshold(p: f64) -> u64 {
    (p * 4_294_967_296.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_depends_on_seed_node_and_draw_only() {
        let fill = |seed, stream, chunk| {
            let mut column = [0; LANES];
            Random::new(seed).fill(stream, chunk, &mut column);
            column
        };
        let mut reused = Random::new(1);
        let mut column = [0; LANES];
        for (stream, chunk) in [(9, 4), (3, 2), (9, 4)] {
            reused.fill(stream, chunk, &mut column);
            assert_eq!(column, fill(1, stream, chunk));
        }
        assert_ne!(fill(1, 9, 4), fill(2, 9, 4));
        assert_ne!(fill(1, 9, 4), fill(1, 8, 4));
        assert_ne!(fill(1, 9, 4), fill(1, 9, 5));
    }

    #[test]
    fn numbers_are_the_same_on_every_platform() {
        let mut column = [0; LANES];
        Random::new(42).fill(stream("a"), 0, &mut column);
        assert_eq!(stretch(0, 1), 0xe220_a839_7b1d_cdaf, "the first number of SplitMix64 from 0");
        assert_eq!(column[0], FIRST, "ChaCha8 from seed 42, stream of \"a\"");
    }

    /// As an implementation of ChaCha8 and XXH3 in another language says.
    const FIRST: u64 = 12_414_888_907_137_968_562;

    #[test]
    fn a_thousand_draws_fill_the_unit_interval() {
        let mut column = [0; LANES];
        let mut random = Random::new(7);
        let mut sum = 0.0;
        for chunk in 0..40 {
            random.fill(5, chunk, &mut column);
            sum += column.iter().map(|base| stretch(*base, 3) as f64 / 2.0_f64.powi(64)).sum::<f64>();
        }
        // 10,240 uniforms: standard error 0.00285.
        assert!((sum / 10_240.0 - 0.5).abs() < 0.01, "{sum}");
    }
}
