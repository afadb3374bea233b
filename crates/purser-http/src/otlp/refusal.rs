//! How OTLP over HTTP says no: a `google.rpc.Status` in the request's encoding, as its specification demands.

use axum::http::{HeaderMap, HeaderValue};
use prost::Message;

use crate::body::Media;
use crate::failure::Failure;
use crate::grpc;

/// `google.rpc.Status` without details.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The encodings of a request that want such an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Protobuf,
    Json,
}

impl Spoken {
    /// The encoding of a request to an OTLP receiver; `None` for other routes, and for what is no OTLP.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Option<Self> {
        if !matches!(path, "/v1/traces" | "/v1/logs" | "/v1/metrics" | "/api/public/otel/v1/traces") {
            return None;
        }
        match Media::of(headers).ok()? {
            Media::Protobuf => Some(Self::Protobuf),
            Media::Json => Some(Self::Json),
            _ => None,
        }
    }

    /// The content type and body that tell of `failure`.
    pub(crate) fn tell(self, failure: &Failure) -> (HeaderValue, Vec<u8>) {
        let code = i32::from(grpc::code(failure.status()));
        let message = failure.detail().to_owned();
        match self {
            Self::Protobuf => {
                (HeaderValue::from_static("application/x-protobuf"), RpcStatus { code, message }.encode_to_vec())
            }
            Self::Json => {
                let body = serde_json::json!({ "code": code, "message": message }).to_string().into_bytes();
                (HeaderValue::from_static("application/json"), body)
            }
        }
    }
}
