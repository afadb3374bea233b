//! Ids made from content: hex of trace ids, and 128-bit hashes for rows that carry no id.
//! Invariant: the same parts give the same id on every machine and in every version.

use xxhash_rust::xxh3::xxh3_128;

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Hex of an id that is not all zero.
pub(crate) fn hex_id(bytes: &[u8]) -> Option<String> {
    bytes.iter().any(|byte| *byte != 0).then(|| hex(bytes))
}

/// The id of a row without one: hash of its source, its raw fields and its ordinal among equal rows.
#[must_use]
pub fn content_id<'a>(source: &'a str, fields: impl IntoIterator<Item = &'a str>, ordinal: u64) -> String {
    row_id(row_hash(source, fields.into_iter().map(str::as_bytes), &mut Vec::with_capacity(256)), ordinal)
}

/// The hash that equal rows share.
pub(crate) fn row_hash<'a>(source: &'a str, fields: impl IntoIterator<Item = &'a [u8]>, buffer: &mut Vec<u8>) -> u128 {
    buffer.clear();
    // Each field with its length before it, so that fields cannot run into each other.
    for field in std::iter::once(source.as_bytes()).chain(fields) {
        buffer.extend_from_slice(&(field.len() as u64).to_le_bytes());
        buffer.extend_from_slice(field);
    }
    xxh3_128(buffer)
}

/// The id of the `ordinal`-th row with this hash.
pub(crate) fn row_id(hash: u128, ordinal: u64) -> String {
    if ordinal == 0 {
        format!("row_{}", hex(&hash.to_be_bytes()))
    } else {
        format!("row_{}_{ordinal}", hex(&hash.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_in_every_version() {
        assert_eq!(hex(&[0x00, 0xab, 0x7f]), "00ab7f");
        assert_eq!(content_id("csv", ["a", "b"], 0), "row_24f279c7c999e086ab1fb7741fe856ff");
        assert_ne!(content_id("csv", ["ab", ""], 0), content_id("csv", ["a", "b"], 0));
        assert_ne!(content_id("csv", ["a", "b"], 1), content_id("csv", ["a", "b"], 0));
    }

    #[test]
    fn equal_rows_differ_by_their_ordinal_only() {
        let hash = row_hash("csv", [b"1".as_slice(), b"2"], &mut Vec::new());
        assert_eq!(row_id(hash, 1), format!("{}_1", row_id(hash, 0)));
        assert_eq!(row_id(hash, 0).len(), 36);
    }
}
