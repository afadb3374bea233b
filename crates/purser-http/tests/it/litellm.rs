//! `POST /api/v1/litellm`: LiteLLM's `StandardLoggingPayload`.

use purser_test::{ACME, Ask, TestApp};
use serde_json::{Value, json};

fn payload(id: &str) -> Value {
    json!({
        "id": id, "call_type": "acompletion", "status": "success", "custom_llm_provider": "openai",
        "model": "gpt-4o", "prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500,
        "response_cost": 0.0075, "startTime": 1_795_172_400.0, "endTime": 1_795_172_401.5,
        "messages": [{"role": "user", "content": "SECRET-PROMPT"}], "metadata": {}
    })
}

#[tokio::test]
async fn a_payload_is_charged_once() {
    let app = TestApp::start().await;
    let reply = app.post("/api/v1/litellm", &payload("chatcmpl-1")).await.expect(200).json();
    assert_eq!(reply["accepted"], 1, "{reply}");
    let again = app.post("/api/v1/litellm", &json!([payload("chatcmpl-1")])).await.expect(200).json();
    assert_eq!(again["duplicates"], 1, "{again}");
    assert_eq!(app.rows(ACME).await, 1);
}

#[tokio::test]
async fn a_bad_payload_is_reported() {
    let app = TestApp::start().await;
    let reply = app.post("/api/v1/litellm", &json!([payload("a"), {"model": "gpt-4o"}])).await.expect(202).json();
    assert_eq!(reply["accepted"], 1, "{reply}");
    assert_eq!(reply["refused"].as_array().map(Vec::len), Some(1), "{reply}");
    let ask = Ask::post("/api/v1/litellm", &json!(null)).bytes("text/plain", "x");
    let _ = app.ask(ask).await.problem(415, "unsupported-media-type");
}
