//! `/api/v1/keys`

use axum::http::Method;
use purser_test::{Ask, TestApp};
use serde_json::json;

#[tokio::test]
async fn a_key_is_shown_once_works_and_ends_when_revoked() {
    let app = TestApp::start().await;
    let made = app.post("/api/v1/keys", &json!({"role": "read"})).await.expect(201).json();
    let (key, id) = (made["key"].as_str().expect("a key").to_owned(), made["id"].as_str().expect("an id").to_owned());
    assert_eq!((&made["tenant"], &made["role"]), (&json!("acme"), &json!("read")));
    let ask = Ask::get("/api/v1/tenant");
    assert_eq!(app.send(ask.clone().key(&key).build()).await.expect(200).json()["id"], "acme");
    let listed = app.get("/api/v1/keys").await.expect(200).text();
    assert!(listed.contains(&id) && !listed.contains(&key), "the secret is not listed");
    app.ask(Ask::new(Method::DELETE, &format!("/api/v1/keys/{id}"))).await.expect(204);
    let _ = app.send(ask.key(&key).build()).await.problem(401, "not-authenticated");
    let _ = app.ask(Ask::new(Method::DELETE, "/api/v1/keys/none")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_key_needs_a_role() {
    let app = TestApp::start().await;
    for body in [json!({}), json!({"role": "owner"}), json!({"role": null}), json!({"role": 7})] {
        let reply = app.post("/api/v1/keys", &body).await;
        assert_eq!(reply.fields(), ["role"], "{body}");
        let _ = reply.problem(422, "invalid-fields");
    }
}
