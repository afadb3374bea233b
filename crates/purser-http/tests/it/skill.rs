//! `/api/v1/skills`

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::{Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

fn flat(cost_cents: i64) -> Value {
    let risk = json!({"name": "timeout", "mode": "timeout", "probability": 0.01});
    json!({"v1": {"cost_cents": cost_cents, "latency_ms": 800, "risk": risk}})
}

async fn cost(app: &TestApp, tenant: &str) -> Value {
    let body = json!({"plan": [{"skill": "web_search"}], "model": "v1"});
    let found = app.ask_as(tenant, Role::Read, Ask::post("/api/v1/simulate", &body)).await.expect(200).json();
    found["v1"]["estimated_cost_cents"].clone()
}

#[tokio::test]
async fn a_row_of_ones_own_counts_for_its_tenant_only_until_it_ends() {
    let app = TestApp::start().await;
    assert_eq!(cost(&app, "acme").await, 10, "an unknown skill");
    let row = json!({"skill": "web_search", "costs": flat(2)});
    app.post("/api/v1/skills/overrides", &row).await.expect(201);
    assert_eq!((cost(&app, "acme").await, cost(&app, GLOBEX).await), (json!(2), json!(10)));
    let listed = app.get("/api/v1/skills/overrides").await.expect(200).json();
    assert_eq!(listed["overrides"][0]["costs"]["v1"]["cost_cents"], 2, "{listed}");
    let catalogue = app.get("/api/v1/skills").await.expect(200).json();
    assert_eq!(catalogue["overridden"], json!(["web_search"]));
    let shipped = app.ask_as(GLOBEX, Role::Read, Ask::get("/api/v1/skills")).await.expect(200).json();
    assert_ne!(shipped["hash"], catalogue["hash"], "its content is another");
    app.ask(Ask::new(Method::DELETE, "/api/v1/skills/overrides/web_search")).await.expect(204);
    assert_eq!(cost(&app, "acme").await, 10);
    let _ = app.ask(Ask::new(Method::DELETE, "/api/v1/skills/overrides/web_search")).await.problem(404, "not-found");
}

#[tokio::test]
async fn bad_rows_are_refused_by_field() {
    let app = TestApp::start().await;
    for (body, expect) in [
        (json!({"costs": flat(1)}), vec!["skill"]),
        (json!({"skill": "s"}), vec!["costs"]),
        (json!({"skill": "s", "costs": {"v9": {}}}), vec!["costs"]),
        (json!({"skill": "s", "costs": flat(-1)}), vec!["costs.v1.cost_cents"]),
        (
            json!({"skill": "s", "costs": {"failures": [{"mode": "bored", "probability": 2}]}}),
            vec!["costs.failures[0].mode", "costs.failures[0].probability"],
        ),
    ] {
        let reply = app.post("/api/v1/skills/overrides", &body).await;
        assert_eq!(reply.fields(), expect, "{body} {}", reply.text());
        let _ = reply.problem(422, "invalid-fields");
    }
}
