//! The typed client against a server on a socket, and the server's end.

use std::time::Duration;

use purser_client::{Client, Error};
use purser_domain::api_key::Role;
use purser_domain::usage_query::{Dimension, Query};
use purser_test::{ACME, TestApp, event};
use serde_json::json;

#[tokio::test]
async fn the_client_sends_asks_and_hears_why_it_is_refused() {
    let app = TestApp::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        stopped.await.ok();
    };
    let serving = tokio::spawn(purser_http::serve(listener, None, app.router.clone(), until, Duration::from_secs(5)));

    let client = Client::new(&base, app.key(ACME, Role::Operate)).expect("an address");
    let receipt = client
        .send_events(&[event("a"), event("b"), json!({"event_id": "c"})], None, None, false)
        .await
        .expect("taken");
    assert_eq!((receipt.accepted, receipt.refused.len()), (2, 1));
    let query = Query { by: vec![Dimension::Model], ..Query::default() };
    let answer = client.usage_query(&query).await.expect("an answer");
    assert_eq!(answer.rows[0].keys["model"].as_deref(), Some("gpt-4o"));
    assert_eq!(answer.total.cost_usd.to_string(), "0.015000000000");
    assert_eq!(client.event("a", None).await.expect("it is there").state, "charged");
    assert!(!client.price("openai", "gpt-4o").await.expect("it is there").prices.is_empty());
    let refused = client.event("no/such event", None).await.expect_err("it is not there");
    assert!(matches!(&refused, Error::Refused(problem) if problem.code == "not-found"), "{refused}");

    let metrics = bare_get(&base).await;
    assert!(metrics.contains("purser_up 1"), "a caller on this machine needs no key: {metrics}");
    stop.send(()).expect("it listens");
    drop(client);
    tokio::time::timeout(Duration::from_secs(10), serving)
        .await
        .expect("it stops in time")
        .expect("no panic")
        .expect("no error");
}

/// `GET /metrics` over a bare socket.
async fn bare_get(base: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(base.trim_start_matches("http://")).await.expect("a connection");
    let request = b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("it is sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("it is text");
    reply
}
