//! Trace requests as clients send them.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

/// 2026-11-20T11:00:00Z in nanoseconds.
const AT_NANOS: u64 = 1_795_172_400_000_000_000;

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A chat call of `gpt-4o` with 1,000 input and 500 output tokens; `id` makes it unique.
pub(crate) fn chat_span(id: u8) -> Span {
    Span {
        trace_id: vec![id; 16],
        span_id: vec![id; 8],
        name: "chat gpt-4o".to_owned(),
        start_time_unix_nano: AT_NANOS,
        end_time_unix_nano: AT_NANOS + 1_500_000_000,
        attributes: vec![
            text("gen_ai.operation.name", "chat"),
            text("gen_ai.provider.name", "openai"),
            text("gen_ai.request.model", "gpt-4o"),
            text("gen_ai.response.id", &format!("resp-{id}")),
            number("gen_ai.usage.input_tokens", 1000),
            number("gen_ai.usage.output_tokens", 500),
            text("gen_ai.prompt", "SECRET-PROMPT"),
            text("gen_ai.input.messages", "[{\"role\":\"user\",\"parts\":[{\"content\":\"SECRET-PROMPT\"}]}]"),
        ],
        ..Span::default()
    }
}

/// A span of another operation, without usage.
pub(crate) fn operation_span(id: u8, operation: &str) -> Span {
    let attributes = vec![text("gen_ai.operation.name", operation), text("gen_ai.provider.name", "openai")];
    Span { name: operation.to_owned(), attributes, ..chat_span(id) }
}

/// A request with these spans.
pub(crate) fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope = ScopeSpans { spans, ..ScopeSpans::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }],
    }
}

/// A span whose usage is negative: to be refused.
pub(crate) fn bad_span(id: u8) -> Span {
    let mut span = chat_span(id);
    for attribute in &mut span.attributes {
        if attribute.key == "gen_ai.usage.input_tokens" {
            *attribute = number("gen_ai.usage.input_tokens", -5);
        }
    }
    span
}
