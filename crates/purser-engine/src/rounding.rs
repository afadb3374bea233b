//! Rounding of the compat models' floats, as the reference rounds them.
//! Invariant: the same bits on every platform; only +, −, × and ÷ and exact conversions are used.

/// Rounds to `places` decimals: the decimal nearest to the exact binary value, ties to even.
///
/// Scaling decides all but near-ties; those go through an exact decimal expansion.
#[inline]
#[must_use]
pub fn decimals(value: f64, places: u8) -> f64 {
    let scale = match places {
        0 => 1.0,
        1 => 10.0,
        2 => 100.0,
        3 => 1_000.0,
        _ => 10_000.0,
    };
    let scaled = value * scale;
    let rounded = nearest(scaled);
    if scaled.abs() < 1e9 && (scaled - rounded).abs() < 0.5 - 1e-6 {
        return rounded / scale;
    }
    expanded(value, places)
}

#[cold]
fn expanded(value: f64, places: u8) -> f64 {
    format!("{value:.*}", usize::from(places)).parse().unwrap_or(value)
}

/// Rounds to a whole number, ties to even; saturates.
#[must_use]
pub fn whole(value: f64) -> i64 {
    nearest(value) as i64
}

/// `round_ties_even` without its library call: beyond 2⁵² doubles have no fraction, so adding it rounds.
fn nearest(value: f64) -> f64 {
    const LIMIT: f64 = 4_503_599_627_370_496.0;
    if value.abs() < LIMIT { ((value.abs() + LIMIT) - LIMIT).copysign(value) } else { value }
}

/// `base` to the power of `exponent`, by squaring: unlike `powi`, the same bits everywhere.
#[must_use]
pub fn power(mut base: f64, mut exponent: u32) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

/// Chance that something of probability `p` happens at least once in `times` tries.
#[must_use]
pub fn at_least_once(p: f64, times: u32) -> f64 {
    if times == 1 { p } else { 1.0 - power(1.0 - p, times) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ties_go_to_even_and_binary_noise_decides_near_ties() {
        // 0.125 is exact in binary, so a tie; 2.675 is 2.67499999999999982236431605997495353221893310546875.
        for (value, places, rounded) in
            [(0.125, 2, 0.12), (0.375, 2, 0.38), (2.675, 2, 2.67), (-0.125, 2, -0.12), (1e12 + 0.5, 0, 1e12)]
        {
            assert_eq!(decimals(value, places), rounded, "{value}");
        }
        assert_eq!((whole(0.5), whole(1.5), whole(2.5), whole(-0.5)), (0, 2, 2, 0));
        assert_eq!((whole(f64::INFINITY), whole(f64::NAN)), (i64::MAX, 0));
    }

    #[test]
    fn a_chance_compounds() {
        // 1 − 0.9^10 = 0.6513215599
        assert!((at_least_once(0.1, 10) - 0.651_321_559_9).abs() < 1e-12);
        assert_eq!(at_least_once(0.08, 1), 0.08);
        assert_eq!(at_least_once(1.0, 7), 1.0);
    }

    proptest! {
        #[test]
        fn rounding_equals_the_exact_decimal_expansion(value in -1e6..1e6_f64, places in 0_u8..=4) {
            let exact: f64 = format!("{value:.*}", usize::from(places)).parse().expect("a number");
            prop_assert_eq!(decimals(value, places), exact);
        }

        #[test]
        fn whole_numbers_are_rounded_as_the_library_does(value in any::<f64>()) {
            prop_assert_eq!(nearest(value).to_bits(), value.round_ties_even().to_bits());
        }

        #[test]
        fn rounding_of_near_ties_equals_the_exact_expansion(n in 0_u32..200_000, places in 0_u8..=4) {
            let scale = 10_f64.powi(i32::from(places));
            let value = (f64::from(n) + 0.5) / scale;
            let exact: f64 = format!("{value:.*}", usize::from(places)).parse().expect("a number");
            prop_assert_eq!(decimals(value, places), exact);
        }
    }
}
