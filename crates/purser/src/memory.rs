//! When freed memory goes back to the system.

/// The allocator's own setting, in milliseconds; it is read from the environment before `main`.
const DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// At once, for what runs long: with the allocator's own 10 ms, threads that fall idle keep what they freed, some 150 MB
/// of it while events stream in.
pub(crate) const AT_ONCE: &str = "0";
/// Never, for what ends soon and takes again what it has just freed: a sixth faster, for up to 900 MiB.
pub(crate) const NEVER: &str = "-1";

/// Starts the process anew with this delay, unless one is set.
#[cfg(unix)]
pub(crate) fn returned_after(delay: &str) {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(DELAY).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(DELAY, delay).exec();
        tracing::debug!(%error, "the allocator keeps its own delay");
    }
}

/// Only where a process can be replaced in place.
#[cfg(not(unix))]
pub(crate) fn returned_after(_delay: &str) {}
