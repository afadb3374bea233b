//! The page that is shown instead of one that failed.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use purser_service::error::Kind;
use purser_service::{Error, Principal};

use super::render;
use crate::view::shell::Shell;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem {
    shell: Shell,
    heading: &'static str,
    message: String,
    code: &'static str,
}

/// Says what `error` means and what to do; logs what only the operator may know.
pub(crate) fn show(who: Option<&Principal>, error: &Error) -> Response {
    if let Some(internal) = &error.internal {
        tracing::error!(code = error.code, internal, "a page failed");
    }
    let (status, heading) = match error.kind {
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Please sign in"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "This key may not see that"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "There is no such thing"),
        Kind::Conflict => (StatusCode::CONFLICT, "That contradicts what is stored"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "The data cannot be read now"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something broke"),
        Kind::Malformed | Kind::TooLarge | Kind::UnsupportedMedia | Kind::Invalid => {
            (StatusCode::BAD_REQUEST, "That cannot be answered")
        }
    };
    let shell = Shell::new("Problem", who);
    render(status, &Problem { shell, heading, message: error.message.clone(), code: error.code })
}
