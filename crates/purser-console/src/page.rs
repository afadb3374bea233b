//! One thin module per page: parameters → use-case → template.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::{Console, session};

pub(crate) mod login;
pub(crate) mod overview;
pub(crate) mod passed_over;
pub(crate) mod problem;
pub(crate) mod reconciliation;
pub(crate) mod simulate;
pub(crate) mod what_if;

/// `GET /`
pub(crate) async fn root(State(console): State<Console>, headers: HeaderMap) -> Redirect {
    let signed_in = match session::token(&headers, &console.config) {
        Some(token) => console.service.session(&token).await.is_ok(),
        None => false,
    };
    Redirect::to(if signed_in { "/overview" } else { "/login" })
}

/// Writes a template out.
fn render(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written out");
            (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written out\n").into_response()
        }
    }
}
