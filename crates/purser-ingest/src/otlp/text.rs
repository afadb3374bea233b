//! Reads OTLP/JSON: lowerCamelCase or snake_case names, integers as numbers or texts, hex ids.
//! Source: the OTLP specification's "JSON Protobuf Encoding".

use std::borrow::Cow;

use super::Signal;
use super::assemble::{Assembler, Item};
use super::protobuf::claude_name;
use crate::attribute::{Attributes, Names, Value};
use crate::decoded::{DEPTH_MAX, Unreadable};
use crate::emitter::Emitter;
use crate::json;

/// Feeds the spans or log records of a request to the assembler.
pub(super) fn read(body: &[u8], signal: Signal, assembler: &mut Assembler) -> Result<(), Unreadable> {
    let text = json::text_of(body)?;
    if json::depth_exceeds(text, DEPTH_MAX) {
        return Err(Unreadable::TooDeep);
    }
    let (outer, middle, inner) = match signal {
        Signal::Traces => (["resourceSpans", "resource_spans"], ["scopeSpans", "scope_spans"], ["spans", "spans"]),
        Signal::Logs => (["resourceLogs", "resource_logs"], ["scopeLogs", "scope_logs"], ["logRecords", "log_records"]),
    };
    let mut scratch = Attributes::default();
    for resource_items in list(text, outer)? {
        let mut resource = Attributes::default();
        if let Some(object) = member(resource_items, ["resource", "resource"])? {
            read_attributes(member(object, ["attributes"; 2])?, Names::Common, &mut resource)?;
        }
        for scope_items in list(resource_items, middle)? {
            let scope = match member(scope_items, ["scope", "scope"])? {
                Some(scope) => member(scope, ["name", "name"])?.and_then(json::string),
                None => None,
            };
            let emitter = Emitter::of_scope(scope.as_deref().unwrap_or_default());
            for text in list(scope_items, inner)? {
                scratch.clear();
                let item = item(text, signal, emitter.names(), &mut scratch)?;
                match signal {
                    Signal::Traces => assembler.span(emitter, &resource, &item, &scratch)?,
                    Signal::Logs => assembler.log(emitter, &resource, &item, &scratch)?,
                }
            }
        }
    }
    Ok(())
}

/// The member of an object called either name.
fn member<'a>(object: &'a str, names: [&str; 2]) -> Result<Option<&'a str>, Unreadable> {
    let mut found = None;
    json::fields(object, |key, value| {
        if names.contains(&&*key) && value != "null" {
            found = Some(value);
        }
    })
    .map_err(|error| Unreadable::Syntax(format!("not JSON: {error}")))?;
    Ok(found)
}

fn list<'a>(object: &'a str, names: [&str; 2]) -> Result<Vec<&'a str>, Unreadable> {
    Ok(member(object, names)?.map(json::elements).unwrap_or_default())
}

fn item<'a>(
    text: &'a str,
    signal: Signal,
    names: Names,
    attributes: &mut Attributes<'a>,
) -> Result<Item<'a>, Unreadable> {
    let mut item = Item::default();
    let mut pairs = None;
    json::fields(text, |key, value| match (&*key, signal) {
        ("traceId" | "trace_id", _) => item.trace_id = id(value),
        ("spanId" | "span_id", _) => item.span_id = id(value),
        ("parentSpanId" | "parent_span_id", _) => item.parent_span_id = id(value),
        ("startTimeUnixNano" | "start_time_unix_nano", Signal::Traces)
        | ("timeUnixNano" | "time_unix_nano", Signal::Logs) => item.start_nanos = number(value),
        ("endTimeUnixNano" | "end_time_unix_nano", Signal::Traces)
        | ("observedTimeUnixNano" | "observed_time_unix_nano", Signal::Logs) => item.end_nanos = number(value),
        ("attributes", _) => pairs = Some(value),
        ("status", Signal::Traces) => {
            let code = member(value, ["code", "code"]).ok().flatten().unwrap_or("0");
            item.failed = matches!(code, "2" | "\"2\"" | "\"STATUS_CODE_ERROR\"");
        }
        ("body", Signal::Logs) if names == Names::ClaudeCode => item.name = claude_name(any_value(value)),
        ("eventName" | "event_name", Signal::Logs) => {
            item.name = json::string(value).filter(|name| !name.is_empty()).unwrap_or(std::mem::take(&mut item.name));
        }
        _ => {}
    })
    .map_err(|error| Unreadable::Syntax(format!("not JSON: {error}")))?;
    read_attributes(pairs, names, attributes)?;
    Ok(item)
}

fn read_attributes<'a>(
    pairs: Option<&'a str>,
    names: Names,
    attributes: &mut Attributes<'a>,
) -> Result<(), Unreadable> {
    for pair in pairs.map(json::elements).unwrap_or_default() {
        let (mut key, mut value) = (Cow::Borrowed(""), None);
        json::fields(pair, |name, text| match &*name {
            "key" => key = json::string(text).unwrap_or_default(),
            "value" => value = Some(text),
            _ => {}
        })
        .map_err(|error| Unreadable::Syntax(format!("not JSON: {error}")))?;
        // A name that had to be unescaped is none of ours.
        if let Cow::Borrowed(key) = key {
            attributes.add(names, key, || value.map_or(Value::Other, any_value));
        } else {
            attributes.ignored += 1;
        }
    }
    Ok(())
}

fn any_value(text: &str) -> Value<'_> {
    let mut found = Value::Other;
    let _ = json::fields(text, |kind, value| {
        found = match &*kind {
            "stringValue" | "string_value" => json::string(value).map_or(Value::Other, Value::Text),
            "boolValue" | "bool_value" => Value::Bool(value == "true"),
            "intValue" | "int_value" => match json::string(value).as_deref().unwrap_or(value).parse() {
                Ok(number) => Value::Int(number),
                Err(_) => value.parse().map_or_else(|_| Value::Text(value.into()), Value::Double),
            },
            "doubleValue" | "double_value" => {
                json::string(value).as_deref().unwrap_or(value).parse().map_or(Value::Other, Value::Double)
            }
            "arrayValue" | "array_value" => {
                let values = member(value, ["values", "values"]).ok().flatten().map(json::elements).unwrap_or_default();
                let texts = values.into_iter().filter_map(|value| match any_value_flat(value) {
                    Value::Text(text) => Some(text),
                    _ => None,
                });
                Value::Texts(texts.collect())
            }
            _ => Value::Other,
        };
    });
    found
}

/// An element of a list: a text, or nothing that is read.
fn any_value_flat(text: &str) -> Value<'_> {
    let mut found = Value::Other;
    let _ = json::fields(text, |kind, value| {
        if let ("stringValue" | "string_value", Some(text)) = (&*kind, json::string(value)) {
            found = Value::Text(text);
        }
    });
    found
}

fn number(value: &str) -> u64 {
    json::string(value).as_deref().unwrap_or(value).parse().unwrap_or(0)
}

/// Reads a hex id of `N` bytes.
fn id<const N: usize>(value: &str) -> Option<[u8; N]> {
    let text = json::string(value)?;
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(id)
}

/// How many metrics a request holds.
pub(super) fn metrics(body: &[u8]) -> Result<u64, Unreadable> {
    let text = json::text_of(body)?;
    let mut count = 0;
    for resource in list(text, ["resourceMetrics", "resource_metrics"])? {
        for scope in list(resource, ["scopeMetrics", "scope_metrics"])? {
            count += list(scope, ["metrics"; 2])?.len() as u64;
        }
    }
    Ok(count)
}
