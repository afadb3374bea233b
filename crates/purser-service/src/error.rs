//! What can go wrong in a use-case: ten kinds, each with a stable code and words for the caller.
//! Invariant: the public message never carries a secret or a store's internals.

use purser_domain::usage_event::FieldError;

/// The kind of an error; one HTTP status each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The bytes are not what the content type says.
    Malformed,
    /// No key, or one that is unknown or revoked.
    Unauthenticated,
    /// The key's role does not allow it.
    Forbidden,
    /// There is no such thing for this tenant.
    NotFound,
    /// It contradicts what is stored.
    Conflict,
    /// The request is larger than allowed.
    TooLarge,
    /// The content type or encoding is not spoken here.
    UnsupportedMedia,
    /// Well-formed, but fields have values that are refused.
    Invalid,
    /// A store is out; trying again later may help.
    Unavailable,
    /// A fault of purser's own.
    Internal,
}

/// A use-case's error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind.
    pub kind: Kind,
    /// Stable, kebab-case; `docs/errors/<code>.md` explains it.
    pub code: &'static str,
    /// For the caller: lower case, names the thing and the value.
    pub message: String,
    /// Every refused field.
    pub fields: Vec<FieldError>,
    /// For the log only.
    pub internal: Option<String>,
}

impl Error {
    /// An error without fields.
    #[must_use]
    pub fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind, code, message: message.into(), fields: Vec::new(), internal: None }
    }

    /// No or no valid key.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Kind::Unauthenticated, "not-authenticated", "the request carries no valid API key")
    }

    /// The key's role is too weak for `action`.
    #[must_use]
    pub fn forbidden(action: &str) -> Self {
        Self::new(Kind::Forbidden, "role-not-allowed", format!("the key's role does not allow to {action}"))
    }

    /// There is no `thing` named `id`.
    #[must_use]
    pub fn not_found(thing: &str, id: &str) -> Self {
        Self::new(Kind::NotFound, "not-found", format!("there is no {thing} {id:?}"))
    }

    /// `thing` contradicts what is stored.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    /// Refused fields, all of them.
    #[must_use]
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [only] => only.to_string(),
            [first, rest @ ..] => format!("{first}; and {} more", rest.len()),
            [] => "the request has refused fields".to_owned(),
        };
        Self { fields, ..Self::new(Kind::Invalid, "invalid-fields", message) }
    }

    /// One refused field.
    #[must_use]
    pub fn invalid_field(field: &str, value: &(impl ToString + ?Sized), reason: &str) -> Self {
        Self::invalid(vec![FieldError::new(field, value, reason)])
    }

    /// A store is out.
    #[must_use]
    pub fn unavailable(internal: &(impl ToString + ?Sized)) -> Self {
        Self {
            internal: Some(internal.to_string()),
            ..Self::new(Kind::Unavailable, "store-unavailable", "the store cannot take or answer this now; try again")
        }
    }

    /// A fault of purser's own.
    #[must_use]
    pub fn internal(internal: &(impl ToString + ?Sized)) -> Self {
        Self {
            internal: Some(internal.to_string()),
            ..Self::new(Kind::Internal, "internal", "an internal fault; the log has the details")
        }
    }
}
