//! Measures the decoders on one core: `cargo run --release -p purser-ingest --example decode_rate`.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that measures and reports")]

use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use purser_domain::time::Timestamp;
use purser_ingest::decoded::{Decoded, Incoming};
use purser_ingest::file::{self, Format, Options, Seen};
use purser_ingest::otlp::{self, Encoding};
use purser_ingest::{litellm, native};

const BATCH: usize = 500;

fn main() {
    let now = "2026-11-21T02:00:00Z".parse().expect("a literal");
    measure("native JSON", &native_body(), |body| native::decode(body, now).expect("valid"));
    let request = otlp_request();
    measure("OTLP protobuf", &request.encode_to_vec(), |body| {
        otlp::decode_traces(body, Encoding::Protobuf, now).expect("valid")
    });
    let json = serde_json::to_vec(&request).expect("JSON");
    measure("OTLP JSON", &json, |body| otlp::decode_traces(body, Encoding::Json, now).expect("valid"));
    let fixture = include_bytes!("../tests/fixtures/json/litellm.json");
    measure("LiteLLM payloads", fixture, |body| litellm::decode(body, now).expect("valid"));
    measure("CSV", csv_file().as_bytes(), |body| read(body, Format::Csv, now));
    let lines = String::from_utf8(native_body()).expect("text").replace("},{", "}\n{");
    measure("NDJSON file", lines.trim_matches(['[', ']']).as_bytes(), |body| read(body, Format::Jsonl, now));
}

/// Time on a core, so that a busy machine gives the same figures (Linux only).
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<u64>().ok()? as f64 / 1e9)
}

fn measure(name: &str, body: &[u8], decode: impl Fn(&[u8]) -> Decoded) {
    let (mut events, mut bytes) = (0_usize, 0_usize);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    while start.elapsed().as_secs_f64() < 2.0 || events < 4 * BATCH {
        let decoded = decode(body);
        assert!(decoded.refused.is_empty(), "{:?}", decoded.refused.first());
        events += decoded.events.len();
        bytes += body.len();
    }
    let seconds = match (cpu, cpu_seconds()) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed().as_secs_f64(),
    };
    let (rate, size) = (events as f64 / seconds, bytes / events);
    println!("{name:<18} {rate:>10.0} events/s  {size:>5} bytes/event  {:>5.0} MB/s", bytes as f64 / seconds / 1e6);
}

fn read(body: &[u8], format: Format, now: Timestamp) -> Decoded {
    let mut whole = Decoded::default();
    for chunk in file::read(body, format, &Options::new(now), &Seen::default()).expect("valid") {
        let chunk = chunk.expect("valid");
        whole.refused.extend(chunk.refused);
        // Only counted: an import hands chunks on and forgets them.
        let counted = |incoming: Incoming| Incoming::new(Default::default(), incoming.source_index);
        whole.events.extend(chunk.events.into_iter().map(counted));
    }
    whole
}

fn native_body() -> Vec<u8> {
    let event = |index: usize| {
        format!(
            r#"{{"event_id":"evt-{index:012}","occurred_at":"2026-11-20T09:{:02}:{:02}.123456Z","provider":"anthropic","model":"claude-sonnet-4-5-20250929","operation":"chat","input_tokens":{},"cache_read_tokens":1000,"cache_write_5m_tokens":600,"output_tokens":300,"reasoning_tokens":100,"environment":"production","feature_tag":"shop.answer","user_id":"user-{}","agent":"planner","run_id":"run-{}","status":"ok","latency_ms":900,"tags":{{"team":"search"}}}}"#,
            index / 60 % 60,
            index % 60,
            index % 5_000,
            index % 97,
            index % 31
        )
    };
    let events: Vec<String> = (0..BATCH).map(event).collect();
    format!("[{}]", events.join(",")).into_bytes()
}

fn csv_file() -> String {
    let mut text =
        "occurred_at,provider,model,input_tokens,cache_read_tokens,output_tokens,user_id,feature_tag\n".to_owned();
    for index in 0..100_000 {
        text.push_str(&format!(
            "2026-11-20T09:{:02}:{:02}.{:06}Z,openai,gpt-5-mini,{},{},{},user-{},shop.answer\n",
            index / 60 % 60,
            index % 60,
            index,
            index % 5_000,
            index % 700,
            index % 300,
            index % 97
        ));
    }
    text
}

fn otlp_request() -> ExportTraceServiceRequest {
    let text = |value: &str| Value::StringValue(value.to_owned());
    let pair = |(key, value): (&str, Value)| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    };
    let content = "x".repeat(400);
    let span = |index: usize| Span {
        trace_id: (0..16).map(|byte| (index >> (byte % 3)) as u8 | 1).collect(),
        span_id: (index as u64 + 1).to_be_bytes().to_vec(),
        name: "chat gpt-5-mini".to_owned(),
        start_time_unix_nano: 1_795_200_000_000_000_000,
        end_time_unix_nano: 1_795_200_000_900_000_000 + index as u64,
        attributes: [
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.provider.name", text("openai")),
            ("gen_ai.request.model", text("gpt-5-mini")),
            ("gen_ai.request.max_tokens", Value::IntValue(1_000)),
            ("server.address", text("api.openai.com")),
            ("server.port", Value::IntValue(443)),
            ("gen_ai.input.messages", text(&content)),
            ("gen_ai.response.model", text("gpt-5-mini-2025-08-07")),
            ("gen_ai.response.id", text(&format!("chatcmpl-{index:024}"))),
            ("openai.response.service_tier", text("default")),
            ("gen_ai.usage.input_tokens", Value::IntValue(1_200)),
            ("gen_ai.usage.cache_read.input_tokens", Value::IntValue(1_000)),
            ("gen_ai.usage.output_tokens", Value::IntValue(300)),
            ("gen_ai.usage.reasoning.output_tokens", Value::IntValue(100)),
            ("gen_ai.conversation.id", text("talk-1")),
            ("user.id", text("ada")),
        ]
        .map(pair)
        .to_vec(),
        ..Span::default()
    };
    let resource = Resource {
        attributes: [("service.name", text("shop")), ("deployment.environment.name", text("prod"))].map(pair).to_vec(),
        ..Resource::default()
    };
    let scope = InstrumentationScope { name: "opentelemetry.instrumentation.openai".to_owned(), ..Default::default() };
    let spans = ScopeSpans { scope: Some(scope), spans: (0..BATCH).map(span).collect(), ..ScopeSpans::default() };
    let resource_spans =
        ResourceSpans { resource: Some(resource), scope_spans: vec![spans], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }
}
