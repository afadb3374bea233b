//! Stands between those who record and the store: gathers records into batches, and spools them while the store is out.
//! Invariant: records are stored in the order they were taken, each once; none is dropped while there is room on disk.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use purser_domain::provenance::Record;
use purser_ledger::Ledger;
use purser_ledger::provenance::Unless;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::spool::Spool;
use crate::error::Error;

/// How often a shutdown tries to store or spool what waits.
const LAST_TRIES: u32 = 3;
/// So many messages are taken at a time at most …
const TAKEN_MAX: usize = 1_024;
/// … and, if they were fewer, the next after so long: to be woken for each alone would cost requests more than the
/// record does.
const LINGER: Duration = Duration::from_millis(5);
/// How long a reader waits for what was recorded just before.
const FLUSH_PATIENCE: Duration = Duration::from_secs(5);

/// How a recorder gathers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Senders wait once that many records wait …
    pub queue_records: usize,
    /// … or records with that many KiB of payload.
    pub queue_kib: u32,
    /// A batch is stored once it has that many records …
    pub flush_records: usize,
    /// … or that many bytes of payload …
    pub flush_bytes: usize,
    /// … or a record that old.
    pub flush_age: Duration,
    /// While the store is out, it is tried again that often.
    pub retry_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_records: 20_000,
            queue_kib: 64 << 10,
            flush_records: 5_000,
            flush_bytes: 16 << 20,
            flush_age: Duration::from_millis(200),
            retry_after: Duration::from_secs(1),
        }
    }
}

/// What became of the records since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Taken.
    pub taken: u64,
    /// Stored, those that an earlier process had spooled included.
    pub stored: u64,
    /// Batches that wait on disk for the store.
    pub spooled_batches: u64,
    /// Lost: a shutdown could neither store nor spool them, or a spooled file could not be read and was put aside.
    pub lost: u64,
}

#[derive(Debug, Default)]
struct Counters {
    taken: AtomicU64,
    stored: AtomicU64,
    spooled_batches: AtomicU64,
    lost: AtomicU64,
}

enum Message {
    Record(Box<Record>, OwnedSemaphorePermit),
    Flush(oneshot::Sender<()>),
}

/// The handle that records are given to.
pub(crate) struct Recorder {
    sender: Mutex<Option<mpsc::Sender<Message>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
    room: Arc<Semaphore>,
    room_kib: u32,
    counters: Arc<Counters>,
    closing: Arc<AtomicBool>,
}

impl Recorder {
    /// Starts gathering; what an earlier process spooled in `directory` is stored first.
    pub(crate) fn start(ledger: Ledger, directory: PathBuf, config: Config) -> Self {
        let (sender, messages) = mpsc::channel(config.queue_records.max(1));
        let counters = Arc::new(Counters::default());
        let closing = Arc::new(AtomicBool::new(false));
        let room_kib = config.queue_kib.max(1);
        let worker = Worker {
            ledger,
            directory,
            config,
            counters: counters.clone(),
            closing: closing.clone(),
            spool: None,
            waiting: Vec::new(),
            held: Vec::new(),
            bytes: 0,
            since: None,
            retry_at: Some(Instant::now()),
        };
        Self {
            sender: Mutex::new(Some(sender)),
            worker: Mutex::new(Some(tokio::spawn(worker.run(messages)))),
            room: Arc::new(Semaphore::new(room_kib as usize)),
            room_kib,
            counters,
            closing,
        }
    }

    /// Takes a record; waits while there is no room for it.
    ///
    /// # Errors
    /// Unavailable after shutdown.
    pub(crate) async fn record(&self, record: Record) -> Result<(), Error> {
        let closed = || Error::unavailable("the recorder is closed");
        let kib = u32::try_from(record.payload_bytes() / 1_024 + 1).unwrap_or(u32::MAX).min(self.room_kib);
        let permit = self.room.clone().acquire_many_owned(kib).await.map_err(|_| closed())?;
        let sender = self.sender().ok_or_else(closed)?;
        sender.send(Message::Record(Box::new(record), permit)).await.map_err(|_| closed())?;
        self.counters.taken.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Stores, or spools, what was taken until now; gives up after a moment if neither works.
    pub(crate) async fn flush(&self) {
        let Some(sender) = self.sender() else { return };
        let (reply, answer) = oneshot::channel();
        let flushed = async {
            if sender.send(Message::Flush(reply)).await.is_ok() {
                drop(answer.await);
            }
        };
        if tokio::time::timeout(FLUSH_PATIENCE, flushed).await.is_err() {
            tracing::warn!("records of simulations wait for the store; what is stored is read without them");
        }
    }

    /// Takes no more, and stores or spools what was taken.
    ///
    /// # Errors
    /// Unavailable with the number of records that neither the store nor the disk took.
    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        let before = self.counts().lost;
        self.closing.store(true, Ordering::Release);
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker
            && let Err(error) = worker.await
        {
            tracing::error!(%error, "the recorder did not end well");
        }
        match self.counts().lost - before {
            0 => Ok(()),
            lost => Err(Error::unavailable(&format!(
                "{lost} records of simulations: neither the store nor the disk took them"
            ))),
        }
    }

    /// What became of the records.
    pub(crate) fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { taken, stored, spooled_batches, lost } = &*self.counters;
        Counts { taken: load(taken), stored: load(stored), spooled_batches: load(spooled_batches), lost: load(lost) }
    }

    fn sender(&self) -> Option<mpsc::Sender<Message>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The task behind the handle.
struct Worker {
    ledger: Ledger,
    directory: PathBuf,
    config: Config,
    counters: Arc<Counters>,
    /// Whether the process ends: nobody waits for the store for ever then.
    closing: Arc<AtomicBool>,
    /// Opened when the directory can be read.
    spool: Option<Spool>,
    waiting: Vec<Record>,
    /// Room for what waits.
    held: Vec<OwnedSemaphorePermit>,
    bytes: usize,
    /// Since when the oldest waits.
    since: Option<Instant>,
    /// When the store, or what was spooled for it, is tried again; `None` while it works and nothing is spooled.
    retry_at: Option<Instant>,
}

impl Worker {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        // What is taken waits no less for the store: it must not be much more than a batch.
        let most = self.config.flush_records.clamp(1, TAKEN_MAX);
        loop {
            let idle = Instant::now() + Duration::from_secs(3_600);
            let due = self.since.map(|since| since + self.config.flush_age);
            let wake = due.into_iter().chain(self.retry_at).min().unwrap_or(idle);
            let mut taken = Vec::new();
            let count = tokio::select! {
                count = messages.recv_many(&mut taken, most) => count,
                () = tokio::time::sleep_until(wake) => {
                    self.look_after_spool().await;
                    if due.is_some_and(|due| due <= Instant::now()) {
                        self.store().await;
                    }
                    continue;
                }
            };
            for message in taken {
                match message {
                    Message::Record(record, permit) => self.take(*record, permit).await,
                    Message::Flush(reply) => {
                        self.look_after_spool().await;
                        self.store().await;
                        // Who no longer waits does not care.
                        reply.send(()).ok();
                    }
                }
            }
            if count == 0 {
                self.look_after_spool().await;
                self.store().await;
                return;
            }
            if count < most {
                tokio::time::sleep(LINGER).await;
            }
        }
    }

    async fn take(&mut self, record: Record, permit: OwnedSemaphorePermit) {
        self.bytes += record.payload_bytes();
        self.since.get_or_insert_with(Instant::now);
        self.waiting.push(record);
        self.held.push(permit);
        if self.waiting.len() >= self.config.flush_records || self.bytes >= self.config.flush_bytes {
            self.look_after_spool().await;
            self.store().await;
        }
    }

    /// Stores what waits, or spools it: one of them must do, else it is tried again, and only so often once the end has
    /// come.
    async fn store(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let mut records = std::mem::take(&mut self.waiting);
        let count = records.len();
        let (mut last_tries, mut unless) = (0, Unless::Never);
        while !self.store_or_spool(&mut records, unless).await {
            if records.is_empty() {
                tracing::error!(records = count, "records are lost: what was to store them panicked");
                self.counters.lost.fetch_add(count as u64, Ordering::Relaxed);
                break;
            }
            // An append that failed may have stored them all the same.
            unless = Unless::IdStored;
            last_tries += u32::from(self.closing.load(Ordering::Acquire));
            if last_tries >= LAST_TRIES {
                tracing::error!(records = records.len(), "records are lost: neither the store nor the disk takes them");
                self.counters.lost.fetch_add(records.len() as u64, Ordering::Relaxed);
                break;
            }
            tokio::time::sleep(self.config.retry_after).await;
            self.look_after_spool().await;
        }
        self.held.clear();
        (self.bytes, self.since) = (0, None);
    }

    /// Whether `records` are stored or spooled; if not, they are all still there, or gone with a panic.
    async fn store_or_spool(&mut self, records: &mut Vec<Record>, unless: Unless) -> bool {
        if self.retry_at.is_none() {
            match self.append(records, unless).await {
                Ok(()) => return true,
                Err(error) => self.note_outage(&error),
            }
            if records.is_empty() {
                return false;
            }
        }
        let Some(mut spool) = self.spool.take() else { return false };
        let batch = std::mem::take(records);
        let pushed = blocking(move || {
            let pushed = spool.push(&batch);
            (spool, pushed, batch)
        });
        let Some((spool, pushed, batch)) = pushed.await else { return false };
        *records = batch;
        self.counters.spooled_batches.store(spool.len() as u64, Ordering::Relaxed);
        self.spool = Some(spool);
        if let Err(error) = &pushed {
            tracing::error!(%error, directory = %self.directory.display(), "records cannot be spooled; it is tried again");
        }
        pushed.is_ok()
    }

    /// Opens the spool, and stores what is in it if it is time to try.
    async fn look_after_spool(&mut self) {
        if self.spool.is_none() {
            let directory = self.directory.clone();
            match blocking(move || Spool::open(directory)).await {
                Some(Ok(spool)) => self.spool = Some(spool),
                Some(Err(error)) => tracing::error!(%error, "the spool cannot be opened; it is tried again"),
                None => {}
            }
        }
        if self.retry_at.is_none_or(|retry_at| Instant::now() < retry_at) {
            return;
        }
        while let Some(spool) = self.spool.take_if(|spool| spool.len() > 0) {
            let read = blocking(move || {
                let first = spool.first();
                (spool, first)
            });
            let Some((spool, Some(read))) = read.await else { return };
            let mut records = match read {
                Ok(records) => records,
                Err(error) => {
                    self.set_aside(spool, &error).await;
                    continue;
                }
            };
            self.spool = Some(spool);
            // A batch whose commit failed may have been stored all the same.
            if let Err(error) = self.append(&mut records, Unless::IdStored).await {
                return self.note_outage(&error);
            }
            self.pop().await;
        }
        if self.spool.is_some() {
            self.retry_at = None;
        }
    }

    async fn append(&self, records: &mut Vec<Record>, unless: Unless) -> Result<(), purser_ledger::Error> {
        let stored = self.ledger.provenance().await?.append_from(records, unless).await?;
        let stored = stored.into_iter().filter(|stored| *stored).count();
        self.counters.stored.fetch_add(stored as u64, Ordering::Relaxed);
        Ok(())
    }

    fn note_outage(&mut self, error: &purser_ledger::Error) {
        if self.retry_at.is_none() {
            tracing::error!(%error, "the store takes no provenance; it is spooled until the store is back");
        }
        self.retry_at = Some(Instant::now() + self.config.retry_after);
    }

    async fn pop(&mut self) {
        let Some(mut spool) = self.spool.take() else { return };
        let popped = blocking(move || {
            let popped = spool.pop();
            (spool, popped)
        });
        let Some((spool, popped)) = popped.await else { return };
        self.counters.spooled_batches.store(spool.len() as u64, Ordering::Relaxed);
        self.spool = Some(spool);
        if let Err(error) = popped {
            tracing::error!(%error, "a spooled file cannot be deleted; the next process reads it again");
        }
    }

    async fn set_aside(&mut self, mut spool: Spool, error: &std::io::Error) {
        let aside = blocking(move || {
            let aside = spool.set_aside();
            (spool, aside)
        });
        let Some((spool, aside)) = aside.await else { return };
        let place = aside.map_or_else(|error| error.to_string(), |path| path.display().to_string());
        tracing::error!(%error, place, "a spooled file cannot be read and was put aside");
        self.counters.lost.fetch_add(1, Ordering::Relaxed);
        self.counters.spooled_batches.store(spool.len() as u64, Ordering::Relaxed);
        self.spool = Some(spool);
    }
}

/// Runs `work` where it may block; `None` if it panicked.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.inspect_err(|error| tracing::error!(%error, "the spool failed")).ok()
}
