//! Walks JSON items field by field, each value as the text it had, so that numbers stay exact.
//! Invariant: one pass, no tree; nesting is bounded before anything is read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decoded::{BYTES_MAX, DEPTH_MAX, EVENTS_MAX, Unreadable};

/// Takes the items of a document as they are read.
pub(crate) trait Sink<'a> {
    /// A field of the current item: its name and its value's JSON text.
    fn field(&mut self, name: Cow<'a, str>, value: &'a str);
    /// The current item is complete. `is_object` is false if it is not an object at all.
    fn end(&mut self, is_object: bool);
}

/// Reads an array of objects, one object, or one object after another (NDJSON).
pub(crate) fn walk<'a>(body: &'a [u8], sink: &mut impl Sink<'a>) -> Result<Shape, Unreadable> {
    let text = text_of(body)?;
    if text.trim_start().starts_with('[') {
        let mut json = serde_json::Deserializer::from_str(text);
        Items(sink).deserialize(&mut json).and_then(|()| json.end()).map_err(|error| unreadable(&error))?;
        return Ok(Shape::Many);
    }
    let mut count = 0;
    let mut json = serde_json::Deserializer::from_str(text);
    while json.end().is_err() {
        if count == EVENTS_MAX {
            return Err(Unreadable::TooMany);
        }
        let is_object = Fields(sink).deserialize(&mut json).map_err(|error| unreadable(&error))?;
        sink.end(is_object);
        count += 1;
    }
    match count {
        0 => Err(Unreadable::Syntax("the body is empty".to_owned())),
        1 => Ok(Shape::One),
        _ => Ok(Shape::Many),
    }
}

/// Whether the body held one object or several items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object and nothing else.
    One,
    /// An array, or several objects.
    Many,
}

/// Reads the fields of one object; `Ok(false)` if the text is valid JSON but no object.
pub(crate) fn fields<'a>(text: &'a str, field: impl FnMut(Cow<'a, str>, &'a str)) -> Result<bool, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut sink = FieldFn(field);
    let is_object = Fields(&mut sink).deserialize(&mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    Ok(is_object)
}

/// The items of an array, one object, or one object after another, as JSON texts.
pub(crate) fn items(body: &[u8]) -> Result<Vec<&str>, Unreadable> {
    let text = text_of(body)?;
    let items = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(text).map_err(|error| unreadable(&error))?
    } else {
        let stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        stream.take(EVENTS_MAX + 1).collect::<Result<_, _>>().map_err(|error| unreadable(&error))?
    };
    if items.len() > EVENTS_MAX {
        return Err(Unreadable::TooMany);
    }
    if items.is_empty() && text.trim().is_empty() {
        return Err(Unreadable::Syntax("the body is empty".to_owned()));
    }
    if items.iter().any(|item| depth_exceeds(item.get(), DEPTH_MAX - 1)) {
        return Err(Unreadable::TooDeep);
    }
    Ok(items.into_iter().map(RawValue::get).collect())
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
    serde_json::from_str::<Vec<&RawValue>>(text)
        .map_or_else(|_| Vec::new(), |all| all.iter().map(|v| v.get()).collect())
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

/// Whether brackets outside strings nest deeper than `limit`.
pub(crate) fn depth_exceeds(value: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in value.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn unreadable(error: &serde_json::Error) -> Unreadable {
    let text = error.to_string();
    if text.starts_with(TOO_MANY) {
        Unreadable::TooMany
    } else if text.starts_with(TOO_DEEP) {
        Unreadable::TooDeep
    } else {
        Unreadable::Syntax(format!("not JSON: {text}"))
    }
}

const TOO_MANY: &str = "more items than a request may have";
const TOO_DEEP: &str = "nested too deep";

struct FieldFn<F>(F);

impl<'a, F: FnMut(Cow<'a, str>, &'a str)> Sink<'a> for FieldFn<F> {
    fn field(&mut self, name: Cow<'a, str>, value: &'a str) {
        (self.0)(name, value);
    }

    fn end(&mut self, _is_object: bool) {}
}

/// Reads a whole array of items.
struct Items<'s, S>(&'s mut S);

impl<'a, S: Sink<'a>> DeserializeSeed<'a> for Items<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a, S: Sink<'a>> Visitor<'a> for Items<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(is_object) = seq.next_element_seed(Fields(&mut *self.0))? {
            count += 1;
            if count > EVENTS_MAX {
                return Err(A::Error::custom(TOO_MANY));
            }
            self.0.end(is_object);
        }
        Ok(())
    }
}

/// Reads one item: the fields of an object go to the sink, anything else is passed over.
struct Fields<'s, S>(&'s mut S);

impl<'a, S: Sink<'a>> DeserializeSeed<'a> for Fields<'_, S> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, S: Sink<'a>> Visitor<'a> for Fields<'_, S> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(name) = map.next_key_seed(Key)? {
            let value: &'a RawValue = map.next_value()?;
            let text = value.get();
            // The document and the item are the two levels around a value.
            if text.starts_with(['{', '[']) && depth_exceeds(text, DEPTH_MAX - 2) {
                return Err(A::Error::custom(TOO_DEEP));
            }
            self.0.field(name, text);
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<bool, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// A field name, borrowed unless it is escaped.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_borrowed_str<E>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
