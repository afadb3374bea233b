//! JSON in one canonical form, so that equal values hash alike, and SHA-256 over it.
//!
//! Two forms: RFC 8785 (ours), and the form of the reference, whose hashes must be met: keys by code point, no
//! spaces, floats with a point (`1801.0`), everything outside printable ASCII escaped.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

mod write;

/// Which canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 8785: keys by UTF-16 code unit, numbers as ECMAScript writes doubles, Unicode as it is.
    /// Whole numbers beyond 2⁵³ become the nearest double, as the RFC has it.
    Rfc8785,
    /// As the reference's `json.dumps(sort_keys=True, separators=(",", ":"))`.
    Compat,
}

/// The canonical text of `value`; what is not finite is `null`, as in any JSON.
#[must_use]
pub fn canonical(value: &(impl Serialize + ?Sized), form: Form) -> String {
    write::with_text(value, form, str::to_owned)
}

/// SHA-256 of the canonical text, 64 hex digits.
#[must_use]
pub fn hash(value: &(impl Serialize + ?Sized), form: Form) -> String {
    hex(&write::with_text(value, form, |text| Sha256::digest(text)))
}

/// Lower-case hex digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `\u00e9`, as two units beyond the basic plane.
fn push_escape(c: char, text: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\\u{unit:04x}");
    }
}

fn push_whole(magnitude: u64, is_negative: bool, form: Form, text: &mut String) {
    if form == Form::Rfc8785 && magnitude > 1 << 53 {
        push_float(if is_negative { -(magnitude as f64) } else { magnitude as f64 }, form, text);
        return;
    }
    if is_negative {
        text.push('-');
    }
    text.push_str(itoa::Buffer::new().format(magnitude));
}

/// The shortest digits that read back to `value`, laid out as ECMAScript or Python do.
///
/// Of two equally near the even one is taken, as both do and `{:e}` does not.
fn push_float(value: f64, form: Form, text: &mut String) {
    if !value.is_finite() {
        text.push_str("null");
        return;
    }
    if value == 0.0 {
        text.push_str(match form {
            Form::Rfc8785 => "0",
            Form::Compat if value.is_sign_negative() => "-0.0",
            Form::Compat => "0.0",
        });
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    if (1e-4..1e15).contains(&value.abs()) && !shortest.contains(['e', 'E']) {
        let plain = shortest.strip_suffix(".0").filter(|_| form == Form::Rfc8785);
        text.push_str(plain.unwrap_or(shortest));
        return;
    }
    let (digits, exponent) = scientific(shortest.trim_start_matches('-'));
    if value < 0.0 {
        text.push('-');
    }
    let plain = match form {
        Form::Rfc8785 => (-6..21).contains(&exponent),
        Form::Compat => (-4..16).contains(&exponent),
    };
    if plain {
        push_plain(&digits, exponent, form, text);
        return;
    }
    let (first, rest) = digits.split_at(1);
    text.push_str(first);
    if !rest.is_empty() {
        let _ = write!(text, ".{rest}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let magnitude = exponent.unsigned_abs();
    let _ = match form {
        Form::Rfc8785 => write!(text, "e{sign}{magnitude}"),
        Form::Compat => write!(text, "e{sign}{magnitude:02}"),
    };
}

/// The digits of a number, and the power of ten of the first.
fn scientific(number: &str) -> (String, i32) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let point = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(zeros).unwrap_or(0) - 1;
    let digits = digits[zeros..].trim_end_matches('0').to_owned();
    (digits, exponent.parse::<i32>().unwrap_or(0) + point)
}

/// `digits` with the point after the first of them, moved right by `exponent`.
fn push_plain(digits: &str, exponent: i32, form: Form, text: &mut String) {
    let Ok(exponent) = usize::try_from(exponent) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        let _ = write!(text, "0.{:0<zeros$}{digits}", "");
        return;
    };
    if digits.len() > exponent + 1 {
        let (whole, fraction) = digits.split_at(exponent + 1);
        let _ = write!(text, "{whole}.{fraction}");
    } else {
        let _ = write!(text, "{digits:0<width$}", width = exponent + 1);
        if form == Form::Compat {
            text.push_str(".0");
        }
    }
}

#[cfg(test)]
mod tests;
