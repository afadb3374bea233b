//! Who is asking: an API key as Bearer token or as the password of Basic credentials.
//! Invariant: the tenant comes from the key alone; no route takes it from anywhere else.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use purser_service::error::Error;
use purser_service::principal::Principal;

use crate::app::App;
use crate::failure::{Failure, Reply};

/// The longest accepted `Authorization` header, bytes.
const HEADER_MAX: usize = 1024;

/// The authenticated caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<App> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let secret = secret(&parts.headers).ok_or_else(Error::unauthenticated)?;
        Ok(Self(app.service.authenticate(&secret).await?))
    }
}

/// A caller whose key may send usage; refused before the body is read.
#[derive(Debug, Clone)]
pub(crate) struct Sender(pub(crate) Principal);

impl FromRequestParts<App> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let Caller(who) = Caller::from_request_parts(parts, app).await?;
        who.may_ingest()?;
        Ok(Self(who))
    }
}

/// A caller whose key may read.
#[derive(Debug, Clone)]
pub(crate) struct Reader(pub(crate) Principal);

impl FromRequestParts<App> for Reader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let Caller(who) = Caller::from_request_parts(parts, app).await?;
        who.may_read()?;
        Ok(Self(who))
    }
}

/// A caller whose key may change feature tags and void usage.
#[derive(Debug, Clone)]
pub(crate) struct Operator(pub(crate) Principal);

impl FromRequestParts<App> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let Caller(who) = Caller::from_request_parts(parts, app).await?;
        who.may_operate()?;
        Ok(Self(who))
    }
}

/// A caller whose key may manage prices, the tenant and its keys.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Principal);

impl FromRequestParts<App> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let Caller(who) = Caller::from_request_parts(parts, app).await?;
        who.may_admin()?;
        Ok(Self(who))
    }
}

/// The key in the `Authorization` header.
pub(crate) fn secret(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?;
    if values.next().is_some() || value.len() > HEADER_MAX {
        return None;
    }
    let value = decoded(value.to_str().ok()?);
    let (scheme, credentials) = value.trim().split_once(' ')?;
    let credentials = credentials.trim();
    let secret = if scheme.eq_ignore_ascii_case("bearer") {
        credentials.to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        decoded.split_once(':')?.1.to_owned()
    } else {
        return None;
    };
    (!secret.is_empty()).then_some(secret)
}

/// `value` as it was meant: `OTEL_EXPORTER_OTLP_HEADERS` is written encoded, and some clients send it undecoded.
///
/// Neither a key nor Base64 has a percent sign, so nothing else is lost.
fn decoded(value: &str) -> String {
    [("%20", " "), ("%3D", "="), ("%3d", "="), ("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/")]
        .into_iter()
        .fold(value.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expect: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().expect("a header of this test"));
        assert_eq!(secret(&headers).as_deref(), expect, "{header}");
    }

    #[test]
    fn the_key_is_a_bearer_token_or_the_password_of_basic() {
        check("Bearer purser_1", Some("purser_1"));
        check("bearer  purser_1 ", Some("purser_1"));
        // "pk:purser_1"
        check("Basic cGs6cHVyc2VyXzE=", Some("purser_1"));
        // ":purser_1"
        check("Basic OnB1cnNlcl8x", Some("purser_1"));
        check("Bearer%20purser_1", Some("purser_1"));
        check("bearer%20%20purser_1", Some("purser_1"));
        check("Basic%20cGs6cHVyc2VyXzE%3D", Some("purser_1"));
        for bad in [
            "Bearer%20",
            "%20purser_1",
            "Bearer%2",
            "Digest%20x",
            "purser_1",
            "Bearer",
            "Bearer ",
            "Basic !!!",
            "Basic cHVyc2Vy",
            "Digest x",
            "",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn two_credentials_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "Bearer a".parse().expect("a header"));
        headers.append(AUTHORIZATION, "Bearer b".parse().expect("a header"));
        assert_eq!(secret(&headers), None);
    }
}
