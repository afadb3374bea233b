//! A row of a table by the names of its columns.
//! Invariant: `lineItem/UsageType`, `line_item_usage_type` and `LineItemUsageType` name one column.

use purser_domain::money::Money;

/// The cells of a row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    header: &'a [String],
    cells: &'a [&'a str],
}

impl<'a> Row<'a> {
    /// The row with `cells` under `header`.
    #[must_use]
    pub const fn new(header: &'a [String], cells: &'a [&'a str]) -> Self {
        Self { header, cells }
    }

    /// A cell that is not empty.
    pub(super) fn text(&self, column: &str) -> Option<&'a str> {
        let place = self.header.iter().position(|name| is_same(name, column))?;
        self.cells.get(place).map(|cell| cell.trim()).filter(|cell| !cell.is_empty() && *cell != "null")
    }

    /// The first of several columns that has a cell.
    pub(super) fn first(&self, columns: &[&str]) -> Option<&'a str> {
        columns.iter().find_map(|column| self.text(column))
    }

    /// An amount, rounded to a pico-dollar.
    pub(super) fn money(&self, column: &str) -> Option<Result<Money, String>> {
        let text = self.text(column)?;
        Some(Money::parse_rounded(text).map_err(|_| "must be a decimal number".to_owned()))
    }

    /// A quantity as whole units; a fraction is rounded to the nearest.
    pub(super) fn whole(&self, column: &str, factor: i128) -> Option<u64> {
        let amount = Money::parse_rounded(self.text(column)?).ok()?;
        let scaled = amount.pico().checked_mul(factor)?;
        u64::try_from(purser_domain::money::div_half_even(scaled, purser_domain::money::PICO_PER_USD)).ok()
    }
}

/// Whether two names of a column are one, whatever their case and separators.
pub(super) fn is_same(name: &str, other: &str) -> bool {
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
    };
    letters(name) == letters(other)
}
