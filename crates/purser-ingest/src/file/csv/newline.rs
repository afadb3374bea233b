//! Line ends made one: CR LF becomes LF, and the last line ends too, so that lines can be counted.

use std::io::{BufRead, Read, Result};

/// Reads `reader` with LF at the end of every line.
pub(super) struct Newlines<R> {
    reader: R,
    /// The last byte handed out; LF before the first, for an empty input needs no end.
    last: u8,
    /// A CR that is held back until the byte after it is known.
    held: bool,
}

impl<R> Newlines<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, last: b'\n', held: false }
    }
}

impl<R: BufRead> Read for Newlines<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut written = 0;
        while written < out.len() {
            let bytes = self.reader.fill_buf()?;
            let Some(first) = bytes.first() else {
                if self.held || self.last != b'\n' {
                    self.held = false;
                    (out[written], self.last) = (b'\n', b'\n');
                    written += 1;
                }
                break;
            };
            if self.held {
                self.held = false;
                if *first != b'\n' {
                    (out[written], self.last) = (b'\r', b'\r');
                    written += 1;
                    continue;
                }
            }
            let room = bytes.len().min(out.len() - written);
            let length = memchr::memchr(b'\r', &bytes[..room]).unwrap_or(room);
            out[written..written + length].copy_from_slice(&bytes[..length]);
            if length > 0 {
                self.last = bytes[length - 1];
            }
            self.held = length < room;
            written += length;
            self.reader.consume(length + usize::from(length < room));
            if written > 0 && !self.held {
                break;
            }
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn every_line_ends_with_lf_whatever_ended_it() {
        for (text, lines) in [
            ("", ""),
            ("a\r\nb\r\n", "a\nb\n"),
            ("a\nb", "a\nb\n"),
            ("a\rb", "a\rb\n"),
            ("a\r", "a\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\r\r\nb", "a\r\nb\n"),
        ] {
            for capacity in [1, 2, 3, 64] {
                let mut found = String::new();
                let mut reader = Newlines::new(BufReader::with_capacity(capacity, text.as_bytes()));
                reader.read_to_string(&mut found).expect("memory is readable");
                assert_eq!(found, lines, "{text:?} by {capacity}");
            }
        }
    }
}
