//! Rows in the lake's order → a Parquet file.
//!
//! Encodings: values that hardly repeat (ids, times) go without dictionaries, times as deltas, the rest by dictionary;
//! zstd over all of it; row groups small enough to prune by tenant and hour.
//! Invariant: a file is encoded batch by batch, so a large one takes the memory of a row group, not of its rows.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use deltalake_core::kernel::Add;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use purser_domain::time::Timestamp;

use super::snapshot::FileStats;
use super::{Lake, file_name};
use crate::error::Error;
use crate::layout::Layout;

/// How many of a file's row groups a look-up may read in vain.
const FALSE_POSITIVES: f64 = 0.01;

/// A file that is being written.
pub(crate) struct FileWriter {
    layout: &'static Layout,
    writer: ArrowWriter<Vec<u8>>,
    rows: usize,
    /// The first tenant and the last.
    tenants: Option<(String, String)>,
    /// The first and the last time, by column.
    times: BTreeMap<&'static str, (i64, i64)>,
    nulls: BTreeMap<&'static str, u64>,
}

/// A file that is not stored yet.
pub(crate) struct File {
    bytes: Vec<u8>,
    /// For the Delta log.
    stats: String,
}

impl FileWriter {
    /// An empty file.
    pub(crate) fn new(layout: &'static Layout) -> Result<Self, Error> {
        let writer = ArrowWriter::try_new(Vec::new(), (layout.file_schema)(), Some(properties(layout)?))?;
        Ok(Self { layout, writer, rows: 0, tenants: None, times: BTreeMap::new(), nulls: BTreeMap::new() })
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows, which follow those before them in the lake's order.
    pub(crate) fn with(mut self, rows: &RecordBatch) -> Result<Self, Error> {
        let Some(last) = rows.num_rows().checked_sub(1) else { return Ok(self) };
        self.writer.write(rows)?;
        self.rows += rows.num_rows();
        let column = |name: &str| {
            rows.column_by_name(name).ok_or_else(|| Error::Corrupt(format!("rows without {name} for the lake")))
        };
        let tenants = column("tenant_id")?.as_string::<i32>();
        let first = self.tenants.take().map_or_else(|| tenants.value(0).to_owned(), |(first, _)| first);
        self.tenants = Some((first, tenants.value(last).to_owned()));
        for name in [self.layout.time, "received_at"] {
            for at in column(name)?.as_primitive::<TimestampMicrosecondType>().values() {
                let (min, max) = self.times.entry(name).or_insert((*at, *at));
                (*min, *max) = ((*min).min(*at), (*max).max(*at));
            }
        }
        for name in self.layout.order() {
            *self.nulls.entry(name).or_default() += column(name)?.null_count() as u64;
        }
        Ok(self)
    }

    /// The whole file.
    pub(crate) fn finish(self) -> Result<File, Error> {
        let time = |micros: i64| Timestamp::from_micros(micros).to_string();
        let tenants = self.tenants.ok_or_else(|| Error::Corrupt("an empty lake file".to_owned()))?;
        let times = self.times.into_iter().map(|(name, (min, max))| (name, (time(min), time(max))));
        let (min_values, max_values) = times
            .chain([("tenant_id", tenants)])
            .map(|(name, (min, max))| ((name.to_owned(), min), (name.to_owned(), max)))
            .unzip();
        let null_count = self.nulls.into_iter().map(|(name, nulls)| (name.to_owned(), nulls)).collect();
        let stats = FileStats { num_records: self.rows as u64, min_values, max_values, null_count };
        let stats = serde_json::to_string(&stats).map_err(|e| Error::Corrupt(e.to_string()))?;
        Ok(File { bytes: self.writer.into_inner()?, stats })
    }
}

impl Lake {
    /// Stores a file of one day; it is not part of the table before a commit.
    pub(crate) async fn put_file(&self, day: i32, file: File, seq: i64, now: Timestamp) -> Result<Add, Error> {
        let File { bytes, stats } = file;
        let date = day_text(day);
        let path = file_name::new(self.layout.date, &date, seq);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.objects.put(&Path::from(path.as_str()), bytes.into()).await?;
        Ok(Add {
            path,
            partition_values: HashMap::from([(self.layout.date.to_owned(), Some(date))]),
            size,
            modification_time: now.micros() / 1_000,
            data_change: true,
            stats: Some(stats),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }
}

/// `day` as a partition value: `2026-11-20`.
fn day_text(day: i32) -> String {
    let at = Timestamp::from_micros(i64::from(day) * 86_400_000_000);
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

fn properties(layout: &Layout) -> Result<WriterProperties, Error> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(layout.row_group_rows))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("purser".to_owned());
    for name in layout.random_texts {
        let column = ColumnPath::from(*name);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
    for name in layout.rising {
        let column = ColumnPath::from(*name);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    for name in layout.looked_up {
        let column = ColumnPath::from(*name);
        builder = builder
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_fpp(column.clone(), FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(column, layout.row_group_rows as u64);
    }
    for name in layout.order() {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    Ok(builder.build())
}
