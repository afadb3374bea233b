//! A Parquet file as CSV: bills of clouds come as either.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The rows of a Parquet file as CSV with a header; nested columns as text.
pub(super) fn to_csv(bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))?.build()?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut is_first = true;
    for batch in reader {
        let batch = batch?;
        if std::mem::take(&mut is_first) {
            writer.write_record(batch.schema().fields().iter().map(|field| field.name()))?;
        }
        let options = FormatOptions::default().with_null("");
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            writer.write_record(columns.iter().map(|column| column.value(row).to_string()))?;
        }
    }
    Ok(writer.into_inner()?)
}
