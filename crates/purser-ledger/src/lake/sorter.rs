//! Inbox batches → rows in the lake's order, day by day.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::{SortColumn, concat, lexsort_to_indices, take};
use arrow::datatypes::Date32Type;

use crate::error::Error;
use crate::layout::Layout;

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

    /// How many days there are.
    pub(crate) fn days(&self) -> usize {
        self.days.len()
    }

    /// A day, and its sorted rows with the columns of a lake file.
    pub(crate) fn day(&self, index: usize) -> Result<(i32, RecordBatch), Error> {
        let (day, start, len) = self.days[index];
        let order = self.order.slice(start, len);
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
