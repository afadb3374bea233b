//! Reads OTLP straight from the protobuf wire, copying nothing that is not used.
//! Source: opentelemetry-proto's `trace.proto`, `logs.proto`, `metrics.proto`, `common.proto`.

use std::borrow::Cow;

use super::Signal;
use super::assemble::{Assembler, Item};
use crate::attribute::{Attributes, Names, Value};
use crate::decoded::Unreadable;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
}

/// Walks the fields of one message.
struct Message<'a>(&'a [u8]);

impl<'a> Message<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.0 = &self.0[index + 1..];
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next field's number and value; `None` at the end.
    fn next(&mut self) -> Result<Option<(u64, Wire<'a>)>, Unreadable> {
        if self.0.is_empty() {
            return Ok(None);
        }
        self.field().map(Some).ok_or_else(|| Unreadable::Syntax("not a protobuf OTLP request".to_owned()))
    }

    fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Fixed32
            }
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

/// The bytes of every field `number`.
fn each<'a>(
    message: &'a [u8],
    number: u64,
    mut take: impl FnMut(&'a [u8]) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut fields = Message(message);
    while let Some((field, value)) = fields.next()? {
        if let Wire::Bytes(bytes) = value
            && field == number
        {
            take(bytes)?;
        }
    }
    Ok(())
}

/// Feeds the spans or log records of a request to the assembler.
pub(super) fn read(body: &[u8], signal: Signal, assembler: &mut Assembler) -> Result<(), Unreadable> {
    let mut scratch = Attributes::default();
    each(body, 1, |resource_items| {
        let mut resource = Attributes::default();
        each(resource_items, 1, |bytes| each(bytes, 1, |pair| attribute(pair, Names::Common, &mut resource)))?;
        assembler.resource(&resource);
        each(resource_items, 2, |scope_items| {
            let mut emitter = assembler.scope("");
            each(scope_items, 1, |scope| {
                each(scope, 1, |name| {
                    emitter = assembler.scope(str::from_utf8(name).unwrap_or_default());
                    Ok(())
                })
            })?;
            each(scope_items, 2, |bytes| {
                scratch.clear();
                let item = match signal {
                    Signal::Traces => span(bytes, emitter.names(), &mut scratch)?,
                    Signal::Logs => log(bytes, emitter.names(), &mut scratch)?,
                };
                match signal {
                    Signal::Traces => assembler.span(emitter, &item, &scratch),
                    Signal::Logs => assembler.log(emitter, &item, &scratch),
                }
            })
        })
    })
}

fn span<'a>(bytes: &'a [u8], names: Names, attributes: &mut Attributes<'a>) -> Result<Item<'a>, Unreadable> {
    let mut item = Item::default();
    let mut fields = Message(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Wire::Bytes(id)) => item.trace_id = id.try_into().ok(),
            (2, Wire::Bytes(id)) => item.span_id = id.try_into().ok(),
            (4, Wire::Bytes(id)) => item.parent_span_id = id.try_into().ok(),
            (5, Wire::Bytes(name)) => item.name = str::from_utf8(name).map_or(item.name, Cow::Borrowed),
            (7, Wire::Fixed64(nanos)) => item.start_nanos = nanos,
            (8, Wire::Fixed64(nanos)) => item.end_nanos = nanos,
            (9, Wire::Bytes(pair)) => attribute(pair, names, attributes)?,
            (15, Wire::Bytes(status)) => {
                let mut status = Message(status);
                while let Some(field) = status.next()? {
                    if let (3, Wire::Varint(code)) = field {
                        item.failed = code == 2;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(item)
}

fn log<'a>(bytes: &'a [u8], names: Names, attributes: &mut Attributes<'a>) -> Result<Item<'a>, Unreadable> {
    let mut item = Item::default();
    let mut fields = Message(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Wire::Fixed64(nanos)) => item.start_nanos = nanos,
            (11, Wire::Fixed64(nanos)) => item.end_nanos = nanos,
            (5, Wire::Bytes(body)) if names == Names::ClaudeCode => item.name = claude_name(value(body)?),
            (12, Wire::Bytes(name)) => item.name = str::from_utf8(name).map_or(item.name, Cow::Borrowed),
            (6, Wire::Bytes(pair)) => attribute(pair, names, attributes)?,
            (9, Wire::Bytes(id)) => item.trace_id = id.try_into().ok(),
            (10, Wire::Bytes(id)) => item.span_id = id.try_into().ok(),
            _ => {}
        }
    }
    Ok(item)
}

/// The body of a Claude Code log event is the event's name; anything else is left unread.
pub(super) fn claude_name(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Text(text) if text.starts_with("claude_code.") => text,
        _ => Cow::Borrowed(""),
    }
}

fn attribute<'a>(pair: &'a [u8], names: Names, attributes: &mut Attributes<'a>) -> Result<(), Unreadable> {
    let (mut key, mut bytes) = ("", None);
    let mut fields = Message(pair);
    while let Some(field) = fields.next()? {
        match field {
            (1, Wire::Bytes(name)) => key = str::from_utf8(name).unwrap_or_default(),
            (2, Wire::Bytes(value)) => bytes = Some(value),
            _ => {}
        }
    }
    // A value whose name means nothing is not even parsed: it may be a whole conversation.
    let mut outcome = Ok(());
    attributes.add(names, key, || match bytes.map_or(Ok(Value::Other), value) {
        Ok(value) => value,
        Err(error) => {
            outcome = Err(error);
            Value::Other
        }
    });
    outcome
}

fn value(bytes: &[u8]) -> Result<Value<'_>, Unreadable> {
    let mut found = Value::Other;
    let mut fields = Message(bytes);
    while let Some(field) = fields.next()? {
        found = match field {
            (1, Wire::Bytes(text)) => str::from_utf8(text).map_or(Value::Other, |text| Value::Text(text.into())),
            (2, Wire::Varint(yes)) => Value::Bool(yes != 0),
            (3, Wire::Varint(number)) => Value::Int(number.cast_signed()),
            (4, Wire::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
            (5, Wire::Bytes(array)) => {
                let mut texts = Vec::new();
                each(array, 1, |element| {
                    // One level only: a list of labels, never a tree.
                    each(element, 1, |text| {
                        texts.extend(str::from_utf8(text).map(Cow::Borrowed));
                        Ok(())
                    })
                })?;
                Value::Texts(texts)
            }
            _ => Value::Other,
        };
    }
    Ok(found)
}

/// How many metrics a request holds.
pub(super) fn metrics(body: &[u8]) -> Result<u64, Unreadable> {
    let mut count = 0;
    each(body, 1, |resource| {
        each(resource, 2, |scope| {
            each(scope, 2, |_| {
                count += 1;
                Ok(())
            })
        })
    })?;
    Ok(count)
}
