//! OTLP over HTTP.

use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics};
use prost::Message;
use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, TestApp};
use serde_json::json;

use super::sample::{bad_span, chat_span, operation_span, request};

/// `google.rpc.Status`, as the OTLP specification has it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn protobuf(path: &str, body: Vec<u8>) -> Ask {
    Ask::post(path, &json!(null)).bytes("application/x-protobuf", body)
}

#[tokio::test]
async fn protobuf_traces_are_charged_and_answered_in_protobuf() {
    let app = TestApp::start().await;
    let body = request(vec![chat_span(1), chat_span(2)]).encode_to_vec();
    let reply = app.ask(protobuf("/v1/traces", body).gzip()).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/x-protobuf");
    let answer = ExportTraceServiceResponse::decode(reply.body).expect("a response");
    assert_eq!(answer.partial_success, None);
    let total = app.get("/api/v1/usage/query").await.expect(200).json();
    assert_eq!(total["total"]["cost_usd"], "0.015000000000", "{total}");
}

#[tokio::test]
async fn json_traces_are_answered_in_json() {
    let app = TestApp::start().await;
    let body = serde_json::to_value(request(vec![chat_span(1)])).expect("a request");
    let reply = app.post("/v1/traces", &body).await.expect(200);
    assert_eq!(reply.json(), json!({"partialSuccess": {}}));
    assert_eq!(app.rows(ACME).await, 1);
}

#[tokio::test]
async fn what_is_refused_is_told_and_the_rest_is_stored() {
    let app = TestApp::start().await;
    let body = request(vec![chat_span(1), bad_span(2)]).encode_to_vec();
    let reply = app.ask(protobuf("/v1/traces", body)).await.expect(200);
    let partial = ExportTraceServiceResponse::decode(reply.body).expect("a response").partial_success;
    let partial = partial.expect("one span is refused");
    assert_eq!(partial.rejected_spans, 1, "{partial:?}");
    assert!(!partial.error_message.is_empty());
    assert_eq!(app.rows(ACME).await, 1);
}

#[tokio::test]
async fn langfuse_sends_basic_credentials() {
    let app = TestApp::start().await;
    let body = request(vec![chat_span(1)]).encode_to_vec();
    let ask = protobuf("/api/public/otel/v1/traces", body);
    app.send(ask.clone().basic("pk-lf-1", app.key(ACME, Role::Ingest)).build()).await.expect(200);
    assert_eq!(app.rows(ACME).await, 1);
    let refused = app.send(ask.basic("pk-lf-1", "wrong").build()).await.expect(401);
    // google.rpc.Status: field 1 is the code, UNAUTHENTICATED.
    assert_eq!((refused.header("content-type"), &refused.body[..2]), ("application/x-protobuf", &[0x08, 16][..]));
}

/// The message of `partial_success` in protobuf and in JSON; both are told alike.
async fn message(spans: Vec<opentelemetry_proto::tonic::trace::v1::Span>) -> String {
    let message = request(spans);
    let app = TestApp::start().await;
    let reply = app.ask(protobuf("/v1/traces", message.encode_to_vec())).await.expect(200);
    let partial = ExportTraceServiceResponse::decode(reply.body).expect("a response").partial_success;
    let partial = partial.unwrap_or_default();
    assert_eq!(partial.rejected_spans, 0, "nothing is refused: {partial:?}");
    let app = TestApp::start().await;
    let json = app.post("/v1/traces", &serde_json::to_value(message).expect("a request")).await.expect(200).json();
    assert_eq!(json["partialSuccess"]["errorMessage"].as_str().unwrap_or_default(), partial.error_message);
    partial.error_message
}

#[tokio::test]
async fn a_doubtful_span_is_told_although_calls_are_stored() {
    let said = message(vec![chat_span(1), operation_span(2, "dream"), operation_span(3, "dream")]).await;
    assert!(said.starts_with("2 × ") && said.contains("\"dream\" is not known to call a model"), "{said}");
}

#[tokio::test]
async fn agents_around_calls_are_not_told() {
    assert_eq!(message(vec![chat_span(1), operation_span(2, "invoke_agent")]).await, "");
}

#[tokio::test]
async fn that_nothing_was_stored_is_told_once_a_minute() {
    let said = message(vec![operation_span(1, "invoke_agent")]).await;
    assert!(said.starts_with("nothing was stored: 1 × "), "{said}");
    let app = TestApp::start().await;
    let body = || request(vec![operation_span(1, "invoke_agent")]).encode_to_vec();
    let told = async || {
        let reply = app.ask(protobuf("/v1/traces", body())).await.expect(200);
        ExportTraceServiceResponse::decode(reply.body).expect("a response").partial_success.is_some()
    };
    assert!(told().await);
    assert!(!told().await, "told a moment ago");
    app.clock.set("2026-11-20T12:01:00Z".parse().expect("a literal"));
    assert!(told().await);
}

#[tokio::test]
async fn a_span_that_is_sent_again_is_known_and_not_told() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let reply = app.ask(protobuf("/v1/traces", request(vec![chat_span(1)]).encode_to_vec())).await.expect(200);
        assert_eq!(ExportTraceServiceResponse::decode(reply.body).expect("a response").partial_success, None);
    }
}

#[tokio::test]
async fn a_space_before_the_key_may_be_encoded() {
    let app = TestApp::start().await;
    let authorization = format!("Bearer%20{}", app.key(ACME, Role::Ingest));
    for path in ["/v1/traces", "/v1/logs", "/v1/metrics", "/api/public/otel/v1/traces"] {
        let ask = protobuf(path, Vec::new()).header(axum::http::header::AUTHORIZATION, &authorization);
        app.send(ask.build()).await.expect(200);
    }
    let wrong = protobuf("/v1/logs", Vec::new()).header(axum::http::header::AUTHORIZATION, "Bearer%20wrong");
    app.send(wrong.build()).await.expect(401);
}

#[tokio::test]
async fn metrics_are_accepted_with_a_warning_and_charge_nothing() {
    let app = TestApp::start().await;
    let metric = Metric { name: "gen_ai.client.token.usage".to_owned(), ..Metric::default() };
    let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
    let resource = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
    let body = ExportMetricsServiceRequest { resource_metrics: vec![resource] }.encode_to_vec();
    let reply = app.ask(protobuf("/v1/metrics", body)).await.expect(200);
    let partial = ExportMetricsServiceResponse::decode(reply.body).expect("a response").partial_success;
    let partial = partial.expect("a warning");
    assert_eq!(partial.rejected_data_points, 0);
    assert!(partial.error_message.contains("charge nothing"), "{partial:?}");
    assert_eq!(app.rows(ACME).await, 0);
}

#[tokio::test]
async fn an_empty_request_is_fine_and_a_broken_one_is_malformed() {
    let app = TestApp::start().await;
    app.ask(protobuf("/v1/traces", Vec::new())).await.expect(200);
    app.ask(protobuf("/v1/logs", Vec::new())).await.expect(200);
    let refused = app.ask(protobuf("/v1/traces", b"\xff\xff\xff".to_vec())).await.expect(400);
    assert_eq!(refused.header("content-type"), "application/x-protobuf");
    let status = RpcStatus::decode(refused.body).expect("a status");
    assert_eq!(status.code, 3, "INVALID_ARGUMENT");
    assert!(!status.message.is_empty());
    let broken = Ask::post("/v1/traces", &json!(null)).bytes("application/json", "{");
    let refused = app.ask(broken).await.expect(400);
    assert_eq!((refused.header("content-type"), &refused.json()["code"]), ("application/json", &json!(3)));
    assert!(refused.json()["message"].is_string());
    let neither = Ask::post("/v1/traces", &json!(null)).bytes("text/plain", "x");
    let _ = app.ask(neither).await.problem(415, "unsupported-media-type");
}
