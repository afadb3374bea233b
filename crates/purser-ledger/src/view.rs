//! What a query sees: a pinned version of the lake, and the inbox batches after it.
//! Invariant: each row of the ledger up to the view's head is in exactly one of the two.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use purser_domain::time::Timestamp;
use purser_store::inbox::{Batch, Head};

use crate::error::Error;
use crate::lake::Snapshot;

/// A consistent state of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The lake.
    pub(crate) lake: Arc<Snapshot>,
    /// The inbox batches that the lake does not hold, ascending.
    pub(crate) tail: Vec<Arc<TailBatch>>,
    /// The last batch in the view.
    pub(crate) head: Head,
}

/// An inbox batch in memory.
#[derive(Debug)]
pub(crate) struct TailBatch {
    pub(crate) seq: i64,
    pub(crate) rows: RecordBatch,
    /// Size in the inbox.
    pub(crate) bytes: usize,
    /// Size in memory.
    pub(crate) memory: usize,
    pub(crate) first_received: Timestamp,
    pub(crate) last_received: Timestamp,
}

impl TailBatch {
    /// The batch that moved the inbox to `head`, with `bytes` in the inbox.
    pub(crate) fn new(head: Head, rows: RecordBatch, bytes: usize, first_received: Timestamp) -> Self {
        let memory = rows.get_array_memory_size();
        Self { seq: head.seq, rows, bytes, memory, first_received, last_received: head.received_through }
    }

    /// Decodes a batch read from the inbox.
    pub(crate) fn decode(batch: &Batch) -> Result<Self, Error> {
        let rows = crate::codec::from_ipc(&batch.payload)?;
        if rows.num_rows() != usize::try_from(batch.entries).unwrap_or(usize::MAX) {
            let (seq, found, expected) = (batch.seq, rows.num_rows(), batch.entries);
            return Err(Error::Corrupt(format!("inbox batch {seq} has {found} rows, not {expected}")));
        }
        let head = Head { seq: batch.seq, received_through: batch.last_received };
        Ok(Self::new(head, rows, batch.payload.len(), batch.first_received))
    }

    /// The row received at `at`.
    pub(crate) fn find(&self, at: Timestamp) -> Option<usize> {
        if at < self.first_received || self.last_received < at {
            return None;
        }
        let column = self.rows.column_by_name("received_at")?.as_primitive_opt::<TimestampMicrosecondType>()?;
        column.values().binary_search(&at.micros()).ok()
    }
}

impl View {
    /// Rows in the tail.
    pub(crate) fn tail_rows(&self) -> usize {
        self.tail.iter().map(|batch| batch.rows.num_rows()).sum()
    }

    /// Their size in memory.
    pub(crate) fn tail_memory(&self) -> usize {
        self.tail.iter().map(|batch| batch.memory).sum()
    }

    /// Their size in the inbox.
    pub(crate) fn tail_bytes(&self) -> usize {
        self.tail.iter().map(|batch| batch.bytes).sum()
    }

    /// The view after `batch`, if it is the next one.
    pub(crate) fn with_batch(&self, batch: Arc<TailBatch>) -> Option<Self> {
        if batch.seq != self.head.seq + 1 {
            return None;
        }
        let head = Head { seq: batch.seq, received_through: batch.last_received };
        let mut tail = self.tail.clone();
        tail.push(batch);
        Some(Self { lake: self.lake.clone(), tail, head })
    }

    /// The view on another version of the lake.
    pub(crate) fn with_lake(&self, lake: Arc<Snapshot>) -> Self {
        let tail: Vec<_> = self.tail.iter().filter(|batch| batch.seq > lake.seq).cloned().collect();
        let mut head = self.head;
        if lake.seq > head.seq {
            head = Head { seq: lake.seq, received_through: lake.received_through() };
        }
        Self { lake, tail, head }
    }
}
