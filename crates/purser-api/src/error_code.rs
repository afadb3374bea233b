//! Every error code of the API with its title and status. Stable: clients match on them.
//! Invariant: each code has a page `docs/errors/<code>.md`.

/// A stable error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// Kebab-case name, the last part of the problem's `type`.
    pub code: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
}

const fn code(code: &'static str, status: u16, title: &'static str) -> ErrorCode {
    ErrorCode { code, title, status }
}

/// Every code, by status.
pub const ALL: &[ErrorCode] = &[
    code("malformed-body", 400, "The body is not what its content type says"),
    code("bad-gzip", 400, "The body is not valid gzip"),
    code("malformed-query", 400, "The query string cannot be read"),
    code("invalid-query", 400, "Parameters have values that are refused"),
    code("not-authenticated", 401, "No valid API key"),
    code("role-not-allowed", 403, "The key's role does not allow this"),
    code("not-found", 404, "There is no such thing"),
    code("method-not-allowed", 405, "The path does not take this method"),
    code("body-timeout", 408, "The body did not arrive in time"),
    code("event-id-reused", 409, "An event id was used for another payload"),
    code("already-exists", 409, "It exists already"),
    code("conflict", 409, "The request contradicts what is stored"),
    code("body-too-large", 413, "The request is larger than allowed"),
    code("too-many-events", 413, "The request has more events than allowed"),
    code("unsupported-media-type", 415, "The content type or encoding is not spoken here"),
    code("invalid-fields", 422, "Fields have values that are refused"),
    code("too-deep", 422, "The body is nested too deeply"),
    code("too-busy", 429, "Too many requests at once"),
    code("internal", 500, "An internal fault"),
    code("store-unavailable", 503, "The store cannot take or answer this now"),
    code("shutting-down", 503, "The server is shutting down"),
];

/// The entry of `code`, if it is known.
#[must_use]
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    ALL.iter().find(|known| known.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        for (index, entry) in ALL.iter().enumerate() {
            assert!(entry.code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.code);
            assert!(ALL[..index].iter().all(|earlier| earlier.code != entry.code), "{} twice", entry.code);
        }
    }
}
