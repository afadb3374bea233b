//! Signing in with an API key, and out again.
//! Invariant: the key is not kept, echoed or logged; only a session id leaves.

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequest as _, RawForm, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use purser_service::error::Kind;
use url::form_urlencoded;

use super::{problem, render};
use crate::view::shell::{PAGES, Shell};
use crate::{Console, guard, session};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    shell: Shell,
    next: String,
    error: Option<String>,
}

/// `GET /login`
pub(crate) async fn show(State(console): State<Console>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let next = safe_next(value(query.unwrap_or_default().as_bytes(), "next").as_deref());
    if let Some(token) = session::token(&headers, &console.config)
        && console.service.session(&token).await.is_ok()
    {
        return Redirect::to(&next).into_response();
    }
    page(StatusCode::OK, next, None)
}

/// `POST /login`
pub(crate) async fn submit(State(console): State<Console>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Err(refused) = guard::check(&parts, &console.config) {
        return page(StatusCode::FORBIDDEN, safe_next(None), Some(refused.reason().to_owned()));
    }
    let form = match RawForm::from_request(Request::from_parts(parts, body), &console).await {
        Ok(RawForm(form)) => form,
        Err(rejection) => return rejection.into_response(),
    };
    let next = safe_next(value(&form, "next").as_deref());
    let key = value(&form, "key").unwrap_or_default();
    if key.trim().is_empty() {
        return page(StatusCode::UNPROCESSABLE_ENTITY, next, Some("Enter an API key.".to_owned()));
    }
    match console.service.session_create(key.trim()).await {
        Ok((token, _)) => with_cookie(&next, &session::opened(&console.config, &token)),
        Err(error) => match error.kind {
            Kind::Unauthenticated => refused(next),
            Kind::Forbidden => {
                let words = "That key may send usage but not read it. Sign in with a read, operate or admin key.";
                page(StatusCode::FORBIDDEN, next, Some(words.to_owned()))
            }
            _ => problem::show(None, &error),
        },
    }
}

/// `POST /logout`
pub(crate) async fn leave(State(console): State<Console>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(refused) = guard::check(&parts, &console.config) {
        return page(StatusCode::FORBIDDEN, safe_next(None), Some(refused.reason().to_owned()));
    }
    if let Some(token) = session::token(&parts.headers, &console.config)
        && let Err(error) = console.service.session_end(&token).await
    {
        return problem::show(None, &error);
    }
    with_cookie("/login", &session::closed(&console.config))
}

fn refused(next: String) -> Response {
    let words = "That key is not known, or was revoked.";
    let mut response = page(StatusCode::UNAUTHORIZED, next, Some(words.to_owned()));
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn page(status: StatusCode, next: String, error: Option<String>) -> Response {
    render(status, &Login { shell: Shell::new("Sign in", None), next, error })
}

fn with_cookie(next: &str, cookie: &str) -> Response {
    let response = Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, next)
        .header(header::SET_COOKIE, cookie)
        .body(Body::empty());
    response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn value(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Where to go after signing in: a page of ours, never another site.
fn safe_next(next: Option<&str>) -> String {
    let ours = |next: &&str| {
        let path = next.split_once('?').map_or(*next, |(path, _)| path);
        PAGES.iter().any(|(_, href)| *href == path) && next.bytes().all(|byte| byte.is_ascii_graphic())
    };
    next.filter(ours).unwrap_or("/overview").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
        for (next, expected) in [
            (Some("/overview?range=30d&model=a%20b"), "/overview?range=30d&model=a%20b"),
            (Some("https://evil.example/overview"), "/overview"),
            (Some("//evil.example/overview"), "/overview"),
            (Some("/overview.evil"), "/overview"),
            (Some("/what-if?range=7d"), "/what-if?range=7d"),
            (Some("/logout"), "/overview"),
            (Some("/overview?a\r\nset-cookie: b"), "/overview"),
            (None, "/overview"),
        ] {
            assert_eq!(safe_next(next), expected);
        }
    }
}
