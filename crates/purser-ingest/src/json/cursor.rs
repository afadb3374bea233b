//! Reads JSON in one pass, handing out slices: nothing is copied, nothing is built.
//! Invariant: nesting is bounded by [`DEPTH_MAX`]; what is skipped is checked for balance only.

use std::borrow::Cow;

use memchr::memchr2;

use crate::decoded::{DEPTH_MAX, Unreadable};

/// A place in a JSON text.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Demands that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), Unreadable> {
        if self.peek().is_none() { Ok(()) } else { Err(self.fault("trailing characters")) }
    }

    /// Reads an object; `take` gets the cursor at each value and has to consume it.
    pub(crate) fn object(
        &mut self,
        mut take: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.open(b'{', "an object")?;
        if self.closes(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a field name"));
            }
            let quoted = self.string()?;
            let name = unquote(quoted).ok_or_else(|| self.fault("bad escape in a field name"))?;
            if self.peek() != Some(b':') {
                return Err(self.fault("expected `:`"));
            }
            self.at += 1;
            take(self, name)?;
            if self.closes(b'}') {
                return Ok(());
            }
            self.comma("`,` or `}`")?;
        }
    }

    /// Reads an array; `take` gets the cursor at each element and has to consume it.
    pub(crate) fn array(
        &mut self,
        mut take: impl FnMut(&mut Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        self.open(b'[', "an array")?;
        if self.closes(b']') {
            return Ok(());
        }
        loop {
            take(self)?;
            if self.closes(b']') {
                return Ok(());
            }
            self.comma("`,` or `]`")?;
        }
    }

    /// Passes a value over; its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Unreadable> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            Some(_) => self.scalar(),
            None => Err(self.fault("unexpected end")),
        }
    }

    fn open(&mut self, bracket: u8, what: &str) -> Result<(), Unreadable> {
        if self.peek() != Some(bracket) {
            return Err(self.fault(&format!("expected {what}")));
        }
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Unreadable::TooDeep) } else { Ok(()) }
    }

    fn closes(&mut self, bracket: u8) -> bool {
        let closes = self.peek() == Some(bracket);
        if closes {
            self.at += 1;
            self.depth -= 1;
        }
        closes
    }

    fn comma(&mut self, expected: &str) -> Result<(), Unreadable> {
        if self.peek() != Some(b',') {
            return Err(self.fault(&format!("expected {expected}")));
        }
        self.at += 1;
        if matches!(self.peek(), Some(b'}' | b']')) { Err(self.fault("trailing comma")) } else { Ok(()) }
    }

    /// A string with its quotes; the cursor stands at the first.
    fn string(&mut self) -> Result<&'a str, Unreadable> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match memchr2(b'"', b'\\', rest) {
                Some(found) if rest[found] == b'"' => {
                    self.at = at + found + 1;
                    return Ok(&self.text[start..self.at]);
                }
                Some(found) => at += found + 2,
                None => {
                    self.at = bytes.len();
                    return Err(self.fault("a string does not end"));
                }
            }
        }
    }

    fn scalar(&mut self) -> Result<&'a str, Unreadable> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let length = bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
            .count();
        let value = &self.text[start..start + length];
        if !matches!(value, "true" | "false" | "null") && !is_number(value.as_bytes()) {
            return Err(self.fault("expected a value"));
        }
        self.at += length;
        Ok(value)
    }

    /// An object or array whose inside matters to nobody.
    fn nested(&mut self) -> Result<&'a str, Unreadable> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        // One bit per level: whether it is an object.
        let (mut kinds, mut level) = (0_u64, 0_usize);
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(bracket @ (b'{' | b'[')) => {
                    level += 1;
                    if self.depth + level > DEPTH_MAX {
                        return Err(Unreadable::TooDeep);
                    }
                    kinds = kinds << 1 | u64::from(*bracket == b'{');
                }
                Some(bracket @ (b'}' | b']')) => {
                    if (kinds & 1 == 1) != (*bracket == b'}') {
                        return Err(self.fault("mismatched brackets"));
                    }
                    kinds >>= 1;
                    level -= 1;
                    if level == 0 {
                        self.at += 1;
                        return Ok(&self.text[start..self.at]);
                    }
                }
                Some(_) => {}
                None => return Err(self.fault("unexpected end")),
            }
            self.at += 1;
        }
    }

    /// What is wrong, and where.
    fn fault(&self, what: &str) -> Unreadable {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Unreadable::Syntax(format!("not JSON: {what} at line {line} column {column}"))
    }
}

/// The text inside quotes.
fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = &quoted[1..quoted.len() - 1];
    if inner.contains('\\') { serde_json::from_str(quoted).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`
fn is_number(text: &[u8]) -> bool {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return false;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return false;
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at);
        if exponent == 0 {
            return false;
        }
        at += exponent;
    }
    at == text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for text in ["0", "-0", "10", "1.5", "1e9", "-1.5E-9", "0.1e+1"] {
            assert!(is_number(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1e", "+1", "1e+", "0x1", "1.5.2", "NaN"] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }

    /// Reads a whole document strictly, level by level.
    fn accept(cursor: &mut Cursor<'_>) -> Result<(), Unreadable> {
        match cursor.peek() {
            Some(b'{') => cursor.object(|cursor, _| accept(cursor)),
            Some(b'[') => cursor.array(accept),
            _ => cursor.skip().map(|_| ()),
        }
    }

    fn verdict(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        accept(&mut cursor).and_then(|()| cursor.end()).is_ok()
    }

    #[test]
    fn malformed_documents_are_refused_with_the_place() {
        for text in
            ["", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "[1 2]", "\"x", "[", "{\"a\":}", "1 2", "tru", "{]"]
        {
            assert!(!verdict(text), "{text}");
        }
        let mut cursor = Cursor::new("[\n1 2]");
        assert_eq!(
            accept(&mut cursor),
            Err(Unreadable::Syntax("not JSON: expected `,` or `]` at line 2 column 3".to_owned()))
        );
        assert_eq!(Cursor::new(&"[".repeat(33)).skip(), Err(Unreadable::TooDeep));
        assert!(Cursor::new("[{\"a\":[}]]").skip().is_err(), "brackets are matched in what is skipped");
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_accepted_and_skipped_whole(
            text in prop_oneof![Just("\\\"\\\\\\u00e9"), Just("plain"), Just("ü\\n"), Just("")],
            number in any::<f64>().prop_filter("finite", |n| n.is_finite()),
            depth in 1_usize..20,
            spaces in " {0,3}",
        ) {
            let leaf = format!("{{\"k{text}\":{spaces}\"{text}\",\"n\":{number:e},\"l\":[true,false,null,{{}},[]]}}");
            let document = format!("{}{spaces}{leaf}{spaces}{}", "[".repeat(depth), "]".repeat(depth));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&document).is_ok());
            prop_assert!(verdict(&document));
            prop_assert_eq!(Cursor::new(&document).skip(), Ok(document.as_str()));
        }

        #[test]
        fn a_broken_document_is_refused_where_serde_json_refuses_it(
            place in any::<prop::sample::Index>(),
            byte in prop::sample::select(b"{}[],:\"x1 ".to_vec()),
        ) {
            let mut bytes = br#"{"a":[1,{"b":"c d"},true],"e":{"f":-1.5e3}}"#.to_vec();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let text = String::from_utf8(bytes).expect("ASCII");
            prop_assert_eq!(verdict(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }
    }
}
