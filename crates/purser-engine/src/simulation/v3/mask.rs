//! A set of lanes.

use super::random::LANES;

const WORDS: usize = LANES / 64;

/// Which of so many lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask([u64; WORDS]);

impl Mask {
    pub(super) const NONE: Self = Self([0; WORDS]);

    /// The first `count` lanes.
    pub(super) fn first(count: usize) -> Self {
        let mut mask = Self::NONE;
        for lane in 0..count.min(LANES) {
            mask.set(lane);
        }
        mask
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    #[inline]
    pub(super) const fn set(&mut self, lane: usize) {
        self.0[lane / 64] |= 1 << (lane % 64);
    }

    #[inline]
    pub(super) const fn has(self, lane: usize) -> bool {
        self.0[lane / 64] >> (lane % 64) & 1 == 1
    }

    pub(super) fn count(self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(super) fn without(mut self, other: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
        self
    }

    pub(super) fn with(mut self, other: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    pub(super) fn only(self, wanted: impl Fn(usize) -> bool) -> Self {
        let mut left = Self::NONE;
        self.each(|lane| {
            if wanted(lane) {
                left.set(lane);
            }
        });
        left
    }

    /// Visits the lanes in order. Full words, the usual case, are visited without a test per lane.
    #[inline]
    pub(super) fn each(self, mut visit: impl FnMut(usize)) {
        for (index, word) in self.0.into_iter().enumerate() {
            if word == u64::MAX {
                for lane in index * 64..index * 64 + 64 {
                    visit(lane);
                }
                continue;
            }
            let mut left = word;
            while left != 0 {
                visit(index * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}
