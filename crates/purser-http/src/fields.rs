//! Strict JSON objects: wrong types and unknown fields are refused by name, all errors at once.
//! Invariant: a handler that has called [`Fields::finish`] has looked at every field that was sent.

use std::collections::BTreeMap;
use std::str::FromStr;

use purser_domain::time::{ParseTimestampError, Timestamp};
use purser_domain::unique_json::Unique;
use purser_domain::usage_event::{FieldError, TEXT_MAX};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::body::{Media, Payload};
use crate::failure::{Failure, Reply};

/// The deepest nesting of a JSON body.
const DEPTH_MAX: usize = 32;

/// The fields of a JSON object, taken one by one.
#[derive(Debug)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Reads a JSON object.
    pub(crate) fn read(payload: &Payload) -> Reply<Self> {
        payload.expect(&[Media::Json])?;
        Self::parse(&payload.bytes)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Reply<Self> {
        if is_too_deep(bytes) {
            let detail = format!("the body is nested deeper than {DEPTH_MAX} levels");
            return Err(Failure::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "too-deep", detail));
        }
        let pairs: Pairs = serde_json::from_slice(bytes)
            .map_err(|error| Failure::malformed(format!("the body is not a JSON object: {error}")))?;
        let mut fields = Self { map: Map::new(), errors: Vec::new() };
        for (name, value) in pairs.0 {
            if fields.has(&name) {
                fields.wrong(&name, &value, "given once");
            } else {
                fields.map.insert(name, value);
            }
        }
        Ok(fields)
    }

    /// Notes a refused value.
    pub(crate) fn refuse(&mut self, name: &str, value: &str, reason: impl Into<String>) {
        self.errors.push(FieldError::new(name, value, reason));
    }

    fn wrong(&mut self, name: &str, value: &Value, expected: &str) {
        self.refuse(name, &value.to_string(), format!("must be {expected}"));
    }

    /// Notes refused values.
    pub(crate) fn refuse_all(&mut self, errors: Vec<FieldError>) {
        self.errors.extend(errors);
    }

    /// Any value; `null` counts as absent.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Whether the field is absent or `null`; then it is taken.
    pub(crate) fn is_null(&mut self, name: &str) -> bool {
        let is_null = self.map.get(name).is_none_or(Value::is_null);
        if is_null {
            self.map.remove(name);
        }
        is_null
    }

    /// A number within bounds; `null` counts as absent.
    pub(crate) fn number(&mut self, name: &str, bounds: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(name)?;
        let number = value.as_f64().filter(|number| bounds.contains(number));
        if number.is_none() {
            self.wrong(name, &value, &format!("a number, {} to {}", bounds.start(), bounds.end()));
        }
        number
    }

    /// Whether the field is there, `null` or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Refuses the request if the field is absent.
    pub(crate) fn require(&mut self, name: &str) {
        if !self.has(name) {
            self.refuse(name, "", "is required");
        }
    }

    /// Refuses `null` where a field cannot be cleared.
    pub(crate) fn refuse_null(&mut self, name: &str) {
        if self.map.get(name).is_some_and(Value::is_null) {
            self.map.remove(name);
            self.refuse(name, "null", "cannot be cleared");
        }
    }

    /// A text; `null` counts as absent.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.map.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.len() > TEXT_MAX => {
                self.refuse(name, &text, "is longer than 1 KiB");
                None
            }
            Value::String(text) if text.chars().any(char::is_control) => {
                self.refuse(name, &text, "has control characters");
                None
            }
            Value::String(text) => Some(text),
            other => {
                self.wrong(name, &other, "a string");
                None
            }
        }
    }

    /// A text of any length and with any characters, such as a file; `null` counts as absent.
    pub(crate) fn document(&mut self, name: &str) -> Option<String> {
        match self.map.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => {
                self.wrong(name, &other, "a string");
                None
            }
        }
    }

    /// A list of texts, each read as `T`.
    pub(crate) fn parsed_texts<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut values = Vec::new();
        for (index, text) in self.texts(name).iter().enumerate() {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(reason) => self.refuse(&format!("{name}[{index}]"), text, reason),
            }
        }
        values
    }

    /// A text that must be there and not empty; empty if it was refused.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        let given = self.has(name);
        let errors = self.errors.len();
        let text = self.text(name).unwrap_or_default();
        if self.errors.len() == errors && text.is_empty() {
            self.refuse(name, "", if given { "must not be empty" } else { "is required" });
        }
        text
    }

    /// A text read as `T`.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(name, &text, error.to_string());
                None
            }
        }
    }

    /// An instant with an offset.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name)
    }

    /// An instant with an offset that must be there; [`Timestamp::EARLIEST`] if it was refused.
    pub(crate) fn required_time(&mut self, name: &str) -> Timestamp {
        let text = self.required_text(name);
        text.parse().unwrap_or_else(|error: ParseTimestampError| {
            if !text.is_empty() {
                self.refuse(name, &text, error.to_string());
            }
            Timestamp::EARLIEST
        })
    }

    /// A whole number within bounds.
    pub(crate) fn integer(&mut self, name: &str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        match self.map.remove(name)? {
            Value::Null => None,
            value => match value.as_i64().filter(|number| bounds.contains(number)) {
                Some(number) => Some(number),
                None => {
                    self.wrong(name, &value, &format!("a whole number, {} to {}", bounds.start(), bounds.end()));
                    None
                }
            },
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.map.remove(name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(flag),
            other => {
                self.wrong(name, &other, "true or false");
                None
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) if items.len() <= 100 && items.iter().all(Value::is_string) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(other) => {
                self.wrong(name, &other, "a list of at most 100 strings");
                Vec::new()
            }
        }
    }

    /// A decimal text or a number, as text; it must be there.
    pub(crate) fn decimal(&mut self, name: &str) -> Option<String> {
        match self.map.remove(name) {
            None | Some(Value::Null) => {
                self.refuse(name, "", "is required");
                None
            }
            Some(Value::String(text)) => Some(text),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(other) => {
                self.wrong(name, &other, "a decimal number");
                None
            }
        }
    }

    /// Whether the field, or a part of it, was refused already.
    pub(crate) fn refused(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field == name || error.field.starts_with(&format!("{name}.")))
    }

    /// An object whose values are decimal texts or numbers, as text.
    pub(crate) fn decimals(&mut self, name: &str) -> BTreeMap<String, String> {
        let mut decimals = BTreeMap::new();
        match self.map.remove(name) {
            None | Some(Value::Null) => self.refuse(name, "", "is required"),
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    match value {
                        Value::String(text) => drop(decimals.insert(key, text)),
                        Value::Number(number) => drop(decimals.insert(key, number.to_string())),
                        other => self.wrong(&format!("{name}.{key}"), &other, "a decimal number"),
                    }
                }
            }
            Some(other) => self.wrong(name, &other, "an object of decimal numbers"),
        }
        decimals
    }

    /// Refuses what nobody asked for, and reports every error.
    pub(crate) fn finish(mut self) -> Reply<()> {
        for (name, value) in &self.map {
            self.errors.push(FieldError::new(name.as_str(), &value.to_string(), "is not a field of this request"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Failure::invalid(self.errors)) }
    }
}

/// The fields of an object in order, repeated ones included.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, Unique(value))) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Whether the JSON text nests deeper than allowed; reads brackets outside strings only.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_named_at_once() {
        let mut fields = Fields::parse(br#"{"tag":7,"budget_cents":-1,"extra":true,"at":"2026-01-01T00:00:00"}"#)
            .expect("it is an object");
        fields.required_text("tag");
        fields.integer("budget_cents", 0..=i64::MAX);
        fields.time("at");
        fields.required_text("display_name");
        let failure = fields.finish().expect_err("five bad fields");
        let names: Vec<String> = failure.problem("r").fields.into_iter().map(|field| field.field).collect();
        assert_eq!(names, ["tag", "budget_cents", "at", "display_name", "extra"]);
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let failure = Fields::parse(br#"{"a":"x","a":"y"}"#).and_then(|mut fields| {
            fields.text("a");
            fields.finish()
        });
        let fields = failure.expect_err("a comes twice").problem("r").fields;
        assert_eq!((fields[0].field.as_str(), fields[0].reason.as_str()), ("a", "must be given once"));
        let nested = Fields::parse(br#"{"a":{"b":[{"c":1,"c":2}]}}"#).expect_err("c comes twice");
        assert_eq!(nested.status(), axum::http::StatusCode::BAD_REQUEST);
        assert!(nested.problem("r").detail.contains("\"c\" is given twice"));
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        assert!(!is_too_deep(&[b"[".repeat(32), b"]".repeat(32)].concat()));
        assert!(is_too_deep(&b"[".repeat(33)));
        assert!(!is_too_deep(format!("\"{}\\\"{}\"", "[".repeat(40), "{".repeat(40)).as_bytes()));
    }

    #[test]
    fn anything_but_an_object_is_malformed() {
        for body in ["[]", "1", "", "{", "{\"a\":1}x", "\u{0}"] {
            assert_eq!(Fields::parse(body.as_bytes()).expect_err(body).status(), axum::http::StatusCode::BAD_REQUEST);
        }
    }
}
