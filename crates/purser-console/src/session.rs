//! The session cookie, and who it stands for.
//! Invariant: the cookie holds a random session id, never the key, and no script can read it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use purser_service::Principal;
use purser_service::api_key::SESSION_MICROS;
use purser_service::error::Kind;
use url::form_urlencoded;

use crate::config::Config;
use crate::{Console, page};

/// Browsers take a `__Host-` cookie only if it is `Secure`, for this host alone.
const fn name(config: &Config) -> &'static str {
    if config.tls { "__Host-purser_session" } else { "purser_session" }
}

/// The `Set-Cookie` value that opens a session.
pub(crate) fn opened(config: &Config, token: &str) -> String {
    cookie(config, token, SESSION_MICROS / 1_000_000)
}

/// The `Set-Cookie` value that forgets a session.
pub(crate) fn closed(config: &Config) -> String {
    cookie(config, "", 0)
}

fn cookie(config: &Config, token: &str, max_age_sec: i64) -> String {
    let secure = if config.tls { "; Secure" } else { "" };
    format!("{}={token}; Path=/; Max-Age={max_age_sec}; HttpOnly; SameSite=Strict{secure}", name(config))
}

/// The session id that the browser sent.
pub(crate) fn token(headers: &HeaderMap, config: &Config) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(other, _)| *other == name(config)).map(|(_, token)| token.to_owned()).filter(|token| !token.is_empty())
}

/// Whoever is signed in; others are sent to the sign-in page and come back after.
pub(crate) struct SignedIn(pub(crate) Principal);

impl FromRequestParts<Console> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(token) = token(&parts.headers, &console.config) else { return Err(to_login(parts)) };
        match console.service.session(&token).await {
            Ok(who) => Ok(Self(who)),
            Err(error) if error.kind == Kind::Unauthenticated => Err(to_login(parts)),
            Err(error) => Err(page::problem::show(None, &error)),
        }
    }
}

fn to_login(parts: &Parts) -> Response {
    let next = parts.uri.path_and_query().map_or("/overview", |next| next.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let tls = Config { tls: true, hosts: Vec::new() };
        assert_eq!(
            opened(&tls, "abc"),
            "__Host-purser_session=abc; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(closed(&Config::default()), "purser_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; purser_session=abc"));
        assert_eq!(token(&headers, &Config::default()).as_deref(), Some("abc"));
        headers.insert(header::COOKIE, HeaderValue::from_static("purser_session="));
        assert_eq!(token(&headers, &Config::default()), None);
    }
}
