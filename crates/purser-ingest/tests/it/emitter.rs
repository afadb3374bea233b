//! One row per client: what it sent is checked in, what it must become is worked out by hand.
//! The endpoint behind the clients answered every chat with 1,200 tokens read (1,000 cached) and 300
//! written (100 reasoning), every Responses call with 2,200 (2,000) and 400 (150), every Claude call
//! with 200 read + 1,000 cached + 600 written to the cache (400 for 5 minutes, 200 for an hour) and
//! 300 written (100 thinking), every embedding with 800.

use purser_domain::passed_over::{PassedOver, Reason};
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;
use purser_ingest::decoded::Decoded;
use purser_ingest::otlp::{self, Encoding};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/otlp/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).expect("a checked-in fixture")
}

fn decode(name: &str) -> Decoded {
    let body = fixture(name);
    let encoding = if name.ends_with(".json") { Encoding::Json } else { Encoding::Protobuf };
    let now = "2026-11-21T02:00:00Z".parse().expect("a literal of this test");
    let decoded = if name.starts_with("claude_code") {
        otlp::decode_logs(&body, encoding, now)
    } else {
        otlp::decode_traces(&body, encoding, now)
    };
    decoded.expect("a request of a real client")
}

/// `provider model>response leaves #response_id $cost`, leaves as `i r 5 1 o z` = input, cache read,
/// cache write 5 m and 1 h, output, reasoning.
fn line(event: &UsageEvent) -> String {
    let names = [
        (Leaf::Input, 'i'),
        (Leaf::CacheRead, 'r'),
        (Leaf::CacheWrite5m, '5'),
        (Leaf::CacheWrite1h, '1'),
        (Leaf::Output, 'o'),
        (Leaf::Reasoning, 'z'),
    ];
    let leaves: String = names
        .iter()
        .filter(|(leaf, _)| event.usage.get(*leaf) > 0)
        .map(|(leaf, name)| format!(" {name}{}", event.usage.get(*leaf)))
        .collect();
    let optional =
        |mark: &str, text: &Option<String>| text.as_ref().map(|text| format!("{mark}{text}")).unwrap_or_default();
    format!(
        "{} {}{}{leaves}{}{}{}",
        event.provider,
        event.model,
        optional(">", &event.response_model),
        optional(" ~", &event.service_tier),
        optional(" #", &event.response_id),
        event.reported_usd.map(|usd| format!(" ${usd}")).unwrap_or_default()
    )
}

fn check(name: &str, skipped: u64, expected: &[&str]) -> Decoded {
    let decoded = decode(name);
    let lines: Vec<String> = decoded.events.iter().map(|incoming| line(&incoming.event)).collect();
    assert_eq!(lines, expected, "{name}");
    assert_eq!(decoded.refused, [], "{name}");
    assert_eq!(decoded.skipped, skipped, "{name}");
    let shown = format!("{decoded:?}");
    assert!(!shown.contains("-marker-") && !shown.contains("Four."), "{name} lets content through");
    decoded
}

#[test]
fn the_anthropic_sdk_splits_cache_writes_by_time_to_live() {
    check(
        "anthropic_sdk.pb",
        0,
        &[
            "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5400 1200 o200 z100 ~standard #msg_anthropic_sdk_1",
            "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5400 1200 o200 z100 ~standard #msg_anthropic_sdk_2",
        ],
    );
}

#[test]
fn two_spans_of_one_anthropic_call_share_its_response_id() {
    let sdk = "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5400 1200 o200 z100 ~standard";
    let openllmetry = "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5600";
    let decoded = check(
        "anthropic_twice.pb",
        0,
        &[
            &format!("{sdk} #msg_anthropic_twice_1"),
            &format!("{sdk} #msg_anthropic_twice_2"),
            &format!("{openllmetry} o300 #msg_anthropic_twice_1"),
            // Its stream counts the first output token twice; the SDK's span is the more specific one.
            &format!("{openllmetry} o301 #msg_anthropic_twice_2"),
        ],
    );
    let specific: Vec<u32> = decoded.events.iter().map(|incoming| incoming.event.usage.specificity()).collect();
    assert!(specific[0] > specific[2] && specific[1] > specific[3], "{specific:?}");
}

#[test]
fn openllmetry_counts_cache_inside_input() {
    let claude = "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5600";
    check(
        "openllmetry_anthropic.pb",
        0,
        &[
            &format!("{claude} o300 #msg_openllmetry_anthropic_1"),
            &format!("{claude} o301 #msg_openllmetry_anthropic_2"),
        ],
    );
    let gpt = "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200 r1000";
    check(
        "openllmetry_openai_chat.pb",
        0,
        &[
            &format!("{gpt} o200 z100 ~standard #chatcmpl-openllmetry_openai_1"),
            &format!("{gpt} o300 #chatcmpl-openllmetry_openai_2"),
        ],
    );
    check(
        "openllmetry_openai_responses.pb",
        0,
        &[
            "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200 r2000 o250 z150 ~standard #resp_openllmetry_openai_1",
            "openai text-embedding-3-small>text-embedding-3-small i800",
        ],
    );
}

#[test]
fn openinference_gives_the_response_id_inside_the_output() {
    let gpt = "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200";
    check(
        "openinference_openai.pb",
        0,
        &[
            &format!("{gpt} r1000 o200 z100 ~standard #chatcmpl-openinference_openai_1"),
            &format!("{gpt} r1000 o200 z100 ~standard #chatcmpl-openinference_openai_2"),
            &format!("{gpt} r2000 o250 z150 ~standard #resp_openinference_openai_1"),
            "openai text-embedding-3-small>text-embedding-3-small i800",
        ],
    );
}

#[test]
fn two_instrumentations_of_one_openai_call_share_its_response_id() {
    let decoded = decode("openai_twice.pb");
    let mut ids: Vec<&str> =
        decoded.events.iter().filter_map(|incoming| incoming.event.response_id.as_deref()).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "chatcmpl-openai_twice_1",
            "chatcmpl-openai_twice_1",
            "chatcmpl-openai_twice_2",
            "chatcmpl-openai_twice_2",
            "resp_openai_twice_1",
            "resp_openai_twice_1"
        ]
    );
}

#[test]
fn opentelemetrys_own_instrumentation_speaks_the_new_names() {
    let gpt = "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200";
    check(
        "semconv_openai.pb",
        0,
        &[
            &format!("{gpt} r1000 o200 z100 ~standard #chatcmpl-semconv_openai_1"),
            &format!("{gpt} r1000 o200 z100 ~standard #chatcmpl-semconv_openai_2"),
            &format!("{gpt} r2000 o250 z150 ~standard #resp_semconv_openai_1"),
            "openai text-embedding-3-small>text-embedding-3-small i800",
        ],
    );
}

#[test]
fn langfuse_buckets_are_exclusive_and_its_plain_spans_are_no_calls() {
    let decoded = check(
        "langfuse.pb",
        1,
        &[
            "openai gpt-5-mini i200 r1000 o200 z100",
            "anthropic claude-sonnet-4-5-20250929 i200 r1000 5600 o300 $0.007950000000",
            "openai text-embedding-3-small i800",
        ],
    );
    let event = &decoded.events[0].event;
    assert_eq!((event.user_id.as_deref(), event.session_id.as_deref()), (Some("ada"), Some("talk-1")));
    assert_eq!(event.tags.get("nightly").map(String::as_str), Some("true"));
    assert_eq!(decoded.events[2].event.operation.as_deref(), Some("embeddings"));
}

#[test]
fn litellm_hides_cached_tokens_in_a_python_dict_and_sends_a_second_span() {
    let gpt = "i200 r1000 o200 z100";
    let decoded = check(
        "litellm_otel.pb",
        4,
        &[
            &format!(
                "openai gpt-5-mini>gpt-5-mini-2025-08-07 {gpt} ~standard #chatcmpl-litellm_otel_1 $0.000675000000"
            ),
            &format!("openai gpt-5-mini>gpt-5-mini {gpt} ~standard #chatcmpl-litellm_otel_2 $0.000675000000"),
            "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5400 1200 o200 z100 ~standard \
             #chatcmpl-30319d2f-13e4-4939-8b91-c5580a0aec95 $0.008100000000",
            "openai gpt-4o>gpt-4o i10 o20 #chatcmpl-c66dafb2-2189-4236-9619-2bba97142b00 $0.000225000000",
        ],
    );
    assert_eq!(decoded.events[0].event.user_id.as_deref(), Some("ada"));
    assert_eq!(decoded.events[0].event.environment.as_deref(), Some("production"));
    check(
        "litellm_langfuse_otel.pb",
        4,
        &[
            &format!("openai gpt-5-mini>gpt-5-mini-2025-08-07 {gpt} #chatcmpl-litellm_langfuse_otel_1 $0.000675000000"),
            &format!("openai gpt-5-mini>gpt-5-mini {gpt} #chatcmpl-litellm_langfuse_otel_2 $0.000675000000"),
            "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5400 1200 o200 z100 ~standard \
             #chatcmpl-573b8ac1-48a1-47f4-b028-36ff590e3ab4 $0.008100000000",
            "openai gpt-4o>gpt-4o i10 o20 #chatcmpl-c4adcdea-55f4-4262-9220-24308d71673c $0.000225000000",
        ],
    );
}

#[test]
fn the_vercel_sdk_repeats_each_call_on_an_outer_span() {
    let gpt = "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200";
    let decoded = check(
        "vercel_ai_6.pb",
        4,
        &[
            &format!("{gpt} r1000 o200 z100 #chatcmpl-vercel_ai_1"),
            &format!("{gpt} r1000 o200 z100 #chatcmpl-vercel_ai_2"),
            &format!("{gpt} r2000 o250 z150 ~standard #resp_vercel_ai_1"),
            "openai text-embedding-3-small i800",
        ],
    );
    assert_eq!(decoded.events[0].event.user_id.as_deref(), Some("ada"));
    assert_eq!(decoded.events[0].event.tags.get("function").map(String::as_str), Some("answer"));
}

#[test]
fn claude_code_log_events_count_cache_beside_input() {
    let claude = "anthropic claude-sonnet-4-5-20250929 i200 r1000 5600 o300";
    let decoded = check(
        "claude_code.json",
        2,
        &[&format!("{claude} #req_1 $0.007650000000"), &format!("{claude} #req_2 $0.007650000000")],
    );
    let first = &decoded.events[0].event;
    assert_eq!((first.event_id.as_str(), first.latency_ms), ("req_1", Some(900)));
    assert_eq!(first.session_id.as_deref(), Some("session-1"));
    assert_eq!(first.tags.get("query_source").map(String::as_str), Some("main"));
}

#[test]
fn spans_written_by_hand_keep_old_names_and_failures_apart_from_totals() {
    let decoded = check(
        "by_hand.pb",
        2,
        &[
            "openai gpt-5-mini>gpt-5-mini-2025-08-07 i200 r1000 o200 z100 ~standard #chatcmpl-http-1",
            "anthropic claude-sonnet-4-5>claude-sonnet-4-5-20250929 i200 r1000 5600 o300 #msg-http-1",
            "openai gpt-4o i50 o7",
            "openai text-embedding-3-small i800",
            "openai gpt-5-mini",
        ],
    );
    let failed = &decoded.events[4].event;
    assert_eq!((failed.status.name(), failed.error_type.as_deref()), ("error", Some("rate_limit_exceeded")));
    assert_eq!(failed.project.as_deref(), Some("purser-test"));
    assert_eq!(failed.environment.as_deref(), Some("ci"));
    assert_eq!(failed.trace_id.as_ref().map(String::len), Some(32));
    assert_eq!(failed.event_id.len(), 49, "trace id, colon, span id");
}

#[test]
fn json_and_protobuf_of_the_node_exporter_say_the_same() {
    for (name, id) in [("node.json", "chatcmpl-node-json-1"), ("node.pb", "chatcmpl-node-proto-1")] {
        check(
            name,
            0,
            &[&format!("openai gpt-5-mini>gpt-5-mini-2025-08-07 i200 r1000 o200 z100 #{id}"), "openai gpt-4o i50 o7"],
        );
    }
}

#[test]
fn metrics_are_counted_and_charge_nothing() {
    let decoded = otlp::decode_metrics(&fixture("metrics.pb"), Encoding::Protobuf).expect("readable");
    assert!(decoded.events.is_empty() && decoded.skipped > 0);
    assert_eq!(decoded.passed_over, [(PassedOver::new("", "", Reason::Metric), decoded.skipped)].into());
}
