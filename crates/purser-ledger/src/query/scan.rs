//! The general way to sums: the query engine groups the rows by quarter of an hour and keys.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use datafusion::functions_aggregate::expr_fn::{max, sum};
use datafusion::logical_expr::{cast, when};
use datafusion::prelude::{Expr, col, lit};
use futures::StreamExt;
use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Metric, Query, Totals};

use super::Scope;
use super::fold::{Fold, QUARTER_MICROS};
use crate::error::Error;
use crate::filter;
use crate::lake::LakeFile;
use crate::scan::frame;
use crate::shared::Shared;
use crate::view::TailBatch;

/// Adds the sums over `files` and `tail` to `fold`.
pub(super) async fn sums(
    shared: &Shared,
    scope: Scope<'_>,
    query: &Query,
    files: Vec<Arc<LakeFile>>,
    tail: Vec<Arc<TailBatch>>,
    fold: &mut Fold<'_>,
) -> Result<(), Error> {
    if files.is_empty() && tail.is_empty() {
        return Ok(());
    }
    let conditions = [filter::of_tenant(scope.tenant), filter::in_window(query.window), filter::until(query.as_of)];
    let conditions = conditions.into_iter().flatten().chain(query.filters.iter().map(filter::passes));
    let rows = frame(&shared.lake, files, tail)?.filter(filter::all(conditions))?;
    let mut stream = rows.aggregate(keys(scope, query), measures(&query.metrics)?)?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        read(&batch?, query, fold)?;
    }
    Ok(())
}

fn keys(scope: Scope<'_>, query: &Query) -> Vec<Expr> {
    let mut keys = Vec::new();
    if query.grain.is_some() {
        keys.push((cast(col("occurred_at"), DataType::Int64) / lit(QUARTER_MICROS)).alias("quarter"));
    }
    if scope.by_tenant {
        keys.push(col("tenant_id").alias("key_tenant"));
    }
    let dimensions = query.by.iter().enumerate();
    keys.extend(dimensions.map(|(index, dimension)| filter::value(dimension).alias(format!("key_{index}"))));
    keys
}

/// Cost and coverage, newest time, and the sums behind `metrics`.
pub(crate) fn measures(metrics: &[Metric]) -> Result<Vec<Expr>, Error> {
    let charges = || cast(col("charges"), DataType::Int64);
    let charges_if = |condition: Expr| when(condition, charges()).otherwise(lit(0_i64));
    let mut measures = vec![
        sum(col("cost_usd")).alias("cost"),
        sum(charges()).alias("charged"),
        sum(charges_if(col("cost_usd").is_not_null())?).alias("priced"),
        max(col("occurred_at")).alias("newest"),
    ];
    for metric in metrics {
        match metric {
            Metric::Leaf(leaf) => measures.push(leaf_sum(*leaf)),
            Metric::Requests => measures.push(leaf_sum(Leaf::Requests)),
            Metric::Errors => measures.push(sum(charges_if(col("status").eq(lit("error")))?).alias("errors")),
            Metric::Latency => {
                measures.push(sum(col("latency_ms") * charges()).alias("latency"));
                measures.push(sum(charges_if(col("latency_ms").is_not_null())?).alias("latency_count"));
            }
        }
    }
    let mut names = std::collections::HashSet::new();
    measures.retain(|measure| names.insert(measure.schema_name().to_string()));
    Ok(measures)
}

fn leaf_sum(leaf: Leaf) -> Expr {
    sum(col(leaf.quantity_name())).alias(format!("sum_{}", leaf.name()))
}

/// Adds the groups of an aggregated batch to `fold`.
fn read(batch: &RecordBatch, query: &Query, fold: &mut Fold<'_>) -> Result<(), Error> {
    let quarters = integers(batch, "quarter");
    let mut key_columns = Vec::new();
    for (index, field) in batch.schema().fields().iter().enumerate() {
        if field.name().starts_with("key_") {
            key_columns.push(arrow::compute::cast(batch.column(index), &DataType::Utf8)?);
        }
    }
    let integer = |name: &str| integers(batch, name);
    let leaves = Leaf::ALL.map(|leaf| integer(&format!("sum_{}", leaf.name())));
    let [charged, priced, errors, latency, latency_count] =
        ["charged", "priced", "errors", "latency", "latency_count"].map(integer);
    let cost = batch.column_by_name("cost").and_then(|array| array.as_primitive_opt::<Decimal128Type>()).cloned();
    let newest = batch.column_by_name("newest").and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
    let missing = || Error::Corrupt("a query without its sums".to_owned());
    let (cost, newest) = (cost.ok_or_else(missing)?, newest.ok_or_else(missing)?);
    let at = |column: &Option<arrow::array::Int64Array>, row: usize| {
        column.as_ref().filter(|array| array.is_valid(row)).map_or(0, |array| array.value(row))
    };
    for row in 0..batch.num_rows() {
        if newest.is_null(row) {
            continue;
        }
        let totals = Totals {
            cost: Money::from_pico(if cost.is_valid(row) { cost.value(row) } else { 0 }),
            charged: at(&charged, row),
            priced: at(&priced, row),
            quantities: std::array::from_fn(|leaf| at(&leaves[leaf], row)),
            errors: at(&errors, row),
            latency_ms_sum: at(&latency, row),
            latency_count: at(&latency_count, row),
        };
        let keys = key_columns.iter().map(|column| {
            let texts = column.as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        });
        let bucket = query.grain.and_then(|_| fold.bucket(at(&quarters, row)));
        fold.add(bucket, keys.collect(), &totals, Timestamp::from_micros(newest.value(row)));
    }
    Ok(())
}

fn integers(batch: &RecordBatch, name: &str) -> Option<arrow::array::Int64Array> {
    batch.column_by_name(name)?.as_primitive_opt::<Int64Type>().cloned()
}
