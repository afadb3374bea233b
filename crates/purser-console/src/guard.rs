//! Whether a request that changes something comes from the console's own pages.
//! Invariant: a state change carries an origin that is the host it was sent to, and that host is ours.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use url::Url;

use crate::config::Config;

/// Why a state change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The host is missing or not one of ours.
    Host,
    /// The origin is missing or another.
    Origin,
}

impl Refused {
    /// In words, for the page.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Host => "the request names a host that this console does not answer to",
            Self::Origin => "the request does not come from a page of this console",
        }
    }
}

/// # Errors
/// When the host or the origin is not the console's own.
pub(crate) fn check(parts: &Parts, config: &Config) -> Result<(), Refused> {
    let host = host(&parts.uri, &parts.headers).ok_or(Refused::Host)?;
    let scheme = if config.tls { "https" } else { "http" };
    let own = Url::parse(&format!("{scheme}://{host}")).map_err(|_| Refused::Host)?;
    let name = own.host_str().ok_or(Refused::Host)?;
    if !config.hosts.is_empty() && !config.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
        return Err(Refused::Host);
    }
    if text(&parts.headers, &HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site != "same-origin") {
        return Err(Refused::Origin);
    }
    let origin = text(&parts.headers, &header::ORIGIN).and_then(|origin| Url::parse(origin).ok());
    let origin = origin.ok_or(Refused::Origin)?;
    // A proxy that ends TLS in front of a plain listener makes the origin `https` and ours `http`: that is no attack.
    let schemes_agree = origin.scheme() == scheme || (!config.tls && origin.scheme() == "https");
    let ports_agree = origin.port() == own.port() || origin.scheme() != scheme;
    if schemes_agree && ports_agree && origin.host_str() == own.host_str() { Ok(()) } else { Err(Refused::Origin) }
}

/// The host that the browser asked for, with its port.
pub(crate) fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    text(headers, &header::HOST).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a request of this test").into_parts().0
    }

    #[test]
    fn only_our_own_origin_on_our_own_host_may_act() {
        let check = |headers: &[(&str, &str)], expected: Result<(), Refused>| {
            assert_eq!(check(&parts(headers), &Config::default()), expected, "{headers:?}");
        };
        check(&[("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:8000")], Ok(()));
        check(&[("host", "[::1]:8000"), ("origin", "http://[::1]:8000")], Ok(()));
        check(&[("host", "localhost"), ("origin", "http://localhost"), ("sec-fetch-site", "same-origin")], Ok(()));
        check(&[("host", "127.0.0.1:8000")], Err(Refused::Origin));
        check(&[("host", "127.0.0.1:8000"), ("origin", "null")], Err(Refused::Origin));
        check(&[("host", "127.0.0.1:8000"), ("origin", "http://127.0.0.1:9000")], Err(Refused::Origin));
        check(&[("host", "127.0.0.1:8000"), ("origin", "http://localhost:8000")], Err(Refused::Origin));
        check(&[("host", "evil.example"), ("origin", "http://evil.example")], Err(Refused::Host));
        check(&[("origin", "http://127.0.0.1:8000")], Err(Refused::Host));
        check(
            &[("host", "localhost"), ("origin", "http://localhost"), ("sec-fetch-site", "cross-site")],
            Err(Refused::Origin),
        );
    }

    #[test]
    fn under_tls_plain_origins_may_not_act_and_behind_a_tls_proxy_both_may() {
        let tls = Config { tls: true, hosts: Vec::new() };
        let plain = Config { tls: false, hosts: vec!["purser.example".to_owned()] };
        let https = parts(&[("host", "purser.example"), ("origin", "https://purser.example")]);
        let http = parts(&[("host", "purser.example"), ("origin", "http://purser.example")]);
        assert_eq!(check(&https, &tls), Ok(()));
        assert_eq!(check(&http, &tls), Err(Refused::Origin));
        assert_eq!(check(&https, &plain), Ok(()));
        assert_eq!(check(&http, &plain), Ok(()));
    }
}
