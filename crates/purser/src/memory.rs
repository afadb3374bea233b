//! How freed memory goes back to the system.

/// The allocator's own setting, in milliseconds; it is read from the environment before `main`.
const DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Starts the process anew with the setting that returns freed memory at once, unless it is set: with the allocator's
/// own 10 ms, threads that fall idle keep what they freed, some 150 MB of it while events stream in.
#[cfg(unix)]
pub(crate) fn return_at_once() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(DELAY).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(DELAY, "0").exec();
        tracing::debug!(%error, "freed memory is returned late");
    }
}

/// Only where a process can be replaced in place.
#[cfg(not(unix))]
pub(crate) fn return_at_once() {}
