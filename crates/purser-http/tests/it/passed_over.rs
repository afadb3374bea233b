//! What is read and not charged: in the reply, at `GET /api/v1/usage/passed-over`, at `/metrics`.

use purser_domain::api_key::Role;
use purser_test::{Ask, GLOBEX, TestApp};
use serde_json::{Value, json};

fn payload(id: &str, call_type: &str) -> Value {
    json!({
        "id": id, "call_type": call_type, "model": "gpt-4o", "custom_llm_provider": "openai",
        "startTime": 1_795_172_400.0, "endTime": 1_795_172_401.0,
        "prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500, "response_cost": 0.0075
    })
}

/// One of a kind that nobody knows, without counts or cost.
fn unknown(id: &str) -> Value {
    json!({"id": id, "call_type": "divination", "model": "m", "endTime": 1_795_172_401.0})
}

async fn listed(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/api/v1/usage/passed-over{query}")).await.expect(200).json()
}

#[tokio::test]
async fn an_unknown_call_is_told_in_the_receipt_and_listed_with_its_times() {
    let app = TestApp::start().await;
    let body = json!([payload("a", "acompletion"), unknown("b"), unknown("c")]);
    let receipt = app.post("/api/v1/litellm", &body).await.expect(200).json();
    let item = json!({
        "emitter": "litellm", "operation": "divination", "reason": "unknown_operation", "doubtful": true, "count": 2
    });
    assert_eq!((&receipt["accepted"], &receipt["passed_over"]), (&json!(1), &json!([item])));
    app.clock.set("2026-11-20T13:00:00Z".parse().expect("a literal"));
    app.post("/api/v1/litellm", &unknown("d")).await.expect(200);
    let list = listed(&app, "").await;
    let record = json!({
        "emitter": "litellm", "operation": "divination", "reason": "unknown_operation", "doubtful": true, "count": 3,
        "message": "litellm \"divination\" is not known to call a model: not charged",
        "first_at": "2026-11-20T12:00:00Z", "last_at": "2026-11-20T13:00:00Z"
    });
    assert_eq!(list, json!({"passed_over": [record]}));
    assert_eq!(listed(&app, "?since=2026-11-20T23:00:00Z").await, list, "the same UTC day");
    assert_eq!(listed(&app, "?since=2026-11-21T00:00:00Z").await, json!({"passed_over": []}));
    let other = app.ask_as(GLOBEX, Role::Read, Ask::get("/api/v1/usage/passed-over")).await.expect(200).json();
    assert_eq!(other, json!({"passed_over": []}), "another tenant's");
    assert_eq!(app.get("/api/v1/usage/passed-over?until=1").await.fields(), ["until"]);
    let metrics = app.get("/metrics").await.expect(200).text();
    let series = r#"purser_passed_over_total{emitter="litellm",operation="divination",reason="unknown_operation"} "#;
    assert!(metrics.contains(series), "{metrics}");
}

#[tokio::test]
async fn counts_that_contradict_each_other_are_listed_by_source_and_model() {
    let app = TestApp::start().await;
    let contradiction = json!({"reason": "5 cannot contain 7", "counts": {"input_tokens": 5}});
    let event = json!({
        "event_id": "a", "source": "gateway", "occurred_at": "2026-11-20T11:00:00Z", "provider": "openai",
        "model": "gpt-4o", "contradiction": contradiction
    });
    for _ in 0..2 {
        // The second is a duplicate, which adds nothing.
        app.post("/api/v1/usage/events", &event).await.expect(202);
    }
    let list = listed(&app, "").await;
    let record = &list["passed_over"][0];
    assert_eq!((&record["emitter"], &record["operation"]), (&json!("gateway"), &json!("gpt-4o")), "{list}");
    assert_eq!((&record["reason"], &record["count"]), (&json!("counts_contradict"), &json!(1)), "{list}");
    let detail = app.get("/api/v1/usage/events/a").await.expect(200).json();
    assert_eq!(detail["current"]["contradiction"], contradiction, "{detail}");
    assert_eq!(detail["current"]["cost_source_reason"], "counts_contradict");
}

#[tokio::test]
async fn a_cloud_event_that_names_no_model_gets_a_receipt_each_time() {
    let app = TestApp::start().await;
    for id in ["a", "b"] {
        let event = json!({
            "specversion": "1.0", "type": "api-calls", "id": id, "source": "gateway", "data": {"input_tokens": 5}
        });
        let receipt = app.post("/api/v1/events", &event).await.expect(202).json();
        let item = &receipt["passed_over"][0];
        assert_eq!((&item["reason"], &item["operation"]), (&json!("no_model"), &json!("api-calls")), "{receipt}");
    }
}

#[tokio::test]
async fn what_a_partial_request_refused_is_listed_by_receiver_and_field() {
    let app = TestApp::start().await;
    let mut bad = payload("a", "acompletion");
    bad["prompt_tokens"] = json!(-5);
    app.post("/api/v1/litellm", &bad).await.expect(202);
    let list = listed(&app, "").await;
    let record = &list["passed_over"][0];
    assert_eq!((&record["emitter"], &record["reason"]), (&json!("litellm"), &json!("refused")), "{list}");
    assert_eq!(record["operation"], "prompt_tokens", "{list}");
}
