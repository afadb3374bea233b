//! How commands speak: data to stdout, talk to stderr.
//! Invariant: nothing but data ever reaches stdout, and a closed pipe is no failure.

use std::io::{self, IsTerminal, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Writes one line of data.
pub(crate) fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.write_all(b"\n")
}

/// Writes `value` as JSON, indented.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?)?;
    Ok(())
}

/// Tells the person something; a closed stderr is ignored.
pub(crate) fn talk(text: impl AsRef<str>) {
    let mut err = io::stderr().lock();
    let _ = err.write_all(text.as_ref().as_bytes()).and_then(|()| err.write_all(b"\n"));
}

/// Whether progress may be drawn.
pub(crate) fn may_draw() -> bool {
    io::stderr().is_terminal()
}

/// A progress bar on stderr; hidden where nobody watches.
pub(crate) fn bar(length: u64, unit: &'static str) -> ProgressBar {
    if !may_draw() {
        return ProgressBar::hidden();
    }
    drawn(length, &format!("{{bar:40}} {{human_pos}}/{{human_len}} {unit} {{per_sec}} {{eta}}"))
}

/// A progress bar over the bytes of a file.
pub(crate) fn byte_bar(length: u64) -> ProgressBar {
    if !may_draw() {
        return ProgressBar::hidden();
    }
    drawn(length, "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
}

fn drawn(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// A column of a table: its title, and whether it holds numbers.
pub(crate) enum Column<'a> {
    /// Words, to the left.
    Text(&'a str),
    /// Numbers, to the right.
    Number(&'a str),
}

/// A table with a header; numbers stand to the right. Without rows there is no table, which stderr tells.
pub(crate) fn table(columns: &[Column<'_>], rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<()> {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        talk("nothing to show");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(columns.iter().map(|column| match column {
        Column::Text(title) => Cell::new(title),
        Column::Number(title) => Cell::new(title).set_alignment(CellAlignment::Right),
    }));
    for row in rows {
        let cells = row.into_iter().zip(columns).map(|(text, column)| match column {
            Column::Text(_) => Cell::new(text),
            Column::Number(_) => Cell::new(text).set_alignment(CellAlignment::Right),
        });
        table.add_row(cells);
    }
    line(table.trim_fmt())
}

/// Digits in groups of three: `1,234,567`.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars for people: two decimals, or as many as the first three significant digits need.
pub(crate) fn usd(money: purser_domain::money::Money) -> String {
    use purser_domain::money::{PICO_PER_USD, div_half_even};
    let pico = money.pico();
    let decimals: u32 = match pico.unsigned_abs() {
        0 => 2,
        abs if abs >= 1_000_000_000_000 => 2,
        abs if abs >= 10_000_000_000 => 4,
        abs if abs >= 100_000_000 => 6,
        _ => 12,
    };
    let scale = 10_i128.pow(decimals);
    let units = div_half_even(pico, PICO_PER_USD / scale);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.unsigned_abs() / scale.unsigned_abs(), units.unsigned_abs() % scale.unsigned_abs());
    let whole = grouped(i128::try_from(whole).unwrap_or(i128::MAX));
    format!("{sign}${whole}.{fraction:0width$}", width = decimals as usize)
}

/// A statistic in dollars for people.
pub(crate) fn usd_of(dollars: f64) -> String {
    usd(purser_domain::money::Money::from_pico((dollars * 1e12).round() as i128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn dollars_keep_the_digits_that_matter() {
        for (text, expected) in [
            ("1234.567", "$1,234.57"),
            ("-3", "-$3.00"),
            ("0", "$0.00"),
            ("0.01234567", "$0.0123"),
            ("0.0012345", "$0.001234"),
            ("0.000000000001", "$0.000000000001"),
        ] {
            assert_eq!(usd(text.parse().expect("a literal of this test")), expected, "{text}");
        }
    }
}
