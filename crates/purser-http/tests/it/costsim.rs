//! `/api/v1/costsim/v2`

use std::time::Duration;

use purser_domain::api_key::Role;
use purser_service::sandbox::Config;
use purser_test::{ACME, Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

const SIMULATE: &str = "/api/v1/costsim/v2/simulate";

/// A server whose candidate is on, and awaited for long.
pub(crate) async fn with_shadow() -> TestApp {
    let app = TestApp::start().await;
    let patient = Duration::from_secs(20);
    app.service.start_sandbox(Config { enabled: true, shadow_wait: patient, deadline: patient, ..Config::default() });
    app
}

fn plan(more: &Value) -> Value {
    let steps = json!([
        {"skill": "http_call"}, {"skill": "llm_invoke", "params": {"prompt": "Hello"}}, {"skill": "json_transform"}
    ]);
    let mut body = json!({"plan": steps});
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn the_baseline_answers_and_the_candidate_stands_beside_it() {
    let app = with_shadow().await;
    let found = app.post(SIMULATE, &plan(&json!({}))).await.expect(200).json();
    assert_eq!(
        (&found["v1_feasible"], &found["v1_cost_cents"], &found["v1_duration_ms"]),
        (&json!(true), &json!(5), &json!(2510)),
        "{found}"
    );
    // 3.5 + 0.8 · 5/1000 + 1.2 · 10/1000 = 3.516 cents; 500 + 1,801 + 5 ms.
    assert_eq!(found["v2_result"]["estimated_cost_cents"], 4);
    assert_eq!(found["v2_result"]["estimated_duration_ms"], 2306);
    assert_eq!(
        (&found["comparison"]["verdict"], &found["comparison"]["drift_score"]),
        (&json!("minor_drift"), &json!(0.12))
    );
    assert_eq!((&found["sandbox_enabled"], &found["v2_error"]), (&json!(true), &Value::Null));
    assert_eq!(found["side_effects"]["provenance_recorded"], true);
    assert!(found["provenance_id"].as_str().is_some_and(|id| id.len() == 36), "{found}");
    let status = app.get("/api/v1/costsim/v2/status").await.expect(200).json();
    assert_eq!((&status["sandbox_enabled"], &status["shadow"]["answered"]), (&json!(true), &json!(1)), "{status}");
    let metrics = app.get("/metrics").await.expect(200).text();
    for name in ["costsim_v2_drift_score_bucket", "costsim_v2_comparison_verdict_total{verdict=\"minor_drift\"}"] {
        assert!(metrics.contains(name), "{name}");
    }
}

#[tokio::test]
async fn without_the_candidate_the_baseline_answers_alone() {
    let app = TestApp::start().await;
    let found = app.post(SIMULATE, &plan(&json!({}))).await.expect(200).json();
    assert_eq!((&found["v1_cost_cents"], &found["sandbox_enabled"]), (&json!(5), &json!(false)));
    assert_eq!(
        (&found["v2_result"], &found["comparison"], &found["v2_error"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let status = app.get("/api/v1/costsim/v2/status").await.expect(200).json();
    for (name, value) in [
        ("sandbox_enabled", json!(false)),
        ("circuit_breaker_open", json!(false)),
        ("disabled_by_drift", json!(false)),
        ("model_version", json!("2.0.0")),
        ("adapter_version", json!("2.0.0")),
        ("drift_threshold", json!(0.2)),
    ] {
        assert_eq!(status[name], value, "{name}");
    }
}

#[tokio::test]
async fn limits_in_the_body_decide() {
    let app = with_shadow().await;
    for (more, status, feasible) in [
        (json!({"budget_cents": 4}), "budget_insufficient", false),
        (json!({"budget_cents": 5}), "feasible", true),
        (json!({"allowed_skills": []}), "permission_denied", false),
        (json!({"allowed_skills": ["http_call", "llm_invoke", "json_transform"]}), "feasible", true),
        (json!({"allowed_skills": null, "tenant_id": "acme"}), "feasible", true),
        // 1 − 0.9 · 0.95 · 0.99 = 0.15355
        (json!({"risk_threshold": 0.15}), "risk_too_high", false),
        (json!({"risk_threshold": 0.1536}), "feasible", true),
        (json!({"plan": []}), "invalid_plan", false),
        (json!({"plan": [{"skill": "teleport"}], "unknown_skills": "pessimistic"}), "feasible", true),
    ] {
        let found = app.post(SIMULATE, &plan(&more)).await.expect(200).json();
        assert_eq!((&found["v1_status"], &found["v1_feasible"]), (&json!(status), &json!(feasible)), "{more}");
    }
    let found = app.post(SIMULATE, &plan(&json!({"allowed_skills": ["kv_get"], "budget_cents": 0}))).await.json();
    let violated: Vec<&Value> = found["v1_findings"]["violations"].as_array().expect("a list").iter().collect();
    assert_eq!(violated.len(), 2, "both are told, not only the first: {found}");
}

#[tokio::test]
async fn every_bad_field_is_named_at_once() {
    let app = TestApp::start().await;
    let bad = json!({
        "plan": [{"skill": "http_call", "iterations": 0}, {"skill": 7}, {"skil": "x"},
            {"skill": "http_call", "params": {"timeout": "soon"}}],
        "budget_cents": -1, "allowed_skills": "all", "risk_threshold": 1.5, "unknown_skills": "guess",
        "tenant_id": "globex", "run_id": "", "workflow_id": 7, "agent_id": [], "inject_memory": true, "extra": 1
    });
    let reply = app.post(SIMULATE, &bad).await;
    let mut fields = reply.fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "agent_id",
            "allowed_skills",
            "budget_cents",
            "extra",
            "inject_memory",
            "plan[0].iterations",
            "plan[1].skill",
            "plan[2].skil",
            "plan[2].skill",
            "plan[3].params.timeout",
            "risk_threshold",
            "run_id",
            "tenant_id",
            "unknown_skills",
            "workflow_id"
        ]
    );
    let _ = reply.problem(422, "invalid-fields");
    for plan in [json!(null), json!({}), json!("x"), json!(7)] {
        assert_eq!(app.post(SIMULATE, &json!({"plan": plan})).await.fields(), ["plan"], "{plan}");
    }
    let unknown = json!({"plan": [{"skill": "teleport"}], "unknown_skills": "reject"});
    assert_eq!(app.post(SIMULATE, &unknown).await.fields(), ["plan[0].skill"]);
    let many = vec![json!({"skill": "kv_get"}); 10_001];
    assert_eq!(app.post(SIMULATE, &json!({"plan": many})).await.fields(), ["plan"]);
}

#[tokio::test]
async fn readers_simulate_and_senders_do_not() {
    let app = TestApp::start().await;
    app.ask_as(ACME, Role::Read, Ask::post(SIMULATE, &plan(&json!({})))).await.expect(200);
    let _ =
        app.ask_as(ACME, Role::Ingest, Ask::post(SIMULATE, &plan(&json!({})))).await.problem(403, "role-not-allowed");
    let foreign = Ask::post(SIMULATE, &plan(&json!({"tenant_id": "acme"})));
    assert_eq!(app.ask_as(GLOBEX, Role::Admin, foreign).await.fields(), ["tenant_id"]);
}
