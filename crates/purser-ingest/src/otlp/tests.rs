use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use purser_domain::money::Money;
use purser_domain::passed_over::PassedOver;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;

use super::*;
use crate::identity::hex;

mod emitter;

const END: u64 = 1_795_221_025_888_222_702;

fn now() -> Timestamp {
    "2026-11-21T02:00:00Z".parse().expect("a literal of this test")
}

fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

fn pairs(attributes: &[(&str, Value)]) -> Vec<KeyValue> {
    let pair = |(key, value): &(&str, Value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue { value: Some(value.clone()) }),
        ..KeyValue::default()
    };
    attributes.iter().map(pair).collect()
}

fn request(scope: &str, attributes: &[(&str, Value)]) -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![7; 16],
        span_id: vec![9; 8],
        start_time_unix_nano: END - 1_500_000_000,
        end_time_unix_nano: END,
        attributes: pairs(attributes),
        status: Some(Status::default()),
        ..Span::default()
    };
    let scope = InstrumentationScope { name: scope.to_owned(), ..InstrumentationScope::default() };
    let spans = ScopeSpans { scope: Some(scope), spans: vec![span], ..ScopeSpans::default() };
    let resource = Resource {
        attributes: pairs(&[("service.namespace", text("shop")), ("user.id", text("from-resource"))]),
        ..Resource::default()
    };
    let resource_spans =
        ResourceSpans { resource: Some(resource), scope_spans: vec![spans], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }
}

/// Decodes the same request from protobuf and from JSON, which must agree.
fn decode_both(scope: &str, attributes: &[(&str, Value)]) -> Decoded {
    let request = request(scope, attributes);
    let decoded = decode_traces(&request.encode_to_vec(), Encoding::Protobuf, now()).expect("protobuf");
    let json = serde_json::to_vec(&request).expect("a request as JSON");
    assert_eq!(decode_traces(&json, Encoding::Json, now()).expect("JSON"), decoded);
    decoded
}

fn event(scope: &str, attributes: &[(&str, Value)]) -> UsageEvent {
    let decoded = decode_both(scope, attributes);
    assert_eq!(decoded.refused, []);
    decoded.events.into_iter().next().expect("one event").event
}

fn reason(scope: &str, attributes: &[(&str, Value)]) -> String {
    let decoded = decode_both(scope, attributes);
    assert_eq!(decoded.events, [], "{attributes:?}");
    decoded.refused[0].errors[0].to_string()
}

const CHAT: (&str, fn() -> Value) = ("gen_ai.operation.name", || text("chat"));

fn chat<'a>(model: &str, more: &[(&'a str, Value)]) -> Vec<(&'a str, Value)> {
    let mut attributes = vec![(CHAT.0, CHAT.1()), ("gen_ai.request.model", text(model))];
    attributes.extend_from_slice(more);
    attributes
}

#[test]
fn each_emitter_counts_the_same_claude_call_in_its_own_way() {
    let int = Value::IntValue;
    let expected = Usage::default()
        .with(Leaf::Input, 200)
        .with(Leaf::CacheRead, 1_000)
        .with(Leaf::CacheWrite5m, 600)
        .with(Leaf::Output, 300);
    let old_names = [
        ("gen_ai.system", text("anthropic")),
        ("gen_ai.usage.prompt_tokens", int(1_800)),
        ("gen_ai.usage.completion_tokens", int(300)),
        ("gen_ai.usage.cache_read_input_tokens", int(1_000)),
        ("gen_ai.usage.cache_creation_input_tokens", int(600)),
    ];
    let sentry = [
        ("gen_ai.provider.name", text("anthropic")),
        ("gen_ai.usage.input_tokens", int(1_800)),
        ("gen_ai.usage.input_tokens.cached", int(1_000)),
        ("gen_ai.usage.input_tokens.cache_write", int(600)),
        ("gen_ai.usage.output_tokens", int(300)),
    ];
    let pydantic = [
        ("gen_ai.provider.name", text("anthropic")),
        ("gen_ai.usage.input_tokens", int(1_800)),
        ("gen_ai.usage.details.cache_read_tokens", int(1_000)),
        ("gen_ai.usage.details.cache_write_tokens", int(600)),
        ("gen_ai.usage.output_tokens", int(300)),
        ("gen_ai.aggregated_usage.input_tokens", int(99_999)),
    ];
    // Version 5 of the AI SDK: the provider's own input, cache writes only in its metadata.
    let vercel_5 = [
        ("ai.operationId", text("ai.generateText.doGenerate")),
        ("ai.model.id", text("claude")),
        ("ai.model.provider", text("anthropic.messages")),
        ("ai.usage.promptTokens", int(200)),
        ("ai.usage.completionTokens", int(300)),
        ("ai.usage.cachedInputTokens", int(1_000)),
        ("ai.response.providerMetadata", text(r#"{"anthropic":{"cacheCreationInputTokens":600}}"#)),
    ];
    let langfuse = [
        ("langfuse.observation.type", text("generation")),
        ("langfuse.observation.model.name", text("claude")),
        (
            "langfuse.observation.usage_details",
            text(r#"{"input":200,"input_cached_tokens":1000,"input_cache_creation":600,"output":300,"total":2100}"#),
        ),
    ];
    let openinference = [
        ("openinference.span.kind", text("LLM")),
        ("llm.model_name", text("claude")),
        ("llm.token_count.prompt", int(1_800)),
        ("llm.token_count.completion", int(300)),
        ("llm.token_count.prompt_details.cache_read", int(1_000)),
        ("llm.token_count.prompt_details.cache_write", int(600)),
    ];
    for (scope, attributes) in [
        ("opentelemetry.instrumentation.anthropic", chat("claude", &old_names)),
        ("sentry.python", chat("claude", &sentry)),
        ("pydantic-ai", chat("claude", &pydantic)),
        ("ai", vercel_5.to_vec()),
        ("langfuse-sdk", langfuse.to_vec()),
        ("openinference.instrumentation.anthropic", openinference.to_vec()),
    ] {
        assert_eq!(event(scope, &attributes).usage, expected, "{scope}");
    }
}

#[test]
fn counts_that_contradict_are_kept_and_malformed_ones_refuse_the_span() {
    let int = Value::IntValue;
    let cached = [("gen_ai.usage.input_tokens", int(10)), ("gen_ai.usage.cache_read.input_tokens", int(11))];
    let told = event("openlit.openai", &chat("m", &cached)).contradiction.expect("contradicts");
    assert_eq!(told.reason, "10 input_tokens cannot contain 11 cached tokens");
    let reasoning = [("gen_ai.usage.output_tokens", int(5)), ("gen_ai.usage.reasoning.output_tokens", int(6))];
    let told = event("", &chat("m", &reasoning)).contradiction.expect("contradicts");
    assert_eq!(told.reason, "5 output_tokens cannot contain 6 reasoning tokens");
    let negative = [("gen_ai.usage.input_tokens", int(-1))];
    assert!(reason("", &chat("m", &negative)).contains("must not be negative"));
    let word = [("gen_ai.usage.input_tokens", text("many"))];
    assert!(reason("", &chat("m", &word)).contains("must be a whole number"));
}

#[test]
fn audio_and_image_tokens_leave_the_text_ones() {
    let int = Value::IntValue;
    let event = event(
        "opentelemetry.instrumentation.genai.openai",
        &chat(
            "gpt-audio",
            &[
                ("gen_ai.usage.input_tokens", int(1_000)),
                ("gen_ai.usage.cache_read.input_tokens", int(600)),
                ("gen_ai.usage.audio.input_tokens", int(300)),
                ("gen_ai.usage.audio.cache_read.input_tokens", int(100)),
                ("gen_ai.usage.image.input_tokens", int(50)),
                ("gen_ai.usage.output_tokens", int(80)),
                ("gen_ai.usage.audio.output_tokens", int(30)),
            ],
        ),
    );
    let leaves: Vec<(Leaf, u64)> = event.usage.iter().collect();
    // 1,000 read − 600 cached − 200 fresh audio − 50 image = 150; 600 cached − 100 of them audio = 500.
    assert_eq!(
        leaves,
        [
            (Leaf::Input, 150),
            (Leaf::CacheRead, 500),
            (Leaf::Output, 50),
            (Leaf::InputAudio, 200),
            (Leaf::CacheReadAudio, 100),
            (Leaf::OutputAudio, 30),
            (Leaf::InputImage, 50),
            (Leaf::Requests, 1)
        ]
    );
}

#[test]
fn who_and_what_for_come_from_the_span_before_the_resource() {
    let event = event(
        "by-hand",
        &chat(
            "openai/gpt-5",
            &[
                ("gen_ai.provider.name", text("openai")),
                ("user.id", text("ada")),
                ("gen_ai.agent.name", text("planner")),
                ("purser.run_id", text("run-1")),
                ("gen_ai.conversation.id", text("talk-1")),
                ("traceloop.association.properties.feature_tag", text("shop.ask")),
                ("traceloop.association.properties.region", text("eu")),
                (
                    "tag.tags",
                    Value::ArrayValue(ArrayValue {
                        values: pairs(&[("", text("tier:gold"))]).into_iter().filter_map(|pair| pair.value).collect(),
                    }),
                ),
                ("deployment.environment", text("prod")),
                ("openai.response.service_tier", text("flex")),
                ("openai.request.service_tier", text("auto")),
                ("gen_ai.usage.cost", Value::DoubleValue(0.000_675)),
                ("gen_ai.usage.input_tokens", Value::IntValue(1)),
            ],
        ),
    );
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-5"));
    let texts: Vec<&str> = [&event.user_id, &event.agent, &event.run_id, &event.session_id, &event.feature_tag]
        .into_iter()
        .chain([&event.project, &event.environment, &event.service_tier])
        .map(|text| text.as_deref().unwrap_or("-"))
        .collect();
    assert_eq!(texts, ["ada", "planner", "run-1", "talk-1", "shop.ask", "shop", "prod", "flex"]);
    let tags: Vec<(&str, &str)> = event.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("region", "eu"), ("tier", "gold")]);
    assert_eq!(event.reported_usd, Some(Money::from_pico(675_000_000)));
    assert_eq!(event.latency_ms, Some(1_500));
    assert_eq!(event.occurred_at.micros(), 1_795_221_025_888_222);
    assert_eq!(event.event_id, "07070707070707070707070707070707:0909090909090909");
}

#[test]
fn what_is_no_call_is_passed_over_by_name_and_reason() {
    let int = Value::IntValue;
    for (attributes, kind) in [
        (
            vec![("gen_ai.operation.name", text("invoke_agent")), ("gen_ai.usage.input_tokens", int(9))],
            ("invoke_agent", Reason::NotACall),
        ),
        (vec![("gen_ai.operation.name", text("execute_tool"))], ("execute_tool", Reason::NotACall)),
        (vec![("http.request.method", text("POST")), ("server.address", text("api"))], ("", Reason::NotGenAi)),
        (
            vec![("gen_ai.operation.name", text("dream")), ("gen_ai.usage.input_tokens", int(9))],
            ("dream", Reason::UnknownOperation),
        ),
    ] {
        let decoded = decode_both("by-hand", &attributes);
        assert_eq!((decoded.events.len(), decoded.refused.len(), decoded.skipped), (0, 0, 1), "{attributes:?}");
        let kind = PassedOver::new("opentelemetry", kind.0, kind.1);
        assert_eq!(decoded.passed_over, [(kind, 1)].into(), "{attributes:?}");
    }
}

/// A span's id, its parent's (0 for none) and its attributes.
type Row<'a> = (u8, u8, &'a [(&'a str, Value)]);

/// A request of one trace.
fn trace(spans: &[Row<'_>]) -> Decoded {
    let mut request = request("by-hand", &[]);
    let whole = &mut request.resource_spans[0].scope_spans[0].spans;
    let plain = whole.remove(0);
    whole.extend(spans.iter().map(|(id, parent, attributes)| Span {
        span_id: vec![*id; 8],
        parent_span_id: if *parent == 0 { Vec::new() } else { vec![*parent; 8] },
        attributes: pairs(attributes),
        ..plain.clone()
    }));
    decode_traces(&request.encode_to_vec(), Encoding::Protobuf, now()).expect("protobuf")
}

#[test]
fn a_call_learns_from_the_spans_around_it_whatever_their_order() {
    let call = chat("m", &[("gen_ai.usage.input_tokens", Value::IntValue(5))]);
    let agent = [
        ("gen_ai.operation.name", text("invoke_agent")),
        ("gen_ai.agent.name", text("planner")),
        ("user.id", text("ada")),
        ("purser.tag.team", text("search")),
    ];
    let step = [("gen_ai.operation.name", text("agent_step")), ("gen_ai.agent.name", text("writer"))];
    let plain = [("http.request.method", text("POST"))];
    // 1 agent ⊃ 2 step ⊃ 3 HTTP ⊃ 4 call; 5 call outside; 6 call whose parent is not here.
    for order in [[0, 1, 2, 3, 4, 5], [5, 3, 4, 2, 1, 0]] {
        let spans: [Row<'_>; 6] =
            [(1, 0, &agent), (2, 1, &step), (3, 2, &plain), (4, 3, &call), (5, 0, &call), (6, 99, &call)];
        let decoded = trace(&order.map(|place| spans[place]));
        let facts = |id: u8| {
            let span = hex(&[id; 8]);
            let found = decoded.events.iter().find(|incoming| incoming.event.span_id.as_ref() == Some(&span));
            let event = &found.expect("the call").event;
            let tag = event.tags.get("team").map(String::as_str);
            (event.user_id.as_deref(), event.agent.as_deref(), event.project.as_deref(), tag)
        };
        assert_eq!(facts(4), (Some("ada"), Some("writer"), Some("shop"), Some("search")));
        assert_eq!(facts(5), (Some("from-resource"), None, Some("shop"), None));
        assert_eq!(facts(6), facts(5));
        assert!(decoded.events.iter().all(|incoming| incoming.enclosing.is_none()));
        let mut told: Vec<&str> = decoded.contexts.iter().map(|context| &context.span_id[..2]).collect();
        told.sort_unstable();
        assert_eq!(told, ["01", "02"], "the plain span tells nothing");
    }
}

#[test]
fn a_call_inside_a_call_names_the_nearest_one() {
    let call = chat("m", &[("gen_ai.usage.input_tokens", Value::IntValue(5))]);
    let named = [&call[..], &[("gen_ai.conversation.id", text("talk-1"))]].concat();
    let step = [("gen_ai.operation.name", text("agent_step"))];
    let decoded = trace(&[(3, 2, &call), (2, 1, &step), (1, 0, &named), (4, 3, &call), (7, 7, &call)]);
    let enclosing: Vec<_> = decoded.events.iter().map(|incoming| incoming.enclosing.clone()).collect();
    let id = |byte: u8| Some(hex(&[byte; 8]));
    assert_eq!(enclosing, [id(1), None, id(3), None], "a span inside itself is inside none");
    assert!(decoded.events[..3].iter().all(|incoming| incoming.event.session_id.as_deref() == Some("talk-1")));
    assert_eq!(decoded.contexts.len(), 1, "the step stands between two spans");
    assert!(decoded.contexts[0].attribution.is_empty());
}

#[test]
fn a_call_without_counts_is_marked_and_a_cost_of_zero_is_unknown() {
    let decoded = decode_both("by-hand", &chat("m", &[]));
    let event = &decoded.events[0].event;
    assert_eq!(event.tags.get("purser.usage").map(String::as_str), Some("missing"));
    assert_eq!(decoded.findings.len(), 1);
    let free = [("gen_ai.usage.input_tokens", Value::IntValue(5)), ("gen_ai.usage.cost", Value::DoubleValue(0.0))];
    let decoded = decode_both("by-hand", &chat("m", &free));
    assert_eq!((decoded.events[0].event.reported_usd, decoded.findings.len()), (None, 1));
}

#[test]
fn a_label_that_does_not_fit_costs_no_charge() {
    let mut attributes = chat("m", &[("gen_ai.usage.input_tokens", Value::IntValue(5))]);
    attributes.push(("gen_ai.agent.name", text(&"x".repeat(1_025))));
    attributes.push(("user.id", text("two\nlines")));
    let keys: Vec<String> = (0..40).map(|key| format!("purser.tag.k{key:02}")).collect();
    attributes.extend(keys.iter().map(|key| (key.as_str(), text("v"))));
    let decoded = decode_both("by-hand", &attributes);
    let event = &decoded.events[0].event;
    // The resource's user stands where the span's own cannot.
    let user = event.user_id.as_deref();
    assert_eq!((event.agent.as_deref(), user, event.tags.len()), (None, Some("from-resource"), 32));
    assert_eq!(decoded.findings.len(), 1);
    let bad_model = chat(&"m".repeat(1_025), &[("gen_ai.usage.input_tokens", Value::IntValue(5))]);
    assert!(reason("by-hand", &bad_model).contains("is longer than 1 KiB"));
}

#[test]
fn a_span_without_ids_is_refused_and_partial_success_says_why() {
    let mut request = request("", &chat("m", &[]));
    request.resource_spans[0].scope_spans[0].spans[0].span_id.clear();
    let decoded = decode_traces(&request.encode_to_vec(), Encoding::Protobuf, now()).expect("readable");
    assert_eq!(
        decoded.refusal_message(),
        "1 × span_id: a span needs a trace id of 16 bytes and a span id of 8 (got \"\")"
    );
}

#[test]
fn garbage_is_unreadable_and_empty_requests_are_empty() {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        assert!(matches!(decode_traces(b"\xff\xff", encoding, now()), Err(Unreadable::Syntax(_))));
    }
    assert_eq!(decode_traces(b"", Encoding::Protobuf, now()), Ok(Decoded::default()));
    assert_eq!(decode_logs(b"{}", Encoding::Json, now()), Ok(Decoded::default()));
    let deep = format!("{{\"other\":{}{}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(decode_traces(deep.as_bytes(), Encoding::Json, now()), Err(Unreadable::TooDeep));
    let logs = ExportLogsServiceRequest::default().encode_to_vec();
    assert_eq!(decode_logs(&logs, Encoding::Protobuf, now()), Ok(Decoded::default()));
}
