//! Numbers as spreadsheets and consoles write them: thousands apart, a comma for the decimal point, a currency beside.
//! Invariant: a number that can be read in two ways is refused, never guessed.

use std::borrow::Cow;

/// How the numbers of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::file) struct Dialect {
    /// The separator of cells.
    pub delimiter: u8,
}

impl Dialect {
    /// The separator that a spreadsheet's line `sep=;` names, else the one of `,`, `;`, tab and `|` that stands most often
    /// in the header.
    pub(in crate::file) fn of(head: &[u8]) -> Self {
        if let [b's', b'e', b'p', b'=', delimiter, ..] = without_mark(head) {
            return Self { delimiter: *delimiter };
        }
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
        let mut quoted = false;
        for byte in head.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')) {
            quoted ^= *byte == b'"';
            if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| !quoted && delimiter == byte) {
                *count += 1;
            }
        }
        let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
        Self { delimiter: most.map_or(b',', |(delimiter, _)| delimiter) }
    }

    /// How many bytes come before the header: a line that names the separator, if there is one.
    pub(in crate::file) fn preamble(head: &[u8]) -> usize {
        if !without_mark(head).starts_with(b"sep=") {
            return 0;
        }
        memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1)
    }

    /// Where `;` separates, a comma may be the decimal point, and a point may set thousands apart.
    const fn has_decimal_comma(self) -> bool {
        self.delimiter == b';'
    }

    /// A number with a decimal point and nothing between its digits; what is no number stays as it is.
    ///
    /// # Errors
    /// When the number could be two.
    pub(in crate::file) fn number(self, text: &str) -> Result<Cow<'_, str>, String> {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        let (Some(start), Some(end)) = (text.find(is_part), text.rfind(is_part)) else {
            return Ok(Cow::Borrowed(text));
        };
        let core = &text[start..=end];
        if core.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Cow::Borrowed(text));
        }
        let digits: String = core.chars().filter(|c| !is_space(*c)).collect();
        if !digits.chars().all(is_part) {
            return Ok(Cow::Borrowed(text));
        }
        let plain = self.plain(&digits)?;
        Ok(if plain == core {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{}{plain}{}", &text[..start], &text[end + 1..]))
        })
    }

    fn plain(self, digits: &str) -> Result<String, String> {
        let (comma, point) = (digits.rfind(','), digits.rfind('.'));
        let (mark, decimal) = match (comma, point) {
            (None, None) => return Ok(digits.to_owned()),
            (Some(comma), Some(point)) if comma > point => ('.', Some(comma)),
            (Some(_), Some(point)) => (',', Some(point)),
            (Some(comma), None) if self.has_decimal_comma() && !has_groups(digits, ',', 2) => ('.', Some(comma)),
            (Some(_), None) => (',', None),
            (None, Some(_)) if self.has_decimal_comma() && has_groups(digits, '.', 2) => ('.', None),
            (None, Some(_)) if self.has_decimal_comma() && has_groups(digits, '.', 1) => {
                return Err(
                    "may be a thousand or a fraction: write it without a point, or separate cells by commas".into()
                );
            }
            (None, Some(_)) => return Ok(digits.to_owned()),
        };
        let (whole, fraction) = decimal.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
        if whole.contains(mark) && !has_groups(whole, mark, 1) {
            return Err("has its thousands set apart wrongly".to_owned());
        }
        let whole = whole.replace(mark, "");
        Ok(if decimal.is_some() { format!("{whole}.{fraction}") } else { whole })
    }
}

/// The bytes without a byte order mark.
fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head)
}

/// Whether a cell is a word for a number that is not there, as pandas, SQL and spreadsheets write it.
pub(in crate::file) fn is_absent(cell: &str) -> bool {
    ["nan", "null", "none", "n/a", "na", "-", "–", "\\N"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// Whether a cost is a word: what a plan includes has no amount.
pub(in crate::file) fn is_without_amount(cell: &str) -> bool {
    ["included", "free", "no charge"].iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The finding about such a cost.
pub(in crate::file) fn without_amount(cell: &str) -> String {
    format!("rows whose cost is {cell:?} name no amount")
}

/// Whether `mark` sets at least `least` groups of three digits apart, after one to three that do not begin with 0.
fn has_groups(digits: &str, mark: char, least: usize) -> bool {
    let mut groups = digits.split(mark);
    let first = groups.next().unwrap_or_default();
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let mut count = 0;
    for group in groups {
        if group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        count += 1;
    }
    is_first && first.bytes().all(|byte| byte.is_ascii_digit()) && count >= least
}

/// Spaces and the apostrophe that set thousands apart.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',' };
    const SEMICOLON: Dialect = Dialect { delimiter: b';' };

    #[test]
    fn the_separator_is_what_the_header_has_most_of() {
        for (head, delimiter) in [
            ("a,b,c\n1;2;3;4", b','),
            ("a;b;c\n", b';'),
            ("a\tb\tc, d\r\n", b'\t'),
            ("model\n", b','),
            ("\"Input; cached\",b\n", b','),
        ] {
            assert_eq!(Dialect::of(head.as_bytes()).delimiter, delimiter, "{head}");
        }
    }

    #[test]
    fn numbers_lose_what_sets_their_thousands_apart() {
        for (text, plain) in [
            ("1234", "1234"),
            ("1,234", "1234"),
            ("12,345,678", "12345678"),
            ("1,234.5", "1234.5"),
            ("1.234,5", "1234.5"),
            ("1 234", "1234"),
            ("1'234.50", "1234.50"),
            ("$1,234.50", "$1234.50"),
            ("1,234.50 USD", "1234.50 USD"),
            ("-1,000", "-1000"),
            ("323.0", "323.0"),
            ("0.10", "0.10"),
            ("1e-6", "1e-6"),
            ("Included", "Included"),
            ("", ""),
        ] {
            assert_eq!(COMMA.number(text).as_deref(), Ok(plain), "{text}");
        }
        for text in ["1,23", "0,123", "12,34,567", "1,2345"] {
            assert!(COMMA.number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn where_semicolons_separate_a_comma_is_the_decimal_point() {
        for (text, plain) in [
            ("0,10", "0.10"),
            ("1234,5", "1234.5"),
            ("1,234", "1.234"),
            ("1.234.567", "1234567"),
            ("1.234,56 €", "1234.56 €"),
            ("323.0", "323.0"),
            ("0.123", "0.123"),
            ("1,234,567", "1234567"),
        ] {
            assert_eq!(SEMICOLON.number(text).as_deref(), Ok(plain), "{text}");
        }
        assert!(SEMICOLON.number("1.234").is_err(), "a thousand, or one and a bit");
    }
}
