//! What each emitter sends of the same calls, and what becomes of it.
//! A chat read 1,200 tokens (1,000 cached) and wrote 300 (100 of reasoning); a Claude call read 200, 1,000 from the
//! cache, and wrote 600 to it (400 for five minutes, 200 for an hour) and 300 as its answer; a Gemini call read 900
//! (600 cached) and wrote 70 beside 90 of thoughts, 1,060 in all.

use super::*;

const CHAT: &str = "i200 r1000 o200 z100";
const CLAUDE: &str = "i200 r1000 5400 1200 o300";
/// A Claude call of which the time to live was not sent.
const CLAUDE_5M: &str = "i200 r1000 5600 o300";
const GEMINI: &str = "i300 r600 o70 z90";

/// The leaves: input, cache read, writes for 5 minutes and an hour, output, reasoning.
fn leaves(event: &UsageEvent) -> String {
    let names = [
        (Leaf::Input, 'i'),
        (Leaf::CacheRead, 'r'),
        (Leaf::CacheWrite5m, '5'),
        (Leaf::CacheWrite1h, '1'),
        (Leaf::Output, 'o'),
        (Leaf::Reasoning, 'z'),
    ];
    let counted = names.iter().filter(|(leaf, _)| event.usage.get(*leaf) > 0);
    let shown: Vec<String> = counted.map(|(leaf, name)| format!("{name}{}", event.usage.get(*leaf))).collect();
    shown.join(" ")
}

/// Provider, leaves and tier of the one event that comes of a span.
fn seen(scope: &str, attributes: &[(&str, Value)]) -> (String, String, String) {
    let event = event(scope, attributes);
    assert_eq!(event.contradiction, None, "{scope}");
    (event.provider.clone(), leaves(&event), event.service_tier.unwrap_or_default())
}

fn int(number: i64) -> Value {
    Value::IntValue(number)
}

fn told<'a>(provider: &'a str, leaves: &'a str, tier: &'a str) -> (String, String, String) {
    (provider.to_owned(), leaves.to_owned(), tier.to_owned())
}

/// OpenTelemetry's plain counts.
fn counts(input: i64, output: i64, cache_read: i64, cache_write: i64) -> Vec<(&'static str, Value)> {
    vec![
        ("gen_ai.usage.input_tokens", int(input)),
        ("gen_ai.usage.output_tokens", int(output)),
        ("gen_ai.usage.cache_read.input_tokens", int(cache_read)),
        ("gen_ai.usage.cache_creation.input_tokens", int(cache_write)),
    ]
}

#[test]
fn a_framework_is_no_provider() {
    for (system, model, provider) in [
        ("strands-agents", "gpt-5-mini", "openai"),
        ("strands-agents", "claude-sonnet-4-5", "anthropic"),
        ("strands-agents", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock"),
        ("autogen", "gpt-5-mini-2025-08-07", "openai"),
        ("gcp.vertex.agent", "gemini-2.5-flash", "gcp.gemini"),
        ("LangChain", "grok-4", "x_ai"),
        ("crewai", "my-own-model", ""),
        ("my-gateway", "gpt-5-mini", "my-gateway"),
    ] {
        let attributes = chat(model, &[("gen_ai.system", text(system)), ("gen_ai.usage.input_tokens", int(5))]);
        assert_eq!(event("strands.telemetry.tracer", &attributes).provider, provider, "{system} {model}");
    }
}

#[test]
fn the_host_tells_who_answers_where_the_span_names_only_the_api() {
    for (system, host, provider) in [
        ("openai", "my-team.openai.azure.com", "azure.ai.openai"),
        ("openai", "openrouter.ai", "openrouter"),
        ("openai", "api.openai.com", "openai"),
        ("openai", "127.0.0.1", "openai"),
        ("anthropic", "bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock"),
        ("groq", "api.openai.com", "groq"),
    ] {
        let attributes = chat(
            "some-model",
            &[("gen_ai.system", text(system)), ("server.address", text(host)), ("gen_ai.usage.input_tokens", int(5))],
        );
        assert_eq!(event("", &attributes).provider, provider, "{system} at {host}");
    }
}

#[test]
fn a_gateways_model_is_its_makers_whatever_api_it_speaks() {
    for (system, model, provider) in [
        ("openai", "claude-sonnet-4-5", "anthropic"),
        ("anthropic", "gpt-5-mini", "openai"),
        ("openai", "gpt-5-mini", "openai"),
        ("openai", "gpt-oss-120b", "openai"),
        ("azure", "claude-sonnet-4-5", "azure.ai.openai"),
    ] {
        let attributes = chat(model, &[("gen_ai.system", text(system)), ("gen_ai.usage.input_tokens", int(5))]);
        assert_eq!(event("", &attributes).provider, provider, "{model} by the API of {system}");
    }
}

#[test]
fn who_counts_the_cache_beside_the_input_is_known_and_the_total_agrees() {
    let claude = |provider: &'static str, total: &'static str, sum: i64, input: i64| {
        let mut attributes = chat("claude-sonnet-4-5", &[("gen_ai.provider.name", text(provider)), (total, int(sum))]);
        attributes.extend(counts(input, 300, 1_000, 600));
        attributes
    };
    for (scope, attributes, provider) in [
        // 500 = 200 + 300: neither reads nor writes of the cache.
        ("openlit.anthropic", claude("anthropic", "gen_ai.client.token.usage", 500, 200), "anthropic"),
        ("openlit.bedrock", claude("aws.bedrock", "gen_ai.client.token.usage", 500, 200), "aws.bedrock"),
        (
            "opentelemetry.instrumentation.bedrock",
            claude("aws.bedrock", "gen_ai.usage.total_tokens", 500, 200),
            "aws.bedrock",
        ),
        ("openinference.instrumentation.agno", claude("anthropic", "llm.token_count.total", 500, 200), "anthropic"),
        // 2,100 = 1,800 + 300: the cache is inside.
        (
            "opentelemetry.instrumentation.anthropic",
            claude("anthropic", "llm.usage.total_tokens", 2_100, 1_800),
            "anthropic",
        ),
        ("strands.telemetry.tracer", claude("strands", "gen_ai.usage.total_tokens", 2_100, 1_800), "anthropic"),
        // An unknown emitter that could not count inside, for 200 does not hold 1,000; the sum says so too.
        ("somebody", claude("anthropic", "gen_ai.usage.total_tokens", 2_100, 200), "anthropic"),
    ] {
        assert_eq!(seen(scope, &attributes), told(provider, CLAUDE_5M, ""), "{scope}");
    }
}

#[test]
fn thoughts_that_stand_beside_the_output_or_only_in_the_total_are_charged() {
    let gemini = |more: &[(&'static str, Value)]| {
        let mut attributes = chat("gemini-2.5-flash", &[("gen_ai.provider.name", text("gemini"))]);
        attributes.extend(counts(900, 70, 600, 0));
        attributes.extend_from_slice(more);
        attributes
    };
    let beside = ("gen_ai.usage.reasoning_tokens", int(90));
    let total = ("gen_ai.usage.total_tokens", int(1_060));
    for (scope, attributes) in [
        ("openlit.google", gemini(&[beside.clone(), ("gen_ai.client.token.usage", int(970))])),
        ("openlit.google", gemini(&[beside])),
        ("opentelemetry.instrumentation.google_generativeai", gemini(std::slice::from_ref(&total))),
        ("somebody", gemini(&[total])),
    ] {
        assert_eq!(seen(scope, &attributes), told("gcp.gemini", GEMINI, ""), "{scope}");
    }
    // Without a total nobody can know.
    assert_eq!(seen("somebody", &gemini(&[])).1, "i300 r600 o70");
}

#[test]
fn xais_own_sdk_counts_reasoning_beside_and_its_cost_in_ticks() {
    let mut attributes = chat("grok-4", &[("gen_ai.provider.name", text("xai"))]);
    attributes.extend([
        ("gen_ai.usage.input_tokens", int(1_200)),
        ("gen_ai.usage.cached_prompt_text_tokens", int(1_000)),
        ("gen_ai.usage.output_tokens", int(200)),
        ("gen_ai.usage.reasoning_tokens", int(100)),
        ("gen_ai.usage.total_tokens", int(1_500)),
        ("gen_ai.usage.prompt_text_tokens", int(1_200)),
        ("gen_ai.usage.cost_in_usd_ticks", int(25_000)),
    ]);
    assert_eq!(seen("xai_sdk.sync.chat", &attributes), told("x_ai", CHAT, ""));
    let event = event("xai_sdk.sync.chat", &attributes);
    // 25,000 ticks of 10⁻¹⁰ USD = 2,500,000 pico-dollars.
    assert_eq!(event.reported_usd, Some(Money::from_pico(2_500_000)));
    // 1,400 = 1,200 + 200: this time the reasoning is inside.
    attributes.retain(|(name, _)| *name != "gen_ai.usage.total_tokens");
    attributes.push(("gen_ai.usage.total_tokens", int(1_400)));
    assert_eq!(seen("xai_sdk.sync.chat", &attributes).1, "i200 r1000 o100 z100");
}

#[test]
fn langsmith_tells_the_details_and_the_tier_in_langchains_usage() {
    let python = |usage: &str, model: &str, system: &str| {
        let mut attributes = chat(model, &[("gen_ai.system", text(system)), ("langsmith.span.kind", text("llm"))]);
        attributes.extend([
            ("gen_ai.usage.input_tokens", int(if model.starts_with("gpt") { 1_200 } else { 1_800 })),
            ("gen_ai.usage.output_tokens", int(300)),
            ("langsmith.metadata.usage_metadata", text(usage)),
            ("langsmith.metadata.user_id", text("ada")),
            ("langsmith.metadata.session_id", text("talk-1")),
            ("langsmith.metadata.feature_tag", text("shop.ask")),
            ("langsmith.metadata.ls_provider", text("openai")),
        ]);
        attributes
    };
    let plain = r#"{"input_tokens":1200,"output_tokens":300,"total_tokens":1500,
        "input_token_details":{"audio":0,"cache_read":1000},"output_token_details":{"reasoning":100}}"#;
    let flex = r#"{"input_tokens":1200,"output_tokens":300,"total_tokens":1500,
        "input_token_details":{"flex_cache_read":1000,"flex":200},"output_token_details":{"flex_reasoning":100,"flex":200}}"#;
    // The sum of the writes is 0 where the split is told.
    let claude = r#"{"input_tokens":1800,"output_tokens":300,"total_tokens":2100,"input_token_details":{
        "cache_read":1000,"cache_creation":0,"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200}}"#;
    assert_eq!(seen("langsmith", &python(plain, "gpt-5-mini", "openai")), told("openai", CHAT, ""));
    assert_eq!(seen("langsmith", &python(flex, "gpt-5-mini", "langchain")), told("openai", CHAT, "flex"));
    assert_eq!(seen("langsmith", &python(claude, "claude-sonnet-4-5", "anthropic")), told("anthropic", CLAUDE, ""));
    let event = event("langsmith", &python(plain, "gpt-5-mini", "openai"));
    let facts = [&event.user_id, &event.session_id, &event.feature_tag].map(|fact| fact.as_deref().unwrap_or("-"));
    assert_eq!(facts, ["ada", "talk-1", "shop.ask"]);
    // JavaScript: the details apart; older Python versions write them as a dictionary.
    for (read, written) in
        [(r#"{"cache_read":1000}"#, r#"{"reasoning":100}"#), ("{'cache_read': 1000, 'audio': 0}", "{'reasoning': 100}")]
    {
        let mut attributes = chat("gpt-5-mini", &[("gen_ai.system", text("openai"))]);
        attributes.extend([
            ("gen_ai.usage.input_tokens", int(1_200)),
            ("gen_ai.usage.output_tokens", int(300)),
            ("gen_ai.usage.input_token_details", text(read)),
            ("gen_ai.usage.output_token_details", text(written)),
        ]);
        assert_eq!(seen("langsmith", &attributes), told("openai", CHAT, ""), "{read}");
    }
}

#[test]
fn langchains_answers_hold_the_providers_id_and_usage() {
    let usage = r#"{"input_tokens":200,"cache_read_input_tokens":1000,"cache_creation_input_tokens":600,
        "cache_creation":{"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200},"output_tokens":300,
        "service_tier":"priority","inference_geo":"us","speed":"fast"}"#;
    let nested = format!(
        r#"{{"generations":[[{{"text":"x","message":{{"kwargs":{{"content":"x","id":"lc_run--1",
        "response_metadata":{{"id":"msg_1","usage":{usage}}}}}}}}}]],"llm_output":{{"id":"msg_1","usage":{usage}}}}}"#
    );
    let plain = format!(r#"{{"id":"msg_1","content":[{{"text":"x"}}],"usage":{usage}}}"#);
    for output in [nested, plain] {
        let attributes = [
            ("openinference.span.kind", text("LLM")),
            ("llm.provider", text("anthropic")),
            ("llm.model_name", text("claude-sonnet-4-5")),
            ("llm.token_count.prompt", int(1_800)),
            ("llm.token_count.completion", int(300)),
            ("llm.token_count.total", int(2_100)),
            ("llm.token_count.prompt_details.cache_read", int(1_000)),
            ("llm.token_count.prompt_details.cache_write", int(600)),
            ("output.value", text(&output)),
        ];
        let scope = "openinference.instrumentation.langchain";
        assert_eq!(seen(scope, &attributes), told("anthropic", CLAUDE, "priority"), "{output}");
        let event = event(scope, &attributes);
        assert_eq!(event.response_id.as_deref(), Some("msg_1"));
        assert_eq!((event.inference_geo.as_deref(), event.speed.as_deref()), (Some("us"), Some("fast")));
    }
}

#[test]
fn langfuse_keeps_quotes_around_values_and_tiers_in_buckets_or_parameters() {
    let generation = |usage: &str, parameters: &str| {
        vec![
            ("langfuse.observation.type", text("generation")),
            ("langfuse.observation.model.name", text("gpt-5-mini")),
            ("langfuse.observation.usage_details", text(usage)),
            ("langfuse.observation.model.parameters", text(parameters)),
            ("langfuse.trace.metadata.run_id", text("\"run-7\"")),
            ("langfuse.trace.metadata.feature_tag", text("reply")),
        ]
    };
    let buckets = r#"{"input":0,"output":0,"total":1500,"input_flex":200,"input_flex_cache_read":1000,
        "output_flex":200,"output_flex_reasoning":100}"#;
    let openai = r#"{"prompt_tokens":1200,"completion_tokens":300,"total_tokens":1500,
        "prompt_tokens_details":{"cached_tokens":1000},"completion_tokens_details":{"reasoning_tokens":100}}"#;
    assert_eq!(seen("langfuse-sdk", &generation(buckets, "{}")), told("openai", CHAT, "flex"));
    let flex = r#"{"temperature":1,"max_tokens":"Infinity","service_tier":"flex"}"#;
    assert_eq!(seen("langfuse-sdk", &generation(openai, flex)), told("openai", CHAT, "flex"));
    assert_eq!(seen("langfuse-sdk", &generation(openai, "{}")), told("openai", CHAT, ""));
    let event = event("langfuse-sdk", &generation(openai, "{}"));
    assert_eq!((event.run_id.as_deref(), event.feature_tag.as_deref()), (Some("run-7"), Some("reply")));
    let mut claude = generation(
        r#"{"cache_creation_input_tokens":600,"cache_read_input_tokens":1000,"input":200,"output":300,
        "cache_creation_ephemeral_1h_input_tokens":200,"cache_creation_ephemeral_5m_input_tokens":400}"#,
        "{}",
    );
    claude[1] = ("langfuse.observation.model.name", text("claude-sonnet-4-5"));
    assert_eq!(seen("langfuse-sdk", &claude), told("anthropic", CLAUDE, ""));
}

#[test]
fn mlflows_own_spans_hold_json_in_every_attribute() {
    let call = |model: &str, usage: &str| {
        vec![
            ("mlflow.spanType", text("\"CHAT_MODEL\"")),
            ("mlflow.llm.model", text(&format!("\"{model}\""))),
            ("mlflow.chat.tokenUsage", text(usage)),
        ]
    };
    let mut openai = call(
        "gpt-5-mini-2025-08-07",
        r#"{"input_tokens": 1200, "output_tokens": 300, "total_tokens": 1500, "cache_read_input_tokens": 1000}"#,
    );
    openai.extend([("model", text("\"gpt-5-mini\"")), ("service_tier", text("\"flex\"")), ("user", text("\"ada\""))]);
    assert_eq!(seen("mlflow.tracing.provider", &openai), told("openai", "i200 r1000 o300", "flex"));
    let event = event("mlflow.tracing.provider", &openai);
    let models = (event.model.as_str(), event.response_model.as_deref(), event.user_id.as_deref());
    assert_eq!(models, ("gpt-5-mini", Some("gpt-5-mini-2025-08-07"), Some("ada")));
    let mut claude = call(
        "claude-sonnet-4-5",
        r#"{"input_tokens": 1800, "output_tokens": 300, "total_tokens": 2100, "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 600, "cache_creation_input_tokens_above_1hr": 200}"#,
    );
    claude.push(("mlflow.llm.provider", text("\"anthropic\"")));
    claude.push(("mlflow.llm.cost", text(r#"{"input_cost": 0.003, "output_cost": 0.0045, "total_cost": 0.0075}"#)));
    assert_eq!(seen("mlflow.tracing.provider", &claude), told("anthropic", CLAUDE, ""));
    assert_eq!(super::event("mlflow.tracing.provider", &claude).reported_usd, Some(Money::from_pico(7_500_000_000)));
    let gemini = call(
        "gemini-2.5-flash",
        r#"{"input_tokens": 900, "output_tokens": 70, "total_tokens": 1060, "cache_read_input_tokens": 600}"#,
    );
    assert_eq!(seen("mlflow.tracing.provider", &gemini), told("gcp.gemini", GEMINI, ""));
    // The bare names mean nothing on the spans of others.
    let other = [("model", text("gpt-5-mini")), ("gen_ai.usage.input_tokens", int(5))];
    assert_eq!(decode_both("somebody", &other).events, []);
}

#[test]
fn genkit_holds_everything_in_its_output() {
    let model = |name: &str, output: &str| {
        vec![
            ("genkit:type", text("action")),
            ("genkit:metadata:subtype", text("model")),
            ("genkit:name", text(name)),
            ("genkit:output", text(output)),
        ]
    };
    let gemini = r#"{"message":{"role":"model","content":[{"text":"x"}]},"custom":{"usageMetadata":{
        "promptTokenCount":900,"cachedContentTokenCount":600,"candidatesTokenCount":70,"thoughtsTokenCount":90,
        "totalTokenCount":1060},"responseId":"g-1","modelVersion":"gemini-2.5-flash"},"usage":{"inputCharacters":3,
        "inputTokens":900,"outputTokens":70,"thoughtsTokens":90,"totalTokens":1060,"cachedContentTokens":600}}"#;
    assert_eq!(seen("genkit-tracer", &model("googleai/gemini-2.5-flash", gemini)), told("gcp.gemini", GEMINI, ""));
    // Without the provider's own answer its summary counts.
    let summary = r#"{"usage":{"inputCharacters":3,"inputTokens":900,"outputTokens":70,"thoughtsTokens":90,
        "totalTokens":1060,"cachedContentTokens":600}}"#;
    assert_eq!(seen("genkit-tracer", &model("googleai/gemini-2.5-flash", summary)).1, GEMINI);
    let openai = r#"{"usage":{"inputTokens":1200,"outputTokens":300,"totalTokens":1500},"raw":{"id":"chatcmpl-1",
        "service_tier":"flex","usage":{"prompt_tokens":1200,"completion_tokens":300,"total_tokens":1500,
        "prompt_tokens_details":{"cached_tokens":1000},"completion_tokens_details":{"reasoning_tokens":100}}}}"#;
    assert_eq!(seen("genkit-tracer", &model("openai/gpt-5-mini", openai)), told("openai", CHAT, "flex"));
    let flow = [("genkit:type", text("action")), ("genkit:metadata:subtype", text("flow"))];
    assert_eq!(decode_both("genkit-tracer", &flow).events, []);
}

#[test]
fn the_ai_sdk_tells_what_each_provider_adds() {
    let version_5 = |provider: &'static str, metadata: &str, input: i64, output: i64| {
        vec![
            ("ai.operationId", text("ai.generateText.doGenerate")),
            ("ai.model.id", text("some-model")),
            ("ai.model.provider", text(provider)),
            ("ai.usage.inputTokens", int(input)),
            ("ai.usage.outputTokens", int(output)),
            ("ai.response.providerMetadata", text(metadata)),
        ]
    };
    // Only the metadata has the cache; the input stands beside it.
    let anthropic = r#"{"anthropic":{"usage":{"input_tokens":200,"cache_creation_input_tokens":600,
        "cache_read_input_tokens":1000,"output_tokens":300,"service_tier":"standard","cache_creation":{
        "ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200}},"cacheCreationInputTokens":600}}"#;
    let attributes = version_5("anthropic.messages", anthropic, 200, 300);
    assert_eq!(seen("ai", &attributes), told("anthropic", CLAUDE, "standard"));
    let mut bedrock = version_5("amazon-bedrock", r#"{"bedrock":{"usage":{"cacheWriteInputTokens":600}}}"#, 200, 300);
    bedrock.extend([("ai.usage.cachedInputTokens", int(1_000)), ("ai.usage.totalTokens", int(500))]);
    assert_eq!(seen("ai", &bedrock), told("aws.bedrock", CLAUDE_5M, ""));
    let mut openai =
        version_5("openai.responses", r#"{"openai":{"responseId":"resp_1","serviceTier":"flex"}}"#, 1_200, 300);
    openai.extend([("ai.usage.cachedInputTokens", int(1_000)), ("ai.usage.reasoningTokens", int(100))]);
    assert_eq!(seen("ai", &openai), told("openai", CHAT, "flex"));
    // Version 4 sends no sum; Claude counts on Vertex as it does at home.
    let mut vertex =
        version_5("google.vertex.anthropic.messages", r#"{"anthropic":{"cacheReadInputTokens":1000}}"#, 200, 300);
    vertex[1] = ("ai.model.id", text("claude-sonnet-4-5@20250929"));
    vertex.extend([("ai.usage.cachedInputTokens", int(1_000))]);
    assert_eq!(seen("ai", &vertex), told("gcp.vertex_ai", "i200 r1000 o300", ""));
    let google = r#"{"google":{"usageMetadata":{"promptTokenCount":900,"cachedContentTokenCount":600,
        "candidatesTokenCount":70,"thoughtsTokenCount":90,"totalTokenCount":1060}}}"#;
    assert_eq!(seen("ai", &version_5("google.generative-ai", google, 900, 70)), told("gcp.gemini", GEMINI, ""));
    let gateway = version_5("gateway", r#"{"gateway":{"routing":{},"cost":"0.0045"}}"#, 1_200, 300);
    assert_eq!(event("ai", &gateway).reported_usd, Some(Money::from_pico(4_500_000_000)));
    // Version 7: totals, and what is not cached told apart.
    let mut version_7 = chat("claude-sonnet-4-5", &[("gen_ai.provider.name", text("anthropic"))]);
    version_7.extend(counts(1_800, 300, 1_000, 600));
    version_7.extend([
        ("ai.usage.inputTokenDetails.noCacheTokens", int(200)),
        ("ai.response.providerMetadata", text(anthropic)),
    ]);
    assert_eq!(seen("gen_ai", &version_7), told("anthropic", CLAUDE, "standard"));
}

#[test]
fn pydantic_ai_and_others_split_the_writes_by_their_life() {
    for (short, long) in [
        ("gen_ai.usage.details.ephemeral_5m_input_tokens", "gen_ai.usage.details.ephemeral_1h_input_tokens"),
        ("anthropic.usage.cache_creation.ephemeral_5m_input_tokens", "gen_ai.usage.cache_write.1h.input_tokens"),
    ] {
        let mut attributes = chat("claude-sonnet-4-5", &[("gen_ai.provider.name", text("anthropic"))]);
        attributes.extend(counts(1_800, 300, 1_000, 600));
        attributes.extend([(short, int(400)), (long, int(200))]);
        assert_eq!(seen("pydantic-ai", &attributes), told("anthropic", CLAUDE, ""), "{short}");
    }
    let mut half_a_day = chat("gpt-6-luna", &[("gen_ai.provider.name", text("openai"))]);
    half_a_day.extend(counts(1_800, 300, 1_000, 600));
    half_a_day.push(("gen_ai.usage.cache_write.12h.input_tokens", int(600)));
    assert_eq!(event("", &half_a_day).usage.get(Leaf::CacheWrite12h), 600);
}

#[test]
fn a_decision_model_is_called_and_billed() {
    let openinference = [
        ("openinference.span.kind", text("DECISION")),
        ("decision.model_name", text("gpt-6-luna")),
        ("decision.provider", text("openai")),
        ("decision.token_count.input", int(50)),
        ("decision.token_count.output", int(7)),
    ];
    let mut ai_sdk = chat("gpt-6-luna", &[("gen_ai.provider.name", text("openai"))]);
    ai_sdk[0] = ("gen_ai.operation.name", text("decide"));
    ai_sdk.extend([("gen_ai.usage.input_tokens", int(50)), ("gen_ai.usage.output_tokens", int(7))]);
    for (scope, attributes) in [("openinference.instrumentation.openai", &openinference[..]), ("gen_ai", &ai_sdk)] {
        assert_eq!(seen(scope, attributes), told("openai", "i50 o7", ""), "{scope}");
        assert_eq!(event(scope, attributes).operation.as_deref(), Some("decide"));
    }
}

#[test]
fn speech_and_images_count_what_they_are_billed_by() {
    let seconds = [
        ("gen_ai.operation.name", text("ai.transcribe")),
        ("gen_ai.provider.name", text("openai")),
        ("gen_ai.request.model", text("whisper-1")),
        ("gen_ai.usage.seconds", Value::DoubleValue(12.5)),
    ];
    let transcribed = event("gen_ai", &seconds);
    assert_eq!(transcribed.operation.as_deref(), Some("transcription"));
    assert_eq!(transcribed.units.get("audio_seconds").map(ToString::to_string).as_deref(), Some("12.5"));
    assert_eq!(transcribed.tags.get("purser.usage"), None, "it is counted, though not in tokens");
}

#[test]
fn a_count_that_no_table_knows_is_told_and_a_part_of_another_is_not() {
    let mut attributes = chat("m", &[("gen_ai.usage.input_tokens", int(5))]);
    attributes.extend([
        ("gen_ai.usage.smell_tokens", int(7)),
        ("gen_ai.usage.touch_tokens", int(0)),
        ("gen_ai.usage.details.text_tokens", int(5)),
        ("gen_ai.usage.completion_tokens_details.accepted_prediction_tokens", int(3)),
    ]);
    let decoded = decode_both("openlit", &attributes);
    let told: Vec<String> = decoded.passed_over.keys().map(|kind| kind.operation.clone()).collect();
    assert_eq!(told, ["gen_ai.usage.smell_tokens"]);
    assert_eq!((decoded.events.len(), decoded.skipped), (1, 0), "the call itself is charged");
}

#[test]
fn costs_come_as_totals_or_parts_and_other_currencies_never_as_dollars() {
    let cost = |more: &[(&'static str, Value)]| {
        let mut attributes = chat("m", &[("gen_ai.usage.input_tokens", int(5))]);
        attributes.extend_from_slice(more);
        event("lmnr.tracer", &attributes)
    };
    let parts = [
        ("gen_ai.usage.input_cost", Value::DoubleValue(0.001)),
        ("gen_ai.usage.output_cost", Value::DoubleValue(0.002)),
    ];
    assert_eq!(cost(&parts).reported_usd, Some(Money::from_pico(3_000_000_000)));
    let total = ("github.copilot.cost", Value::DoubleValue(0.005));
    assert_eq!(cost(&[total]).reported_usd, Some(Money::from_pico(5_000_000_000)));
    let yuan = [("gen_ai.usage.cost.amount", Value::DoubleValue(10.0)), ("gen_ai.usage.cost.currency", text("CNY"))];
    let foreign = cost(&yuan);
    assert_eq!((foreign.reported_usd, foreign.foreign_cost.as_deref()), (None, Some("10 CNY")));
}

#[test]
fn a_gateway_tells_the_model_behind_an_alias_and_whose_key_it_was() {
    let attributes = [
        ("gen_ai.operation.name", text("acompletion")),
        ("gen_ai.system", text("")),
        ("gen_ai.request.model", text("my-alias")),
        ("gen_ai.response.model", text("my-alias")),
        ("litellm.provider.model", text("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0")),
        ("gen_ai.usage.input_tokens", int(5)),
        ("metadata.user_api_key_user_id", text("default_user_id")),
        ("metadata.user_api_key_team_alias", text("search")),
        (
            "metadata.requester_metadata",
            text(
                "{'headers': {'x': '\"y\"', 'session_id': 'no'}, 'session_id': 'talk-1', 'user_id': 'ada', 'n': None}",
            ),
        ),
    ];
    let event = event("litellm", &attributes);
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("aws.bedrock", "my-alias"));
    assert_eq!(event.response_model.as_deref(), Some("us.anthropic.claude-sonnet-4-5-20250929-v1:0"));
    assert_eq!((event.user_id.as_deref(), event.session_id.as_deref()), (Some("ada"), Some("talk-1")));
    assert_eq!(event.tags.get("team").map(String::as_str), Some("search"));
}

#[test]
fn a_conversation_that_is_the_answer_before_is_no_session() {
    for (id, session) in [("resp_68a1", None), ("chatcmpl-1", None), ("conv_1", Some("conv_1"))] {
        let attributes = chat("m", &[("gen_ai.conversation.id", text(id)), ("gen_ai.usage.input_tokens", int(5))]);
        assert_eq!(event("agent_framework", &attributes).session_id.as_deref(), session, "{id}");
    }
}

#[test]
fn what_users_name_themselves_is_found_wherever_a_client_puts_it() {
    for prefix in [
        "traceloop.association.properties.",
        "lmnr.association.properties.",
        "lmnr.association.properties.metadata.",
        "mastra.metadata.",
        "langsmith.metadata.",
        "langfuse.trace.metadata.",
        "ai.telemetry.metadata.",
        "ai.settings.context.",
        "litellm.metadata.",
    ] {
        let names = ["user_id", "sessionId", "run_id", "featureTag"].map(|name| format!("{prefix}{name}"));
        let mut attributes = chat("m", &[("gen_ai.usage.input_tokens", int(5))]);
        attributes.extend(names.iter().map(|name| (name.as_str(), text("x"))));
        let event = event("", &attributes);
        let facts = [&event.user_id, &event.session_id, &event.run_id, &event.feature_tag];
        assert!(facts.iter().all(|fact| fact.as_deref() == Some("x")), "{prefix}: {facts:?}");
    }
}

#[test]
fn what_only_prepares_frames_or_repeats_a_call_is_none() {
    let call = chat("m", &[("gen_ai.usage.input_tokens", int(5))]);
    let frame = chat("m", &[]);
    let embeds = [("gen_ai.operation.name", text("embeddings")), ("gen_ai.request.model", text("m"))];
    let embed = [&embeds[..], &[("gen_ai.usage.input_tokens", int(5))]].concat();
    // 1 frames 2 and 3; each of them is a call.
    let decoded = trace(&[(2, 1, &call), (3, 1, &call), (1, 0, &frame)]);
    let kind = PassedOver::new("opentelemetry", "chat", Reason::NotACall);
    assert_eq!((decoded.events.len(), decoded.passed_over.get(&kind)), (2, Some(&1)));
    assert!(decoded.events.iter().all(|incoming| incoming.enclosing.is_none()), "nothing is left around them");
    assert!(decoded.events.iter().all(|incoming| incoming.event.tags.is_empty()));
    // 5 beside 4 counts nothing, at the same time; under one name they are two calls.
    let decoded = trace(&[(4, 9, &call), (5, 9, &frame)]);
    assert_eq!((decoded.events.len(), decoded.findings.len()), (2, 1));
    let mut request = request("openinference.instrumentation.llama_index", &call);
    let spans = &mut request.resource_spans[0].scope_spans[0].spans;
    let mut repeated = Span { span_id: vec![5; 8], name: "openai.response".to_owned(), ..spans[0].clone() };
    repeated.attributes = pairs(&frame);
    let mut prepared =
        Span { span_id: vec![6; 8], name: "OpenAI._prepare_chat_with_tools".to_owned(), ..repeated.clone() };
    prepared.parent_span_id = vec![8; 8];
    repeated.parent_span_id = vec![9; 8];
    spans[0].parent_span_id = vec![9; 8];
    spans.extend([repeated, prepared]);
    let decoded = decode_traces(&request.encode_to_vec(), Encoding::Protobuf, now()).expect("protobuf");
    let told: Vec<(Reason, u64)> = decoded.passed_over.iter().map(|(kind, count)| (kind.reason, *count)).collect();
    assert_eq!(told, [(Reason::NotACall, 1), (Reason::Repeated, 1)]);
    assert_eq!((decoded.events.len(), decoded.skipped), (1, 2));
    // The root of an embedding is known by itself, a nested call without counts is not.
    assert_eq!(decode_both("gen_ai", &embeds).events, []);
    assert_eq!(decode_both("gen_ai", &embed).events.len(), 1);
    assert_eq!(decode_both("somebody", &embeds).events.len(), 1);
}

#[test]
fn a_failed_call_without_counts_is_kept_and_marked() {
    let failed = chat("gpt-4o", &[("error.type", text("CancelledError"))]);
    let decoded = decode_both("opentelemetry.instrumentation.openai.v1", &failed);
    let event = &decoded.events[0].event;
    assert_eq!(event.tags.get("purser.usage").map(String::as_str), Some("missing"));
    assert_eq!((event.status.name(), event.error_type.as_deref()), ("error", Some("CancelledError")));
}

#[test]
fn a_call_that_names_no_model_takes_that_of_the_span_around_it() {
    let call = [(super::CHAT.0, super::CHAT.1()), ("gen_ai.usage.input_tokens", int(5))];
    let agent = [("gen_ai.operation.name", text("invoke_agent")), ("gen_ai.request.model", text("gpt-5-mini"))];
    let decoded = trace(&[(2, 1, &call), (1, 0, &agent), (3, 0, &call)]);
    let models: Vec<&str> = decoded.events.iter().map(|incoming| incoming.event.model.as_str()).collect();
    assert_eq!(models, ["gpt-5-mini", "unknown"]);
    // Without counts there is nothing to charge.
    let decoded = decode_both("", &[(super::CHAT.0, super::CHAT.1())]);
    assert_eq!(decoded.passed_over, [(PassedOver::new("opentelemetry", "chat", Reason::NoModel), 1)].into());
}

#[test]
fn a_tool_is_charged_where_its_emitter_tells_a_cost() {
    let tool = [
        ("gen_ai.operation.name", text("execute_tool")),
        ("gen_ai.tool.name", text("search")),
        ("mcp.server.name", text("web")),
        ("gen_ai.usage.cost", Value::DoubleValue(0.01)),
    ];
    let called = event("by-hand", &tool);
    let names = (called.model.as_str(), called.tool.as_deref(), called.mcp_server.as_deref());
    assert_eq!(names, ("search", Some("search"), Some("web")));
    assert_eq!(called.reported_usd, Some(Money::from_pico(10_000_000_000)));
    assert_eq!((called.usage, called.units.len()), (Usage::default().with(Leaf::Requests, 0), 1));
    assert_eq!(called.span_id, None, "a model's call inside it is not the same call");
}

#[test]
fn a_tool_without_a_cost_waits_for_a_price_of_the_tenants() {
    let tool = [("gen_ai.operation.name", text("execute_tool")), ("gen_ai.tool.name", text("search"))];
    let agent = [("gen_ai.operation.name", text("invoke_agent")), ("user.id", text("ada"))];
    let call = chat("m", &[("gen_ai.usage.input_tokens", int(5))]);
    let mut decoded = trace(&[(2, 1, &tool), (3, 2, &call), (1, 0, &agent)]);
    let kinds = |decoded: &Decoded| decoded.passed_over.keys().map(|kind| kind.operation.clone()).collect::<Vec<_>>();
    assert_eq!((decoded.events.len(), decoded.tool_calls.len(), decoded.skipped), (1, 1, 2));
    assert_eq!(kinds(&decoded), ["execute_tool", "invoke_agent"]);
    let mut same = decoded.clone();
    same.charge_tools(|event| event.tool.as_deref() == Some("other"));
    assert_eq!((same.events.len(), same.skipped), (1, 2));
    decoded.charge_tools(|event| event.tool.as_deref() == Some("search"));
    assert_eq!((decoded.events.len(), decoded.skipped, kinds(&decoded)), (2, 1, vec!["invoke_agent".to_owned()]));
    let called = &decoded.events[1].event;
    assert_eq!((called.operation.as_deref(), called.user_id.as_deref()), (Some("execute_tool"), Some("ada")));
    assert_eq!(called.project.as_deref(), Some("shop"));
    assert_eq!(decoded.events[0].enclosing, None, "a tool is not the call inside it");
}

#[test]
fn a_gateways_cached_answer_owes_nothing_and_its_own_names_tell_more() {
    let call = |more: &[(&'static str, Value)]| {
        let mut attributes = chat("gpt-5-mini", &[("gen_ai.usage.input_tokens", int(5))]);
        attributes[0] = ("gen_ai.operation.name", text("generate_content"));
        attributes.extend_from_slice(more);
        event("litellm", &attributes)
    };
    let cached =
        call(&[("litellm.cache_hit", Value::BoolValue(true)), ("litellm.cost.total", Value::DoubleValue(0.0))]);
    assert_eq!((cached.usage, cached.reported_usd), (Usage::ZERO, None));
    assert_eq!(cached.tags.get("litellm.cache_hit").map(String::as_str), Some("true"));
    let fresh = call(&[("litellm.cache_hit", Value::BoolValue(false)), ("litellm.call_type", text("aspeech"))]);
    assert_eq!((fresh.usage.get(Leaf::Input), fresh.operation.as_deref()), (5, Some("speech")));
    let managed =
        [("gen_ai.operation.name", text("litellm.responses_management")), ("gen_ai.request.model", text("m"))];
    assert_eq!(decode_both("litellm", &managed).events, []);
}

#[test]
fn usage_that_a_model_writes_into_its_answer_is_content() {
    let answer = r#"{"id":"x-1","usage":{"input_tokens":9,"output_tokens":9,"cache_read_input_tokens":9,
        "cache_creation_input_tokens":9}}"#;
    let attributes = [
        ("openinference.span.kind", text("LLM")),
        ("llm.model_name", text("claude-sonnet-4-5")),
        ("llm.token_count.prompt", int(1_800)),
        ("llm.token_count.completion", int(300)),
        ("output.value", text(answer)),
    ];
    assert_eq!(seen("openinference.instrumentation.anthropic", &attributes).1, "i1800 o300");
    let mut mastra = chat("gpt-5-mini", &[("gen_ai.completion", text(answer))]);
    mastra.extend(counts(1_200, 300, 1_000, 0));
    let event = event("@mastra/otel-exporter", &mastra);
    assert_eq!((leaves(&event).as_str(), event.response_id.as_deref()), ("i200 r1000 o300", None));
}
