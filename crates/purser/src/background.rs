//! The runtime of the work that nobody waits for: records, the lake, upkeep.
//! Invariant: where the system knows priorities, its threads give way to those that serve requests.

use std::io;
use std::sync::LazyLock;

use anyhow::Context;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::memory;

/// A tenth of a core's time where threads of the usual priority want all of it, all of it where they do not.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// It ends with the process.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name("background").enable_all();
    builder.thread_keep_alive(memory::IDLE).on_thread_start(give_way).build()
});

/// The runtime, started when it is first asked for.
pub(crate) fn runtime() -> anyhow::Result<Handle> {
    let runtime = RUNTIME.as_ref().map_err(|error| anyhow::anyhow!("{error}"));
    Ok(runtime.context("no thread for background work")?.handle().clone())
}

/// Lowers the priority of the calling thread: on Linux a nice value is a thread's own.
#[cfg(target_os = "linux")]
fn give_way() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a background thread keeps the usual priority");
    }
}

/// Elsewhere a priority would be the whole process's.
#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    #[tokio::test]
    async fn its_threads_give_way_and_others_do_not() {
        let own = getpriority_process(None).expect("a priority");
        let runtime = super::runtime().expect("a runtime");
        let spawned = runtime.spawn(async { getpriority_process(None) }).await.expect("it ran").expect("a priority");
        let blocking = runtime.spawn_blocking(|| getpriority_process(None)).await.expect("it ran").expect("a priority");
        let lower = (own + super::NICE).min(19);
        assert_eq!((spawned, blocking, getpriority_process(None)), (lower, lower, Ok(own)));
    }
}
