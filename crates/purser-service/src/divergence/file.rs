//! The samples of a report as files: CSV and Parquet with the same columns.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use purser_domain::divergence::Sample;

use crate::error::Error;

/// `timestamp,input_hash,v1_cost_cents,v2_cost_cents,cost_delta_cents,drift_score,verdict,actual_cents`
#[must_use]
pub fn csv(samples: &[Sample]) -> String {
    let mut csv =
        "timestamp,input_hash,v1_cost_cents,v2_cost_cents,cost_delta_cents,drift_score,verdict,actual_cents\n"
            .to_owned();
    for sample in samples {
        let actual = sample.actual_cents.map(|cents| cents.to_string()).unwrap_or_default();
        // Writing to a string cannot fail; no field holds a comma or a quote.
        let _ = writeln!(
            csv,
            "{},{},{},{},{},{},{},{actual}",
            sample.timestamp,
            sample.input_hash,
            sample.v1_cost_cents,
            sample.v2_cost_cents,
            sample.v2_cost_cents - sample.v1_cost_cents,
            sample.drift_score,
            sample.verdict.name(),
        );
    }
    csv
}

/// The same columns as Parquet; instants in microseconds UTC.
///
/// # Errors
/// Internal: never for a sound build.
pub fn parquet(samples: &[Sample]) -> Result<Vec<u8>, Error> {
    let whole =
        |value: fn(&Sample) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(samples.iter().map(value))) };
    let text =
        |value: fn(&Sample) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(samples.iter().map(value))) };
    let times = samples.iter().map(|sample| sample.timestamp.micros());
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    let drift = Float64Array::from_iter_values(samples.iter().map(|sample| sample.drift_score));
    let actual: Float64Array = samples.iter().map(|sample| sample.actual_cents).collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("timestamp", Arc::new(times) as ArrayRef, false),
        ("input_hash", text(|sample| &sample.input_hash), false),
        ("v1_cost_cents", whole(|sample| sample.v1_cost_cents), false),
        ("v2_cost_cents", whole(|sample| sample.v2_cost_cents), false),
        ("cost_delta_cents", whole(|sample| sample.v2_cost_cents - sample.v1_cost_cents), false),
        ("drift_score", Arc::new(drift), false),
        ("verdict", text(|sample| sample.verdict.name()), false),
        ("actual_cents", Arc::new(actual), true),
    ]);
    let batch = batch.map_err(|error| Error::internal(&error))?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).map_err(|error| Error::internal(&error))?;
    writer.write(&batch).map_err(|error| Error::internal(&error))?;
    writer.close().map_err(|error| Error::internal(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use purser_domain::comparison::Verdict;
    use purser_domain::time::Timestamp;

    use super::*;

    fn sample(actual_cents: Option<f64>) -> Sample {
        Sample {
            timestamp: Timestamp::from_micros(1_795_165_200_000_000),
            input_hash: "ab".to_owned(),
            v1_cost_cents: 5,
            v2_cost_cents: 4,
            drift_score: 0.12,
            verdict: Verdict::MinorDrift,
            actual_cents,
            v2_interval_cents: None,
        }
    }

    #[test]
    fn csv_leaves_an_unknown_actual_empty() {
        let text = csv(&[sample(Some(4.25)), sample(None)]);
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            rows,
            [
                "2026-11-20T09:00:00Z,ab,5,4,-1,0.12,minor_drift,4.25",
                "2026-11-20T09:00:00Z,ab,5,4,-1,0.12,minor_drift,"
            ]
        );
    }

    #[test]
    fn parquet_reads_back() {
        let bytes = parquet(&[sample(Some(4.25)), sample(None)]).expect("it is written");
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(bytes::Bytes::from(bytes), 10);
        let batches: Vec<RecordBatch> = reader.expect("it is Parquet").map(|batch| batch.expect("a batch")).collect();
        assert_eq!((batches[0].num_rows(), batches[0].num_columns()), (2, 8));
        assert_eq!(batches[0].column_by_name("actual_cents").expect("a column").null_count(), 1);
    }
}
