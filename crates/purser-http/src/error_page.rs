//! The page that the `type` of a problem document names.
//! Invariant: each error code has one.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::context;
use crate::failure::Reply;
use crate::params::{Named, NoParams};

/// `GET /docs/errors/CODE`: cause and cure, as Markdown.
pub(crate) async fn show(Named(code): Named<String>, _: NoParams) -> Reply<Response> {
    let Some(text) = page(&code) else { return Err(context::no_route().await) };
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

fn page(code: &str) -> Option<&'static str> {
    Some(match code {
        "malformed-body" => include_str!("../../../docs/errors/malformed-body.md"),
        "bad-gzip" => include_str!("../../../docs/errors/bad-gzip.md"),
        "malformed-query" => include_str!("../../../docs/errors/malformed-query.md"),
        "invalid-query" => include_str!("../../../docs/errors/invalid-query.md"),
        "not-authenticated" => include_str!("../../../docs/errors/not-authenticated.md"),
        "role-not-allowed" => include_str!("../../../docs/errors/role-not-allowed.md"),
        "not-found" => include_str!("../../../docs/errors/not-found.md"),
        "method-not-allowed" => include_str!("../../../docs/errors/method-not-allowed.md"),
        "body-timeout" => include_str!("../../../docs/errors/body-timeout.md"),
        "event-id-reused" => include_str!("../../../docs/errors/event-id-reused.md"),
        "already-exists" => include_str!("../../../docs/errors/already-exists.md"),
        "conflict" => include_str!("../../../docs/errors/conflict.md"),
        "body-too-large" => include_str!("../../../docs/errors/body-too-large.md"),
        "too-many-events" => include_str!("../../../docs/errors/too-many-events.md"),
        "unsupported-media-type" => include_str!("../../../docs/errors/unsupported-media-type.md"),
        "invalid-fields" => include_str!("../../../docs/errors/invalid-fields.md"),
        "too-deep" => include_str!("../../../docs/errors/too-deep.md"),
        "too-busy" => include_str!("../../../docs/errors/too-busy.md"),
        "internal" => include_str!("../../../docs/errors/internal.md"),
        "store-unavailable" => include_str!("../../../docs/errors/store-unavailable.md"),
        "shutting-down" => include_str!("../../../docs/errors/shutting-down.md"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use purser_api::error_code;

    #[test]
    fn every_code_has_its_page() {
        for entry in error_code::ALL {
            let text = super::page(entry.code).unwrap_or_else(|| unreachable!("{} has no page", entry.code));
            assert!(text.starts_with(&format!("# {}", entry.code)), "{}: {text}", entry.code);
        }
        assert_eq!(super::page("nonsense"), None);
    }
}
