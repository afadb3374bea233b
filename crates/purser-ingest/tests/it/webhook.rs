//! LiteLLM's webhook and CloudEvents: what LiteLLM sent, and variants of it.

use purser_domain::money::Money;
use purser_domain::usage::{Leaf, Usage};
use purser_ingest::decoded::Decoded;
use purser_ingest::{cloud_event, litellm};

const NOW: &str = "2026-11-21T02:00:00Z";

fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/json/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a checked-in fixture")
}

fn litellm(body: &str) -> Decoded {
    litellm::decode(body.as_bytes(), NOW.parse().expect("a literal")).expect("readable")
}

fn cloud(body: &str) -> Decoded {
    cloud_event::decode(body.as_bytes(), NOW.parse().expect("a literal")).expect("readable")
}

#[test]
fn litellm_counts_cache_inside_the_prompt_for_every_provider() {
    let decoded = litellm(&fixture("litellm.json"));
    assert_eq!(decoded.refused, []);
    let gpt = Usage::default()
        .with(Leaf::Input, 200)
        .with(Leaf::CacheRead, 1_000)
        .with(Leaf::Output, 200)
        .with(Leaf::Reasoning, 100);
    let claude = gpt.with(Leaf::CacheWrite5m, 400).with(Leaf::CacheWrite1h, 200);
    let mock = Usage::default().with(Leaf::Input, 10).with(Leaf::Output, 20);
    let expected = [
        ("openai", "gpt-5-mini", gpt, 675_000_000),
        ("anthropic", "claude-sonnet-4-5", claude, 8_100_000_000),
        ("openai", "gpt-4o", mock, 225_000_000),
        ("openai", "gpt-5-mini", gpt, 675_000_000),
    ];
    let found: Vec<_> = decoded
        .events
        .iter()
        .map(|incoming| &incoming.event)
        .map(|event| (event.provider.as_str(), event.model.as_str(), event.usage, event.reported_usd))
        .collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(provider, model, usage, pico)| (provider, model, usage, Some(Money::from_pico(pico))))
        .collect();
    assert_eq!(found, expected);
    let event = &decoded.events[3].event;
    assert_eq!(event.event_id, "chatcmpl-litellm_generic_api_1");
    assert_eq!(event.response_model.as_deref(), Some("gpt-5-mini-2025-08-07"));
    assert_eq!(event.user_id.as_deref(), Some("ada"));
    assert_eq!(event.tags.get("nightly").map(String::as_str), Some("true"));
    assert_eq!(event.service_tier.as_deref(), Some("standard"));
    assert!(!format!("{decoded:?}").contains("-marker-"));
    // 1795221019.883848 − 1795221019.128416 s in the capture of that call, whole milliseconds.
    assert!(event.latency_ms.is_some_and(|ms| ms < 60_000));
}

const CALL: &str = r#""id":"r1","litellm_call_id":"c1","call_type":"completion","custom_llm_provider":"openai",
    "model":"gpt-4o","startTime":1795221019.5,"endTime":1795221020.25,"prompt_tokens":10,"completion_tokens":2"#;

#[test]
fn a_failed_attempt_has_an_id_of_its_own() {
    let body =
        format!(r#"[{{{CALL}}},{{{CALL},"status":"failure","error_information":{{"error_class":"RateLimitError"}}}}]"#);
    let decoded = litellm(&body);
    let ids: Vec<&str> = decoded.events.iter().map(|incoming| incoming.event.event_id.as_str()).collect();
    assert_eq!(ids, ["r1", "c1:1795221019.5"]);
    let failed = &decoded.events[1].event;
    assert_eq!((failed.status.name(), failed.error_type.as_deref()), ("error", Some("RateLimitError")));
    assert_eq!((failed.latency_ms, failed.occurred_at.to_string().as_str()), (Some(750), "2026-11-21T00:30:20.25Z"));
}

#[test]
fn an_answer_from_litellms_cache_owes_nothing() {
    let decoded = litellm(&format!(r#"{{{CALL},"cache_hit":true,"response_cost":0.5}}"#));
    let event = &decoded.events[0].event;
    assert_eq!((event.usage, event.reported_usd, event.response_id.as_deref()), (Usage::ZERO, None, None));
}

#[test]
fn what_calls_no_model_is_not_charged_and_what_contradicts_itself_is_refused() {
    let decoded = litellm(r#"{"id":"x","call_type":"afile_list","model":"m","endTime":1795221020}"#);
    assert_eq!((decoded.events.len(), decoded.skipped, decoded.findings.len()), (0, 1, 1));
    let body = format!(
        r#"{{{CALL},"metadata":{{"usage_object":{{"prompt_tokens":10,"completion_tokens":1,
        "prompt_tokens_details":{{"cached_tokens":11}}}}}}}}"#
    );
    let decoded = litellm(&body);
    assert_eq!(decoded.refused[0].errors[0].reason, "10 input_tokens cannot contain 11 cached tokens");
    assert_eq!(decoded.refused[0].id.as_deref(), Some("r1"));
}

#[test]
fn a_cost_of_zero_for_tokens_is_unknown() {
    let decoded = litellm(&format!(r#"{{{CALL},"response_cost":0.0}}"#));
    assert_eq!((decoded.events[0].event.reported_usd, decoded.findings.len()), (None, 1));
}

#[test]
fn litellms_cloud_event_is_known_by_its_source_and_id() {
    let decoded = cloud(&fixture("cloud_event.json"));
    let event = &decoded.events[0].event;
    assert_eq!(event.source, "cloudevents:litellm-proxy");
    assert_eq!(event.event_id, "chatcmpl-litellm_openmeter_1");
    assert_eq!(event.response_id.as_deref(), Some("chatcmpl-litellm_openmeter_1"));
    assert_eq!(event.user_id.as_deref(), Some("ada"));
    assert_eq!(event.usage, Usage::default().with(Leaf::Input, 1_200).with(Leaf::Output, 300));
    assert_eq!(event.reported_usd, Some(Money::from_pico(675_000_000)));
}

#[test]
fn a_batch_keeps_the_good_events_and_names_the_bad_ones() {
    let good = r#"{"specversion":"1.0","type":"llm","id":"1","source":"s","time":"2026-11-20T00:00:00Z",
        "data":{"model":"openai/gpt-4o","tokens":"7","type":"output","feature_tag":"a.b","run_id":"r"}}"#;
    let naive = r#"{"specversion":"1.0","type":"llm","id":"2","source":"s","time":"2026-11-20T00:00:00",
        "data":{"model":"m","prompt_tokens":1}}"#;
    let other = r#"{"specversion":"1.0","type":"page","id":"3","source":"s","data":{"path":"/"}}"#;
    let nameless = r#"{"specversion":"0.3","type":"llm","data":{"model":"m"}}"#;
    let decoded = cloud(&format!("[{good},{naive},{other},{nameless},7]"));
    let event = &decoded.events[0].event;
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-4o"));
    assert_eq!(event.usage, Usage::default().with(Leaf::Output, 7));
    assert_eq!((event.feature_tag.as_deref(), event.run_id.as_deref()), (Some("a.b"), Some("r")));
    let fields: Vec<&str> =
        decoded.refused.iter().flat_map(|refusal| &refusal.errors).map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["[1].time", "[3].id", "[3].source", "[3].specversion", "[4]"]);
    assert_eq!(decoded.skipped, 1);
}
