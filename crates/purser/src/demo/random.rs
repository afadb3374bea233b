//! Seeded draws: sizes, choices and ids.
//! Invariant: the same seed gives the same draws on every machine.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of draws.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// Draws of `seed`, a stream of their own for each `stream`.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Even in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// True in a part `probability` of all draws.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Even in `low..=high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// Log-normal about `median`, a whole number.
    pub(crate) fn size(&mut self, median: f64, spread: f64) -> u64 {
        let normal = (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        whole(median * (spread * normal).exp())
    }

    /// The index of one of `weights`, in proportion to them.
    pub(crate) fn choose(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let total: f64 = weights.clone().sum();
        let mut left = self.unit() * total;
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        last
    }

    /// `digits` hexadecimal digits, 32 at most.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = format!("{:032x}", self.0.random::<u128>());
        text.truncate(digits);
        text
    }
}

/// A size as a count: negative and huge ones are cut.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is clamped first")]
pub(crate) fn whole(size: f64) -> u64 {
    size.round().clamp(0.0, 1e12) as u64
}
