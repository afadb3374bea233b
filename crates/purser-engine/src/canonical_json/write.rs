//! Writes any value straight into its canonical text: the entries of an object as they come, put in order at its end.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};

use super::{Form, push_escape, push_float, push_whole};

/// Bytes of room that a thread keeps: growing copies what is there, again and again.
const ROOM_MAX: usize = 256 << 10;

thread_local! {
    static WRITER: RefCell<Writer> = const { RefCell::new(Writer::new()) };
}

/// Reads the canonical text of `value` with `read`.
pub(super) fn with_text<T>(value: &(impl Serialize + ?Sized), form: Form, read: impl FnOnce(&str) -> T) -> T {
    // A value that hashes another one while it is written finds the room taken, and makes its own.
    let mut writer =
        WRITER.with(|kept| kept.try_borrow_mut().map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default());
    writer.form = form;
    let mut serializer = serde_json::Serializer::with_formatter(std::io::sink(), &mut writer);
    value.serialize(&mut serializer).expect("what is hashed has texts for keys and no part that refuses to be written");
    let answer = read(&writer.text);
    if writer.text.capacity() + writer.sorted.capacity() <= ROOM_MAX {
        writer.text.clear();
        WRITER.with(|kept| *kept.borrow_mut() = writer);
    }
    answer
}

/// The text so far, and what is open. What a formatter is given to write to stays empty: a text cannot be put in order
/// once it is gone.
struct Writer {
    text: String,
    form: Form,
    /// Where each open object begins: its text, and its first entry.
    objects: Vec<(usize, usize)>,
    entries: Vec<Entry>,
    /// Where entries are put in order.
    sorted: String,
    /// Whether a key is being written.
    is_key: bool,
}

/// An entry of an open object.
#[derive(Debug, Clone, Default)]
struct Entry {
    /// `"key":value,`
    place: Range<usize>,
    /// Where in it the key ends.
    key_end: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    const fn new() -> Self {
        Self {
            text: String::new(),
            form: Form::Rfc8785,
            objects: Vec::new(),
            entries: Vec::new(),
            sorted: String::new(),
            is_key: false,
        }
    }

    fn push(&mut self, text: &str) -> io::Result<()> {
        self.text.push_str(text);
        Ok(())
    }

    fn whole(&mut self, magnitude: u64, is_negative: bool) -> io::Result<()> {
        // A key is a text, whose digits all count.
        let form = if self.is_key { Form::Compat } else { self.form };
        push_whole(magnitude, is_negative, form, &mut self.text);
        Ok(())
    }

    fn float(&mut self, value: f64) -> io::Result<()> {
        let form = if self.is_key { Form::Compat } else { self.form };
        push_float(value, form, &mut self.text);
        Ok(())
    }

    /// A key as it is written, quotes and escapes included.
    fn written(&self, entry: &Entry) -> &str {
        &self.text[entry.place.start..entry.key_end]
    }

    /// A key's UTF-16 code units for RFC 8785, its code points for the other form.
    fn units(&self, entry: &Entry) -> Vec<u32> {
        let key: String = serde_json::from_str(self.written(entry)).unwrap_or_default();
        match self.form {
            Form::Rfc8785 => key.encode_utf16().map(u32::from).collect(),
            Form::Compat => key.chars().map(u32::from).collect(),
        }
    }

    fn sort(&self, entries: &mut [Entry]) -> bool {
        // Without escapes and beyond, keys sort as they are written, their end before all that may follow.
        let is_plain = |entry: &Entry| self.written(entry).bytes().all(|byte| byte.is_ascii() && byte != b'\\');
        let plain = |entry: &Entry| self.written(entry).trim_end_matches('"');
        if !entries.iter().all(is_plain) {
            entries.sort_by_cached_key(|entry| self.units(entry));
        } else if entries.is_sorted_by(|a, b| plain(a) <= plain(b)) {
            return false;
        } else {
            entries.sort_by(|a, b| plain(a).cmp(plain(b)));
        }
        true
    }
}

macro_rules! whole {
    ($($name:ident: $type:ty),+) => {
        $(fn $name<W: io::Write + ?Sized>(&mut self, _: &mut W, value: $type) -> io::Result<()> {
            let (magnitude, is_negative) = (i128::from(value).unsigned_abs(), i128::from(value) < 0);
            self.whole(u64::try_from(magnitude).map_err(io::Error::other)?, is_negative)
        })+
    };
}

macro_rules! text {
    ($($name:ident: $text:literal),+) => {
        $(fn $name<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
            self.push($text)
        })+
    };
}

impl Formatter for &mut Writer {
    whole! {
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128,
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64
    }
    text! {
        write_null: "null", begin_string: "\"", end_string: "\"", begin_array: "[", end_array: "]",
        begin_object_value: ":"
    }

    fn write_u128<W: io::Write + ?Sized>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        self.whole(u64::try_from(value).map_err(io::Error::other)?, false)
    }

    fn write_number_str<W: io::Write + ?Sized>(&mut self, _: &mut W, value: &str) -> io::Result<()> {
        self.float(value.parse().map_err(io::Error::other)?)
    }

    fn write_raw_fragment<W: io::Write + ?Sized>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        Err(io::Error::other("what is JSON already has no canonical form"))
    }

    fn write_bool<W: io::Write + ?Sized>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.push(if value { "true" } else { "false" })
    }

    fn write_f32<W: io::Write + ?Sized>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        self.float(value.into())
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        self.float(value)
    }

    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        if self.form == Form::Rfc8785 || fragment.bytes().all(|byte| byte <= b'~') {
            return self.push(fragment);
        }
        for c in fragment.chars() {
            if c > '~' { push_escape(c, &mut self.text) } else { self.text.push(c) }
        }
        Ok(())
    }

    fn write_char_escape<W: io::Write + ?Sized>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::Quote => self.push("\\\""),
            CharEscape::ReverseSolidus => self.push("\\\\"),
            CharEscape::Solidus => self.push("/"),
            CharEscape::Backspace => self.push("\\b"),
            CharEscape::FormFeed => self.push("\\f"),
            CharEscape::LineFeed => self.push("\\n"),
            CharEscape::CarriageReturn => self.push("\\r"),
            CharEscape::Tab => self.push("\\t"),
            CharEscape::AsciiControl(byte) => {
                push_escape(byte.into(), &mut self.text);
                Ok(())
            }
        }
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { self.push(",") }
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.push('{');
        self.objects.push((self.text.len(), self.entries.len()));
        Ok(())
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, _: &mut W, _: bool) -> io::Result<()> {
        let start = self.text.len();
        self.entries.push(Entry { place: start..start, key_end: start });
        self.is_key = true;
        Ok(())
    }

    fn end_object_key<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.text.len();
        self.is_key = false;
        // What is nested has not begun, so the last entry is this one.
        if let Some(entry) = self.entries.last_mut() {
            entry.key_end = end;
        }
        Ok(())
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.push(',');
        let end = self.text.len();
        // What is nested has come and gone.
        if let Some(entry) = self.entries.last_mut() {
            entry.place.end = end;
        }
        Ok(())
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        let (start, first) = self.objects.pop().unwrap_or_default();
        let mut entries = self.entries.split_off(first);
        if self.sort(&mut entries) {
            self.sorted.clear();
            self.sorted.extend(entries.iter().map(|entry| &self.text[entry.place.clone()]));
            self.text.truncate(start);
            self.text.push_str(&self.sorted);
        }
        if !entries.is_empty() {
            self.text.pop();
        }
        self.push("}")
    }
}
