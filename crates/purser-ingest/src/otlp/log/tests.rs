use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use purser_domain::money::Money;
use purser_domain::usage::{Leaf, Usage};

use super::*;
use crate::otlp::{Encoding, decode_logs};

const TIME: u64 = 1_795_874_034_649_131_132;

fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

/// A record: texts as they are, numbers as whole numbers.
fn record(attributes: &[(&str, &str)]) -> LogRecord {
    let pair = |(key, value): &(&str, &str)| {
        let value = value.parse().map_or_else(|_| text(value), Value::IntValue);
        KeyValue { key: (*key).to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
    };
    LogRecord {
        observed_time_unix_nano: TIME,
        attributes: attributes.iter().map(pair).collect(),
        ..LogRecord::default()
    }
}

/// Decodes the records from protobuf and from JSON, which must agree.
fn decode(scope: &str, log_records: Vec<LogRecord>) -> Decoded {
    let scope = InstrumentationScope { name: scope.to_owned(), ..InstrumentationScope::default() };
    let scope_logs = vec![ScopeLogs { scope: Some(scope), log_records, ..ScopeLogs::default() }];
    let request =
        ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] };
    let now = "2026-11-30T00:00:00Z".parse().expect("a literal of this test");
    let decoded = decode_logs(&request.encode_to_vec(), Encoding::Protobuf, now).expect("protobuf");
    let json = serde_json::to_vec(&request).expect("a request as JSON");
    assert_eq!(decode_logs(&json, Encoding::Json, now).expect("JSON"), decoded);
    assert_eq!(decoded.refused, []);
    decoded
}

fn events(decoded: &Decoded) -> Vec<&UsageEvent> {
    decoded.events.iter().map(|incoming| &incoming.event).collect()
}

fn passed(decoded: &Decoded) -> Vec<(&str, &str, Reason, u64)> {
    let all = decoded.passed_over.iter();
    all.map(|(kind, count)| (kind.emitter.as_str(), kind.operation.as_str(), kind.reason, *count)).collect()
}

const CODEX: &str = "codex_otel.log_only";

const COMPLETED: [(&str, &str); 5] = [
    ("event.name", "codex.sse_event"),
    ("event.kind", "response.completed"),
    ("event.timestamp", "2026-11-28T13:53:54.649Z"),
    ("conversation.id", "01a2226f-133a-7021-ac4b-e0507a53dfc4"),
    ("model", "gpt-5-mini"),
];

const CODEX_COUNTS: [(&str, &str); 6] = [
    ("input_token_count", "20000"),
    ("cached_token_count", "15000"),
    ("cache_write_token_count", "1000"),
    ("output_token_count", "1000"),
    ("reasoning_token_count", "400"),
    ("tool_token_count", "21000"),
];

#[test]
fn a_response_of_codex_counts_once_though_it_is_completed_twice() {
    let decoded = decode(CODEX, vec![record(&COMPLETED), record(&with(&COMPLETED, &CODEX_COUNTS))]);
    let event = events(&decoded)[0];
    // 20,000 − 15,000 − 1,000 = 4,000 fresh; 1,000 − 400 = 600 told; the sum 21,000 is no tool's.
    let usage = Usage::default()
        .with(Leaf::Input, 4_000)
        .with(Leaf::CacheRead, 15_000)
        .with(Leaf::CacheWrite5m, 1_000)
        .with(Leaf::Output, 600)
        .with(Leaf::Reasoning, 400);
    assert_eq!((decoded.events.len(), event.usage), (1, usage));
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-5-mini"));
    assert_eq!(event.session_id.as_deref(), Some("01a2226f-133a-7021-ac4b-e0507a53dfc4"));
    assert_eq!(event.contradiction, None);
    assert_eq!(passed(&decoded), [("codex", "codex.sse_event", Reason::Repeated, 1)]);
}

#[test]
fn records_of_codex_that_are_no_response_are_passed_over_by_name() {
    let request = record(&[("event.name", "codex.api_request"), ("model", "gpt-5-mini")]);
    let failed = record(&[("event.name", "codex.sse_event"), ("event.kind", "response.failed")]);
    let created = record(&[("event.name", "codex.websocket_event"), ("event.kind", "response.created")]);
    let decoded = decode(CODEX, vec![request, failed, created]);
    assert_eq!(decoded.events, []);
    let expected = [
        ("codex", "codex.api_request", Reason::NotACall, 1),
        ("codex", "codex.sse_event", Reason::NotACall, 1),
        ("codex", "codex.websocket_event", Reason::NotACall, 1),
    ];
    assert_eq!(passed(&decoded), expected);
}

#[test]
fn a_response_over_a_web_socket_is_a_call() {
    let socket = with(&with(&COMPLETED, &CODEX_COUNTS), &[("event.name", "codex.websocket_event")]);
    assert_eq!(decode(CODEX, vec![record(&socket)]).events.len(), 1);
}

#[test]
fn the_same_response_of_codex_has_the_same_id_and_another_has_another() {
    let first = with(&COMPLETED, &CODEX_COUNTS);
    let later = with(&first, &[("event.timestamp", "2026-11-28T13:53:55.000Z")]);
    let decoded = decode(CODEX, vec![record(&first), record(&first), record(&later)]);
    let ids: Vec<&str> = events(&decoded).iter().map(|event| event.event_id.as_str()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn the_provider_of_codex_is_the_one_that_its_conversation_started_with() {
    let cases = [
        ("OpenAI", "gpt-5-mini", "openai"),
        ("Azure", "gpt-5-mini", "azure.ai.openai"),
        // A proxy of the user's own in front of a model that one maker alone serves.
        ("my proxy", "gpt-5-mini", "openai"),
        ("my vllm", "qwen3-coder", "my_vllm"),
    ];
    for (told, model, expected) in cases {
        let start =
            record(&[("event.name", "codex.conversation_starts"), ("conversation.id", "c-1"), ("provider_name", told)]);
        let call = with(&with(&COMPLETED, &CODEX_COUNTS), &[("conversation.id", "c-1"), ("model", model)]);
        let decoded = decode(CODEX, vec![start, record(&call)]);
        assert_eq!(events(&decoded)[0].provider, expected, "{told} {model}");
    }
}

const GEMINI: [(&str, &str); 11] = [
    ("event.name", "gemini_cli.api_response"),
    ("event.timestamp", "2026-11-28T13:54:48.794Z"),
    ("session.id", "s-1"),
    ("model", "gemini-2.5-flash"),
    ("duration_ms", "73"),
    ("input_token_count", "9000"),
    ("output_token_count", "700"),
    ("cached_content_token_count", "6000"),
    ("thoughts_token_count", "900"),
    ("tool_token_count", "0"),
    ("total_token_count", "10600"),
];

/// `attributes` with some values replaced.
fn with<'a>(attributes: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut changed = attributes.to_vec();
    for (name, value) in changes {
        match changed.iter_mut().find(|(known, _)| known == name) {
            Some(slot) => slot.1 = value,
            None => changed.push((name, value)),
        }
    }
    changed
}

#[test]
fn both_records_of_a_response_of_gemini_cli_are_one_call() {
    let twin = record(&[
        ("event.name", DETAILS),
        ("session.id", "s-1"),
        ("gen_ai.operation.name", "generate_content"),
        ("gen_ai.request.model", "gemini-2.5-flash"),
        ("gen_ai.response.id", "gem-1"),
        ("gen_ai.usage.input_tokens", "9000"),
        ("gen_ai.usage.output_tokens", "700"),
    ]);
    let before = record(&[("event.name", "gemini_cli.api_request"), ("model", "gemini-2.5-flash")]);
    let decoded = decode("gemini-cli", vec![before, record(&GEMINI), twin]);
    let event = events(&decoded)[0];
    // 9,000 − 6,000 = 3,000 fresh; the thoughts stand beside the 700.
    let usage = Usage::default()
        .with(Leaf::Input, 3_000)
        .with(Leaf::CacheRead, 6_000)
        .with(Leaf::Output, 700)
        .with(Leaf::Reasoning, 900);
    assert_eq!((decoded.events.len(), event.usage), (1, usage));
    assert_eq!((event.provider.as_str(), event.response_id.as_deref()), ("gcp.gemini", Some("gem-1")));
    assert_eq!((event.session_id.as_deref(), event.latency_ms), (Some("s-1"), Some(73)));
    let expected =
        [("gemini-cli", "gemini_cli.api_request", Reason::NotACall, 1), ("gemini-cli", DETAILS, Reason::Repeated, 1)];
    assert_eq!(passed(&decoded), expected);
}

#[test]
fn what_tools_returned_to_gemini_stands_beside_the_input() {
    let tools = with(&GEMINI, &[("tool_token_count", "100"), ("total_token_count", "10700")]);
    let decoded = decode("gemini-cli", vec![record(&tools)]);
    assert_eq!(events(&decoded)[0].usage.get(Leaf::Input), 3_100);
    let inside = with(&GEMINI, &[("tool_token_count", "100")]);
    let decoded = decode("gemini-cli", vec![record(&inside)]);
    assert_eq!(events(&decoded)[0].usage.get(Leaf::Input), 3_000);
    let vertex = with(&GEMINI, &[("auth_type", "vertex-ai")]);
    assert_eq!(events(&decode("gemini-cli", vec![record(&vertex)]))[0].provider, "gcp.vertex_ai");
}

#[test]
fn the_sum_of_a_response_of_qwen_code_tells_how_its_output_counts() {
    let qwen = with(
        &GEMINI,
        &[("event.name", "qwen-code.api_response"), ("response_id", "chatcmpl-1"), ("model", "gpt-5-mini")],
    );
    // 10,000 = 9,000 + 1,000: the 900 thoughts are inside the 1,000.
    let openai = with(&qwen, &[("output_token_count", "1000"), ("total_token_count", "10000")]);
    let decoded = decode("qwen-code", vec![record(&openai)]);
    let event = events(&decoded)[0];
    assert_eq!((event.usage.get(Leaf::Output), event.usage.get(Leaf::Reasoning)), (100, 900));
    assert_eq!((event.provider.as_str(), event.response_id.as_deref()), ("openai", Some("chatcmpl-1")));
    // 10,600 = 9,000 + 700 + 900: beside.
    let decoded = decode("qwen-code", vec![record(&qwen)]);
    assert_eq!(events(&decoded)[0].usage.get(Leaf::Output), 700);
}

const CLAUDE: [(&str, &str); 9] = [
    ("event.name", "api_request"),
    ("session.id", "s-1"),
    ("request_id", "req_1"),
    ("model", "claude-opus-5[1m]"),
    ("input_tokens", "500"),
    ("output_tokens", "1500"),
    ("cache_read_tokens", "8000"),
    ("cache_creation_tokens", "3000"),
    ("cost_usd", "0.0399"),
];

#[test]
fn claude_code_splits_its_cache_writes_by_time_to_live_and_names_the_platform() {
    let claude =
        with(&CLAUDE, &[("cache_creation_5m_tokens", "2000"), ("cache_creation_1h_tokens", "1000"), ("speed", "fast")]);
    let error = record(&[("event.name", "claude_code.api_error"), ("model", "claude-opus-5")]);
    let decoded = decode("com.anthropic.claude_code.events", vec![error, record(&claude)]);
    let event = events(&decoded)[0];
    let usage = Usage::default()
        .with(Leaf::Input, 500)
        .with(Leaf::CacheRead, 8_000)
        .with(Leaf::CacheWrite5m, 2_000)
        .with(Leaf::CacheWrite1h, 1_000)
        .with(Leaf::Output, 1_500);
    assert_eq!(event.usage, usage);
    assert_eq!((event.model.as_str(), event.provider.as_str()), ("claude-opus-5", "anthropic"));
    assert_eq!((event.event_id.as_str(), event.speed.as_deref()), ("req_1", Some("fast")));
    assert_eq!(event.reported_usd, Some("0.0399".parse::<Money>().expect("a literal of this test")));
    assert_eq!(passed(&decoded), [("claude-code", "api_error", Reason::NotACall, 1)]);
    for (told, expected) in [("bedrock", "aws.bedrock"), ("vertex", "gcp.vertex_ai"), ("firstParty", "anthropic")] {
        let record = record(&with(&CLAUDE, &[("anthropic.provider", told), ("speed", "normal")]));
        let decoded = decode("com.anthropic.claude_code.events", vec![record]);
        assert_eq!((events(&decoded)[0].provider.as_str(), events(&decoded)[0].speed.as_deref()), (expected, None));
    }
}

#[test]
fn an_event_of_any_instrumentation_is_a_call_and_stands_inside_its_span() {
    let details = [
        ("event.name", DETAILS),
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-5-mini"),
        ("gen_ai.response.id", "chatcmpl-1"),
        ("gen_ai.usage.input_tokens", "1200"),
        ("gen_ai.usage.cache_read.input_tokens", "1000"),
        ("gen_ai.usage.output_tokens", "300"),
    ];
    let call = LogRecord { trace_id: vec![7; 16], span_id: vec![9; 8], ..record(&details) };
    let agent = record(&with(&details, &[("gen_ai.operation.name", "invoke_agent")]));
    let dream = record(&with(&details, &[("gen_ai.operation.name", "dream")]));
    let choice = record(&[("event.name", "gen_ai.choice")]);
    let other = record(&[("event.name", "http.request")]);
    let decoded = decode("opentelemetry.instrumentation.openai_v2", vec![call, agent, dream, choice, other]);
    let event = events(&decoded)[0];
    assert_eq!(decoded.events.len(), 1);
    assert_eq!((event.usage.get(Leaf::Input), event.usage.get(Leaf::CacheRead)), (200, 1_000));
    assert_eq!(event.response_id.as_deref(), Some("chatcmpl-1"));
    assert_eq!((event.span_id.as_deref(), event.parent_span_id.as_deref()), (None, Some("0909090909090909")));
    let expected = [
        ("openllmetry", "", Reason::NotGenAi, 1),
        ("openllmetry", "dream", Reason::UnknownOperation, 1),
        ("openllmetry", "gen_ai.choice", Reason::NotACall, 1),
        ("openllmetry", DETAILS, Reason::NotACall, 1),
    ];
    assert_eq!(passed(&decoded), expected);
}
