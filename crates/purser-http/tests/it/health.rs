//! Liveness, readiness, metrics, and what every reply carries.

use purser_domain::api_key::Role;
use purser_test::{ACME, Ask, TestApp, event};

#[tokio::test]
async fn probes_need_no_key() {
    let app = TestApp::start().await;
    let reply = app.send(Ask::get("/healthz").build()).await.expect(200);
    assert_eq!(reply.json()["status"], "ok");
    let reply = app.send(Ask::get("/readyz").build()).await.expect(200);
    assert_eq!(reply.json()["status"], "ready", "{}", reply.text());
}

#[tokio::test]
async fn metrics_count_events_by_receiver_and_name_no_tenant() {
    let app = TestApp::start().await;
    app.store_events(&[event("m1")]).await;
    assert_eq!(app.send(Ask::get("/metrics").build()).await.status, 401, "no loopback peer, no key");
    assert_eq!(app.ask_as(ACME, Role::Ingest, Ask::get("/metrics")).await.status, 403);
    let text = app.get("/metrics").await.expect(200).text();
    for name in [
        "purser_events_accepted_total{receiver=\"api\"}",
        "purser_ingest_ack_seconds_bucket{receiver=\"api\"",
        "purser_inbox_lag_batches",
        "purser_price_book_age_seconds",
        "purser_http_requests_total{",
    ] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
    assert!(!text.contains(ACME), "{text}");
}

#[tokio::test]
async fn every_reply_has_an_id_and_security_headers() {
    let app = TestApp::start().await;
    let ask = Ask::get("/api/v1/tenant").header("x-correlation-id".parse().expect("a name"), "job-7");
    let reply = app.ask(ask).await.expect(200);
    assert!(reply.header("x-request-id").starts_with("req_"));
    assert_eq!(reply.header("x-correlation-id"), "job-7");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("cache-control"), "no-store");
    let other = app.get("/api/v1/tenant").await;
    assert_ne!(other.header("x-request-id"), reply.header("x-request-id"));
}

#[tokio::test]
async fn a_server_that_stops_tells_requests_to_come_back_and_is_not_ready() {
    let app = TestApp::start().await;
    app.app.drain();
    let reply = app.get("/api/v1/tenant").await;
    assert_eq!(reply.header("retry-after"), "1");
    let _ = reply.problem(503, "shutting-down");
    app.send(Ask::get("/healthz").build()).await.expect(200);
    let ready = app.send(Ask::get("/readyz").build()).await.expect(503).json();
    assert_eq!(ready["status"], "not_ready", "{ready}");
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_its_page() {
    let app = TestApp::start().await;
    let problem = app.get("/api/v1/usage/query?grain=eon").await.problem(422, "invalid-fields");
    let kind = problem["type"].as_str().expect("a path");
    let page = app.send(Ask::get(kind).build()).await.expect(200);
    assert!(page.text().starts_with("# invalid-fields"), "{}", page.text());
    assert_eq!(page.header("content-type"), "text/plain; charset=utf-8");
    let _ = app.send(Ask::get("/docs/errors/nonsense").build()).await.problem(404, "not-found");
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problem_documents() {
    let app = TestApp::start().await;
    let _ = app.get("/api/v1/nothing").await.problem(404, "not-found");
    let _ = app.get("/v1/nothing").await.problem(404, "not-found");
    let reply = app.send(Ask::new(axum::http::Method::PUT, "/api/v1/usage/query").build()).await;
    assert_eq!(reply.header("allow"), "GET,HEAD");
    let _ = reply.problem(405, "method-not-allowed");
}
