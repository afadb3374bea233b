//! Sizes, depth, encodings and load.

use std::time::Duration;

use purser_test::event::event_with;
use purser_test::{ACME, Ask, TestApp, event};
use serde_json::{Value, json};
use tower::ServiceExt;

const PATH: &str = "/api/v1/usage/events";

fn raw(content_type: &str, body: impl Into<Vec<u8>>) -> Ask {
    Ask::post(PATH, &json!(null)).bytes(content_type, body)
}

#[tokio::test]
async fn a_body_is_at_most_16_mib_as_sent_and_64_unpacked() {
    let app = TestApp::start().await;
    let _ = app.ask(raw("application/json", vec![b' '; (16 << 20) + 1])).await.problem(413, "body-too-large");
    let _ = app.ask(raw("application/json", vec![b' '; (64 << 20) + 1]).gzip()).await.problem(413, "body-too-large");
    let padded = format!("{}{}", " ".repeat(1 << 20), json!([event("a")]));
    app.ask(raw("application/json", padded).gzip()).await.expect(202);
}

#[tokio::test]
async fn ten_thousand_events_are_the_most() {
    let app = TestApp::start().await;
    let many: Vec<Value> = (0..10_001).map(|index| event(&format!("e{index}"))).collect();
    let _ = app.post(PATH, &json!(many)).await.problem(413, "too-many-events");
    assert_eq!(app.rows(ACME).await, 0);
    let reply = app.post(PATH, &json!(many[..10_000])).await.expect(202).json();
    assert_eq!(reply["accepted"], 10_000);
}

#[tokio::test]
async fn long_strings_and_large_numbers_are_values_that_are_refused() {
    let app = TestApp::start().await;
    let long = "x".repeat(10 << 20);
    let reply = app.post(PATH, &event_with("a", &json!({"user_id": long}))).await;
    assert_eq!(reply.fields(), ["user_id"]);
    assert!(reply.body.len() < 2_000, "the value is cut");
    let _ = reply.problem(422, "invalid-fields");
    let tags: Value = (0..33).map(|index| (format!("t{index}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    for (field, value) in
        [("input_tokens", json!(9_007_199_254_740_992_u64)), ("input_tokens", json!(1.5)), ("tags", tags)]
    {
        let reply = app.post(PATH, &event_with("a", &json!({ field: value }))).await;
        assert_eq!(reply.fields(), [field]);
    }
    assert_eq!(app.rows(ACME).await, 0);
}

#[tokio::test]
async fn encodings_and_types_that_are_not_spoken_are_named() {
    let app = TestApp::start().await;
    let encoded = raw("application/json", "[]").header("content-encoding".parse().expect("a name"), "br");
    let _ = app.ask(encoded).await.problem(415, "unsupported-media-type");
    for kind in ["text/plain", "application/xml", "application/x-protobuf"] {
        let _ = app.ask(raw(kind, "[]")).await.problem(415, "unsupported-media-type");
    }
    let bad = raw("application/json", "[]").header("content-encoding".parse().expect("a name"), "gzip");
    let _ = app.ask(bad).await.problem(400, "bad-gzip");
}

#[tokio::test]
async fn all_listeners_share_the_memory_for_bodies() {
    let app = TestApp::with(purser_http::Config { bodies_max: 4 << 10, ..Default::default() }).await;
    let key = app.key(ACME, purser_domain::api_key::Role::Ingest);
    let send = || Ask::post("/v1/traces", &json!(null)).bytes("application/json", vec![b' '; 2 << 10]).key(key).build();
    // A body that was announced and never comes holds its share.
    let mut slow = send();
    *slow.body_mut() = axum::body::Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    slow.headers_mut().insert("content-length", (3 << 10).into());
    let slow = purser_http::otlp_router(&app.app).oneshot(slow);
    let other = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        app.send(send()).await
    };
    tokio::select! {
        _ = slow => unreachable!("its body never comes"),
        reply = other => assert_eq!(reply.status, 429, "{}", reply.text()),
    }
    app.send(send()).await.expect(400);
}

#[tokio::test]
async fn more_requests_than_turns_are_told_to_come_back() {
    let config = purser_http::Config { concurrency: 0, queue_wait: Duration::from_millis(10), ..Default::default() };
    let app = TestApp::with(config).await;
    let reply = app.get("/api/v1/tenant").await;
    assert_eq!(reply.header("retry-after"), "1");
    let _ = reply.problem(429, "too-busy");
    app.send(Ask::get("/healthz").build()).await.expect(200);
}
