//! JSON in one canonical form, so that equal values hash alike, and SHA-256 over it.
//!
//! Two forms: RFC 8785 (ours), and the form of the reference, whose hashes must be met: keys by code point, no
//! spaces, floats with a point (`1801.0`), everything outside printable ASCII escaped.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

/// Which canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 8785: keys by UTF-16 code unit, numbers as ECMAScript writes doubles, Unicode as it is.
    /// Whole numbers beyond 2⁵³ become the nearest double, as the RFC has it.
    Rfc8785,
    /// As the reference's `json.dumps(sort_keys=True, separators=(",", ":"))`.
    Compat,
}

/// The canonical text of `value`.
#[must_use]
pub fn canonical(value: &Value, form: Form) -> String {
    let mut text = String::new();
    write_value(value, form, &mut text);
    text
}

/// SHA-256 of the canonical text, 64 hex digits.
#[must_use]
pub fn hash(value: &Value, form: Form) -> String {
    hex(&Sha256::digest(canonical(value, form)))
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

fn write_value(value: &Value, form: Form, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => write_number(number, form, text),
        Value::String(string) => write_string(string, form, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, form, text);
            }
            text.push(']');
        }
        Value::Object(fields) => write_object(fields, form, text),
    }
}

fn write_object(fields: &Map<String, Value>, form: Form, text: &mut String) {
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    match form {
        Form::Rfc8785 => sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16())),
        Form::Compat => sorted.sort_by_key(|field| field.0),
    }
    text.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(name, form, text);
        text.push(':');
        write_value(value, form, text);
    }
    text.push('}');
}

fn write_string(string: &str, form: Form, text: &mut String) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            c if c < ' ' || (form == Form::Compat && c > '~') => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

fn write_number(number: &Number, form: Form, text: &mut String) {
    let whole = number.as_i64().map(|n| (n.unsigned_abs(), n < 0)).or_else(|| number.as_u64().map(|n| (n, false)));
    match (whole, form) {
        (Some((magnitude, _)), Form::Compat) | (Some((magnitude @ ..=0x20_0000_0000_0000, _)), Form::Rfc8785) => {
            let sign = if whole.is_some_and(|(_, negative)| negative) { "-" } else { "" };
            let _ = write!(text, "{sign}{magnitude}");
        }
        (Some((magnitude, negative)), Form::Rfc8785) => {
            write_float(if negative { -(magnitude as f64) } else { magnitude as f64 }, form, text);
        }
        (None, _) => write_float(number.as_f64().unwrap_or_default(), form, text),
    }
}

/// The shortest digits that read back to `value`, laid out as ECMAScript or Python do.
fn write_float(value: f64, form: Form, text: &mut String) {
    if value == 0.0 {
        text.push_str(match form {
            Form::Rfc8785 => "0",
            Form::Compat if value.is_sign_negative() => "-0.0",
            Form::Compat => "0.0",
        });
        return;
    }
    let (digits, exponent) = shortest(value.abs());
    if value < 0.0 {
        text.push('-');
    }
    let plain = match form {
        Form::Rfc8785 => (-6..21).contains(&exponent),
        Form::Compat => (-4..16).contains(&exponent),
    };
    if plain {
        write_plain(&digits, exponent, form, text);
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

/// The shortest digits that read back to `value`, and the power of ten of the first.
///
/// Of two equally near the even one is taken, as ECMAScript and Python do and `{:e}` does not.
fn shortest(value: f64) -> (String, i32) {
    let text = Number::from_f64(value).map_or_else(|| "0".to_owned(), |number| number.to_string());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    let point = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(zeros).unwrap_or(0) - 1;
    let digits = digits[zeros..].trim_end_matches('0').to_owned();
    (digits, exponent.parse::<i32>().unwrap_or(0) + point)
}

/// `digits` with the point after the first of them, moved right by `exponent`.
fn write_plain(digits: &str, exponent: i32, form: Form, text: &mut String) {
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
