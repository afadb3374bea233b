//! What the process's exit code means.
//! Invariant: a code never changes its meaning; scripts depend on it.

use std::fmt;

use purser_service::error::{Error, Kind};

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All was done.
    Done = 0,
    /// Something failed that no other code describes.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Some of the input was refused; what was accepted is stored.
    Refused = 3,
    /// There is no such thing.
    NotFound = 4,
    /// It contradicts what is stored.
    Conflict = 5,
    /// A store is out, or another process holds the data directory.
    Unavailable = 6,
    /// The key is missing, unknown, or its role does not allow it.
    Denied = 7,
    /// A check found something wrong.
    CheckFailed = 8,
}

/// The exit codes of `purser simulate` and `purser provenance replay`, on which a job can gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Gate {
    /// The plan is feasible; the record was reproduced.
    Feasible = 0,
    /// It is not.
    Infeasible = 1,
    /// The command line, the configuration or the plan is wrong.
    BadInput = 2,
    /// It could not be found out.
    Failed = 3,
}

/// The meanings, as `purser simulate --help` shows them.
pub(crate) const GATE_MEANINGS: &str = "\
Exit codes:
  0  the plan is feasible
  1  the plan is not feasible
  2  the command line, the configuration or the plan is wrong
  3  failed: a store or the server is out, or the key is not allowed to";

/// The meanings, as `purser provenance replay --help` shows them.
pub(crate) const REPLAY_MEANINGS: &str = "\
Exit codes:
  0  the output came out again, byte for byte
  1  it did not
  2  the command line or the configuration is wrong, or there is no such record
  3  failed: a store or the server is out, or the key is not allowed to";

impl From<Exit> for Gate {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::Feasible,
            Exit::CheckFailed => Self::Infeasible,
            Exit::Usage | Exit::Refused | Exit::NotFound => Self::BadInput,
            Exit::Failed | Exit::Conflict | Exit::Unavailable | Exit::Denied => Self::Failed,
        }
    }
}

impl From<Gate> for std::process::ExitCode {
    fn from(gate: Gate) -> Self {
        Self::from(gate as u8)
    }
}

/// The meanings, as `purser --help` shows them.
pub(crate) const MEANINGS: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line or the configuration is wrong
  3  some of the input was refused; what was accepted is stored
  4  there is no such thing
  5  it contradicts what is stored
  6  a store is out, or another process holds the data directory
  7  the key is missing, unknown, or its role does not allow it
  8  a check found something wrong
`purser simulate` and `purser provenance replay` have their own: see their --help";

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error with the exit code it leads to.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// `message` in lower case, naming the thing and the value.
    pub(crate) fn with(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { exit, message: message.into() })
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
        Self::with(Exit::Usage, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The exit code that `error` leads to.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if let Some(error) = cause.downcast_ref::<Error>() {
            return of_kind(error.kind);
        }
        if let Some(error) = cause.downcast_ref::<purser_client::Error>() {
            return of_reply(error);
        }
        if cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            return Exit::Done;
        }
    }
    Exit::Failed
}

fn of_reply(error: &purser_client::Error) -> Exit {
    match error {
        purser_client::Error::Address(_) => Exit::Usage,
        purser_client::Error::Unreachable(_) => Exit::Unavailable,
        purser_client::Error::Strange { .. } | purser_client::Error::Reply(_) => Exit::Failed,
        purser_client::Error::Refused(problem) => match problem.status {
            401 | 403 => Exit::Denied,
            404 => Exit::NotFound,
            409 => Exit::Conflict,
            429 | 503 => Exit::Unavailable,
            500.. => Exit::Failed,
            _ => Exit::Refused,
        },
    }
}

fn of_kind(kind: Kind) -> Exit {
    match kind {
        Kind::Malformed | Kind::TooLarge | Kind::UnsupportedMedia | Kind::Invalid => Exit::Refused,
        Kind::Unauthenticated | Kind::Forbidden => Exit::Denied,
        Kind::NotFound => Exit::NotFound,
        Kind::Conflict => Exit::Conflict,
        Kind::Unavailable => Exit::Unavailable,
        Kind::Internal => Exit::Failed,
    }
}
