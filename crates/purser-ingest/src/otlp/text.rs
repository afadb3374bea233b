//! Reads OTLP/JSON: lowerCamelCase or snake_case names, integers as numbers or texts, hex ids.
//! Source: the OTLP specification's "JSON Protobuf Encoding".

use std::borrow::Cow;

use super::Signal;
use super::assemble::{Assembler, Item};
use super::protobuf::claude_name;
use crate::attribute::{Attributes, Names, Value};
use crate::decoded::Unreadable;
use crate::json::{self, Cursor};

type Outcome = Result<(), Unreadable>;

/// What the three levels of a request are called.
struct Levels {
    resources: [&'static str; 2],
    scopes: [&'static str; 2],
    items: [&'static str; 2],
}

const TRACES: Levels = Levels {
    resources: ["resourceSpans", "resource_spans"],
    scopes: ["scopeSpans", "scope_spans"],
    items: ["spans", "spans"],
};

const LOGS: Levels = Levels {
    resources: ["resourceLogs", "resource_logs"],
    scopes: ["scopeLogs", "scope_logs"],
    items: ["logRecords", "log_records"],
};

const METRICS: Levels = Levels {
    resources: ["resourceMetrics", "resource_metrics"],
    scopes: ["scopeMetrics", "scope_metrics"],
    items: ["metrics", "metrics"],
};

/// Feeds the spans or log records of a request to the assembler.
pub(super) fn read(body: &[u8], signal: Signal, assembler: &mut Assembler) -> Outcome {
    let levels = if signal == Signal::Traces { TRACES } else { LOGS };
    let mut cursor = Cursor::new(json::text_of(body)?);
    let mut scratch = Attributes::default();
    cursor.object(|cursor, name| {
        if !levels.resources.contains(&&*name) || cursor.peek() != Some(b'[') {
            return cursor.skip().map(|_| ());
        }
        cursor.array(|cursor| {
            let mut resource = Attributes::default();
            ordered(cursor, "resource", levels.scopes, |cursor, is_scopes| {
                if !is_scopes {
                    return member(cursor, "attributes", &mut |cursor| {
                        read_attributes(cursor, Names::Common, &mut resource)
                    });
                }
                assembler.resource(&resource);
                let mut reader = Reader { signal, levels: &levels, scratch: &mut scratch };
                cursor.array(|cursor| reader.scope(cursor, assembler))
            })
        })
    })?;
    cursor.end()
}

/// Reads the items of the scopes of one resource.
struct Reader<'s, 'a> {
    signal: Signal,
    levels: &'s Levels,
    scratch: &'s mut Attributes<'a>,
}

impl<'a> Reader<'_, 'a> {
    fn scope(&mut self, cursor: &mut Cursor<'a>, assembler: &mut Assembler) -> Outcome {
        let mut emitter = assembler.scope("");
        ordered(cursor, "scope", self.levels.items, |cursor, is_items| {
            if !is_items {
                return member(cursor, "name", &mut |cursor| {
                    emitter = assembler.scope(&json::string(cursor.skip()?).unwrap_or_default());
                    Ok(())
                });
            }
            cursor.array(|cursor| {
                self.scratch.clear();
                let item = item(cursor, self.signal, emitter.names(), self.scratch)?;
                match self.signal {
                    Signal::Traces => assembler.span(emitter, &item, self.scratch),
                    Signal::Logs => assembler.log(emitter, &item, self.scratch),
                }
            })
        })
    }
}

/// Reads an object in which `first` has to be known before the list called `then` is read, whichever
/// comes first in the text. `read` gets the value of either; `true` says that it is the list.
fn ordered<'a>(
    cursor: &mut Cursor<'a>,
    first: &str,
    then: [&str; 2],
    mut read: impl FnMut(&mut Cursor<'a>, bool) -> Outcome,
) -> Outcome {
    let mut first_seen = false;
    let mut waiting = None;
    cursor.object(|cursor, name| {
        let bracket = cursor.peek();
        if name == first && bracket == Some(b'{') && !first_seen {
            first_seen = true;
            read(cursor, false)
        } else if then.contains(&&*name) && bracket == Some(b'[') && first_seen {
            read(cursor, true)
        } else {
            let value = cursor.skip()?;
            if then.contains(&&*name) && bracket == Some(b'[') {
                waiting = Some(value);
            }
            Ok(())
        }
    })?;
    waiting.map_or(Ok(()), |list| read(&mut Cursor::new(list), true))
}

/// Reads one member of an object, passing the others over.
fn member<'a>(cursor: &mut Cursor<'a>, wanted: &str, read: &mut impl FnMut(&mut Cursor<'a>) -> Outcome) -> Outcome {
    cursor.object(|cursor, name| if name == wanted { read(cursor) } else { cursor.skip().map(|_| ()) })
}

fn item<'a>(
    cursor: &mut Cursor<'a>,
    signal: Signal,
    names: Names,
    attributes: &mut Attributes<'a>,
) -> Result<Item<'a>, Unreadable> {
    let mut item = Item::default();
    cursor.object(|cursor, name| {
        if name == "attributes" {
            return read_attributes(cursor, names, attributes);
        }
        let value = cursor.skip()?;
        match (&*name, signal) {
            ("traceId" | "trace_id", _) => item.trace_id = id(value),
            ("spanId" | "span_id", _) => item.span_id = id(value),
            ("parentSpanId" | "parent_span_id", _) => item.parent_span_id = id(value),
            ("startTimeUnixNano" | "start_time_unix_nano", Signal::Traces)
            | ("timeUnixNano" | "time_unix_nano", Signal::Logs) => item.start_nanos = number(value),
            ("endTimeUnixNano" | "end_time_unix_nano", Signal::Traces)
            | ("observedTimeUnixNano" | "observed_time_unix_nano", Signal::Logs) => item.end_nanos = number(value),
            ("status", Signal::Traces) => item.failed = is_error(value),
            ("name", Signal::Traces) => item.name = json::string(value).unwrap_or_default(),
            ("body", Signal::Logs) if names == Names::ClaudeCode => item.name = claude_name(any_value(value)),
            ("eventName" | "event_name", Signal::Logs) => {
                let name = json::string(value).filter(|name| !name.is_empty());
                item.name = name.unwrap_or(std::mem::take(&mut item.name));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(item)
}

fn is_error(status: &str) -> bool {
    let mut failed = false;
    let _ = json::fields(status, |name, code| {
        failed |= name == "code" && matches!(code, "2" | "\"2\"" | "\"STATUS_CODE_ERROR\"");
    });
    failed
}

fn read_attributes<'a>(cursor: &mut Cursor<'a>, names: Names, attributes: &mut Attributes<'a>) -> Outcome {
    if cursor.peek() != Some(b'[') {
        return cursor.skip().map(|_| ());
    }
    cursor.array(|cursor| {
        let (mut key, mut value) = (Cow::Borrowed(""), None);
        if cursor.peek() != Some(b'{') {
            return cursor.skip().map(|_| ());
        }
        cursor.object(|cursor, name| {
            let text = cursor.skip()?;
            match &*name {
                "key" => key = json::string(text).unwrap_or_default(),
                "value" => value = Some(text),
                _ => {}
            }
            Ok(())
        })?;
        // A name that had to be unescaped is none of ours.
        if let Cow::Borrowed(key) = key {
            attributes.add(names, key, || value.map_or(Value::Other, any_value));
        } else {
            attributes.ignored += 1;
        }
        Ok(())
    })
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
            "arrayValue" | "array_value" => Value::Texts(texts(value)),
            _ => Value::Other,
        };
    });
    found
}

/// The texts of an `ArrayValue`; one level only: a list of labels, never a tree.
fn texts(array: &str) -> Vec<Cow<'_, str>> {
    let mut texts = Vec::new();
    let _ = json::fields(array, |name, values| {
        for value in if name == "values" { json::elements(values) } else { Vec::new() } {
            let _ = json::fields(value, |kind, text| {
                if matches!(&*kind, "stringValue" | "string_value") {
                    texts.extend(json::string(text));
                }
            });
        }
    });
    texts
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
    let mut cursor = Cursor::new(json::text_of(body)?);
    let mut count = 0;
    list(&mut cursor, METRICS.resources, &mut |cursor| {
        list(cursor, METRICS.scopes, &mut |cursor| {
            list(cursor, METRICS.items, &mut |cursor| {
                count += 1;
                cursor.skip().map(|_| ())
            })
        })
    })?;
    cursor.end()?;
    Ok(count)
}

/// Reads the elements of one list of an object.
fn list<'a>(cursor: &mut Cursor<'a>, wanted: [&str; 2], take: &mut impl FnMut(&mut Cursor<'a>) -> Outcome) -> Outcome {
    cursor.object(|cursor, name| {
        if wanted.contains(&&*name) && cursor.peek() == Some(b'[') {
            cursor.array(&mut *take)
        } else {
            cursor.skip().map(|_| ())
        }
    })
}
