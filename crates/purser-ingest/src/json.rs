//! Walks JSON items field by field, each value as the text it had, so that numbers stay exact.
//! Invariant: one pass, no tree; nesting is bounded before anything is read.

use std::borrow::Cow;

use crate::decoded::{BYTES_MAX, EVENTS_MAX, Unreadable};

mod cursor;
mod python;

pub(crate) use cursor::Cursor;
pub(crate) use python::to_json as of_python;

/// Takes the items of a document as they are read.
pub(crate) trait Sink<'a> {
    /// A field of the current item: its name and its value's JSON text.
    fn field(&mut self, name: Cow<'a, str>, value: &'a str);
    /// The current item is complete. `is_object` is false if it is not an object at all.
    fn end(&mut self, is_object: bool);
}

/// Whether the body held one object or several items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object and nothing else.
    One,
    /// An array, or several objects.
    Many,
}

/// Reads an array of objects, one object, or one object after another (NDJSON).
pub(crate) fn walk<'a>(body: &'a [u8], sink: &mut impl Sink<'a>) -> Result<Shape, Unreadable> {
    let mut count = 0;
    let mut take = |cursor: &mut Cursor<'a>| {
        count += 1;
        if count > EVENTS_MAX {
            return Err(Unreadable::TooMany);
        }
        let is_object = cursor.peek() == Some(b'{');
        if is_object {
            cursor.object(|cursor, name| cursor.skip().map(|value| sink.field(name, value)))?;
        } else {
            cursor.skip()?;
        }
        sink.end(is_object);
        Ok(())
    };
    each_item(body, &mut take)
}

/// The items of an array, one object, or one object after another, as JSON texts.
pub(crate) fn items(body: &[u8]) -> Result<Vec<&str>, Unreadable> {
    let mut items = Vec::new();
    each_item(body, &mut |cursor| {
        items.push(cursor.skip()?);
        if items.len() > EVENTS_MAX { Err(Unreadable::TooMany) } else { Ok(()) }
    })?;
    Ok(items)
}

fn each_item<'a>(
    body: &'a [u8],
    take: &mut impl FnMut(&mut Cursor<'a>) -> Result<(), Unreadable>,
) -> Result<Shape, Unreadable> {
    let mut cursor = Cursor::new(text_of(body)?);
    if cursor.peek() == Some(b'[') {
        cursor.array(take)?;
        cursor.end()?;
        return Ok(Shape::Many);
    }
    let mut count = 0;
    while cursor.peek().is_some() {
        take(&mut cursor)?;
        count += 1;
    }
    match count {
        0 => Err(Unreadable::Syntax("the body is empty".to_owned())),
        1 => Ok(Shape::One),
        _ => Ok(Shape::Many),
    }
}

/// Reads the fields of one object; `Ok(false)` if the text is valid JSON but no object.
pub(crate) fn fields<'a>(text: &'a str, mut field: impl FnMut(Cow<'a, str>, &'a str)) -> Result<bool, Unreadable> {
    let mut cursor = Cursor::new(text);
    let is_object = cursor.peek() == Some(b'{');
    if is_object {
        cursor.object(|cursor, name| cursor.skip().map(|value| field(name, value)))?;
    } else {
        cursor.skip()?;
    }
    cursor.end()?;
    Ok(is_object)
}

/// The values of some members of an object, `null` left out, and how many other members it has.
pub(crate) struct Picked<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a str>; N],
    /// Members that nobody asked for.
    pub others: u64,
}

impl<'a, const N: usize> Picked<'a, N> {
    /// Reads `names` out of an object; `None` if the text is none.
    pub(crate) fn read(text: &'a str, names: [&'static str; N]) -> Option<Self> {
        let mut picked = Self { names, values: [None; N], others: 0 };
        let is_object = fields(text, |key, value| match names.iter().position(|name| *name == key) {
            Some(place) if value != "null" => picked.values[place] = Some(value),
            Some(_) => {}
            None => picked.others += 1,
        });
        (is_object == Ok(true)).then_some(picked)
    }

    /// The JSON text of a member.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.names.iter().position(|known| *known == name).and_then(|place| self.values[place])
    }

    /// A member that is a text and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(string).filter(|text| !text.is_empty())
    }

    /// The first of several members that is a text and not empty.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name)).map(Cow::into_owned)
    }
}

/// The elements of an array as JSON texts; none if the text is no array.
pub(crate) fn elements(text: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let read = Cursor::new(text).array(|cursor| cursor.skip().map(|value| elements.push(value)));
    if read.is_err() {
        elements.clear();
    }
    elements
}

/// The string that a JSON text holds.
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(value).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

/// Checks size and encoding.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, Unreadable> {
    if body.len() > BYTES_MAX {
        return Err(Unreadable::TooLarge(body.len()));
    }
    std::str::from_utf8(body).map_err(|error| Unreadable::Syntax(format!("not UTF-8 at byte {}", error.valid_up_to())))
}
