//! Builds the cubes of lake files with the query engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::datatypes::DataType;
use datafusion::logical_expr::cast;
use datafusion::prelude::{Expr, col, lit};
use purser_domain::usage_query::{Dimension, INPUT_SIZES, Metric};

use super::{HOUR_MICROS, INPUT_SIZE, Shape, store};
use crate::error::Error;
use crate::filter;
use crate::flush::is_due;
use crate::lake::LakeFile;
use crate::query::scan::measures;
use crate::scan::frame;
use crate::shared::Shared;

/// A cube with more cells than this part of the file's rows is not worth its memory …
const ROWS_PER_CELL: u64 = 4;
/// … unless it is small anyway.
const SMALL_CELLS: usize = 4_096;

/// Builds every cube that a file of the lake lacks, as long as there is time, and deletes those of files that are gone.
pub(crate) async fn build_missing(shared: &Shared, has_time: impl Fn() -> bool) -> Result<u64, Error> {
    let _one = shared.cubes.one.lock().await;
    let view = shared.view();
    shared.cubes.retain(&view.lake.files)?;
    let mut built = 0;
    for file in &view.lake.files {
        for shape in store::missing(&shared.cubes, file) {
            if !has_time() {
                return Ok(built);
            }
            build(shared, file, shape).await?;
            built += 1;
        }
    }
    Ok(built)
}

/// Builds cubes once the stream of events has paused: while it flows, files are many and small.
///
/// Appends wait for the flusher, so it stops building as soon as a flush is due.
pub(crate) async fn build_when_idle(shared: &Shared) {
    let view = shared.view();
    let busy = view.tail_rows() * 4 > shared.config.flush_entries;
    if busy || !shared.cubes.begin(view.lake.version) {
        return;
    }
    let built = build_missing(shared, || !is_due(shared)).await;
    // What is cut off by the end is built another time.
    if let Err(error) = built
        && !shared.closing.load(Ordering::Acquire)
    {
        tracing::warn!(%error, "cubes could not be built; queries read rows instead");
    }
}

async fn build(shared: &Shared, file: &Arc<LakeFile>, shape: &'static Shape) -> Result<(), Error> {
    let mut keys: Vec<Expr> = vec![col("tenant_id")];
    if shape.hourly {
        keys.push((cast(col("occurred_at"), DataType::Int64) / lit(HOUR_MICROS)).alias("hour"));
    }
    keys.extend(shape.columns.iter().map(|name| match *name {
        INPUT_SIZE => filter::value(&Dimension::InputSize(INPUT_SIZES.to_vec())).alias(INPUT_SIZE),
        name => col(name),
    }));
    let rows = frame(&shared.lake, vec![file.clone()], Vec::new())?;
    let sums = rows.aggregate(keys, measures(&Metric::all())?)?.collect().await?;
    let Some(schema) = sums.first().map(|batch| batch.schema()) else {
        return shared.cubes.put(file, shape, None);
    };
    let sums = arrow::compute::concat_batches(&schema, &sums)?;
    let cells = sums.num_rows();
    let is_worth_it = cells <= SMALL_CELLS || cells as u64 * ROWS_PER_CELL <= file.rows;
    shared.cubes.put(file, shape, is_worth_it.then_some(&sums))
}
