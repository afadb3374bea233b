//! Why a call failed.

use purser_api::problem::Problem;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is no URL of a server.
    #[error("{0:?} is not the address of a server: give one like http://127.0.0.1:8000")]
    Address(String),
    /// The server cannot be reached or broke off.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// The server refused, and says why.
    #[error("{} ({} {})", .0.detail, .0.status, .0.code)]
    Refused(Box<Problem>),
    /// Something answered that is no purser.
    #[error("status {status} without a problem document: is this a purser server?")]
    Strange {
        /// The status.
        status: u16,
    },
    /// A reply of another shape than expected.
    #[error("the server's reply cannot be read: {0}")]
    Reply(String),
}

impl Error {
    pub(crate) fn refused(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice(body).map_or(Self::Strange { status }, |problem| Self::Refused(Box::new(problem)))
    }
}
