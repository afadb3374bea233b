//! Money, counts and shares as people read them, with the exact figure beside.
//! Invariant: rounding is half-even on integers; what is not zero never reads as zero.

use purser_domain::money::{Money, PICO_PER_USD, div_half_even};

/// A figure: readable, and exact to the last digit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amount {
    /// For the eye: `$1,234.57`.
    pub text: String,
    /// Nothing left out: `$1,234.5678`.
    pub exact: String,
    /// For programs: `1234.567800000000`.
    pub value: String,
}

/// An amount of money: cents from a dollar up, more decimals below.
#[must_use]
pub(crate) fn money(money: Money) -> Amount {
    let text = match money.pico().unsigned_abs() {
        0 => "$0.00".to_owned(),
        pico if pico >= PICO_PER_USD.unsigned_abs() => dollars(money, 2),
        pico if pico >= PICO_PER_USD.unsigned_abs() / 100 => dollars(money, 4),
        pico if pico >= PICO_PER_USD.unsigned_abs() / 10_000 => dollars(money, 6),
        _ => exact(money),
    };
    Amount { text, exact: exact(money), value: money.to_string() }
}

fn dollars(money: Money, decimals: u32) -> String {
    let unit = PICO_PER_USD / 10_i128.pow(decimals);
    let rounded = div_half_even(money.pico(), unit).unsigned_abs();
    let scale = 10_u128.pow(decimals);
    let sign = if money < Money::ZERO { "\u{2212}" } else { "" };
    format!("{sign}${}.{:0width$}", grouped(rounded / scale), rounded % scale, width = decimals as usize)
}

fn exact(money: Money) -> String {
    let all = dollars(money, 12);
    let end = all.find('.').map_or(all.len(), |point| all.trim_end_matches('0').len().max(point + 3));
    all[..end].to_owned()
}

/// A count in full: `1,234,567`.
#[must_use]
pub(crate) fn count(count: i64) -> Amount {
    let exact = signed(count, &grouped(u128::from(count.unsigned_abs())));
    Amount { text: exact.clone(), exact, value: count.to_string() }
}

/// A large count in three digits: `1.23 M`; below ten thousand in full.
#[must_use]
pub(crate) fn short_count(count: i64) -> Amount {
    let full = self::count(count);
    let (mut unit, mut name) = match count.unsigned_abs() {
        0..10_000 => return full,
        10_000..1_000_000 => (1_000_i128, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "B"),
    };
    let magnitude = i128::from(count.unsigned_abs());
    if div_half_even(magnitude, unit) == 1_000 && name != "B" {
        (unit, name) = (unit * 1_000, if name == "k" { "M" } else { "B" });
    }
    let decimals: u32 = match div_half_even(magnitude * 100, unit) {
        0..1_000 => 2,
        1_000..10_000 => 1,
        _ => 0,
    };
    let scale = 10_i128.pow(decimals);
    let rounded = div_half_even(magnitude * scale, unit);
    let whole = grouped((rounded / scale).unsigned_abs());
    let text = match decimals {
        0 => whole,
        _ => format!("{whole}.{:0width$}", rounded % scale, width = decimals as usize),
    };
    Amount { text: format!("{}\u{a0}{name}", signed(count, &text)), ..full }
}

fn signed(count: i64, magnitude: &str) -> String {
    let sign = if count < 0 { "\u{2212}" } else { "" };
    format!("{sign}{magnitude}")
}

/// Digits in threes: `1,234,567`.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `part ÷ whole` in tenths of a percent: `12.3 %`; a sliver reads `<0.1 %`, almost all `>99.9 %`.
///
/// `None` if there is no whole.
#[must_use]
pub(crate) fn percent(part: i128, whole: i128) -> Option<String> {
    if whole <= 0 {
        return None;
    }
    let tenths = div_half_even(part.checked_mul(1_000)?, whole);
    Some(match tenths {
        0 if part > 0 => "<0.1\u{a0}%".to_owned(),
        1_000 if part < whole => ">99.9\u{a0}%".to_owned(),
        tenths => {
            let sign = if tenths < 0 { "\u{2212}" } else { "" };
            format!("{sign}{}.{}\u{a0}%", tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10)
        }
    })
}

/// A bar's length for `part ÷ whole`, as an SVG length between 0 % and 100 %.
#[must_use]
pub(crate) fn bar(part: i128, whole: i128) -> String {
    let tenths = if whole <= 0 { 0 } else { div_half_even(part.saturating_mul(1_000), whole).clamp(0, 1_000) };
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// A mean of milliseconds: `830 ms`, `1.24 s`; `None` if nothing was measured.
#[must_use]
pub(crate) fn latency(sum_ms: i64, count: i64) -> Option<Amount> {
    if count <= 0 {
        return None;
    }
    let micros = div_half_even(i128::from(sum_ms) * 1_000, i128::from(count));
    let text = if micros < 999_500 {
        format!("{}\u{a0}ms", div_half_even(micros, 1_000))
    } else {
        let hundredths = div_half_even(micros, 10_000);
        format!("{}.{:02}\u{a0}s", grouped((hundredths / 100).unsigned_abs()), hundredths % 100)
    };
    let exact = format!("{}.{:03} ms", micros / 1_000, micros % 1_000);
    Some(Amount { text, exact, value: format!("{}.{:03}", micros / 1_000, micros % 1_000) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_in_cents_and_keeps_every_digit_beside() {
        for (text, shown, all) in [
            ("0", "$0.00", "$0.00"),
            ("1234.5678", "$1,234.57", "$1,234.5678"),
            ("1234567.895", "$1,234,567.90", "$1,234,567.895"),
            ("2.125", "$2.12", "$2.125"),
            ("999999.995", "$1,000,000.00", "$999,999.995"),
            ("0.0312499", "$0.0312", "$0.0312499"),
            ("0.000123456", "$0.000123", "$0.000123456"),
            ("0.0000000123", "$0.0000000123", "$0.0000000123"),
            ("-12.5", "\u{2212}$12.50", "\u{2212}$12.50"),
            ("0.5", "$0.5000", "$0.50"),
        ] {
            let amount = money(text.parse().expect("a literal of this test"));
            assert_eq!((amount.text.as_str(), amount.exact.as_str()), (shown, all), "{text}");
        }
        assert_eq!(money(Money::from_cents(123_456)).value, "1234.560000000000");
    }

    #[test]
    fn counts_are_grouped_and_large_ones_shortened_to_three_digits() {
        for (number, full, short) in [
            (0, "0", "0"),
            (9_999, "9,999", "9,999"),
            (10_000, "10,000", "10.0\u{a0}k"),
            (123_456, "123,456", "123\u{a0}k"),
            (999_499, "999,499", "999\u{a0}k"),
            (999_501, "999,501", "1.00\u{a0}M"),
            (1_234_567, "1,234,567", "1.23\u{a0}M"),
            (12_345_678_901, "12,345,678,901", "12.3\u{a0}B"),
            (-25_000, "\u{2212}25,000", "\u{2212}25.0\u{a0}k"),
        ] {
            assert_eq!(count(number).text, full);
            assert_eq!(short_count(number).text, short);
            assert_eq!(short_count(number).exact, full);
        }
    }

    #[test]
    fn a_sliver_is_not_zero_and_almost_all_is_not_all() {
        for (part, whole, text) in [
            (1, 8, Some("12.5\u{a0}%")),
            (0, 5, Some("0.0\u{a0}%")),
            (1, 100_000, Some("<0.1\u{a0}%")),
            (99_999, 100_000, Some(">99.9\u{a0}%")),
            (5, 5, Some("100.0\u{a0}%")),
            (-1, 4, Some("\u{2212}25.0\u{a0}%")),
            (1, 0, None),
        ] {
            assert_eq!(percent(part, whole).as_deref(), text, "{part} of {whole}");
        }
        assert_eq!(bar(1, 3), "33.3%");
        assert_eq!(bar(-1, 3), "0.0%");
    }

    #[test]
    fn latency_is_a_mean_in_the_unit_that_fits() {
        for (sum, calls, text) in [
            (2_490, 3, Some("830\u{a0}ms")),
            (3_720, 3, Some("1.24\u{a0}s")),
            (0, 0, None),
            (9_996, 10, Some("1.00\u{a0}s")),
        ] {
            assert_eq!(latency(sum, calls).map(|amount| amount.text).as_deref(), text);
        }
        assert_eq!(latency(10, 3).expect("three calls").exact, "3.333 ms");
    }
}
