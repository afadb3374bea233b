//! OTLP over gRPC, end to end over a socket.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use purser_domain::api_key::Role;
use purser_test::{ACME, TestApp};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

use super::sample::{bad_span, chat_span, operation_span, request};

/// Serves gRPC on a free port; the sender stops it.
async fn serve(app: &TestApp) -> (String, tokio::sync::oneshot::Sender<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (router, drain) = (purser_http::grpc_router(&app.app), purser_http::Config::default().drain);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        stopped.await.ok();
    };
    tokio::spawn(purser_http::serve(listener, None, router, until, drain));
    (address, stop)
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().expect("a key is ASCII"));
    request
}

#[tokio::test]
async fn traces_arrive_packed_and_are_charged_once() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let mut client = TraceServiceClient::connect(address)
        .await
        .expect("a connection")
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let key = app.key(ACME, Role::Ingest);
    for _ in 0..2 {
        let reply = client.export(with_key(request(vec![chat_span(1)]), key)).await.expect("taken").into_inner();
        assert_eq!(reply.partial_success, None);
    }
    let partial = client.export(with_key(request(vec![chat_span(2), bad_span(3)]), key)).await.expect("taken");
    assert_eq!(partial.into_inner().partial_success.expect("one is refused").rejected_spans, 1);
    assert_eq!(app.rows(ACME).await, 2);
}

#[tokio::test]
async fn logs_and_metrics_have_their_services() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let key = app.key(ACME, Role::Operate);
    let mut logs = LogsServiceClient::connect(address.clone()).await.expect("a connection");
    logs.export(with_key(ExportLogsServiceRequest::default(), key)).await.expect("taken");
    let mut metrics = MetricsServiceClient::connect(address).await.expect("a connection");
    metrics.export(with_key(ExportMetricsServiceRequest::default(), key)).await.expect("taken");
}

#[tokio::test]
async fn a_call_needs_a_key_that_may_send() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let mut client = TraceServiceClient::connect(address).await.expect("a connection");
    let message = || request(vec![chat_span(1)]);
    let refused = client.export(Request::new(message())).await.expect_err("no key");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = client.export(with_key(message(), "purser_wrong")).await.expect_err("a wrong key");
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = client.export(with_key(message(), app.key(ACME, Role::Read))).await.expect_err("a read key");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(app.rows(ACME).await, 0);
}

#[tokio::test]
async fn a_doubtful_span_is_told() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let mut client = TraceServiceClient::connect(address).await.expect("a connection");
    let spans = vec![chat_span(1), operation_span(2, "dream")];
    let reply = client.export(with_key(request(spans), app.key(ACME, Role::Ingest))).await.expect("taken");
    let partial = reply.into_inner().partial_success.expect("one is doubtful");
    assert_eq!(partial.rejected_spans, 0);
    assert!(partial.error_message.contains("dream"), "{partial:?}");
}

#[tokio::test]
async fn a_space_before_the_key_may_be_encoded() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let mut client = TraceServiceClient::connect(address).await.expect("a connection");
    let mut message = Request::new(request(vec![chat_span(1)]));
    let value = format!("Bearer%20{}", app.key(ACME, Role::Ingest));
    message.metadata_mut().insert("authorization", value.parse().expect("a key is ASCII"));
    client.export(message).await.expect("taken");
    assert_eq!(app.rows(ACME).await, 1);
}

#[tokio::test]
async fn a_message_that_unpacks_too_large_is_refused() {
    let app = TestApp::start().await;
    let (address, _stop) = serve(&app).await;
    let mut client =
        TraceServiceClient::connect(address).await.expect("a connection").send_compressed(CompressionEncoding::Gzip);
    let mut span = chat_span(1);
    span.name = "x".repeat(65 << 20);
    let bomb: ExportTraceServiceRequest = request(vec![span]);
    let refused = client.export(with_key(bomb, app.key(ACME, Role::Ingest))).await.expect_err("65 MiB unpacked");
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    client.export(with_key(request(vec![chat_span(1)]), app.key(ACME, Role::Ingest))).await.expect("still alive");
}
