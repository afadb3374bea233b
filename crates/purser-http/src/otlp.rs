//! OTLP over HTTP: traces, logs and metrics, protobuf and JSON; the reply has the request's encoding.
//! Invariant: a readable request is answered 200; `partial_success` says what was refused or passed over, and why.

mod refusal;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use purser_api::problem::Problem;
use purser_domain::time::Timestamp;
use purser_service::decode::decoded::{Decoded, Unreadable};
use purser_service::decode::otlp::{self, Encoding};
use purser_service::ingest::{Options, Receipt};
use purser_service::principal::Principal;

use crate::app::App;
use crate::auth::Sender;
use crate::body::{Media, Payload};
use crate::decode;
use crate::failure::Reply;
use crate::refusal::BodyRefusals;
pub(crate) use refusal::Spoken;

/// What a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    fn decode(self, body: &[u8], encoding: Encoding, now: Timestamp) -> Result<Decoded, Unreadable> {
        match self {
            Self::Traces => otlp::decode_traces(body, encoding, now),
            Self::Logs => otlp::decode_logs(body, encoding, now),
            Self::Metrics => otlp::decode_metrics(body, encoding),
        }
    }

    /// The name of the count of refused items in JSON.
    const fn rejected_name(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Logs => "rejectedLogRecords",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}

/// What a reply says besides "done".
#[derive(Debug, Default)]
pub(crate) struct Partial {
    rejected: i64,
    message: String,
}

impl Partial {
    fn of(signal: Signal, receipt: Receipt, metrics: u64) -> Self {
        let rejected = receipt.refused.len() + receipt.conflicts.len();
        let notice = receipt.notice;
        let mut message = Decoded { refused: receipt.refused, ..Decoded::default() }.refusal_message();
        if let Some(first) = receipt.conflicts.first() {
            let count = receipt.conflicts.len();
            let separator = if message.is_empty() { "" } else { "; " };
            message.push_str(&format!("{separator}{count} × already stored with another payload: {}", first.event_id));
        }
        if !notice.is_empty() {
            let separator = if message.is_empty() { "" } else { "; " };
            message.push_str(separator);
            message.push_str(&notice);
        }
        if signal == Signal::Metrics && metrics > 0 {
            "metrics are accepted but charge nothing: send traces or logs".clone_into(&mut message);
        }
        Self { rejected: i64::try_from(rejected).unwrap_or(i64::MAX), message }
    }

    /// The reply as protobuf.
    pub(crate) fn protobuf(self, signal: Signal) -> Vec<u8> {
        let Self { rejected, message } = self;
        let said = rejected > 0 || !message.is_empty();
        match signal {
            Signal::Traces => {
                let partial = ExportTracePartialSuccess { rejected_spans: rejected, error_message: message };
                ExportTraceServiceResponse { partial_success: said.then_some(partial) }.encode_to_vec()
            }
            Signal::Logs => {
                let partial = ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: message };
                ExportLogsServiceResponse { partial_success: said.then_some(partial) }.encode_to_vec()
            }
            Signal::Metrics => {
                let partial = ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message: message };
                ExportMetricsServiceResponse { partial_success: said.then_some(partial) }.encode_to_vec()
            }
        }
    }

    fn json(self, signal: Signal) -> Vec<u8> {
        let reply = if self.rejected > 0 || !self.message.is_empty() {
            let mut partial = serde_json::Map::new();
            partial.insert(signal.rejected_name().to_owned(), self.rejected.to_string().into());
            partial.insert("errorMessage".to_owned(), self.message.into());
            serde_json::json!({ "partialSuccess": partial })
        } else {
            serde_json::json!({ "partialSuccess": {} })
        };
        reply.to_string().into_bytes()
    }
}

/// Takes in one request, whatever brought it.
pub(crate) async fn take_in(
    app: &App,
    who: &Principal,
    receiver: &'static str,
    signal: Signal,
    encoding: Encoding,
    body: axum::body::Bytes,
) -> Reply<Partial> {
    let (now, size) = (app.service.now(), body.len());
    let metrics = u64::from(signal == Signal::Metrics && !body.is_empty());
    let read = move || signal.decode(&body, encoding, now);
    let receipt = decode::take_in(app, who, receiver, size, &Options::partial(), read).await?;
    Ok(Partial::of(signal, receipt, metrics))
}

async fn answer(
    app: &App,
    who: &Principal,
    receiver: &'static str,
    signal: Signal,
    payload: Payload,
) -> Reply<Response> {
    payload.expect(&[Media::Protobuf, Media::Json])?;
    let protobuf = payload.media == Media::Protobuf;
    let encoding = if protobuf { Encoding::Protobuf } else { Encoding::Json };
    let partial = take_in(app, who, receiver, signal, encoding, payload.bytes.clone()).await?;
    let (bytes, kind) = if protobuf {
        (partial.protobuf(signal), "application/x-protobuf")
    } else {
        (partial.json(signal), "application/json")
    };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// OTLP traces: calls of models are charged, everything else is passed over.
#[utoipa::path(
    post, path = "/v1/traces", tag = "otlp", operation_id = "otlp.traces",
    request_body(content((String = "application/x-protobuf"), (serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Taken; partialSuccess says what was refused, and what doubtful was passed over"), BodyRefusals,
        (status = 413, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn traces(State(app): State<App>, Sender(who): Sender, payload: Payload) -> Reply<Response> {
    answer(&app, &who, "otlp_http", Signal::Traces, payload).await
}

/// OTLP logs: calls that coding agents and frameworks log are charged, everything else is passed over.
#[utoipa::path(
    post, path = "/v1/logs", tag = "otlp", operation_id = "otlp.logs",
    request_body(content((String = "application/x-protobuf"), (serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Taken; partialSuccess says what was refused, and what doubtful was passed over"), BodyRefusals,
        (status = 413, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)
    )
)]
pub(crate) async fn logs(State(app): State<App>, Sender(who): Sender, payload: Payload) -> Reply<Response> {
    answer(&app, &who, "otlp_http", Signal::Logs, payload).await
}

/// OTLP metrics: accepted with a warning, charges nothing.
#[utoipa::path(
    post, path = "/v1/metrics", tag = "otlp", operation_id = "otlp.metrics",
    request_body(content((String = "application/x-protobuf"), (serde_json::Value = "application/json"))),
    responses((status = 200, description = "Taken with a warning"), BodyRefusals, (status = 413, body = Problem))
)]
pub(crate) async fn metrics(State(app): State<App>, Sender(who): Sender, payload: Payload) -> Reply<Response> {
    answer(&app, &who, "otlp_http", Signal::Metrics, payload).await
}

/// OTLP traces as the Langfuse SDK sends them: Basic credentials whose password is the key.
#[utoipa::path(
    post, path = "/api/public/otel/v1/traces", tag = "otlp", operation_id = "langfuse.traces",
    request_body(content((String = "application/x-protobuf"), (serde_json::Value = "application/json"))),
    responses(
        (status = 200, description = "Taken; partialSuccess says what was refused, and what doubtful was passed over"), BodyRefusals,
        (status = 413, body = Problem)
    )
)]
pub(crate) async fn langfuse(State(app): State<App>, Sender(who): Sender, payload: Payload) -> Reply<Response> {
    answer(&app, &who, "langfuse", Signal::Traces, payload).await
}
