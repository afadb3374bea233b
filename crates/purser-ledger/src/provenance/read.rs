//! Questions about provenance, over the table at one version and the inbox batches after it.
//! Invariant: every question is one tenant's.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::functions_aggregate::expr_fn::{count, max, min, stddev, sum};
use datafusion::logical_expr::cast;
use datafusion::prelude::{DataFrame, Expr, col, lit};
use purser_domain::money::Money;
use purser_domain::provenance::{Chained, Drift, Filter, Hash, Page, RecordId, Variant};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;

use super::row;
use crate::error::Error;
use crate::filter::all;
use crate::lake::LakeFile;
use crate::log::Log;
use crate::scan::{at, frame};
use crate::view::View;

/// Lake files looked at together when a page is filled.
const FILES_STEP: usize = 8;

fn candidates(view: &View, tenant: &TenantId, filter: &Filter) -> Vec<Arc<LakeFile>> {
    let may_pass = |file: &&Arc<LakeFile>| {
        file.may_hold(tenant.as_str())
            && filter.start.is_none_or(|start| start <= file.occurred.1)
            && filter.end.is_none_or(|end| file.occurred.0 <= end)
    };
    view.lake.files.iter().filter(may_pass).cloned().collect()
}

fn condition(tenant: &TenantId, filter: &Filter) -> Expr {
    let is = |name: &str, value: Option<String>| value.map(|value| col(name).eq(lit(value)));
    let parts = [
        Some(col("tenant_id").eq(lit(tenant.as_str()))),
        is("variant", filter.variant.map(|variant| variant.name().to_owned())),
        is("source", filter.source.map(|source| source.name().to_owned())),
        is("status", filter.status.map(|status| status.name().to_owned())),
        is("input_hash", filter.input_hash.map(|hash| hash.to_string())),
        is("run_id", filter.run_id.clone()),
        filter.start.map(|start| col("created_at").gt_eq(at(start))),
        filter.end.map(|end| col("created_at").lt_eq(at(end))),
    ];
    all(parts.into_iter().flatten())
}

/// The rows of `tenant` that pass `filter`.
fn rows(log: &Log, view: &View, tenant: &TenantId, filter: &Filter) -> Result<DataFrame, Error> {
    let rows = frame(&log.lake, candidates(view, tenant, filter), view.tail.clone())?;
    Ok(rows.filter(condition(tenant, filter))?)
}

fn decode(batches: &[RecordBatch]) -> Result<Vec<Chained>, Error> {
    let mut records = Vec::new();
    for batch in batches {
        records.append(&mut row::read(batch)?);
    }
    Ok(records)
}

/// What of a page's records is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// All but inputs and output, which are empty.
    Outline,
    /// Everything.
    Whole,
}

/// One page, newest first: by when it was run, then by when it was stored.
///
/// Which records are on it is found without their payloads, however far down it lies: wide rows are never sorted.
pub(super) async fn page(
    log: &Log,
    tenant: &TenantId,
    filter: &Filter,
    page: Page,
    depth: Depth,
) -> Result<Vec<Chained>, Error> {
    let view = log.fresh_view().await?;
    let keys = keys(log, &view, tenant, filter, page).await?;
    let Some((first, last)) = keys.last().zip(keys.first()) else { return Ok(Vec::new()) };
    let span = Filter { start: Some(first.0), end: Some(last.0), ..filter.clone() };
    let received = keys.iter().map(|key| at(key.1)).collect();
    let mut found = rows(log, &view, tenant, &span)?.filter(col("received_at").in_list(received, false))?;
    if depth == Depth::Outline {
        found = found.with_column("inputs", lit(""))?.with_column("output", lit(""))?;
    }
    let mut records = decode(&found.collect().await?)?;
    records.sort_by_key(|chained| std::cmp::Reverse((chained.record.created_at, chained.received_at)));
    Ok(records)
}

/// When a record was run, and when it was stored, which no two records share.
type Key = (Timestamp, Timestamp);

/// The keys of a page's records, in its order.
async fn keys(log: &Log, view: &View, tenant: &TenantId, filter: &Filter, page: Page) -> Result<Vec<Key>, Error> {
    let mut files = candidates(view, tenant, filter);
    let rows = files.iter().map(|file| file.rows).sum::<u64>() as usize + view.tail_rows();
    let wanted = page.offset.saturating_add(page.limit).min(rows);
    files.sort_by_key(|file| file.occurred.1);
    let mut tail = view.tail.clone();
    let mut keys: Vec<Key> = Vec::new();
    loop {
        let last = keys.get(wanted.saturating_sub(1)).map(|key| key.0);
        let next: Vec<_> = files.split_off(files.len().saturating_sub(FILES_STEP));
        let is_full = last.is_some_and(|last| next.iter().all(|file| file.occurred.1 < last));
        if (next.is_empty() && tail.is_empty()) || is_full || wanted <= page.offset {
            return Ok(keys.into_iter().skip(page.offset).take(page.limit).collect());
        }
        let found = frame(&log.lake, next, std::mem::take(&mut tail))?.filter(condition(tenant, filter))?;
        let found = found.select(vec![col("created_at"), col("received_at")])?;
        let newest = vec![col("created_at").sort(false, false), col("received_at").sort(false, false)];
        for batch in found.sort(newest)?.limit(0, Some(wanted))?.collect().await? {
            let [created, received] =
                [0, 1].map(|column| batch.column(column).as_primitive::<TimestampMicrosecondType>().clone());
            let both = created.values().iter().zip(received.values());
            keys.extend(
                both.map(|(created, received)| (Timestamp::from_micros(*created), Timestamp::from_micros(*received))),
            );
        }
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        keys.truncate(wanted);
    }
}

/// The record with that id.
pub(super) async fn get(log: &Log, tenant: &TenantId, id: RecordId) -> Result<Option<Chained>, Error> {
    let view = log.fresh_view().await?;
    let found = rows(log, &view, tenant, &Filter::default())?.filter(col("id").eq(lit(id.to_string())))?;
    Ok(decode(&found.limit(0, Some(1))?.collect().await?)?.pop())
}

/// How many records pass.
pub(super) async fn total(log: &Log, tenant: &TenantId, filter: &Filter) -> Result<u64, Error> {
    let view = log.fresh_view().await?;
    Ok(rows(log, &view, tenant, filter)?.count().await? as u64)
}

/// Statistics of the deltas of the records that pass.
pub(super) async fn drift(log: &Log, tenant: &TenantId, filter: &Filter) -> Result<Drift, Error> {
    let view = log.fresh_view().await?;
    // The chain covers the costs and not the stored delta.
    let delta = || col("v2_cost_usd") - col("v1_cost_usd");
    let measures = vec![
        count(delta()).alias("total"),
        sum(delta()).alias("sum"),
        min(delta()).alias("min"),
        max(delta()).alias("max"),
        stddev(cast(delta(), DataType::Float64)).alias("stddev"),
    ];
    let found = rows(log, &view, tenant, filter)?.aggregate(Vec::new(), measures)?.collect().await?;
    let Some(batch) = found.iter().find(|batch| batch.num_rows() > 0) else { return Ok(Drift::default()) };
    let money = |column: usize| {
        let column = batch.column(column).as_primitive::<Decimal128Type>();
        Money::from_pico(if column.is_valid(0) { column.value(0) } else { 0 })
    };
    let stddev = batch.column(4).as_primitive::<Float64Type>();
    let total = u64::try_from(batch.column(0).as_primitive::<Int64Type>().value(0)).unwrap_or_default();
    Ok(Drift::new(total, money(1), money(2), money(3), stddev.is_valid(0).then(|| stddev.value(0))))
}

/// Which of `hashes` a record of `variant` has.
pub(super) async fn known_inputs(
    log: &Log,
    view: &View,
    tenant: &TenantId,
    variant: Variant,
    hashes: &HashSet<Hash>,
) -> Result<HashSet<Hash>, Error> {
    let filter = Filter { variant: Some(variant), ..Filter::default() };
    let these = hashes.iter().map(|hash| lit(hash.to_string())).collect();
    let found = rows(log, view, tenant, &filter)?.filter(col("input_hash").in_list(these, false))?;
    let found = found.select(vec![col("input_hash")])?.distinct()?;
    texts(&found.collect().await?)
}

/// The ids of the records of `tenant` that were run from `first` to `last`.
pub(super) async fn ids_between(
    log: &Log,
    view: &View,
    tenant: &TenantId,
    (first, last): (Timestamp, Timestamp),
) -> Result<HashSet<RecordId>, Error> {
    let filter = Filter { start: Some(first), end: Some(last), ..Filter::default() };
    texts(&rows(log, view, tenant, &filter)?.select(vec![col("id")])?.collect().await?)
}

fn texts<T>(batches: &[RecordBatch]) -> Result<HashSet<T>, Error>
where
    T: std::str::FromStr<Err = String> + Eq + std::hash::Hash,
{
    let texts = batches.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten());
    texts.map(|text| text.parse().map_err(Error::Corrupt)).collect()
}
