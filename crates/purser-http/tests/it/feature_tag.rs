//! `/api/v1/cost/features`

use axum::http::Method;
use purser_test::{Ask, TestApp};
use serde_json::json;

const PATH: &str = "/api/v1/cost/features";
const ONE: &str = "/api/v1/cost/features/chat.reply";

async fn registered() -> TestApp {
    let app = TestApp::start().await;
    let draft = json!({"tag": "chat.reply", "display_name": "Replies", "description": "d", "budget_cents": 500});
    let made = app.post(PATH, &draft).await.expect(201).json();
    assert_eq!((&made["tag"], &made["is_active"]), (&json!("chat.reply"), &json!(true)));
    assert!(made["id"].as_str().is_some_and(|id| id.starts_with("ft_")), "{made}");
    app
}

#[tokio::test]
async fn a_tag_is_registered_once() {
    let app = registered().await;
    let _ = app.post(PATH, &json!({"tag": "chat.reply", "display_name": "Again"})).await.problem(409, "already-exists");
    let reply = app.post(PATH, &json!({"tag": "nodot", "display_name": "", "budget_cents": -1})).await;
    assert_eq!(reply.fields(), ["display_name", "budget_cents"]);
    let reply = app.post(PATH, &json!({"tag": "nodot", "display_name": "x"})).await;
    assert_eq!(reply.fields(), ["tag"]);
    let _ = reply.problem(422, "invalid-fields");
}

#[tokio::test]
async fn null_clears_and_absent_stays() {
    let app = registered().await;
    for method in [Method::PATCH, Method::PUT] {
        let ask = Ask::new(method, ONE).json(&json!({"budget_cents": 700}));
        let tag = app.ask(ask).await.expect(200).json();
        assert_eq!((&tag["description"], &tag["budget_cents"]), (&json!("d"), &json!(700)));
        assert_eq!(tag["budget_usd"], "7.000000000000");
    }
    let ask = Ask::new(Method::PATCH, ONE).json(&json!({"description": null, "budget_cents": null}));
    let tag = app.ask(ask).await.expect(200).json();
    assert_eq!((&tag["description"], &tag["budget_cents"]), (&json!(null), &json!(null)));
    let ask = Ask::new(Method::PATCH, ONE).json(&json!({"display_name": null, "is_active": "yes", "tag": "a.b"}));
    assert_eq!(app.ask(ask).await.fields(), ["display_name", "is_active", "tag"]);
}

#[tokio::test]
async fn deleting_deactivates() {
    let app = registered().await;
    app.ask(Ask::new(Method::DELETE, ONE)).await.expect(204);
    let active = app.get(PATH).await.expect(200).json();
    assert_eq!(active["features"], json!([]));
    let all = app.get(&format!("{PATH}?include_inactive=true")).await.expect(200).json();
    assert_eq!(all["features"][0]["is_active"], false);
    assert_eq!(app.get(ONE).await.expect(200).json()["is_active"], false);
    let _ = app.ask(Ask::new(Method::DELETE, "/api/v1/cost/features/a.b")).await.problem(404, "not-found");
}
