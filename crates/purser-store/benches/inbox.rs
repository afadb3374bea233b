//! How many batches of 200 KiB the inbox commits to disk per second, alone and while a flusher reads and deletes.
//!
//! `cargo bench -p purser-store`, in the current directory's file system; `PURSER_TEST_POSTGRES` measures a server too.

use std::error::Error;
use std::io::Write as _;
use std::time::{Duration, Instant};

use purser_store::inbox::{Append, Head, NewBatch};
use purser_store::{Config, Store};

const PAYLOAD_BYTES: usize = 200 * 1024;
const RUN: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir_in(".")?;
    let sqlite = Config { url: None, data_dir: dir.path().to_owned() };
    measure("sqlite, append only", &Store::open(&sqlite).await?, false).await?;
    let store = Store::open(&sqlite).await?;
    measure("sqlite, with a flusher", &store, true).await?;
    let file = std::fs::metadata(dir.path().join("state.db"))?.len() >> 20;
    let log = std::fs::metadata(dir.path().join("state.db-wal"))?.len() >> 20;
    writeln!(std::io::stdout(), "sqlite: state.db {file} MiB, write-ahead log {log} MiB")?;
    if let Ok(url) = std::env::var("PURSER_TEST_POSTGRES") {
        let postgres = Store::open(&Config { url: Some(url), ..Config::default() }).await?;
        measure("postgres, with a flusher", &postgres, true).await?;
    }
    Ok(())
}

async fn measure(name: &str, store: &Store, flush: bool) -> Result<(), Box<dyn Error>> {
    let flusher = flush.then(|| tokio::spawn(read_and_delete(store.clone())));
    let payload: Vec<u8> = (0..PAYLOAD_BYTES).map(|n| (n * 31 % 251) as u8).collect();
    let mut head = store.inbox().head().await?;
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < RUN {
        let before = Instant::now();
        head = append(store, &head, payload.clone()).await?;
        latencies.push(before.elapsed());
    }
    let seconds = start.elapsed().as_secs_f64();
    if let Some(flusher) = flusher {
        flusher.abort();
    }
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    let rate = latencies.len() as f64 / seconds;
    let megabytes = rate * PAYLOAD_BYTES as f64 / 1e6;
    writeln!(
        std::io::stdout(),
        "{name}: {rate:.0} commits/s, {megabytes:.0} MB/s; p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        at(50),
        at(99),
        at(100)
    )?;
    Ok(())
}

async fn append(store: &Store, head: &Head, payload: Vec<u8>) -> purser_store::Result<Head> {
    let next = head.received_through.plus_micros(1);
    let batch = NewBatch { payload, entries: 1_000, first_received: next, last_received: next };
    match store.inbox().append(head, batch).await? {
        Append::Committed(head) | Append::Moved(head) => Ok(head),
    }
}

/// Once a second, reads what is there and deletes it, as the flusher to the lake does.
async fn read_and_delete(store: Store) -> purser_store::Result<()> {
    let mut flushed = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        while let Some(last) = store.inbox().read_after(flushed, 16 << 20).await?.last() {
            flushed = last.seq;
        }
        store.inbox().delete_through(flushed).await?;
    }
}
