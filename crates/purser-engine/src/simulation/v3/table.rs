//! Drivers compiled to integer quantile tables: a draw is a look-up.
//! Invariant: entries ascend, and their mean is the distribution's, to half a unit over the whole table.

use std::sync::{Arc, LazyLock};

use purser_domain::driver::Driver;

use super::math::{Z90, normal_quantile};

/// Cells of equal probability in one table.
pub(super) const CELLS: usize = 1_024;
/// Bits of a random number that choose a cell.
pub(super) const CELL_BITS: u32 = 10;

/// A distribution of whole numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    /// One entry if there is nothing to draw, else [`CELLS`], shared by all nodes of the same driver.
    cells: Arc<[u64]>,
    mask: usize,
}

impl Table {
    /// Always `value`.
    #[must_use]
    pub(super) fn constant(value: u64) -> Self {
        Self { cells: Arc::new([value]), mask: 0 }
    }

    /// Compiles `driver`, each value multiplied by `unit`, rounded, and cut to `min..=max`.
    ///
    /// Each cell is the mean of the driver over the cell's probability. Rounding carries its
    /// remainder to the next cell, so that small counts keep their mean.
    #[must_use]
    pub(super) fn compile(driver: &Driver, unit: f64, min: u64, max: u64) -> Self {
        let fit = |value: f64| ((value * unit).round() as u64).clamp(min, max);
        if let Driver::Constant(value) = driver {
            return Self::constant(fit(*value));
        }
        let means = cell_means(driver);
        let mut carried = 0.0;
        let mut cells: Vec<u64> = Vec::with_capacity(CELLS);
        for mean in means {
            let exact = mean * unit + carried;
            let whole = rounded(exact);
            carried = exact - whole as f64;
            cells.push(whole.clamp(min, max));
        }
        cells.sort_unstable();
        if cells[0] == cells[CELLS - 1] {
            return Self::constant(cells[0]);
        }
        Self { cells: cells.into(), mask: CELLS - 1 }
    }

    /// The entry that the lowest [`CELL_BITS`] bits choose.
    #[inline]
    #[must_use]
    pub(super) fn at(&self, bits: u64) -> u64 {
        self.cells[bits as usize & self.mask]
    }

    /// The value if there is but one.
    #[must_use]
    pub(super) fn only(&self) -> Option<u64> {
        (self.mask == 0).then(|| self.cells[0])
    }

    /// The largest entry.
    #[must_use]
    pub(super) fn largest(&self) -> u64 {
        self.cells[self.mask]
    }

    /// The mean of what is drawn.
    #[must_use]
    pub(super) fn mean(&self) -> f64 {
        self.cells.iter().map(|cell| u128::from(*cell)).sum::<u128>() as f64 / self.cells.len() as f64
    }
}

/// The nearest whole number, halves up; 0 for what is below. The library's own rounding is a call.
fn rounded(value: f64) -> u64 {
    let whole = value as u64;
    whole.saturating_add(u64::from(value - whole as f64 >= 0.5))
}

/// The mean of each cell, ascending.
fn cell_means(driver: &Driver) -> Vec<f64> {
    match driver {
        Driver::Constant(value) => vec![*value; CELLS],
        Driver::Uniform { low, high } => {
            (0..CELLS).map(|cell| low + (high - low) * (cell as f64 + 0.5) / CELLS as f64).collect()
        }
        Driver::LogNormal { p50, p90 } => log_normal(*p50, *p90),
        Driver::Quantiles(points) => quantiles(points),
        Driver::Bernoulli { p } => discrete(std::iter::once(1.0 - p), 0.0),
        Driver::Poisson { mean } => {
            let first = libm::exp(-mean);
            let terms = (1..).scan(first, |term, k| {
                let now = *term;
                *term *= mean / f64::from(k);
                Some(now)
            });
            discrete(terms, 0.0)
        }
        Driver::Geometric { mean } => geometric(*mean),
    }
}

/// Mid-cell quantiles of the standard normal distribution.
static NORMAL: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..CELLS).map(|cell| normal_quantile((cell as f64 + 0.5) / CELLS as f64)).collect());

/// Mid-cell quantiles, and in the last cell what the whole needs to have its mean: the tail.
fn log_normal(p50: f64, p90: f64) -> Vec<f64> {
    let sigma = libm::log(p90 / p50) / Z90;
    let mut cells: Vec<f64> = NORMAL.iter().map(|z| p50 * libm::exp(sigma * z)).collect();
    let mean = p50 * libm::exp(0.5 * sigma * sigma);
    let others: f64 = cells[..CELLS - 1].iter().sum();
    cells[CELLS - 1] = (mean * CELLS as f64 - others).max(cells[CELLS - 1]);
    cells
}

/// The integral of a distribution that is straight between its points, over each cell.
fn quantiles(points: &[(f64, f64)]) -> Vec<f64> {
    let mut cells = vec![0.0; CELLS];
    for two in points.windows(2) {
        let ((from, low), (to, high)) = (two[0], two[1]);
        let value = |p: f64| low + (high - low) * (p - from) / (to - from);
        let first = (from * CELLS as f64) as usize;
        let last = ((to * CELLS as f64).ceil() as usize).min(CELLS);
        for (cell, sum) in cells.iter_mut().enumerate().take(last).skip(first) {
            let start = from.max(cell as f64 / CELLS as f64);
            let end = to.min((cell + 1) as f64 / CELLS as f64);
            *sum += (end - start).max(0.0) * (value(start) + value(end)) / 2.0 * CELLS as f64;
        }
    }
    cells
}

/// Trials until the first success: the integral of the quantile function over each cell, in closed form.
fn geometric(mean: f64) -> Vec<f64> {
    if mean <= 1.0 {
        return vec![1.0; CELLS];
    }
    let log_fail = libm::log1p(-1.0 / mean);
    // Up to probability u: all of the values 1 to n, and a part of n + 1.
    let integral = |u: f64| {
        let n = (libm::log1p(-u) / log_fail).floor();
        let beyond = libm::exp(n * log_fail);
        mean * (1.0 - beyond) - n * beyond + (u - (1.0 - beyond)) * (n + 1.0)
    };
    let mut below = 0.0;
    let mut cell = |index: usize| {
        let to = if index + 1 == CELLS { mean } else { integral((index + 1) as f64 / CELLS as f64) };
        (to - std::mem::replace(&mut below, to)) * CELLS as f64
    };
    (0..CELLS).map(&mut cell).collect()
}

/// A count that starts at `first` and whose probabilities are `terms`; what is left after them is one more.
fn discrete(terms: impl Iterator<Item = f64>, first: f64) -> Vec<f64> {
    let mut cells = vec![0.0; CELLS];
    let (mut reached, mut value) = (0.0, first);
    let mut fill = |from: f64, to: f64, value: f64| {
        let start = (from * CELLS as f64) as usize;
        let end = ((to * CELLS as f64).ceil() as usize).min(CELLS);
        for (cell, sum) in cells.iter_mut().enumerate().take(end).skip(start) {
            let low = from.max(cell as f64 / CELLS as f64);
            let high = to.min((cell + 1) as f64 / CELLS as f64);
            *sum += (high - low).max(0.0) * value * CELLS as f64;
        }
    };
    for term in terms {
        let to = (reached + term).min(1.0);
        fill(reached, to, value);
        (reached, value) = (to, value + 1.0);
        if 1.0 - reached < 1e-9 {
            break;
        }
    }
    fill(reached, 1.0, value);
    cells
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compile(driver: &Driver, unit: f64) -> Table {
        Table::compile(driver, unit, 0, u64::MAX)
    }

    proptest! {
        #[test]
        fn halves_are_rounded_up_as_the_library_rounds(value in prop_oneof![-10.0..1e9_f64, any::<f64>()]) {
            prop_assert_eq!(rounded(value), value.round().max(0.0) as u64);
        }
    }

    #[test]
    fn what_is_hard_to_round_is_rounded() {
        // Just below a half, a half, beyond the doubles' whole numbers, and what no whole number holds.
        for (value, whole) in [
            (0.499_999_999_999_999_94, 0),
            (0.5, 1),
            (2.5, 3),
            (4_503_599_627_370_497.0, 4_503_599_627_370_497),
            (1e30, u64::MAX),
            (-0.7, 0),
            (f64::NAN, 0),
        ] {
            assert_eq!(rounded(value), whole, "{value}");
        }
    }

    #[test]
    fn a_table_has_the_mean_of_its_distribution() {
        for (driver, unit, mean) in [
            (Driver::Constant(7.4), 1.0, 7.0),
            (Driver::Uniform { low: 10.0, high: 20.0 }, 1.0, 15.0),
            // p90/p50 = e^Z90: sigma 1, mean 100·√e.
            (Driver::LogNormal { p50: 100.0, p90: 100.0 * libm::exp(Z90) }, 1_000.0, 164_872.127),
            (Driver::Quantiles(vec![(0.0, 0.0), (0.5, 10.0), (1.0, 40.0)]), 100.0, 1_500.0),
            (Driver::Poisson { mean: 3.0 }, 1.0, 3.0),
            (Driver::Poisson { mean: 400.0 }, 1.0, 400.0),
            (Driver::Geometric { mean: 4.0 }, 1.0, 4.0),
            (Driver::Geometric { mean: 1.0 }, 1.0, 1.0),
            (Driver::Geometric { mean: 50_000_000.0 }, 1.0, 50_000_000.0),
            (Driver::Bernoulli { p: 0.3 }, 1.0, 0.3),
        ] {
            let got = compile(&driver, unit).mean();
            assert!((got - mean).abs() <= 0.002_f64.max(mean * 1e-6), "{driver:?}: {got} is not {mean}");
        }
    }

    #[test]
    fn a_copy_of_a_table_shares_its_cells() {
        let table = compile(&Driver::Geometric { mean: 4.0 }, 1.0);
        assert!(Arc::ptr_eq(&table.cells, &table.clone().cells));
        let again = compile(&Driver::Geometric { mean: 4.0 }, 1.0);
        assert!(table == again && !Arc::ptr_eq(&table.cells, &again.cells), "compiled twice");
    }

    #[test]
    fn quantiles_are_where_they_should_be() {
        let table = compile(&Driver::LogNormal { p50: 1_000.0, p90: 4_000.0 }, 1_000.0);
        // Cells 511/512 straddle the median, 921 holds the 90th percentile (0.9·1024 = 921.6).
        let median = (table.at(511) + table.at(512)) / 2;
        assert!((999_000..=1_001_000).contains(&median), "{median}");
        assert!((3_980_000..=4_020_000).contains(&table.at(921)), "{}", table.at(921));
        let poisson = compile(&Driver::Poisson { mean: 1.0 }, 1.0);
        // P(0) = 0.3679, so 376.7 cells of zero; P(0)+P(1) = 0.7358: 753.4 cells below two.
        assert_eq!((poisson.at(375), poisson.at(378), poisson.at(752), poisson.at(755)), (0, 1, 1, 2));
    }

    #[test]
    fn a_geometric_table_keeps_its_shape_for_small_and_large_means() {
        // P(1) = 0.25 and P(1) + P(2) = 0.4375: 256 cells of one, 192 of two.
        let small = compile(&Driver::Geometric { mean: 4.0 }, 1.0);
        assert_eq!((small.at(255), small.at(256), small.at(447), small.at(448)), (1, 2, 2, 3));
        // The median is 5e7·ln 2 = 34,657,359; cells 511 and 512 straddle it. A cell there is 5e7/512 wide.
        let large = compile(&Driver::Geometric { mean: 5e7 }, 1.0);
        assert!((large.at(511) + large.at(512)).div_ceil(2).abs_diff(34_657_359) < 100, "{}", large.at(511));
        // The mean of the upper 1/1024: 5e7 · (1 + ln 1024) = 396,573,590.
        assert!(large.largest().abs_diff(396_573_590) < 100, "{}", large.largest());
        assert!(large.cells.windows(2).all(|two| two[0] < two[1]));
    }

    #[test]
    fn entries_ascend_and_stay_in_bounds() {
        let table = Table::compile(&Driver::Geometric { mean: 30.0 }, 1.0, 2, 50);
        assert!(table.cells.windows(2).all(|two| two[0] <= two[1]));
        assert_eq!((table.at(0), table.largest()), (2, 50));
        assert_eq!(Table::compile(&Driver::Geometric { mean: 30.0 }, 1.0, 1, 1).only(), Some(1));
    }
}
