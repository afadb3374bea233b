//! What the draws come to: sums, counts and quantiles, in integers, whatever the order of the chunks.

use purser_domain::estimate::{DRAWS_EXACT, Spread};

use super::mask::Mask;
use super::random::{Column, LANES};
use super::run::Frame;

/// Bits of precision of a sketch's buckets: a bucket is at most 1/1024 of its values wide.
const SKETCH_BITS: u32 = 10;

/// One quantity over all draws.
#[derive(Debug, Clone)]
pub(super) struct Quantity {
    sum: u128,
    /// Values without their lowest `shift` bits, none above `short_max`.
    shorts: u64,
    /// Of the same.
    squares: u128,
    shift: u32,
    short_max: u64,
    values: Values,
}

#[derive(Debug, Clone)]
enum Values {
    /// Every draw.
    Exact(Vec<u64>),
    /// Draws per bucket, by the leading bits of the value.
    Sketch(Vec<u64>),
}

impl Quantity {
    /// For values up to `most`.
    pub(super) fn new(most: u64, draws: u32) -> Self {
        let bits = u64::BITS - most.leading_zeros();
        let values = if draws < DRAWS_EXACT {
            Values::Exact(Vec::with_capacity(draws as usize))
        } else {
            Values::Sketch(vec![0; bucket(u64::MAX) + 1])
        };
        // So that (n·x)² fits 128 bits, and with it n·Σx² and (Σx)².
        let short_bits = u64::BITS - draws.max(1).next_power_of_two().ilog2();
        let shift = bits.saturating_sub(short_bits);
        let short_max = u64::MAX >> (u64::BITS - short_bits);
        Self { sum: 0, shorts: 0, squares: 0, shift, short_max, values }
    }

    fn add(&mut self, value: u64) {
        self.sum += u128::from(value);
        let short = (value >> self.shift).min(self.short_max);
        self.shorts += short;
        self.squares += u128::from(short) * u128::from(short);
        match &mut self.values {
            Values::Exact(all) => all.push(value),
            Values::Sketch(buckets) => buckets[bucket(value)] += 1,
        }
    }

    /// The sum of all draws.
    pub(super) const fn sum(&self) -> u128 {
        self.sum
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.shorts += other.shorts;
        self.squares += other.squares;
        match (&mut self.values, other.values) {
            (Values::Exact(all), Values::Exact(more)) => all.extend(more),
            (Values::Sketch(all), Values::Sketch(more)) => {
                for (count, more) in all.iter_mut().zip(more) {
                    *count += more;
                }
            }
            _ => {}
        }
    }

    /// The value that the share `p` of all draws does not exceed: the smallest with at least ⌈p·n⌉ draws
    /// at or below it.
    pub(super) fn quantile(&mut self, p: f64, draws: u32) -> u64 {
        self.ranked(rank(p, draws), middle)
    }

    /// A value that the share `p` of all draws surely does not exceed: of a sketch the end of the bucket.
    pub(super) fn enough(&mut self, p: f64, draws: u32) -> u64 {
        self.ranked(rank(p, draws), end)
    }

    fn ranked(&mut self, rank: usize, of: impl Fn(usize) -> u64) -> u64 {
        match &mut self.values {
            Values::Exact(all) if all.len() <= rank => 0,
            Values::Exact(all) => *all.select_nth_unstable(rank).1,
            Values::Sketch(buckets) => {
                let mut seen = 0;
                let found = buckets.iter().position(|count| {
                    seen += count;
                    seen > rank as u64
                });
                found.map_or(0, of)
            }
        }
    }

    /// Mean, standard error and quantiles.
    pub(super) fn spread(&mut self, draws: u32) -> Spread<u64> {
        let n = u128::from(draws.max(1));
        // n·Σx² − (Σx)² of the same x, which is never below zero.
        let scatter = (self.squares * n).saturating_sub(u128::from(self.shorts) * u128::from(self.shorts));
        let error = (scatter / (n * n)).isqrt() as f64 / f64::from(draws.max(2) - 1).sqrt();
        Spread {
            mean: round(self.sum, n),
            standard_error: (error * (1_u64 << self.shift) as f64) as u64,
            p10: self.quantile(0.1, draws),
            p50: self.quantile(0.5, draws),
            p90: self.quantile(0.9, draws),
            p99: self.quantile(0.99, draws),
        }
    }
}

/// The place of the quantile `p` among so many values, from 0.
pub(super) fn rank(p: f64, count: u32) -> usize {
    ((p * f64::from(count) - 1e-9).ceil() as usize).clamp(1, count.max(1) as usize) - 1
}

/// `sum / n` rounded half up.
pub(super) fn round(sum: u128, n: u128) -> u64 {
    u64::try_from((sum + n / 2) / n.max(1)).unwrap_or(u64::MAX)
}

/// The bucket of a value: itself below 2¹¹, then by its leading eleven bits.
fn bucket(value: u64) -> usize {
    let bits = u64::BITS - value.leading_zeros();
    let shift = bits.saturating_sub(SKETCH_BITS + 1);
    ((shift as usize) << SKETCH_BITS) + (value >> shift) as usize
}

/// The least value of a bucket and how many values it holds.
fn range(bucket: usize) -> (u64, u64) {
    let shift = (bucket >> SKETCH_BITS).saturating_sub(1) as u32;
    (((bucket - ((shift as usize) << SKETCH_BITS)) as u64) << shift, 1_u64 << shift)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let (low, width) = range(bucket);
    low + (width >> 1)
}

/// The largest value of a bucket.
fn end(bucket: usize) -> u64 {
    let (low, width) = range(bucket);
    low + (width - 1)
}

/// All draws of a plan.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    pub(super) cost: Quantity,
    pub(super) latency: Quantity,
    pub(super) failed: u64,
    pub(super) wasted: u128,
    pub(super) within_budget: u64,
    pub(super) within_deadline: u64,
    pub(super) overrun: u128,
    /// Draws within the budget that did not fail.
    pub(super) successes: u64,
    /// The costs of the first [`HEAD_CHUNKS`] chunks, by chunk.
    pub(super) head: Vec<(u64, Column)>,
    /// The costs noted on the way in the first [`TRAIL_CHUNKS`] chunks, by chunk.
    pub(super) trails: Vec<(u64, Vec<Column>)>,
}

/// How many chunks are kept, to be drawn again for what drives P90: 4,096 draws.
pub(super) const HEAD_CHUNKS: u64 = 16;

/// In how many chunks costs are noted on the way: 20,480 draws, more than are asked for as a rule.
pub(super) const TRAIL_CHUNKS: u64 = 80;

/// What the draws are held against: pico-dollars and microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) budget: u64,
    pub(super) deadline: u64,
}

impl Tally {
    pub(super) fn new(cost_max: u64, draws: u32) -> Self {
        Self {
            cost: Quantity::new(cost_max, draws),
            latency: Quantity::new(u64::MAX >> 10, draws),
            failed: 0,
            wasted: 0,
            within_budget: 0,
            within_deadline: 0,
            overrun: 0,
            successes: 0,
            head: Vec::new(),
            trails: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, chunk: u64, frame: &Frame, lanes: Mask, limits: Limits) {
        if chunk < HEAD_CHUNKS {
            self.head.push((chunk, frame.cost));
        }
        self.failed += frame.failed.count();
        lanes.each(|lane| {
            let (cost, latency) = (frame.cost[lane], frame.latency[lane]);
            self.cost.add(cost);
            self.latency.add(latency);
            self.wasted += u128::from(frame.wasted[lane]);
            self.within_budget += u64::from(cost <= limits.budget);
            self.successes += u64::from(cost <= limits.budget && !frame.failed.has(lane));
            self.within_deadline += u64::from(latency <= limits.deadline);
            self.overrun += u128::from(cost.saturating_sub(limits.budget));
        });
    }

    /// The costs in [`Self::head`], ascending.
    pub(super) fn head_costs(&self, draws: u32) -> Vec<u64> {
        sorted(self.head_values(draws))
    }

    fn head_values(&self, draws: u32) -> Vec<u64> {
        values(self.head.iter().map(|(chunk, column)| (*chunk, column)), draws)
    }

    /// What had been spent at the `mark`-th of the marks, ascending.
    pub(super) fn trail_costs(&self, mark: usize, draws: u32) -> Vec<u64> {
        sorted(values(self.trails.iter().filter_map(|(chunk, trail)| Some((*chunk, trail.get(mark)?))), draws))
    }

    /// The 85th and the 95th percentile of the costs in [`Self::head`], exact whatever the number of draws.
    pub(super) fn around_p90(&self, draws: u32) -> (u64, u64) {
        let mut costs = self.head_values(draws);
        let count = costs.len() as u32;
        let mut at = |p| {
            let rank = rank(p, count);
            if rank < costs.len() { *costs.select_nth_unstable(rank).1 } else { 0 }
        };
        (at(0.85), at(0.95))
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.cost.merge(other.cost);
        self.latency.merge(other.latency);
        self.failed += other.failed;
        self.wasted += other.wasted;
        self.within_budget += other.within_budget;
        self.within_deadline += other.within_deadline;
        self.overrun += other.overrun;
        self.successes += other.successes;
        self.head.extend(other.head);
        self.trails.extend(other.trails);
    }
}

fn values<'a>(columns: impl Iterator<Item = (u64, &'a Column)>, draws: u32) -> Vec<u64> {
    let mut values = Vec::new();
    for (chunk, column) in columns {
        lanes(chunk, draws).each(|lane| values.push(column[lane]));
    }
    values
}

fn sorted(mut values: Vec<u64>) -> Vec<u64> {
    values.sort_unstable();
    values
}

/// The lanes of chunk `chunk` that belong to `draws` draws.
pub(super) fn lanes(chunk: u64, draws: u32) -> Mask {
    let left = u64::from(draws).saturating_sub(chunk * LANES as u64);
    Mask::first(left.min(LANES as u64) as usize)
}

/// The lanes whose value lies in `low..=high`.
pub(super) fn between(values: &Column, lanes: Mask, low: u64, high: u64) -> Mask {
    lanes.only(|lane| (low..=high).contains(&values[lane]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_found_again_by_its_middle() {
        for value in [0, 1, 2_047, 2_048, 2_049, 4_095, 4_096, 1_000_000, 123_456_789_012, u64::MAX / 3, u64::MAX] {
            let found = middle(bucket(value));
            assert!(found.abs_diff(value) as f64 <= value as f64 / 2_048.0, "{value}: {found}");
            assert!(end(bucket(value)) >= value && bucket(end(bucket(value))) == bucket(value), "{value}");
        }
        assert!((0..100_000).all(|value| bucket(value) <= bucket(value + 1)));
    }

    #[test]
    fn a_sketch_agrees_with_the_exact_quantiles() {
        let values: Vec<u64> = (0..200_000_u64).map(|i| (i * 7_919 % 200_000).pow(2) + 1).collect();
        let (mut exact, mut sketch) = (Quantity::new(1 << 40, 10), Quantity::new(1 << 40, DRAWS_EXACT));
        for value in values {
            exact.add(value);
            sketch.add(value);
        }
        for p in [0.01, 0.1, 0.5, 0.9, 0.99, 1.0] {
            let (exact, sketch) = (exact.quantile(p, 200_000), sketch.quantile(p, 200_000));
            assert!(exact.abs_diff(sketch) as f64 <= exact as f64 / 2_048.0 + 1.0, "{p}: {exact} {sketch}");
        }
    }

    #[test]
    fn a_standard_error_holds_with_many_draws_of_large_values() {
        // Uniform from $85 to $275: standard deviation 190/√12 = $54.8483; by √100,000 = $0.173446, by
        // √1,000,000 = $0.054848. The next numbers are of a plan that might cost the most there is.
        for (most, draws, expected) in [
            (275_000_000_000_000, 100_000, 173_446_e6),
            (275_000_000_000_000, 1_000_000, 54_848_e6),
            (10_000_000_000_000_000_000, 100_000, 173_446_e6),
            (10_000_000_000_000_000_000, 1_000_000, 54_848_e6),
        ] {
            let (mut spread, mut same) = (Quantity::new(most, draws), Quantity::new(most, draws));
            for draw in 0..u64::from(draws) {
                spread.add(85_000_000_000_000 + 190_000_000_000_000 / u64::from(draws) * draw);
                same.add(275_000_000_000_000);
            }
            let got = spread.spread(draws).standard_error as f64;
            assert!((got / expected - 1.0).abs() < 1e-4, "{most} {draws}: {got}");
            assert_eq!(same.spread(draws).standard_error, 0, "{most} {draws}");
        }
    }

    #[test]
    fn a_spread_is_what_hand_calculation_says() {
        let mut quantity = Quantity::new(1_000, 10);
        for value in [10, 20, 30, 40, 50, 60, 70, 80, 90, 100] {
            quantity.add(value);
        }
        // Mean 55, sample variance 8250/9, standard error √(8250/9/10) = 9.57.
        let expected = Spread { mean: 55, standard_error: 9, p10: 10, p50: 50, p90: 90, p99: 100 };
        assert_eq!(quantity.spread(10), expected);
    }
}
