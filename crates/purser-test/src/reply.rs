//! A reply as tests look at it.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Status, headers and body of a reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text, empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts the status and hands the reply on.
    ///
    /// # Panics
    /// With the body, if the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Asserts a problem document of that status and code, and hands its body on.
    ///
    /// # Panics
    /// If it is something else.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let reply = self.expect(status);
        let body = reply.json();
        assert_eq!(reply.header("content-type"), "application/problem+json", "{body}");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["request_id"], reply.header("x-request-id"), "{body}");
        body
    }

    /// The names of the refused fields of a problem document.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let body = self.json();
        let fields = body["fields"].as_array().cloned().unwrap_or_default();
        fields.iter().filter_map(|field| field["field"].as_str().map(str::to_owned)).collect()
    }
}
