//! Names of records and of contents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::time::Timestamp;

/// A record's id: a UUID of version 7, so that ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordId(u128);

impl RecordId {
    /// An id made at `at` from 74 bits of `random`; RFC 9562, section 5.7.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        let millis = u128::try_from(at.micros().div_euclid(1_000)).unwrap_or_default() & 0xffff_ffff_ffff;
        let (high, low) = ((random >> 62) & 0xfff, random & 0x3fff_ffff_ffff_ffff);
        Self(millis << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
    }
}

impl fmt::Display for RecordId {
    /// `01234567-89ab-7def-8123-456789abcdef`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, part) = (self.0, |shift: u32| self.0 >> shift & 0xffff);
        write!(f, "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", id >> 96, part(80), part(64), part(48), id & 0xffff_ffff_ffff)
    }
}

impl FromStr for RecordId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("{text:?} is not a UUID");
        let lengths_fit = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if !lengths_fit || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| bad())
    }
}

impl TryFrom<String> for RecordId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> Self {
        id.to_string()
    }
}

/// A SHA-256 hash, 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// What stands before the first record of a chain.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Writes its digits into `text` and returns them: no allocation per hash where there are many.
    #[must_use]
    pub fn hex<'a>(&self, text: &'a mut [u8; 64]) -> &'a str {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex(&mut [0; 64]))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let mut bytes = [0; 32];
        let pairs = text.as_bytes().chunks_exact(2);
        let whole = text.len() == 64
            && pairs.zip(&mut bytes).all(|(pair, byte)| {
                let value = digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| high << 4 | low);
                *byte = value.and_then(|value| u8::try_from(value).ok()).unwrap_or_default();
                value.is_some()
            });
        if whole { Ok(Self(bytes)) } else { Err(format!("{text:?} is not a hash: 64 of 0-9 a-f")) }
    }
}

impl TryFrom<String> for Hash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}
