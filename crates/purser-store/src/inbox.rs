//! The inbox: batches of ledger entries, committed before they are acknowledged, until the lake holds them.
//! Invariant: one row per batch; in each log `seq` has no gaps and `received_at` only grows, whichever node appends.

use purser_domain::provenance::ChainHead;
use purser_domain::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use sea_orm::{FromQueryResult, Statement};

use crate::entity::{inbox, inbox_head};
use crate::{Error, Result, Store, provenance};

/// What the batches of an inbox hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Log {
    /// Usage events.
    Usage,
    /// Provenance records.
    Provenance,
}

impl Log {
    const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Provenance => "provenance",
        }
    }
}

/// The last batch that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Its sequence number; 0 before the first batch.
    pub seq: i64,
    /// The latest `received_at` that was ever assigned.
    pub received_through: Timestamp,
}

/// A batch to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// The entries, encoded.
    pub payload: Vec<u8>,
    /// How many entries.
    pub entries: u32,
    /// `received_at` of the first entry, after the head's `received_through`.
    pub first_received: Timestamp,
    /// `received_at` of the last entry.
    pub last_received: Timestamp,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// The batch is on disk, and this is the new head.
    Committed(Head),
    /// Another batch came first; nothing was stored. Read it and try again after this head.
    Moved(Head),
}

/// A committed batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its place in the order of commits.
    pub seq: i64,
    /// The entries, encoded.
    pub payload: Vec<u8>,
    /// How many entries.
    pub entries: u32,
    /// `received_at` of the first entry.
    pub first_received: Timestamp,
    /// `received_at` of the last entry.
    pub last_received: Timestamp,
}

/// What waits in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// The last batch ever committed.
    pub head: Head,
    /// Batches in the inbox.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// The oldest batch still there.
    pub oldest_seq: Option<i64>,
    /// `received_at` of its first entry.
    pub oldest_received: Option<Timestamp>,
}

/// The inbox of one log.
#[derive(Debug)]
pub struct Inbox<'a> {
    store: &'a Store,
    log: &'static str,
}

/// Batches deleted in one transaction: an append waits for no more than this.
const DELETE_STEP: u64 = 16;
/// Free pages that SQLite's file keeps for the next batches, and how many go back to the disk in one step.
const FREE_PAGES_KEPT: i64 = 16_384;
const FREE_PAGES_STEP: i64 = 1_024;
/// Sizes looked at to decide how far a read goes.
const READ_AHEAD: u64 = 1_024;

impl<'a> Inbox<'a> {
    pub(crate) fn new(store: &'a Store, log: Log) -> Self {
        Self { store, log: log.name() }
    }

    /// The last batch that was committed, by any node.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self) -> Result<Head> {
        read_head(&self.store.read, self.log).await
    }

    /// Appends `batch` after `expected`, if that is still the head; `Committed` means on disk.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the batch's times do not follow the head's. [`Error::Unavailable`] if the disk is full,
    /// the lock is held, and so on: nothing was stored, unless the connection to PostgreSQL broke during the commit;
    /// read the head to know.
    pub async fn append(&self, expected: &Head, batch: NewBatch) -> Result<Append> {
        self.append_chained(expected, batch, &[]).await
    }

    /// The same, and in the same transaction moves the chains whose last records the batch holds to `chains`.
    ///
    /// # Errors
    /// As [`Inbox::append`].
    pub async fn append_chained(&self, expected: &Head, batch: NewBatch, chains: &[ChainHead]) -> Result<Append> {
        if batch.first_received <= expected.received_through || batch.last_received < batch.first_received {
            return Err(Error::Conflict(format!(
                "a batch received from {} to {} cannot follow {}",
                batch.first_received, batch.last_received, expected.received_through
            )));
        }
        let head = Head { seq: expected.seq + 1, received_through: batch.last_received };
        let transaction = self.store.begin().await?;
        if !move_head(&transaction, self.log, expected, &head).await? {
            let head = read_head(&transaction, self.log).await?;
            transaction.rollback().await?;
            return Ok(Append::Moved(head));
        }
        let row = inbox::Model {
            log: self.log.to_owned(),
            seq: head.seq,
            entries: batch.entries.into(),
            bytes: i64::try_from(batch.payload.len()).unwrap_or(i64::MAX),
            first_received: batch.first_received.micros(),
            last_received: batch.last_received.micros(),
            payload: batch.payload,
        };
        inbox::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        provenance::set_chains(&transaction, chains).await?;
        transaction.commit().await?;
        Ok(Append::Committed(head))
    }

    /// The batches after `seq` in order, as many as have at most `max_bytes` of payload together, but at least one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read_after(&self, seq: i64, max_bytes: u64) -> Result<Vec<Batch>> {
        let sizes: Vec<(i64, i64)> = inbox::Entity::find()
            .select_only()
            .column(inbox::Column::Seq)
            .column(inbox::Column::Bytes)
            .filter(inbox::Column::Log.eq(self.log))
            .filter(inbox::Column::Seq.gt(seq))
            .order_by_asc(inbox::Column::Seq)
            .limit(READ_AHEAD)
            .into_tuple()
            .all(&self.store.read)
            .await?;
        let mut room = max_bytes;
        let mut last = None;
        for (seq, bytes) in sizes {
            let bytes = u64::try_from(bytes).unwrap_or_default();
            if last.is_some() && bytes > room {
                break;
            }
            room = room.saturating_sub(bytes);
            last = Some(seq);
        }
        let Some(last) = last else { return Ok(Vec::new()) };
        let rows = inbox::Entity::find()
            .filter(inbox::Column::Log.eq(self.log))
            .filter(inbox::Column::Seq.gt(seq))
            .filter(inbox::Column::Seq.lte(last))
            .order_by_asc(inbox::Column::Seq)
            .all(&self.store.read)
            .await?;
        rows.into_iter().map(from_row).collect()
    }

    /// Deletes the batches up to and including `seq`, a few at a time so that appends go on, and returns how many.
    ///
    /// # Errors
    /// When the database fails; what was deleted until then stays deleted.
    pub async fn delete_through(&self, seq: i64) -> Result<u64> {
        let mut deleted = 0;
        loop {
            let step: Vec<i64> = inbox::Entity::find()
                .select_only()
                .column(inbox::Column::Seq)
                .filter(inbox::Column::Log.eq(self.log))
                .filter(inbox::Column::Seq.lte(seq))
                .order_by_asc(inbox::Column::Seq)
                .limit(DELETE_STEP)
                .into_tuple()
                .all(&self.store.read)
                .await?;
            let Some(last) = step.last() else { break };
            let gone = inbox::Entity::delete_many()
                .filter(inbox::Column::Log.eq(self.log))
                .filter(inbox::Column::Seq.lte(*last))
                .exec(&self.store.write)
                .await?;
            deleted += gone.rows_affected;
        }
        self.shrink(FREE_PAGES_KEPT).await?;
        Ok(deleted)
    }

    /// What waits in the inbox.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stats(&self) -> Result<Stats> {
        let read = &self.store.read;
        let head = read_head(read, self.log).await?;
        let sql = "SELECT COUNT(*) AS batches, CAST(COALESCE(SUM(entries), 0) AS BIGINT) AS entries, \
                   CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, MIN(seq) AS oldest_seq, \
                   MIN(first_received) AS oldest_received FROM inbox WHERE log = $1";
        let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, [self.log.into()]);
        let sums = Sums::find_by_statement(statement).one(read).await?.unwrap_or_default();
        let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Stats {
            head,
            batches: unsigned(sums.batches),
            entries: unsigned(sums.entries),
            bytes: unsigned(sums.bytes),
            oldest_seq: sums.oldest_seq,
            oldest_received: sums.oldest_received.map(Timestamp::from_micros),
        })
    }

    /// Gives SQLite's free pages but `kept` back to the disk, a few at a time.
    async fn shrink(&self, kept: i64) -> Result<()> {
        let write = &self.store.write;
        if write.get_database_backend() != sea_orm::DbBackend::Sqlite {
            return Ok(());
        }
        let mut free = free_pages(write).await?;
        while free > kept {
            write.execute_unprepared(&format!("PRAGMA incremental_vacuum({FREE_PAGES_STEP})")).await?;
            let left = free_pages(write).await?;
            if left >= free {
                break;
            }
            free = left;
        }
        Ok(())
    }
}

#[derive(Debug, Default, FromQueryResult)]
struct Sums {
    batches: i64,
    entries: i64,
    bytes: i64,
    oldest_seq: Option<i64>,
    oldest_received: Option<i64>,
}

async fn free_pages(connection: &impl ConnectionTrait) -> Result<i64> {
    let statement = Statement::from_string(connection.get_database_backend(), "PRAGMA freelist_count");
    match connection.query_one_raw(statement).await? {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Ok(0),
    }
}

async fn read_head(connection: &impl ConnectionTrait, log: &str) -> Result<Head> {
    let row = inbox_head::Entity::find_by_id(log).one(connection).await?;
    let row = row.ok_or_else(|| Error::corrupt("inbox_head", "its row is missing"))?;
    Ok(Head { seq: row.seq, received_through: Timestamp::from_micros(row.received_through) })
}

/// Compares and sets the head: true if it was `expected`.
async fn move_head(connection: &impl ConnectionTrait, log: &str, expected: &Head, head: &Head) -> Result<bool> {
    let moved = inbox_head::Entity::update_many()
        .col_expr(inbox_head::Column::Seq, Expr::value(head.seq))
        .col_expr(inbox_head::Column::ReceivedThrough, Expr::value(head.received_through.micros()))
        .filter(inbox_head::Column::Log.eq(log))
        .filter(inbox_head::Column::Seq.eq(expected.seq))
        .filter(inbox_head::Column::ReceivedThrough.eq(expected.received_through.micros()))
        .exec(connection)
        .await?;
    Ok(moved.rows_affected == 1)
}

fn from_row(row: inbox::Model) -> Result<Batch> {
    Ok(Batch {
        seq: row.seq,
        payload: row.payload,
        entries: u32::try_from(row.entries).map_err(|reason| Error::corrupt("inbox.entries", reason))?,
        first_received: Timestamp::from_micros(row.first_received),
        last_received: Timestamp::from_micros(row.last_received),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[tokio::test]
    async fn an_emptied_inbox_gives_its_pages_back() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&Config { url: None, data_dir: dir.path().to_owned() }).await.expect("a new file");
        let mut head = Head::default();
        for _ in 0..100 {
            let next = head.received_through.plus_micros(1);
            let batch = NewBatch { payload: vec![7; 100_000], entries: 1, first_received: next, last_received: next };
            match store.inbox().append(&head, batch).await.expect("an append") {
                Append::Committed(committed) => head = committed,
                Append::Moved(moved) => unreachable!("nobody else appends, but the head is {moved:?}"),
            }
        }
        store.inbox().delete_through(100).await.expect("a deletion");
        let free = free_pages(&store.write).await.expect("a count");
        assert!(free > 2_400, "100 batches of 100,000 bytes are 2,441 pages of 4,096: {free} are free");
        store.inbox().shrink(5).await.expect("a vacuum");
        assert!(free_pages(&store.write).await.expect("a count") <= 5);
        store.close().await.expect("an open store");
        let bytes = std::fs::metadata(dir.path().join("state.db")).expect("the file").len();
        assert!(bytes < 1_000_000, "the file has {bytes} bytes");
    }
}
