//! Bytes: inbox batches as Arrow IPC streams, tags as canonical JSON, hashes of identities and payloads.
//! Invariant: equal payloads give equal bytes, different ones different bytes: every part carries its length.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use purser_domain::usage_event::UsageEvent;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use crate::error::Error;
use crate::schema::{FORMAT_KEY, FORMAT_VERSION, FORMAT_VERSIONS};

/// `batch` as an Arrow IPC stream that names its format version, compressed fast.
pub(crate) fn to_ipc(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    to_ipc_with(batch, CompressionType::LZ4_FRAME)
}

/// The same, compressed as told.
pub(crate) fn to_ipc_with(batch: &RecordBatch, compression: CompressionType) -> Result<Vec<u8>, Error> {
    let metadata = [(FORMAT_KEY.to_owned(), FORMAT_VERSION.to_owned())].into();
    let schema = Arc::new(Schema::new_with_metadata(batch.schema().fields().clone(), metadata));
    let options = IpcWriteOptions::default().try_with_compression(Some(compression))?;
    let mut bytes = Vec::with_capacity(batch.get_array_memory_size() / 4);
    let mut writer = StreamWriter::try_new_with_options(&mut bytes, &schema, options)?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// The batch of an Arrow IPC stream written by [`to_ipc`], of this version or an earlier one.
pub(crate) fn from_ipc(bytes: &[u8]) -> Result<RecordBatch, Error> {
    let reader = StreamReader::try_new(bytes, None)?;
    let schema = reader.schema();
    match schema.metadata().get(FORMAT_KEY).map(String::as_str) {
        Some(version) if FORMAT_VERSIONS.contains(&version) => {}
        other => {
            let known = FORMAT_VERSIONS.join(" or ");
            return Err(Error::Corrupt(format!("an inbox batch has format version {other:?}, not {known}")));
        }
    }
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    let plain = Arc::new(Schema::new(schema.fields().clone()));
    let batch = arrow::compute::concat_batches(&schema, &batches)?;
    Ok(RecordBatch::try_new(plain, batch.columns().to_vec())?)
}

/// Tags as a JSON object, keys ascending.
pub(crate) fn tags_json(tags: &BTreeMap<String, String>) -> String {
    serde_json::to_string(tags).expect("a map of texts always becomes JSON")
}

/// Reads [`tags_json`].
pub(crate) fn tags_from_json(text: &str) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("tags {text:?}: {e}")))
}

/// A value that a column holds as JSON.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("maps and structs with text keys always become JSON")
}

/// Reads [`json`] out of the column `name`.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("{name} {text:?}: {e}")))
}

/// Hashes with a secret of this index, so that nobody can construct two ids with one hash.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    seed: u64,
    bytes: Vec<u8>,
}

impl Hasher {
    /// A hasher for an index with `seed`.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, bytes: Vec::new() }
    }

    /// The hash of texts, each with its length.
    pub(crate) fn texts<const N: usize>(&mut self, texts: [&str; N]) -> [u8; 16] {
        self.bytes.clear();
        for text in texts {
            put(&mut self.bytes, text);
        }
        xxh3_128_with_seed(&self.bytes, self.seed).to_be_bytes()
    }

    /// The hash of texts and numbers.
    pub(crate) fn numbers(&mut self, texts: [&str; 2], numbers: [i128; 3]) -> [u8; 16] {
        self.bytes.clear();
        for text in texts {
            put(&mut self.bytes, text);
        }
        for number in numbers {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        xxh3_128_with_seed(&self.bytes, self.seed).to_be_bytes()
    }

    /// A short hash of a text.
    pub(crate) fn number(&self, text: &str) -> u64 {
        xxh3_64_with_seed(text.as_bytes(), self.seed)
    }

    /// The hash of all of `event`: what makes a repeated id a duplicate or a conflict.
    pub(crate) fn payload(&mut self, event: &UsageEvent) -> u64 {
        self.bytes.clear();
        payload(&mut self.bytes, event);
        xxh3_64_with_seed(&self.bytes, self.seed)
    }
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// Appends every field of `event`.
fn payload(bytes: &mut Vec<u8>, event: &UsageEvent) {
    for text in [&event.event_id, &event.source, &event.provider, &event.model] {
        put(bytes, text);
    }
    bytes.extend_from_slice(&event.occurred_at.micros().to_le_bytes());
    for (index, (_, text)) in event.texts().into_iter().enumerate() {
        if let Some(text) = text {
            bytes.push(u8::try_from(index).unwrap_or(u8::MAX));
            put(bytes, text);
        }
    }
    bytes.push(0xfe);
    for (leaf, quantity) in event.usage.iter() {
        bytes.push(leaf as u8);
        bytes.extend_from_slice(&quantity.to_le_bytes());
    }
    bytes.push(0xfd);
    bytes.push(event.status as u8);
    let numbers =
        [event.attempt.map(i128::from), event.latency_ms.map(i128::from), event.reported_usd.map(|m| m.pico())];
    for (index, number) in numbers.into_iter().enumerate() {
        if let Some(number) = number {
            bytes.push(u8::try_from(index).unwrap_or(u8::MAX));
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    for (key, value) in &event.tags {
        bytes.push(0xfc);
        put(bytes, key);
        put(bytes, value);
    }
    for (name, quantity) in &event.units {
        bytes.push(0xfb);
        put(bytes, name);
        bytes.extend_from_slice(&quantity.micros().to_le_bytes());
    }
    if let Some(window) = event.context_window {
        bytes.push(0xfa);
        put(bytes, &window.to_string());
    }
    if let Some(cost) = &event.foreign_cost {
        bytes.push(0xf9);
        put(bytes, cost);
    }
    if let Some(contradiction) = &event.contradiction {
        bytes.push(0xf8);
        put(bytes, &contradiction.reason);
        for (name, count) in &contradiction.counts {
            put(bytes, name);
            bytes.extend_from_slice(&count.to_le_bytes());
        }
    }
}
