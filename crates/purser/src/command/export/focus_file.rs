//! Writes the rows of a FOCUS export as CSV or Parquet.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use purser_engine::focus::Export;
use purser_engine::focus::row::{COLUMNS, Cell, ColumnKind, Row, Version};

/// Decimals of the numbers in a Parquet file.
const SCALE: u32 = 18;

/// One line per row; null is empty.
pub(super) fn write_csv(export: &Export, version: Version, out: impl Write) -> anyhow::Result<u64> {
    let mut writer = csv::Writer::from_writer(out);
    let columns = version.columns();
    writer.write_record(columns.iter().map(|index| COLUMNS[*index].0))?;
    let mut rows = 0;
    for row in export.rows() {
        writer.write_record(columns.iter().map(|index| shown(&row.cells()[*index])))?;
        rows += 1;
    }
    writer.flush()?;
    Ok(rows)
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(time) => time.to_string(),
    }
}

/// Numbers as decimals of 18 digits after the point, instants as UTC microseconds.
pub(super) fn write_parquet(export: &Export, version: Version, out: impl Write + Send) -> anyhow::Result<u64> {
    let places = version.columns();
    let fields = places.iter().map(|index| COLUMNS[*index]).map(|(name, kind)| Field::new(name, data_type(kind), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))?;
    let mut written = 0;
    let all: Vec<Row> = export.rows().collect();
    for rows in all.chunks(50_000) {
        let columns = places.iter().map(|index| column(rows, *index, COLUMNS[*index].1));
        let batch = RecordBatch::try_new(schema.clone(), columns.collect::<anyhow::Result<Vec<_>>>()?)?;
        writer.write(&batch)?;
        written += rows.len() as u64;
    }
    writer.close()?;
    Ok(written)
}

fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Number => DataType::Decimal128(38, SCALE as i8),
        ColumnKind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

fn column(rows: &[Row], index: usize, kind: ColumnKind) -> anyhow::Result<ArrayRef> {
    let cells = rows.iter().map(|row| &row.cells()[index]);
    Ok(match kind {
        ColumnKind::Text => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            _ => None,
        }))),
        ColumnKind::Number => {
            let digits = cells.map(|cell| match cell {
                Cell::Number(number) => number
                    .at_scale(SCALE)
                    .map(Some)
                    .ok_or_else(|| anyhow::anyhow!("{}: {number} needs more than 18 decimals", COLUMNS[index].0)),
                _ => Ok(None),
            });
            let digits = digits.collect::<anyhow::Result<Vec<Option<i128>>>>()?;
            Arc::new(Decimal128Array::from(digits).with_precision_and_scale(38, SCALE as i8)?)
        }
        ColumnKind::Time => {
            let micros = cells.map(|cell| match cell {
                Cell::Time(time) => Some(time.micros()),
                _ => None,
            });
            Arc::new(TimestampMicrosecondArray::from_iter(micros).with_timezone("UTC"))
        }
    })
}

/// Lists what was left out; returns how many charged events that is.
pub(super) fn write_unpriced(export: &Export, path: Option<&Path>) -> anyhow::Result<i128> {
    if let Some(path) = path {
        let mut writer = csv::Writer::from_writer(super::create(path)?);
        writer.write_record(["period_start", "provider", "model", "reason", "charged_events", "tokens"])?;
        for left in export.unpriced() {
            let numbers = [left.events.to_string(), left.tokens.to_string()];
            writer.write_record([
                left.start.to_string().as_str(),
                &left.provider,
                &left.model,
                left.reason,
                &numbers[0],
                &numbers[1],
            ])?;
        }
        writer.flush()?;
    }
    Ok(export.unpriced().map(|left| left.events).sum())
}
