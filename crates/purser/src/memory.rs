//! When freed memory goes back to the system.

use std::time::Duration;

/// The allocator's own settings; they are read from the environment before `main`.
const DELAY: &str = "MIMALLOC_PURGE_DELAY";
const OF_ENDED_THREADS: &str = "MIMALLOC_ABANDONED_PAGE_PURGE";

/// A thread that is idle for so long ends: what it freed and kept goes back only then.
pub(crate) const IDLE: Duration = Duration::from_millis(100);

/// After 100 ms, for what runs long: memory that is used again within a batch or two need not be asked for again, which
/// takes other threads' time too. At once would take a fifth of the events a second; never would take twice the memory.
pub(crate) const SOON: &str = "100";
/// Never, for what ends soon and takes again what it has just freed: a sixth faster, for up to 900 MiB.
pub(crate) const NEVER: &str = "-1";

/// Starts the process anew with this delay in milliseconds, unless one is set.
#[cfg(unix)]
pub(crate) fn returned_after(delay: &str) {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(DELAY).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let arguments = std::env::args_os().skip(1);
        let error =
            std::process::Command::new(program).args(arguments).env(DELAY, delay).env(OF_ENDED_THREADS, "1").exec();
        tracing::debug!(%error, "the allocator keeps its own delay");
    }
}

/// Only where a process can be replaced in place.
#[cfg(not(unix))]
pub(crate) fn returned_after(_delay: &str) {}
