//! The outermost layers: a request id, security headers, problem bodies, turns, meters and the panic catcher.
//! Invariant: every reply has an id, and every error reply of the API is a problem document with that id, but for OTLP's,
//! which has its own.

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::failure::{Failure, Reply};
use crate::meter;
use crate::otlp::Spoken;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The id of a request and what its caller calls it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId {
    /// Our name for the request.
    pub(crate) id: String,
    /// The caller's name for it.
    pub(crate) correlation_id: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Reply<Self> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| purser_service::error::Error::internal("a route without the context layer").into())
    }
}

fn next_id() -> String {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("req_{:016x}", SEED.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)))
}

fn correlation_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CORRELATION_ID)?.to_str().ok()?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!text.is_empty() && text.len() <= 128 && text.chars().all(harmless)).then(|| text.to_owned())
}

/// Gives the request an id, waits for its turn, runs it, and finishes the reply.
pub(crate) async fn wrap(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = RequestId { id: next_id(), correlation_id: correlation_id(request.headers()) };
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |m| m.as_str().to_owned());
    let otlp = Spoken::of(&path, request.headers());
    let response = if is_probe(&path) {
        next.run(request).await
    } else if app.is_draining() {
        Failure::shutting_down().into_response()
    } else {
        match tokio::time::timeout(app.config.queue_wait, app.turns.acquire()).await {
            Ok(Ok(_turn)) => next.run(request).await,
            _ => Failure::too_busy().into_response(),
        }
    };
    let response = finish(response, &context, &path, otlp);
    meter::request(&method, &route, response.status(), started.elapsed());
    response
}

fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// Writes the body of a failure, and the headers that every reply has.
fn finish(mut response: Response, context: &RequestId, path: &str, otlp: Option<Spoken>) -> Response {
    let failure = response.extensions_mut().remove::<Failure>().or_else(|| bare_failure(&response));
    if let Some(failure) = failure {
        failure.log(&context.id);
        let (kind, body) = match otlp {
            Some(spoken) => spoken.tell(&failure),
            None => {
                let body = serde_json::to_vec(&failure.problem(&context.id)).unwrap_or_default();
                (HeaderValue::from_static("application/problem+json"), body)
            }
        };
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(body);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(Ok(id)) = context.correlation_id.as_deref().map(HeaderValue::from_str) {
        headers.insert(CORRELATION_ID, id);
    }
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    if path.starts_with("/api/") || path.starts_with("/v1/") || is_probe(path) {
        default(header::CACHE_CONTROL, "no-store");
        default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
    response
}

/// What the router itself answers without a body: 405, and 404 below the API.
fn bare_failure(response: &Response) -> Option<Failure> {
    let empty = response.body().size_hint().exact() == Some(0);
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED if empty => Some(Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "the path does not take this method; the Allow header lists those it takes",
        )),
        StatusCode::NOT_FOUND if empty => Some(not_found()),
        _ => None,
    }
}

fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "not-found", "there is no such route")
}

/// Answers paths of the API that have no route.
pub(crate) async fn no_route() -> Failure {
    not_found()
}

/// Turns a panic into a 500; the log has its message.
#[expect(clippy::needless_pass_by_value, reason = "the panic catcher hands it over")]
pub(crate) fn caught(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let words = words.unwrap_or("no message");
    Failure::from(purser_service::error::Error::internal(&format!("panic: {words}"))).into_response()
}
