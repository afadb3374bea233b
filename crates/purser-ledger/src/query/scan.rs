//! The general way to sums: the query engine groups the rows by quarter of an hour and keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, TimestampMicrosecondType};
use datafusion::functions_aggregate::expr_fn::{max, sum};
use datafusion::logical_expr::{cast, when};
use datafusion::prelude::{DataFrame, Expr, col, lit};
use futures::StreamExt;
use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::unit::Units;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::{Metric, Query, Totals};

use super::Scope;
use super::fold::{Fold, QUARTER_MICROS};
use crate::error::Error;
use crate::filter;
use crate::lake::LakeFile;
use crate::scan::frame;
use crate::schema::AMOUNT;
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
    let mut stream = rows.clone().aggregate(keys(scope, query), measures(&query.metrics)?)?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        read(&batch?, query, fold)?;
    }
    if query.metrics.contains(&Metric::Units) { units(rows, scope, query, fold).await } else { Ok(()) }
}

/// Adds the sums of units: rows with the same units are counted, each with its sign, before their text is read.
async fn units(rows: DataFrame, scope: Scope<'_>, query: &Query, fold: &mut Fold<'_>) -> Result<(), Error> {
    let mut keys = keys(scope, query);
    keys.push(col("units").alias("units"));
    let signs = sum(cast(col("charges"), DataType::Int64)).alias("signs");
    let counted = rows.filter(col("units").is_not_null())?;
    let measures = vec![signs, max(col("occurred_at")).alias("newest")];
    let mut stream = counted.aggregate(keys, measures)?.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let groups = Groups::of(&batch)?;
        let signs = integers(&batch, "signs").ok_or_else(missing)?;
        let texts = batch.column_by_name("units").ok_or_else(missing)?;
        let texts = arrow::compute::cast(texts, &DataType::Utf8)?;
        for row in 0..batch.num_rows() {
            let known: Units = crate::codec::from_json("units", texts.as_string::<i32>().value(row))?;
            let mut totals = Totals::default();
            for (unit, quantity) in known {
                totals.add_unit(&unit, i128::from(quantity.micros()) * i128::from(signs.value(row)));
            }
            groups.add(row, query, fold, &totals);
        }
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
            Metric::RatedUsd => measures.push(sum(col("rated_usd")).alias("rated")),
            Metric::ReportedUsd => measures.push(sum(col("reported_usd")).alias("reported")),
            Metric::RatedMinusReportedUsd => {
                // Null where either is null.
                let difference = col("rated_usd") - col("reported_usd");
                measures.push(sum(cast(difference, AMOUNT)).alias("difference"));
                let both = col("rated_usd").is_not_null().and(col("reported_usd").is_not_null());
                measures.push(sum(charges_if(both)?).alias("compared"));
            }
            // Summed by a question of their own: `units`.
            Metric::Units => {}
        }
    }
    let mut names = std::collections::HashSet::new();
    measures.retain(|measure| names.insert(measure.schema_name().to_string()));
    Ok(measures)
}

fn leaf_sum(leaf: Leaf) -> Expr {
    sum(col(leaf.quantity_name())).alias(format!("sum_{}", leaf.name()))
}

/// The groups of an aggregated batch: bucket, keys and newest time of each row.
struct Groups {
    quarters: Option<Int64Array>,
    keys: Vec<ArrayRef>,
    newest: TimestampMicrosecondArray,
}

impl Groups {
    fn of(batch: &RecordBatch) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for (index, field) in batch.schema().fields().iter().enumerate() {
            if field.name().starts_with("key_") {
                keys.push(arrow::compute::cast(batch.column(index), &DataType::Utf8)?);
            }
        }
        let newest = batch.column_by_name("newest").and_then(|a| a.as_primitive_opt::<TimestampMicrosecondType>());
        Ok(Self { quarters: integers(batch, "quarter"), keys, newest: newest.ok_or_else(missing)?.clone() })
    }

    /// Adds the sums of `row` to `fold`, unless it is the one row of a question that met none.
    fn add(&self, row: usize, query: &Query, fold: &mut Fold<'_>, totals: &Totals) {
        if self.newest.is_null(row) {
            return;
        }
        let keys = self.keys.iter().map(|column| {
            let texts = column.as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        });
        let bucket = query.grain.and_then(|_| fold.bucket(at(&self.quarters, row)));
        fold.add(bucket, keys.collect(), totals, Timestamp::from_micros(self.newest.value(row)));
    }
}

/// Adds the groups of an aggregated batch to `fold`.
fn read(batch: &RecordBatch, query: &Query, fold: &mut Fold<'_>) -> Result<(), Error> {
    let groups = Groups::of(batch)?;
    let integer = |name: &str| integers(batch, name);
    let leaves = Leaf::ALL.map(|leaf| integer(&format!("sum_{}", leaf.name())));
    let [charged, priced, errors, latency, latency_count, compared] =
        ["charged", "priced", "errors", "latency", "latency_count", "compared"].map(integer);
    let [cost, rated, reported, difference] = ["cost", "rated", "reported", "difference"]
        .map(|name| batch.column_by_name(name)?.as_primitive_opt::<Decimal128Type>().cloned());
    if cost.is_none() {
        return Err(missing());
    }
    let money = |column: &Option<Decimal128Array>, row: usize| {
        Money::from_pico(column.as_ref().filter(|array| array.is_valid(row)).map_or(0, |array| array.value(row)))
    };
    for row in 0..batch.num_rows() {
        let totals = Totals {
            cost: money(&cost, row),
            charged: at(&charged, row),
            priced: at(&priced, row),
            quantities: std::array::from_fn(|leaf| at(&leaves[leaf], row)),
            errors: at(&errors, row),
            latency_ms_sum: at(&latency, row),
            latency_count: at(&latency_count, row),
            rated: money(&rated, row),
            reported: money(&reported, row),
            difference: money(&difference, row),
            compared: at(&compared, row),
            ..Totals::default()
        };
        groups.add(row, query, fold, &totals);
    }
    Ok(())
}

fn missing() -> Error {
    Error::Corrupt("a query without its sums".to_owned())
}

/// The number of a row; 0 if there is none.
fn at(column: &Option<Int64Array>, row: usize) -> i64 {
    column.as_ref().filter(|array| array.is_valid(row)).map_or(0, |array| array.value(row))
}

fn integers(batch: &RecordBatch, name: &str) -> Option<Int64Array> {
    batch.column_by_name(name)?.as_primitive_opt::<Int64Type>().cloned()
}
