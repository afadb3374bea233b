//! Chains records, encodes them and commits them as one inbox batch.
//! Invariant: the batch is committed after the head that its chains and its checks were read at, or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::RecordBatch;
use arrow::ipc::CompressionType;
use purser_domain::provenance::{ChainHead, Chained, Record};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_store::inbox::{Append, NewBatch};

use super::{Unless, read, row};
use crate::codec;
use crate::error::Error;
use crate::log::Log;
use crate::view::{TailBatch, View};

/// The most payload bytes of one batch.
pub(super) const BATCH_BYTES_MAX: usize = 256 << 20;

/// Stores `records` in one transaction and says which of them: all, but for those that `unless` leaves out. What failed
/// leaves them where they are, unless it panicked; what did not leaves none.
pub(super) async fn append(log: &Log, records: &mut Vec<Record>, unless: Unless) -> Result<Vec<bool>, Error> {
    let bytes = records.iter().map(Record::payload_bytes).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(Error::TooLarge { bytes, limit: BATCH_BYTES_MAX });
    }
    log.await_room().await?;
    loop {
        let head = log.head().await?;
        let kept = keep(log, &log.view(), records, unless).await?;
        if !kept.contains(&true) {
            records.clear();
            return Ok(kept);
        }
        let taken = records.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(record, _)| &record.tenant);
        let heads = log.store.provenance().heads(taken).await?;
        let first = (log.config.clock)().max(head.received_through.plus_micros(1));
        let (flags, moved) = (kept.clone(), std::mem::take(records));
        let (back, encoded) = log.heavy(move || encode(moved, &flags, heads, first)).await?;
        *records = back;
        let encoded = encoded?;
        let (bytes, rows) = (encoded.payload.len(), encoded.rows);
        let batch = NewBatch {
            payload: encoded.payload,
            entries: u32::try_from(rows.num_rows()).unwrap_or(u32::MAX),
            first_received: first,
            last_received: encoded.last,
        };
        let appended = log.inbox().append_chained(&head, batch, &encoded.heads).await;
        match appended.inspect_err(|_| log.distrust_view())? {
            Append::Committed(head) => {
                log.publish(TailBatch::new(head, rows, bytes, first));
                records.clear();
                return Ok(kept);
            }
            Append::Moved(_) => log.sync().await?,
        }
    }
}

/// Which of `records` are to be stored, judged by what `view` holds.
async fn keep(log: &Log, view: &View, records: &[Record], unless: Unless) -> Result<Vec<bool>, Error> {
    match unless {
        Unless::Never => Ok(vec![true; records.len()]),
        Unless::IdStored => {
            let mut spans: BTreeMap<&TenantId, (Timestamp, Timestamp)> = BTreeMap::new();
            for record in records {
                let at = record.created_at;
                let span = spans.entry(&record.tenant).or_insert((at, at));
                *span = (span.0.min(at), span.1.max(at));
            }
            let mut known = HashSet::new();
            for (tenant, span) in spans {
                let ids = read::ids_between(log, view, tenant, span).await?;
                known.extend(ids.into_iter().map(|id| (tenant, id)));
            }
            Ok(records.iter().map(|record| known.insert((&record.tenant, record.id))).collect())
        }
        Unless::InputStored => {
            let mut inputs: BTreeMap<_, HashSet<_>> = BTreeMap::new();
            for record in records {
                inputs.entry((&record.tenant, record.variant)).or_default().insert(record.input_hash);
            }
            let mut known = HashSet::new();
            for ((tenant, variant), hashes) in inputs {
                let found = read::known_inputs(log, view, tenant, variant, &hashes).await?;
                known.extend(found.into_iter().map(|hash| (tenant, variant, hash)));
            }
            let keys = records.iter().map(|record| (&record.tenant, record.variant, record.input_hash));
            Ok(keys.map(|key| known.insert(key)).collect())
        }
    }
}

struct Encoded {
    rows: RecordBatch,
    payload: Vec<u8>,
    /// Where the chains end after them.
    heads: Vec<ChainHead>,
    last: Timestamp,
}

/// Chains and encodes the records whose flag is set; the first is received at `first`, each next a microsecond later.
/// All records come back, in their order, for another try.
fn encode(
    records: Vec<Record>,
    flags: &[bool],
    mut heads: HashMap<TenantId, ChainHead>,
    first: Timestamp,
) -> (Vec<Record>, Result<Encoded, Error>) {
    let mut chained = Vec::with_capacity(records.len());
    let mut left_out = Vec::new();
    let mut at = first;
    for (index, (record, flag)) in records.into_iter().zip(flags).enumerate() {
        match heads.get_mut(&record.tenant).filter(|_| *flag) {
            Some(head) => {
                chained.push(Chained::after(head, record, at));
                at = at.plus_micros(1);
            }
            None => left_out.push((index, record)),
        }
    }
    let rows = row::write(&chained);
    let encoded = rows.and_then(|rows| Ok((codec::to_ipc_with(&rows, CompressionType::ZSTD)?, rows)));
    let heads = heads.into_values().collect();
    let encoded = encoded.map(|(payload, rows)| Encoded { rows, payload, heads, last: at.plus_micros(-1) });
    let mut records: Vec<Record> = chained.into_iter().map(|chained| chained.record).collect();
    for (index, record) in left_out {
        records.insert(index, record);
    }
    (records, encoded)
}
