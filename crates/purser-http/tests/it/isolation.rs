//! Tenant isolation, generated from the OpenAPI document: no route shows one tenant's data to another.

use axum::http::Method;
use purser_domain::api_key::Role;
use purser_test::event::event_with;
use purser_test::{ACME, Ask, GLOBEX, TestApp, event};
use serde_json::{Value, json};

use crate::openapi::operations;

/// A word in every name that acme stores.
const MARK: &str = "acmesecret";

/// Stores something of every kind as acme; returns the ids that the server made.
async fn filled() -> (TestApp, Vec<String>) {
    let app = TestApp::start().await;
    let id = |suffix: &str| format!("{MARK}-{suffix}");
    let everything = json!({
        "user_id": id("user"), "agent": id("agent"), "run_id": id("run"), "session_id": id("session"),
        "project": id("project"), "environment": id("env"), "feature_tag": format!("{MARK}.tag"),
        "model": id("model"), "tags": {"team": id("team")}, "response_id": id("response")
    });
    app.store_events(&[event_with(&id("event"), &everything), event("plain")]).await;
    let _ = app.post("/api/v1/usage/events", &event_with(&id("event"), &json!({"output_tokens": 1}))).await.expect(409);
    let tag = json!({"tag": format!("{MARK}.tag"), "display_name": id("name")});
    let tag = app.post("/api/v1/cost/features", &tag).await.expect(201).json();
    let price = json!({"provider": "openai", "model": id("model"), "usd_per_million": {"input": "1"}});
    let price = app.post("/api/v1/prices/overrides", &price).await.expect(201).json();
    let discount = json!({"model": id("model"), "percent": "1", "force": true});
    let discount = app.post("/api/v1/prices/discounts", &discount).await.expect(201).json();
    let import = json!({"format": "csv", "source": id("source"), "name": id("file")});
    let import = app.post("/api/v1/usage/imports", &import).await.expect(201).json();
    let steps = json!([{"skill": id("kind")}]);
    let scenario = json!({"name": id("scenario"), "steps": steps});
    let scenario = app.post("/api/v1/scenarios", &scenario).await.expect(201).json();
    let row = json!({"skill": id("skill"), "costs": {"runtime": {"cost_cents": 1, "latency_ms": 1}}});
    app.post("/api/v1/skills/overrides", &row).await.expect(201);
    let plan = json!({"plan": steps, "run_id": id("run")});
    app.post("/api/v1/costsim/v2/simulate", &plan).await.expect(200);
    let recorded = app.post("/api/v1/simulate", &plan).await.expect(200).json();
    let runs: Vec<Value> =
        (0..5).map(|n| event_with(&id(&format!("e{n}")), &json!({"run_id": id(&format!("r{n}"))}))).collect();
    app.store_events(&runs).await;
    app.post("/api/v1/calibrations", &json!({})).await.expect(200);
    let artifact = json!({
        "dataset_id": id("dataset"), "dataset_version": id("version"), "input_window_hash": id("hash"),
        "as_of": "2026-11-01T00:00:00Z", "compute_code_version": id("code")
    });
    let artifact = app.post("/api/v1/artifacts", &artifact).await.expect(200).json();
    let key = app.post("/api/v1/keys", &json!({"role": "read"})).await.expect(201).json();
    let mut ids: Vec<String> = [tag, price, discount, scenario, artifact, key, import]
        .iter()
        .filter_map(|made| made["id"].as_str().map(str::to_owned))
        .collect();
    ids.extend(recorded["provenance_id"].as_str().map(str::to_owned));
    ids.extend([
        MARK.to_owned(),
        format!("{MARK}-event"),
        format!("{MARK}.tag"),
        id("skill"),
        id("dataset"),
        "plain".to_owned(),
    ]);
    (app, ids)
}

fn query(path: &str) -> &'static str {
    match path {
        path if path.contains("/statistics/") => "?from=2026-11-01T00:00:00Z&to=2026-11-30T00:00:00Z",
        "/api/v1/usage/query" => "?group_by=model,user,feature,tag:team",
        "/api/v1/cost/features" => "?include_inactive=true",
        _ => "",
    }
}

#[tokio::test]
async fn no_read_shows_another_tenants_rows_or_ids() {
    let (app, ids) = filled().await;
    for operation in operations().into_iter().filter(|operation| operation.method == Method::GET) {
        for id in &ids {
            let path = format!("{}{}", operation.path_with(id), query(&operation.path));
            let reply = app.ask_as(GLOBEX, Role::Admin, Ask::get(&path)).await;
            if operation.path.contains('{') {
                assert_eq!(reply.status, 404, "{path} answers {}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 200, "{path} answers {}", reply.text());
            let text = reply.text();
            let shown = ids.iter().find(|known| known.as_str() != "plain" && text.contains(known.as_str()));
            assert_eq!(shown, None, "{path} shows it: {text}");
            break;
        }
    }
    let total = app.ask_as(GLOBEX, Role::Read, Ask::get("/api/v1/usage/query")).await.expect(200).json();
    assert_eq!(total["total"]["charged_events"], 0);
}

#[tokio::test]
async fn no_write_reaches_another_tenants_things() {
    let (app, ids) = filled().await;
    let before = app.get("/api/v1/usage/query?group_by=model").await.expect(200).json();
    for operation in operations().into_iter().filter(|operation| operation.path.contains('{')) {
        if operation.method == Method::GET {
            continue;
        }
        for id in &ids {
            let body = match operation.path.rsplit('/').next() {
                _ if operation.path.contains("/imports/") => json!({"status": "failed"}),
                Some("simulate" | "validate" | "replay") => json!({}),
                _ => json!({"is_active": false}),
            };
            let ask = Ask::new(operation.method.clone(), &operation.path_with(id)).json(&body);
            let reply = app.ask_as(GLOBEX, Role::Admin, ask).await;
            assert_eq!(reply.status, 404, "{} {id} answers {}", operation.name(), reply.text());
        }
    }
    for body in [json!({"event_id": "plain", "reason": "r"}), json!({"import_id": MARK, "reason": "r"})] {
        let _ = app.ask_as(GLOBEX, Role::Admin, Ask::post("/api/v1/usage/void", &body)).await.problem(404, "not-found");
    }
    let rerate = json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-30T00:00:00Z", "dry_run": false});
    let report = app.ask_as(GLOBEX, Role::Admin, Ask::post("/api/v1/prices/rerate", &rerate)).await.expect(200).json();
    assert_eq!((&report["changed"], &report["unchanged"], &report["unpriced"]), (&json!(0), &json!(0), &json!(0)));
    let scenarios = app.get("/api/v1/scenarios").await.expect(200).json();
    assert_eq!(scenarios["scenarios"].as_array().map(Vec::len), Some(4));
    let rows = app.get("/api/v1/skills/overrides").await.expect(200).json();
    assert_eq!(rows["overrides"].as_array().map(Vec::len), Some(1));
    let after = app.get("/api/v1/usage/query?group_by=model").await.expect(200).json();
    assert_eq!(before["rows"], after["rows"]);
    let tag = app.get(&format!("/api/v1/cost/features/{MARK}.tag")).await.expect(200).json();
    assert_eq!(tag["is_active"], true);
}

#[tokio::test]
async fn the_same_id_of_two_tenants_is_two_events() {
    let app = TestApp::start().await;
    app.store_events(&[event("a")]).await;
    let other = event_with("a", &json!({"output_tokens": 9}));
    let reply = app.ask_as(GLOBEX, Role::Ingest, Ask::post("/api/v1/usage/events", &other)).await.expect(202).json();
    assert_eq!(reply["accepted"], 1);
    assert_eq!((app.rows(ACME).await, app.rows(GLOBEX).await), (1, 1));
}

#[tokio::test]
async fn without_a_key_only_the_probes_and_the_document_answer() {
    let app = TestApp::start().await;
    let mut open = Vec::new();
    for operation in operations() {
        let ask = Ask::new(operation.method.clone(), &operation.path_with("x"));
        for ask in [ask.clone(), ask.clone().key("purser_wrong"), ask.basic("u", "purser_wrong")] {
            let reply = app.send(ask.build()).await;
            if operation.is_public() {
                assert_eq!(reply.status, 200, "{}", operation.name());
                open.push(operation.path.clone());
            } else {
                let _ = reply.problem(401, "not-authenticated");
            }
        }
    }
    open.dedup();
    open.sort();
    assert_eq!(open, ["/api/v1/openapi.json", "/healthz", "/readyz"]);
}
