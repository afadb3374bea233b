//! A thread for heavy work that nobody waits for: putting records together, encoding and sorting them, writing Parquet.
//! Invariant: where the system knows priorities, it gives way to the threads that serve requests. It holds no lock and no
//! connection, so nobody waits for it unknowingly. Each piece of its work waits for those before it.

use std::io;
use std::sync::LazyLock;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::memory;

/// A tenth of a core's time where threads of the usual priority want all of it, all of it where they do not.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// So that a core is left: the scheduler lets even a thread of low priority finish its slice while others wait.
const THREADS: usize = 1;

/// Only its blocking threads are used. It ends with the process.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.max_blocking_threads(THREADS).thread_keep_alive(memory::IDLE).thread_name("background");
    #[cfg(target_os = "linux")]
    {
        let lower = lower_priority();
        builder.on_thread_start(move || give_way(lower));
    }
    builder.build()
});

/// The runtime, started when it is first asked for.
pub(crate) fn runtime() -> anyhow::Result<Handle> {
    let runtime = RUNTIME.as_ref().map_err(|error| anyhow::anyhow!("{error}"));
    Ok(runtime.context("no thread for background work")?.handle().clone())
}

/// The process's own, lowered; a thread inherits that of the thread which starts it, so it is worked out once.
#[cfg(target_os = "linux")]
fn lower_priority() -> i32 {
    (rustix::process::getpriority_process(None).unwrap_or(0) + NICE).min(19)
}

/// Lowers the priority of the calling thread: on Linux it is a thread's own.
#[cfg(target_os = "linux")]
fn give_way(priority: i32) {
    if let Err(error) = rustix::process::setpriority_process(None, priority) {
        tracing::debug!(%error, "a background thread keeps the usual priority");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    #[tokio::test]
    async fn it_gives_way_and_others_do_not() {
        let own = getpriority_process(None).expect("a priority");
        let runtime = super::runtime().expect("a runtime");
        let lower = (own + super::NICE).min(19);
        let inner = runtime.clone();
        // What it starts itself is no lower still.
        let nested = move || (getpriority_process(None), inner.spawn_blocking(|| getpriority_process(None)));
        let (first, nested) = runtime.spawn_blocking(nested).await.expect("it ran");
        assert_eq!((first, nested.await.expect("it ran")), (Ok(lower), Ok(lower)));
        assert_eq!(getpriority_process(None), Ok(own));
    }
}
