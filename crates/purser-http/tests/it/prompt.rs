//! Message content never reaches the disk: a marker goes through every receiver, then the data directory is searched.

use std::path::Path;

use prost::Message;
use purser_test::{ACME, Ask, TestApp};
use serde_json::json;

use crate::otlp::sample::{chat_span, request};

const MARK: &str = "SECRET-PROMPT";

/// Files under `path` whose bytes hold the mark.
fn holding(path: &Path, found: &mut Vec<String>, files: &mut usize) {
    for entry in std::fs::read_dir(path).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            holding(&path, found, files);
        } else if let Ok(bytes) = std::fs::read(&path) {
            *files += 1;
            if bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
}

#[tokio::test]
async fn no_prompt_text_reaches_the_disk() {
    let app = TestApp::start().await;
    let spans = request(vec![chat_span(1)]);
    for (path, id) in [("/v1/traces", 1), ("/api/public/otel/v1/traces", 2)] {
        let body = request(vec![chat_span(id)]).encode_to_vec();
        app.ask(Ask::post(path, &json!(null)).bytes("application/x-protobuf", body)).await.expect(200);
    }
    app.post("/v1/traces", &serde_json::to_value(&spans).expect("a request")).await.expect(200);
    app.post("/v1/logs", &log(MARK)).await.expect(200);
    app.post("/api/v1/litellm", &json!({
        "id": "l1", "call_type": "completion", "status": "success", "custom_llm_provider": "openai", "model": "gpt-4o",
        "prompt_tokens": 10, "completion_tokens": 5, "startTime": 1_795_172_400.0, "endTime": 1_795_172_401.0,
        "messages": [{"role": "user", "content": MARK}], "response": {"choices": [{"message": {"content": MARK}}]}
    }))
    .await
    .expect(200);
    app.ask(Ask::post(
        "/api/v1/events",
        &json!({
            "specversion": "1.0", "type": "llm", "id": "c1", "source": "s", "time": "2026-11-20T11:00:00Z",
            "data": {"model": "gpt-4o", "prompt_tokens": 10, "completion_tokens": 5, "prompt": MARK}
        }),
    ))
    .await
    .expect(204);
    let strict = json!({"event_id": "p", "occurred_at": "2026-11-20T11:00:00Z", "provider": "openai", "model": "gpt-4o",
        "prompt": MARK});
    app.post("/api/v1/usage/events", &strict).await.expect(422);
    app.post("/api/v1/usage/events?partial=true", &strict).await.expect(202);
    assert!(app.rows(ACME).await >= 4);
    app.service.shutdown().await.expect("the lake takes it");
    let (mut found, mut files) = (Vec::new(), 0);
    holding(app.data_dir(), &mut found, &mut files);
    assert!(files > 0);
    assert_eq!(found, Vec::<String>::new());
}

fn log(text: &str) -> serde_json::Value {
    let attribute = |key: &str, value: serde_json::Value| json!({"key": key, "value": value});
    json!({"resourceLogs": [{"scopeLogs": [{"scope": {"name": "com.anthropic.claude_code.events"}, "logRecords": [{
        "timeUnixNano": "1795172400000000000",
        "body": {"stringValue": "claude_code.api_request"},
        "attributes": [
            attribute("event.name", json!({"stringValue": "api_request"})),
            attribute("model", json!({"stringValue": "claude-sonnet-4-5"})),
            attribute("input_tokens", json!({"intValue": "10"})),
            attribute("output_tokens", json!({"intValue": "5"})),
            attribute("prompt", json!({"stringValue": text}))
        ]
    }]}]}]})
}
