//! Inbox batches → rows in the lake's order, day by day.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{SortColumn, concat, interleave, lexsort_to_indices, take};
use arrow::datatypes::Date32Type;

use crate::error::Error;
use crate::layout::Layout;

/// Rows in the lake's order: by date, tenant, time.
pub(crate) struct Sorter {
    layout: &'static Layout,
    columns: Vec<Vec<ArrayRef>>,
    /// Where each batch begins among all rows.
    starts: Vec<usize>,
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
        let starts = batches.iter().scan(0, |next, batch| {
            let start = *next;
            *next += batch.num_rows();
            Some(start)
        });
        Ok(Self { layout, columns, starts: starts.collect(), order, days })
    }

    /// How many days there are.
    pub(crate) fn days(&self) -> usize {
        self.days.len()
    }

    /// A day, and its sorted rows with the columns of a lake file.
    pub(crate) fn day(&self, index: usize) -> Result<(i32, RecordBatch), Error> {
        let (day, start, len) = self.days[index];
        let order = self.order.slice(start, len);
        let place = |row: &u32| {
            let batch = self.starts.partition_point(|start| *start <= *row as usize) - 1;
            (batch, *row as usize - self.starts[batch])
        };
        let places: Vec<(usize, usize)> = order.values().iter().map(place).collect();
        let columns = (self.layout.schema)()
            .fields()
            .iter()
            .zip(&self.columns)
            .filter(|(field, _)| field.name() != self.layout.date)
            .map(|(field, parts)| match parts.as_slice() {
                [] => Ok(new_null_array(field.data_type(), order.len())),
                [only] => Ok(take(only, &order, None)?),
                // Straight from the batches: rows may be wide, and joining them first would copy them twice.
                parts => Ok(interleave(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &places)?),
            })
            .collect::<Result<Vec<_>, Error>>()?;
        Ok((day, RecordBatch::try_new((self.layout.file_schema)(), columns)?))
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
