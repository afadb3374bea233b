//! Rows → sorted Parquet files, one per day and chunk.
//!
//! Encodings: values that hardly repeat (ids, times) go without dictionaries, times as deltas, the rest by dictionary;
//! zstd over all of it; row groups small enough to prune by tenant and hour.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{SortColumn, concat, lexsort_to_indices, take};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
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

/// Rows in the lake's order: by date, tenant, time.
pub(crate) struct Sorter {
    layout: &'static Layout,
    columns: Vec<Vec<ArrayRef>>,
    order: UInt32Array,
    days: Vec<(i32, usize, usize)>,
}

impl Sorter {
    /// Sorts the rows of `batches`, which may lack columns.
    pub(crate) fn new(layout: &'static Layout, batches: &[RecordBatch]) -> Result<Self, Error> {
        let schema = (layout.schema)();
        let columns: Vec<Vec<ArrayRef>> = schema
            .fields()
            .iter()
            .map(|field| {
                let present = batches.iter().any(|batch| batch.column_by_name(field.name()).is_some());
                let or_null = |batch: &RecordBatch| match batch.column_by_name(field.name()) {
                    Some(array) if array.data_type() == field.data_type() => Ok(array.clone()),
                    Some(array) => arrow::compute::cast(array, field.data_type()),
                    None => Ok(new_null_array(field.data_type(), batch.num_rows())),
                };
                if present { batches.iter().map(or_null).collect() } else { Ok(Vec::new()) }
            })
            .collect::<Result<_, _>>()?;
        let sort_column = |name: &str| -> Result<SortColumn, Error> {
            Ok(SortColumn { values: joined(&columns[schema.index_of(name)?])?, options: None })
        };
        let by = [layout.date].into_iter().chain(layout.order());
        let by: Vec<SortColumn> = by.map(sort_column).collect::<Result<_, _>>()?;
        let order = lexsort_to_indices(&by, None)?;
        let dates = take(&by[0].values, &order, None)?;
        let days = runs(dates.as_primitive::<Date32Type>().values());
        Ok(Self { layout, columns, order, days })
    }

    /// The sorted rows, a batch per day, with the columns of a lake file.
    pub(crate) fn days(&self) -> impl Iterator<Item = Result<(i32, RecordBatch), Error>> + '_ {
        self.days.iter().map(|(day, start, len)| {
            let order = self.order.slice(*start, *len);
            let columns = (self.layout.schema)()
                .fields()
                .iter()
                .zip(&self.columns)
                .filter(|(field, _)| field.name() != self.layout.date)
                .map(|(field, parts)| match parts.is_empty() {
                    true => Ok(new_null_array(field.data_type(), order.len())),
                    false => Ok(take(&joined(parts)?, &order, None)?),
                })
                .collect::<Result<Vec<_>, Error>>()?;
            Ok((*day, RecordBatch::try_new((self.layout.file_schema)(), columns)?))
        })
    }
}

fn joined(parts: &[ArrayRef]) -> Result<ArrayRef, Error> {
    match parts {
        [only] => Ok(only.clone()),
        parts => Ok(concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())?),
    }
}

/// (value, start, length) of each run of equal values.
fn runs(values: &[i32]) -> Vec<(i32, usize, usize)> {
    let mut start = 0;
    values
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let first = start;
            start += run.len();
            (run[0], first, run.len())
        })
        .collect()
}

/// `day` as a partition value: `2026-11-20`.
fn day_text(day: i32) -> String {
    let at = Timestamp::from_micros(i64::from(day) * 86_400_000_000);
    at.to_jiff().to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

impl Lake {
    /// Writes the rows of one day, in the lake's order, as one file; it is not part of the table before a commit.
    pub(crate) async fn write_file(
        &self,
        day: i32,
        rows: &[RecordBatch],
        seq: i64,
        now: Timestamp,
    ) -> Result<Add, Error> {
        let (layout, rows_owned) = (self.layout, rows.to_vec());
        let encoded = tokio::task::spawn_blocking(move || encode(layout, &rows_owned));
        let bytes = encoded.await.map_err(|e| Error::Corrupt(format!("the writer failed: {e}")))??;
        let date = day_text(day);
        let path = file_name::new(layout.date, &date, seq);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.objects.put(&Path::from(path.as_str()), bytes.into()).await?;
        Ok(Add {
            path,
            partition_values: HashMap::from([(layout.date.to_owned(), Some(date))]),
            size,
            modification_time: now.micros() / 1_000,
            data_change: true,
            stats: Some(stats(layout, rows)?),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }
}

fn encode(layout: &Layout, batches: &[RecordBatch]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, (layout.file_schema)(), Some(properties(layout)?))?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(bytes)
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

/// The statistics of a file for the Delta log.
fn stats(layout: &Layout, rows: &[RecordBatch]) -> Result<String, Error> {
    let missing = || Error::Corrupt("an empty lake file".to_owned());
    let (first, last) =
        rows.first().zip(rows.last()).filter(|_| rows.iter().all(|b| b.num_rows() > 0)).ok_or_else(missing)?;
    let tenant = |batch: &RecordBatch, row: usize| {
        batch.column_by_name("tenant_id").map(|a| a.as_string::<i32>().value(row).to_owned())
    };
    let bounds = |name: &str| -> Option<(String, String)> {
        let mut bounds: Option<(i64, i64)> = None;
        for batch in rows {
            for at in batch.column_by_name(name)?.as_primitive::<TimestampMicrosecondType>().values() {
                let (min, max) = bounds.get_or_insert((*at, *at));
                (*min, *max) = ((*min).min(*at), (*max).max(*at));
            }
        }
        bounds.map(|(min, max)| (Timestamp::from_micros(min).to_string(), Timestamp::from_micros(max).to_string()))
    };
    let times = [layout.time, "received_at"].map(|name| Some((name, bounds(name)?)));
    let tenants = tenant(first, 0).zip(tenant(last, last.num_rows() - 1)).map(|tenants| ("tenant_id", tenants));
    let bounds: Option<Vec<_>> = times.into_iter().chain([tenants]).collect();
    let (min_values, max_values) = bounds
        .ok_or_else(missing)?
        .into_iter()
        .map(|(name, (min, max))| ((name.to_owned(), min), (name.to_owned(), max)))
        .unzip();
    let nulls = |name: &str| rows.iter().filter_map(|b| b.column_by_name(name)).map(|a| a.null_count()).sum::<usize>();
    let stats = FileStats {
        num_records: rows.iter().map(|batch| batch.num_rows() as u64).sum(),
        min_values,
        max_values,
        null_count: layout.order().iter().map(|name| ((*name).to_owned(), nulls(name) as u64)).collect(),
    };
    serde_json::to_string(&stats).map_err(|e| Error::Corrupt(e.to_string()))
}
