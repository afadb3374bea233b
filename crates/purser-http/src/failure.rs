//! Errors leave the server as `application/problem+json`; this file holds the whole policy.
//! Invariant: one `match` maps a service error's kind to a status; internals go to the log, never to the caller.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use purser_api::error_code;
use purser_api::problem::{FieldReason, Problem, ProblemField};
use purser_domain::usage_event::FieldError;
use purser_service::error::{Error, Kind};

/// What a handler returns.
pub(crate) type Reply<T> = Result<T, Failure>;

/// An error on its way to the caller. The request id joins it in the outermost layer.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: String,
    detail: String,
    fields: Vec<FieldError>,
    internal: Option<String>,
    retry_after_sec: Option<u32>,
    field_errors: bool,
}

/// The one mapping from what went wrong to an HTTP status.
const fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Malformed => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let retry = (error.kind == Kind::Unavailable).then_some(1);
        let mut failure = Self::new(status_of(error.kind), error.code, error.message);
        failure.0.fields = error.fields;
        failure.0.internal = error.internal;
        failure.0.retry_after_sec = retry;
        failure
    }
}

impl Failure {
    /// A failure without fields.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            fields: Vec::new(),
            internal: None,
            retry_after_sec: None,
            field_errors: false,
        }))
    }

    /// 400: the bytes are not what they should be.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-body", detail)
    }

    /// 413.
    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
    }

    /// 429: as much is going on as the server takes.
    pub(crate) fn too_busy() -> Self {
        let mut failure = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-busy",
            "the server is working on as many requests as it takes; come back later",
        );
        failure.0.retry_after_sec = Some(1);
        failure
    }

    /// 503: the server takes no more work.
    pub(crate) fn shutting_down() -> Self {
        let detail = "the server finishes its work and stops; send again in a moment";
        let mut failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting-down", detail);
        failure.0.retry_after_sec = Some(1);
        failure
    }

    /// 422: every refused field.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        Error::invalid(fields).into()
    }

    /// The same in the shape of the analytics contract: 400 `INVALID_QUERY` with `field_errors`.
    pub(crate) fn into_invalid_query(mut self) -> Self {
        if self.0.status == StatusCode::UNPROCESSABLE_ENTITY {
            self.0.status = StatusCode::BAD_REQUEST;
            "INVALID_QUERY".clone_into(&mut self.0.code);
            self.0.field_errors = true;
        }
        self
    }

    /// The HTTP status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The words for the caller.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Logs a fault of the server's own, once.
    pub(crate) fn log(&self, request_id: &str) {
        let parts = &self.0;
        if parts.status.is_server_error() && parts.code != "shutting-down" {
            let internal = parts.internal.as_deref().unwrap_or_default();
            tracing::error!(request_id, code = %parts.code, internal, "request failed: {}", parts.detail);
        }
    }

    /// The body of the reply.
    pub(crate) fn problem(&self, request_id: &str) -> Problem {
        let parts = &self.0;
        let page = if parts.code == "INVALID_QUERY" { "invalid-query" } else { &parts.code };
        let title = error_code::find(page).map_or_else(|| parts.code.replace('-', " "), |known| known.title.to_owned());
        let field_errors = if parts.field_errors { parts.fields.as_slice() } else { &[] };
        Problem {
            kind: format!("/docs/errors/{page}"),
            title,
            status: parts.status.as_u16(),
            code: parts.code.clone(),
            detail: parts.detail.clone(),
            fields: parts.fields.iter().cloned().map(field).collect(),
            field_errors: field_errors
                .iter()
                .map(|error| FieldReason { field: error.field.clone(), reason: error.reason.clone() })
                .collect(),
            request_id: request_id.to_owned(),
        }
    }
}

/// A domain field error on the wire.
pub(crate) fn field(error: FieldError) -> ProblemField {
    ProblemField { field: error.field, value: error.value, reason: error.reason }
}

impl IntoResponse for Failure {
    /// An empty reply that carries the failure; the outermost layer writes the body.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        let headers = response.headers_mut();
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"purser\""));
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"purser\""));
        }
        if let Some(seconds) = self.0.retry_after_sec {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
