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

    /// The lanes in order, for loops whose body is long: it is compiled once, in place.
    #[inline]
    pub(super) fn lanes(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(index, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let lane = (left != 0).then(|| (index * 64 + left.trailing_zeros() as usize) % LANES);
                left &= left.wrapping_sub(1);
                lane
            })
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_go_through_the_lanes_find_those_that_are_in_it() {
        let chosen = |wanted: fn(&usize) -> bool| (0..LANES).filter(wanted).collect::<Vec<usize>>();
        let sets = [
            chosen(|_| false),
            chosen(|_| true),
            chosen(|lane| lane % 3 == 0),
            chosen(|lane| [0, 63, 64, 128, 255].contains(lane)),
            chosen(|lane| (64..128).contains(lane)),
        ];
        for set in sets {
            let mut mask = Mask::NONE;
            set.iter().for_each(|lane| mask.set(*lane));
            let mut visited = Vec::new();
            mask.each(|lane| visited.push(lane));
            assert_eq!((&visited, mask.count()), (&set, set.len() as u64));
            assert_eq!(mask.lanes().collect::<Vec<usize>>(), set);
        }
    }
}
