//! Bad input for every route that takes a body: the right status, nothing stored, the server alive.

use axum::http::Method;
use purser_test::{ACME, Ask, TestApp};
use serde_json::json;

use crate::openapi::{Operation, operations};

fn takes_json(operation: &Operation) -> bool {
    operation.description["requestBody"]["content"].get("application/json").is_some()
}

/// Whether a refusal has the form that it should: OTLP has its own.
fn is_told(operation: &Operation, reply: &purser_test::Reply) -> bool {
    match operation.description["tags"][0] == "otlp" {
        true => reply.header("content-type") == "application/json" && reply.json()["code"].is_number(),
        false => reply.header("content-type") == "application/problem+json",
    }
}

fn ask(operation: &Operation, body: impl Into<Vec<u8>>) -> Ask {
    Ask::new(operation.method.clone(), &operation.path_with("none.such")).bytes("application/json", body)
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_every_route() {
    let app = TestApp::start().await;
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases: [(&str, Vec<u8>, &[u16]); 7] = [
        ("empty", Vec::new(), &[400]),
        ("cut", b"{\"a\":".to_vec(), &[400]),
        ("not UTF-8", b"{\"model\":\"\xff\"}".to_vec(), &[400]),
        ("trailing", b"{} x".to_vec(), &[400]),
        ("nul", b"\0".to_vec(), &[400]),
        ("deep", deep.into_bytes(), &[400, 422]),
        ("NaN", b"{\"a\":NaN}".to_vec(), &[400]),
    ];
    for operation in operations().into_iter().filter(takes_json) {
        for (name, body, expect) in &cases {
            let reply = app.ask(ask(&operation, body.clone())).await;
            let status = reply.status.as_u16();
            // Foreign formats are always partial: a broken item is reported, not stored.
            let reported = status == 202 && reply.json()["refused"][0].is_object();
            let said = expect.contains(&status) && is_told(&operation, &reply);
            assert!(said || reported, "{} {name} answers {status} {}", operation.name(), reply.text());
        }
        let packed = ask(&operation, "{}").header("content-encoding".parse().expect("a name"), "gzip");
        let reply = app.ask(packed).await.expect(400);
        assert!(is_told(&operation, &reply), "{} {}", operation.name(), reply.text());
        let huge = ask(&operation, vec![b' '; (16 << 20) + 1]);
        let reply = app.ask(huge).await.expect(413);
        assert!(is_told(&operation, &reply), "{} {}", operation.name(), reply.text());
    }
    assert_eq!(app.rows(ACME).await, 0);
    app.get("/api/v1/tenant").await.expect(200);
}

#[tokio::test]
async fn our_own_formats_refuse_unknown_fields_and_wrong_types() {
    let app = TestApp::start().await;
    let foreign = ["/api/v1/events", "/api/v1/litellm"];
    for operation in operations().into_iter().filter(takes_json) {
        if !operation.path.starts_with("/api/v1/") || foreign.contains(&operation.path.as_str()) {
            continue;
        }
        let reply = app.ask(ask(&operation, json!({"no_such_field": "x"}).to_string())).await;
        assert!(reply.fields().iter().any(|field| field == "no_such_field"), "{} {}", operation.name(), reply.text());
        assert_eq!(reply.status, 422, "{}", operation.name());
        let wrong = json!("just a string").to_string();
        let reply = app.ask(ask(&operation, wrong)).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{} {}", operation.name(), reply.text());
    }
    assert_eq!(app.rows(ACME).await, 0);
}

#[tokio::test]
async fn every_read_refuses_unknown_parameters_by_name() {
    let app = TestApp::start().await;
    for operation in operations() {
        if operation.method != Method::GET || operation.is_public() {
            continue;
        }
        let path = format!("{}?no_such_parameter=1", operation.path_with("none.such"));
        let reply = app.get(&path).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{path} answers {} {}", reply.status, reply.text());
        assert!(reply.fields().iter().any(|field| field == "no_such_parameter"), "{path} {}", reply.text());
        let long = format!("{}?{}=1", operation.path_with("none.such"), "x".repeat(5_000));
        assert!(app.get(&long).await.status.is_client_error());
    }
}

#[tokio::test]
async fn odd_path_parameters_find_nothing_and_break_nothing() {
    let app = TestApp::start().await;
    let long = "x".repeat(4_000);
    for operation in operations().into_iter().filter(|operation| operation.path.contains('{')) {
        for id in ["%00", "%ff", "..%2f..", "%27%3B%20DROP%20TABLE%20x", "%E2%80%AE", long.as_str()] {
            let body = json!({"display_name": "x"}).to_string();
            let reply = app.ask(ask(&operation, body).path(&operation.path_with(id))).await;
            assert!(
                reply.status.is_client_error(),
                "{} {id} answers {} {}",
                operation.name(),
                reply.status,
                reply.text()
            );
            assert_eq!(reply.header("content-type"), "application/problem+json", "{} {id}", operation.name());
        }
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_refused() {
    let app = TestApp::start().await;
    let takes_none =
        |operation: &Operation| operation.method == Method::POST && operation.description.get("requestBody").is_none();
    let paths: Vec<String> =
        operations().iter().filter(|operation| takes_none(operation)).map(Operation::name).collect();
    assert_eq!(paths.len(), 5, "{paths:?}");
    for operation in operations().iter().filter(|operation| takes_none(operation)) {
        let reply = app.ask(ask(operation, br#"{"budget_cents":1}"#.to_vec())).await;
        assert_eq!(reply.status, 422, "{} answers {}", operation.name(), reply.text());
        let reply = app.ask(ask(operation, b"junk".to_vec())).await;
        assert_eq!(reply.status, 400, "{} answers {}", operation.name(), reply.text());
        let reply = app.ask(ask(operation, b" {} ".to_vec())).await;
        assert!([200, 404].contains(&reply.status.as_u16()), "{} answers {}", operation.name(), reply.text());
    }
}
