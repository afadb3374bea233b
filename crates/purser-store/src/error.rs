//! What can go wrong with the state, as a caller must tell it apart.
//! Invariant: a database's own codes decide the kind, never its message.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// The result of a store call.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The row that was to be changed does not exist.
    #[error("{0} does not exist")]
    NotFound(String),
    /// The change contradicts what is stored: a second row with the same key, or a value the schema refuses.
    #[error("{0}")]
    Conflict(String),
    /// The database cannot serve now: locked, full, read-only, unreachable. Worth trying again.
    #[error("the state database is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read as what it should be.
    #[error("the state database is corrupt: {0}")]
    Corrupt(String),
}

impl Error {
    /// A row that does not exist: `missing("tenant", "acme")`.
    pub(crate) fn missing(noun: &str, id: impl std::fmt::Display) -> Self {
        Self::NotFound(format!("{noun} \"{id}\""))
    }

    /// A stored value that does not parse.
    pub(crate) fn corrupt(column: &str, reason: impl std::fmt::Display) -> Self {
        Self::Corrupt(format!("{column}: {reason}"))
    }

    /// Names the row if the database reported a second row with the same key.
    pub(crate) fn name_conflict(self, noun: &str, id: impl std::fmt::Display) -> Self {
        match self {
            Self::Conflict(reason) => Self::Conflict(format!("{noun} \"{id}\": {reason}")),
            other => other,
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match &error {
            DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause) => match cause {
                RuntimeErr::SqlxError(cause) => from_driver(cause, &error),
                RuntimeErr::Internal(text) => Self::Unavailable(text.clone()),
            },
            DbErr::ConnectionAcquire(_) => Self::Unavailable("no connection became free in time".to_owned()),
            DbErr::RecordNotFound(what) => Self::NotFound(what.clone()),
            _ => Self::Corrupt(error.to_string()),
        }
    }
}

fn from_driver(cause: &sqlx::Error, error: &DbErr) -> Error {
    match cause {
        sqlx::Error::Database(database) => match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict("it exists already".to_owned()),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                Error::Conflict("it refers to a row that does not exist, or others refer to it".to_owned())
            }
            _ => from_database(database.as_ref()),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => Error::Unavailable(cause.to_string()),
        _ => Error::Corrupt(cause.to_string()),
    }
}

fn from_database(database: &dyn DatabaseError) -> Error {
    let code = database.code().unwrap_or_default();
    if database.try_downcast_ref::<PgDatabaseError>().is_some() {
        from_sqlstate(&code, database.message())
    } else {
        from_sqlite(code.parse().unwrap_or_default(), database.message())
    }
}

/// By SQLite's primary result code, <https://www.sqlite.org/rescode.html>.
fn from_sqlite(extended: i32, message: &str) -> Error {
    match extended & 0xff {
        5 | 6 => Error::Unavailable(format!("another process holds its lock ({message})")),
        8 => Error::Unavailable(format!("its file or directory is read-only ({message})")),
        10 => Error::Unavailable(format!("reading or writing its file failed ({message}, code {extended})")),
        11 | 26 => Error::Corrupt(message.to_owned()),
        13 => Error::Unavailable(format!("the disk is full ({message})")),
        14 => Error::Unavailable(format!("its file cannot be opened ({message})")),
        19 => Error::Conflict(message.to_owned()),
        _ => Error::Unavailable(format!("{message}, code {extended}")),
    }
}

/// By SQLSTATE, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn from_sqlstate(code: &str, message: &str) -> Error {
    match code {
        "53100" => Error::Unavailable(format!("the disk is full ({message})")),
        "25006" => Error::Unavailable(format!("it is read-only ({message})")),
        _ if code.starts_with("XX") => Error::Corrupt(message.to_owned()),
        _ if code.starts_with("22") || code.starts_with("23") => Error::Conflict(message.to_owned()),
        _ => Error::Unavailable(format!("{message}, code {code}")),
    }
}
