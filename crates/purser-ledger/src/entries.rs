//! Reads entries themselves: pages, histories, exports, what has no price, how fresh it is.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::functions_aggregate::expr_fn::{max, min, sum};
use datafusion::logical_expr::cast;
use datafusion::prelude::{col, lit};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use purser_domain::charge::Unpriced;
use purser_domain::entry::{Entry, Kind};
use purser_domain::tenant::TenantId;
use purser_domain::time::{Timestamp, Window};

use crate::entry_filter::{EntryFilter, Page};
use crate::error::Error;
use crate::filter;
use crate::index::Changes;
use crate::lake::LakeFile;
use crate::row::Reader;
use crate::scan::{at, frame};
use crate::shared::Shared;
use crate::view::View;

/// Lake files looked at together when a page is filled.
const FILES_STEP: usize = 8;

fn candidates(view: &View, tenant: &TenantId, filter: &EntryFilter) -> Vec<Arc<LakeFile>> {
    let may_pass = |file: &&Arc<LakeFile>| {
        file.may_hold(tenant.as_str())
            && filter.window.is_none_or(|window| file.touches(&window))
            && filter.as_of.is_none_or(|as_of| file.received.0 <= as_of)
    };
    view.lake.files.iter().filter(may_pass).cloned().collect()
}

fn decode(batches: &[RecordBatch]) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for batch in batches {
        for entry in Reader::new(batch)?.entries() {
            entries.push(entry?);
        }
    }
    Ok(entries)
}

/// One page, newest received first.
pub(crate) async fn page(
    shared: &Shared,
    tenant: &TenantId,
    filter: &EntryFilter,
    page: Page,
) -> Result<Vec<Entry>, Error> {
    let view = shared.fresh_view().await?;
    let mut files = candidates(&view, tenant, filter);
    files.retain(|file| page.before.is_none_or(|before| file.received.0 < before));
    files.sort_by_key(|file| file.received.1);
    let mut condition = filter::entry(tenant, filter);
    if let Some(before) = page.before {
        condition = condition.and(col("received_at").lt(at(before)));
    }
    let mut tail = view.tail.clone();
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let kth = entries.get(page.limit.saturating_sub(1)).map(|entry| entry.received_at);
        let next: Vec<_> = files.split_off(files.len().saturating_sub(FILES_STEP));
        let is_full = kth.is_some_and(|kth| next.iter().all(|file| file.received.1 < kth));
        if (next.is_empty() && tail.is_empty()) || is_full || page.limit == 0 {
            return Ok(entries);
        }
        let rows = frame(&shared.lake, next, std::mem::take(&mut tail))?.filter(condition.clone())?;
        let rows = rows.sort(vec![col("received_at").sort(false, false)])?.limit(0, Some(page.limit))?;
        entries.extend(decode(&rows.collect().await?)?);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.received_at));
        entries.truncate(page.limit);
    }
}

/// The UTC days that an event's rows may lie on; `None` if the index does not know.
fn days_of(
    shared: &Shared,
    view: &View,
    tenant: &TenantId,
    source: Option<&str>,
    event_id: &str,
) -> Result<Option<Vec<i32>>, Error> {
    let index = shared.index.get()?;
    if index.checkpoint()?.seq < view.head.seq {
        return Ok(None);
    }
    let states = match source {
        Some(source) => {
            let key = index.hasher().texts([tenant.as_str(), source, event_id]);
            index.event(&Changes::default(), &key)?.into_iter().collect()
        }
        None => index.events_of_any_source(tenant, event_id)?,
    };
    let moved = states.iter().any(|state| state.moved);
    Ok((!moved).then(|| states.iter().map(|state| state.day).collect()))
}

/// How many entries pass `filter`.
pub(crate) async fn count(shared: &Shared, tenant: &TenantId, filter: &EntryFilter) -> Result<u64, Error> {
    let view = shared.fresh_view().await?;
    let rows = frame(&shared.lake, candidates(&view, tenant, filter), view.tail.clone())?;
    let count = rows.filter(filter::entry(tenant, filter))?.count().await?;
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Every row of an event, oldest received first.
pub(crate) async fn history(
    shared: &Shared,
    tenant: &TenantId,
    source: Option<&str>,
    event_id: &str,
) -> Result<Vec<Entry>, Error> {
    let view = shared.fresh_view().await?;
    let mut files = candidates(&view, tenant, &EntryFilter::default());
    if let Some(days) = days_of(shared, &view, tenant, source, event_id)? {
        match days.as_slice() {
            [] => return Ok(Vec::new()),
            days => files.retain(|file| days.contains(&file.day)),
        }
    }
    let mut condition = vec![col("tenant_id").eq(lit(tenant.as_str())), col("event_id").eq(lit(event_id))];
    condition.extend(source.map(|source| col("source").eq(lit(source))));
    let rows = frame(&shared.lake, files, view.tail.clone())?.filter(filter::all(condition))?;
    let mut entries = decode(&rows.collect().await?)?;
    entries.sort_by_key(|entry| entry.received_at);
    Ok(entries)
}

/// All entries that pass `filter`, in no particular order.
pub(crate) async fn scan(
    shared: &Shared,
    tenant: &TenantId,
    filter: &EntryFilter,
) -> Result<BoxStream<'static, Result<Vec<Entry>, Error>>, Error> {
    let view = shared.fresh_view().await?;
    let rows = frame(&shared.lake, candidates(&view, tenant, filter), view.tail.clone())?;
    let stream = rows.filter(filter::entry(tenant, filter))?.execute_stream().await?;
    Ok(stream.map_err(Error::from).and_then(|batch| async move { decode(&[batch]) }).boxed())
}

/// Usage without a price, most events first.
pub(crate) async fn unpriced(
    shared: &Shared,
    tenant: &TenantId,
    window: Option<Window>,
) -> Result<Vec<Unpriced>, Error> {
    let view = shared.fresh_view().await?;
    let filter = EntryFilter { window, unpriced: true, ..EntryFilter::default() };
    let rows = frame(&shared.lake, candidates(&view, tenant, &filter), view.tail.clone())?;
    let rows = rows.filter(filter::entry(tenant, &filter))?;
    let measures = vec![
        sum(cast(col("charges"), DataType::Int64)).alias("count"),
        min(col("occurred_at")).alias("first"),
        max(col("occurred_at")).alias("last"),
    ];
    let batches = rows.aggregate(vec![col("provider"), col("model"), col("matched")], measures)?.collect().await?;
    let mut found = Vec::new();
    for batch in &batches {
        let text = |column: usize| batch.column(column).as_string::<i32>();
        let time = |column: usize| batch.column(column).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let count = batch.column(3).as_primitive::<Int64Type>().value(row);
            if count > 0 {
                found.push(Unpriced {
                    provider: text(0).value(row).to_owned(),
                    model: text(1).value(row).to_owned(),
                    matched: text(2).value(row).parse().map_err(Error::Corrupt)?,
                    count,
                    first: Timestamp::from_micros(time(4).value(row)),
                    last: Timestamp::from_micros(time(5).value(row)),
                });
            }
        }
    }
    found.sort_by(|a, b| (b.count, &a.provider, &a.model).cmp(&(a.count, &b.provider, &b.model)));
    Ok(found)
}

/// When the tenant's newest event occurred; looks at the newest files first.
pub(crate) async fn freshness(shared: &Shared, tenant: &TenantId) -> Result<Option<Timestamp>, Error> {
    let view = shared.fresh_view().await?;
    let mut files = candidates(&view, tenant, &EntryFilter::default());
    files.sort_by_key(|file| file.occurred.1);
    let mut tail = view.tail.clone();
    let mut newest = None;
    loop {
        let next: Vec<_> = files.split_off(files.len().saturating_sub(FILES_STEP));
        let newer = next.iter().any(|file| Some(file.occurred.1) > newest);
        if !newer && tail.is_empty() {
            return Ok(newest);
        }
        let counted = col("tenant_id").eq(lit(tenant.as_str())).and(col("kind").not_eq(lit(Kind::Reversal.name())));
        let rows = frame(&shared.lake, next, std::mem::take(&mut tail))?.filter(counted)?;
        let batches = rows.aggregate(Vec::new(), vec![max(col("occurred_at"))])?.collect().await?;
        for batch in batches {
            let found = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            newest = newest.max(found.iter().flatten().max().map(Timestamp::from_micros));
        }
    }
}
