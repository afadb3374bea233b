//! Liveness and readiness.

use purser_test::{Ask, TestApp};

#[tokio::test]
async fn probes_need_no_key() {
    let app = TestApp::start().await;
    let reply = app.send(Ask::get("/healthz").build()).await.expect(200);
    assert_eq!(reply.json()["status"], "ok");
    let reply = app.send(Ask::get("/readyz").build()).await.expect(200);
    assert_eq!(reply.json()["status"], "ready", "{}", reply.text());
}
