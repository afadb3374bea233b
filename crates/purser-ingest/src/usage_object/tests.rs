use purser_domain::usage::Leaf;

use super::*;

fn origin(provider: &'static str, model: &'static str) -> Origin<'static> {
    Origin { provider, model, ..Origin::default() }
}

fn read(text: &str, origin: Origin<'_>) -> UsageObject {
    UsageObject::read(text, origin).expect("an object")
}

fn leaves_of(text: &str, origin: Origin<'_>) -> Vec<(Leaf, u64)> {
    let object = read(text, origin);
    assert_eq!(object.errors, [], "{text}");
    assert_eq!(object.unknown, Vec::<String>::new(), "{text}");
    let usage = object.reported.settle(object.accounting()).expect("consistent").with(Leaf::Requests, 0);
    usage.iter().collect()
}

fn leaves(text: &str) -> Vec<(Leaf, u64)> {
    leaves_of(text, Origin::default())
}

fn units(object: &UsageObject) -> Vec<(&str, String)> {
    object.units.iter().map(|(name, quantity)| (name.as_str(), quantity.to_string())).collect()
}

#[test]
fn each_dialect_gives_the_same_call_the_same_leaves() {
    let openai = [(Leaf::Input, 200), (Leaf::CacheRead, 1_000), (Leaf::Output, 200), (Leaf::Reasoning, 100)];
    for text in [
        r#"{"prompt_tokens":1200,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1000},
            "completion_tokens_details":{"reasoning_tokens":100,"audio_tokens":null}}"#,
        r#"{"input_tokens":1200,"output_tokens":300,"input_tokens_details":{"cached_tokens":1000},
            "output_tokens_details":{"reasoning_tokens":100},"total_tokens":1500}"#,
        r#"{"input":200,"input_cached_tokens":1000,"output":200,"output_reasoning_tokens":100}"#,
        r#"{"promptTokenCount":1200,"candidatesTokenCount":200,"thoughtsTokenCount":100,
            "cachedContentTokenCount":1000,"totalTokenCount":1500}"#,
        r#"{"prompt_token_count":1200,"candidates_token_count":200,"thoughts_token_count":100,
            "cached_content_token_count":1000,"total_token_count":1500}"#,
        r#"{"inputTokens":1200,"outputTokens":300,"totalTokens":1500,"cachedInputTokens":1000,"reasoningTokens":100}"#,
        r#"{"input_tokens":1200,"cached_input_tokens":1000,"output_tokens":300,"reasoning_output_tokens":100,
            "total_tokens":1500}"#,
    ] {
        assert_eq!(leaves(text), openai, "{text}");
    }
    let claude = [
        (Leaf::Input, 200),
        (Leaf::CacheRead, 1_000),
        (Leaf::CacheWrite5m, 400),
        (Leaf::CacheWrite1h, 200),
        (Leaf::Output, 300),
    ];
    for text in [
        r#"{"input_tokens":200,"cache_read_input_tokens":1000,"cache_creation_input_tokens":600,"output_tokens":300,
            "cache_creation":{"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200}}"#,
        r#"{"prompt_tokens":1800,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1000,
            "cache_creation_tokens":600,"cache_creation_token_details":{"ephemeral_5m_input_tokens":400,
            "ephemeral_1h_input_tokens":200}},"cache_read_input_tokens":1000,"cache_creation_input_tokens":600}"#,
        r#"{"inputTokens":200,"outputTokens":300,"totalTokens":500,"cacheReadInputTokens":1000,
            "cacheWriteInputTokens":600,"cacheDetails":[{"ttl":"5m","inputTokens":400},{"ttl":"1h","inputTokens":200}]}"#,
        r#"{"input_tokens":1800,"output_tokens":300,"total_tokens":2100,"input_token_details":{"cache_read":1000,
            "cache_creation":0,"ephemeral_5m_input_tokens":400,"ephemeral_1h_input_tokens":200}}"#,
    ] {
        assert_eq!(leaves(text), claude, "{text}");
    }
}

#[test]
fn anthropics_input_never_contains_the_cache_whatever_details_there_are() {
    let text = r#"{"input_tokens":5000,"cache_read_input_tokens":3000,"output_tokens":1000,
        "output_tokens_details":{"thinking_tokens":800}}"#;
    // Thinking is inside the output: 1,000 − 800.
    let expected = [(Leaf::Input, 5_000), (Leaf::CacheRead, 3_000), (Leaf::Output, 200), (Leaf::Reasoning, 800)];
    for origin in [
        origin("anthropic", "claude-opus-4-6"),
        origin("aws.bedrock", "us.anthropic.claude-opus-4-6"),
        origin("", ""),
        Origin { api: Api::Messages, ..Origin::default() },
    ] {
        assert_eq!(leaves_of(text, origin), expected, "{origin:?}");
    }
    // OpenAI's shape for the same model counts inside.
    let responses = r#"{"input_tokens":8000,"input_tokens_details":{"cached_tokens":3000},"output_tokens":1000,
        "output_tokens_details":{"reasoning_tokens":800}}"#;
    assert_eq!(leaves_of(responses, origin("anthropic", "claude-opus-4-6")), expected);
}

#[test]
fn iterations_are_billed_whole() {
    // A compaction of 180,000 + 3,500 beside a message of 23,000 + 1,000, whether the top level has both or one.
    let iterations = r#""iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500,
        "cache_creation_input_tokens":0,"cache_read_input_tokens":0},
        {"type":"message","input_tokens":23000,"output_tokens":1000,"cache_creation_input_tokens":0}]"#;
    for (input, output) in [(23_000, 1_000), (203_000, 4_500)] {
        let object =
            read(&format!(r#"{{"input_tokens":{input},"output_tokens":{output},{iterations}}}"#), Origin::default());
        assert_eq!((object.reported.input, object.reported.output), (203_000, 4_500));
        // No sampling read more than 180,000 tokens: steps of the price go by that.
        assert_eq!(object.context_window, ContextWindow::new(0, Some(180_000)));
    }
    // Iterations that know less than the top level change nothing.
    let object = read(&format!(r#"{{"input_tokens":300000,"output_tokens":9000,{iterations}}}"#), Origin::default());
    assert_eq!((object.reported.input, object.context_window), (300_000, None));
    // Another model's advice has rates of its own.
    let object = read(
        r#"{"input_tokens":10,"output_tokens":2,"iterations":[{"type":"message","input_tokens":10,"output_tokens":2},
            {"type":"advisor_message","model":"claude-opus-5","input_tokens":500,"output_tokens":70}]}"#,
        Origin::default(),
    );
    assert_eq!((object.reported.input, units(&object)), (10, vec![("other_model_tokens", "570".to_owned())]));
}

#[test]
fn iterations_of_the_model_that_declined_are_not_of_the_one_that_answered() {
    let object = read(
        r#"{"input_tokens":300,"output_tokens":40,"iterations":[
            {"type":"message","model":"claude-fable-5","input_tokens":300,"output_tokens":5},
            {"type":"fallback_message","model":"claude-opus-5","input_tokens":300,"output_tokens":40}]}"#,
        Origin::default(),
    );
    assert_eq!((object.reported.input, object.reported.output), (300, 40));
    assert_eq!(units(&object), [("other_model_tokens", "305".to_owned())]);
}

#[test]
fn reasoning_beside_the_output_is_known_by_provider_and_total() {
    let xai = |total: &str| {
        format!(
            r#"{{"prompt_tokens":10120,"completion_tokens":1499,{total}"prompt_tokens_details":{{"cached_tokens":128}},
            "completion_tokens_details":{{"reasoning_tokens":1000}},"num_sources_used":0}}"#
        )
    };
    let beside = [(Leaf::Input, 9_992), (Leaf::CacheRead, 128), (Leaf::Output, 1_499), (Leaf::Reasoning, 1_000)];
    let inside = [(Leaf::Input, 9_992), (Leaf::CacheRead, 128), (Leaf::Output, 499), (Leaf::Reasoning, 1_000)];
    let grok = origin("x_ai", "grok-4.5");
    // 10,120 + 1,499 + 1,000 = 12,619.
    assert_eq!(leaves_of(&xai(r#""total_tokens":12619,"#), grok), beside);
    assert_eq!(leaves_of(&xai(r#""total_tokens":11619,"#), grok), inside);
    assert_eq!(leaves_of(&xai(""), grok), beside);
    assert_eq!(leaves_of(&xai(""), origin("openai", "o3")), inside);
}

#[test]
fn perplexity_bills_citations_and_searches_beside_tokens() {
    let text = r#"{"prompt_tokens":33,"completion_tokens":7163,"total_tokens":7196,"citation_tokens":20016,
        "num_search_queries":28,"reasoning_tokens":95305,"search_context_size":"low",
        "cost":{"input_tokens_cost":0.0,"total_cost":0.0138,"request_cost":0.006}}"#;
    let object = read(text, origin("perplexity", "sonar-deep-research"));
    assert_eq!(
        leaves_of(text, origin("perplexity", "sonar-deep-research")),
        [(Leaf::Input, 33), (Leaf::Output, 7_163), (Leaf::Reasoning, 95_305), (Leaf::WebSearches, 28)]
    );
    assert_eq!(units(&object), [("citation_tokens", "20016".to_owned())]);
    let sized = read(text, origin("perplexity", "sonar-pro"));
    assert_eq!(sized.units.keys().collect::<Vec<_>>(), ["citation_tokens", "requests_low"], "the fee goes by the size");
    assert_eq!(object.cost, Some(Money::from_pico(13_800_000_000)));
}

#[test]
fn cached_parts_of_a_modality_are_told_apart() {
    // OpenAI's Realtime: 450 text of which 50 cached, 550 audio of which 350 cached.
    let realtime = r#"{"total_tokens":1300,"input_tokens":1000,"output_tokens":300,"input_token_details":{
        "cached_tokens":400,"text_tokens":450,"audio_tokens":550,
        "cached_tokens_details":{"text_tokens":50,"audio_tokens":350}},
        "output_token_details":{"text_tokens":100,"audio_tokens":200}}"#;
    let expected = [
        (Leaf::Input, 400),
        (Leaf::CacheRead, 50),
        (Leaf::Output, 100),
        (Leaf::InputAudio, 200),
        (Leaf::CacheReadAudio, 350),
        (Leaf::OutputAudio, 200),
    ];
    assert_eq!(leaves(realtime), expected);
    let gemini = r#"{"promptTokenCount":1000,"candidatesTokenCount":300,"totalTokenCount":1300,
        "cachedContentTokenCount":400,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":450},{"modality":"AUDIO","tokenCount":550}],
        "cacheTokensDetails":[{"modality":"TEXT","tokenCount":50},{"modality":"AUDIO","tokenCount":350}],
        "candidatesTokensDetails":[{"modality":"TEXT","tokenCount":100},{"modality":"AUDIO","tokenCount":200}]}"#;
    assert_eq!(leaves_of(gemini, origin("gcp.gemini", "gemini-2.5-flash")), expected);
}

#[test]
fn geminis_tools_read_beside_the_prompt() {
    let text = r#"{"promptTokenCount":100,"toolUsePromptTokenCount":5000,"candidatesTokenCount":500,
        "thoughtsTokenCount":40,"totalTokenCount":5640,"trafficType":"ON_DEMAND_FLEX",
        "toolUsePromptTokensDetails":[{"modality":"TEXT","tokenCount":4900},{"modality":"IMAGE","tokenCount":100}]}"#;
    // 100 + 5,000 − 100 images.
    let expected = [(Leaf::Input, 5_000), (Leaf::Output, 500), (Leaf::Reasoning, 40), (Leaf::InputImage, 100)];
    assert_eq!(leaves_of(text, origin("gcp.vertex_ai", "gemini-2.5-pro")), expected);
    assert_eq!(read(text, Origin::default()).service_tier.as_deref(), Some("flex"));
}

#[test]
fn geminis_thoughts_are_inside_where_the_sum_says_so() {
    let gemini = |total: u64| {
        let text = format!(
            r#"{{"promptTokenCount":100,"candidatesTokenCount":50,"thoughtsTokenCount":20,"totalTokenCount":{total}}}"#
        );
        leaves_of(&text, origin("gcp.gemini", "gemini-2.5-pro"))
    };
    assert_eq!(gemini(170), [(Leaf::Input, 100), (Leaf::Output, 50), (Leaf::Reasoning, 20)]);
    assert_eq!(gemini(150), [(Leaf::Input, 100), (Leaf::Output, 30), (Leaf::Reasoning, 20)]);
    assert_eq!(gemini(0), gemini(170));
    // 1,290 of the 1,340 that were written are an image; 1,460 = 100 + 1,340 + 20.
    let image = r#"{"promptTokenCount":100,"candidatesTokenCount":1340,"thoughtsTokenCount":20,"totalTokenCount":1460,
        "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}"#;
    let expected = [(Leaf::Input, 100), (Leaf::Output, 50), (Leaf::Reasoning, 20), (Leaf::OutputImage, 1_290)];
    assert_eq!(leaves_of(image, origin("gcp.gemini", "gemini-3-pro-image")), expected);
}

#[test]
fn what_a_search_read_for_nothing_is_no_reasoning() {
    // LiteLLM: 100 + 200, and 5,000 that the search read, in the sum alone.
    let text = r#"{"prompt_tokens":100,"completion_tokens":200,"total_tokens":5300,
        "prompt_tokens_details":{"text_tokens":100,"tool_use_tokens":5000}}"#;
    assert_eq!(leaves_of(text, origin("gcp.gemini", "gemini-3-pro")), [(Leaf::Input, 100), (Leaf::Output, 200)]);
    let inside = r#"{"prompt_tokens":5100,"completion_tokens":200,"total_tokens":5300,
        "prompt_tokens_details":{"text_tokens":5100,"tool_use_tokens":5000}}"#;
    assert_eq!(leaves_of(inside, origin("gcp.gemini", "gemini-3-pro")), [(Leaf::Input, 5_100), (Leaf::Output, 200)]);
}

#[test]
fn a_grounded_prompt_of_gemini_2_is_billed_once() {
    let text = r#"{"prompt_tokens":100,"completion_tokens":200,"total_tokens":300,
        "prompt_tokens_details":{"text_tokens":100,"web_search_requests":2}}"#;
    let counted = |model| {
        let object = read(text, origin("gcp.gemini", model));
        (object.reported.web_searches, units(&object).into_iter().map(|(_, count)| count).collect::<Vec<_>>())
    };
    assert_eq!(counted("gemini-2.5-flash"), (0, vec!["1".to_owned()]));
    assert_eq!((counted("gemini-3-pro"), counted("claude-opus-5")), ((2, vec![]), (2, vec![])));
}

#[test]
fn what_an_image_endpoint_writes_is_image() {
    let text = r#"{"input_tokens":1000,"output_tokens":4000,"total_tokens":5000,"output_image_count":1,
        "input_tokens_details":{"text_tokens":700,"image_tokens":300}}"#;
    let expected = [(Leaf::Input, 700), (Leaf::InputImage, 300), (Leaf::OutputImage, 4_000)];
    assert_eq!(leaves_of(text, origin("openai", "gpt-image-1.5")), expected);
    let by_operation = Origin { operation: "image_generation", ..Origin::default() };
    assert_eq!(leaves_of(text, by_operation), expected);
    assert!(read(text, by_operation).units.is_empty(), "tokens stand for the image");
    // A chat that only saw an image writes text.
    assert_eq!(leaves_of(text, origin("openai", "gpt-5-mini"))[1], (Leaf::Output, 4_000));
    // An image without tokens is billed as one.
    let object = read(r#"{"prompt_tokens":9,"completion_tokens":0,"output_image_count":2}"#, by_operation);
    assert_eq!(units(&object), [("images", "2".to_owned())]);
}

#[test]
fn quantities_that_are_no_tokens_become_units() {
    for (text, provider, expected) in [
        (r#"{"type":"duration","seconds":12.4}"#, "openai", ("audio_seconds", "12.4")),
        (r#"{"pages_processed":10,"doc_size_bytes":12000}"#, "mistral_ai", ("pages", "10")),
        (r#"{"billed_units":{"search_units":3}}"#, "cohere", ("queries", "3")),
        (r#"{"billed_units":{"classifications":4}}"#, "cohere", ("classifications", "4")),
        (r#"{"prompt_tokens_details":{"google_maps_grounding_requests":1}}"#, "gcp.gemini", ("maps_groundings", "1")),
        (r#"{"server_side_tool_usage_details":{"file_search_calls":2,"mcp_calls":9}}"#, "x_ai", ("file_searches", "2")),
        (r#"{"server_side_tool_usage_details":{"x_search_calls":3}}"#, "x_ai", ("social_searches", "3")),
    ] {
        let object = read(text, origin(provider, ""));
        assert_eq!(units(&object), [(expected.0, expected.1.to_owned())], "{text}");
        assert!(object.has_counts() && !object.has_tokens() && object.unknown.is_empty(), "{text}");
    }
    let video = Origin { operation: "video_generation", ..Origin::default() };
    assert_eq!(units(&read(r#"{"duration_seconds":8.0}"#, video)), [("video_seconds", "8".to_owned())]);
    // Mistral counts the audio in its total only: 3,264 − 4 − 635 tokens are no reasoning.
    let text = r#"{"prompt_audio_seconds":203,"prompt_tokens":4,"completion_tokens":635,"total_tokens":3264}"#;
    assert_eq!(leaves_of(text, origin("mistral_ai", "voxtral-small")), [(Leaf::Input, 4), (Leaf::Output, 635)]);
}

#[test]
fn cohere_is_billed_by_its_billed_units() {
    let text = r#"{"billed_units":{"input_tokens":90,"output_tokens":20},
        "tokens":{"input_tokens":595,"output_tokens":22},"cached_tokens":64}"#;
    let cohere = origin("cohere", "command-a");
    assert_eq!(leaves_of(text, cohere), [(Leaf::Input, 90), (Leaf::Output, 20)]);
    let text = r#"{"tokens":{"input_tokens":595.0,"output_tokens":22.0},"cached_tokens":64}"#;
    let expected = [(Leaf::Input, 531), (Leaf::CacheRead, 64), (Leaf::Output, 22)];
    assert_eq!(leaves_of(text, cohere), expected);
}

#[test]
fn deepseeks_cache_hits_are_inside_the_prompt() {
    let text = r#"{"prompt_tokens":100000,"completion_tokens":300,"total_tokens":100300,
        "prompt_cache_hit_tokens":90000,"prompt_cache_miss_tokens":10000}"#;
    let expected = [(Leaf::Input, 10_000), (Leaf::CacheRead, 90_000), (Leaf::Output, 300)];
    assert_eq!(leaves_of(text, origin("deepseek", "deepseek-v4-flash")), expected);
}

#[test]
fn a_sum_of_what_only_reads_is_its_input() {
    let embeddings = Origin { operation: "embeddings", ..Origin::default() };
    assert_eq!(leaves_of(r#"{"total_tokens":17}"#, embeddings), [(Leaf::Input, 17)]);
    assert_eq!(read(r#"{"total_tokens":17}"#, Origin::default()).unknown, ["total"]);
}

#[test]
fn costs_keep_their_currency_and_their_unit() {
    let cost = |text: &str| {
        let mut event = UsageEvent::default();
        read(text, Origin::default()).fill("test", &mut event, &mut Decoded::default());
        (event.reported_usd.map(Money::pico), event.foreign_cost)
    };
    // 214,000,000 ticks of 10⁻¹⁰ USD are $0.0214.
    assert_eq!(cost(r#"{"cost_in_usd_ticks":214000000}"#), (Some(21_400_000_000), None));
    assert_eq!(
        cost(r#"{"cost":0.5,"is_byok":false,"cost_details":{"upstream_inference_cost":0.5}}"#).0,
        Some(500_000_000_000)
    );
    // With a key of one's own the router's fee stands beside the maker's bill.
    assert_eq!(
        cost(r#"{"cost":0.5,"is_byok":true,"cost_details":{"upstream_inference_cost":2}}"#).0,
        Some(2_500_000_000_000)
    );
    assert_eq!(cost(r#"{"cost":10,"currency":"cny"}"#), (None, Some("10 CNY".to_owned())));
    assert_eq!(cost(r#"{"cost":10,"currency":"usd"}"#).0, Some(10_000_000_000_000));
    assert_eq!(cost(r#"{"cost":0}"#), (None, None));
}

#[test]
fn numbers_are_read_however_they_are_written_and_negative_ones_refused() {
    let text = r#"{"prompt_tokens":1200.0,"completion_tokens":"300"}"#;
    assert_eq!(leaves(text), [(Leaf::Input, 1_200), (Leaf::Output, 300)]);
    let object =
        read(r#"{"prompt_tokens":-5,"prompt_tokens_details":{"cached_tokens":1.5},"seconds":-1}"#, Origin::default());
    let told: Vec<(&str, &str)> =
        object.errors.iter().map(|error| (error.field.as_str(), error.value.as_str())).collect();
    assert_eq!(told, [("prompt_tokens", "-5"), ("cached_tokens", "1.5"), ("seconds", "-1")]);
}

#[test]
fn tier_speed_and_geography_are_read() {
    let object =
        read(r#"{"input_tokens":1,"service_tier":"priority","speed":"fast","inference_geo":"us"}"#, Origin::default());
    let told = (object.service_tier.as_deref(), object.speed.as_deref(), object.inference_geo.as_deref());
    assert_eq!(told, (Some("priority"), Some("fast"), Some("us")));
    let object =
        read(r#"{"service_tier":"default","speed":"standard","inference_geo":"not_available"}"#, Origin::default());
    let told = (object.service_tier.as_deref(), object.speed.as_deref(), object.inference_geo.as_deref());
    assert_eq!(told, (Some("standard"), None, None));
}

#[test]
fn a_python_dict_reads_like_json() {
    let text = "{'completion_tokens': 300, 'prompt_tokens': 1200, 'total_tokens': 1500, \
                'completion_tokens_details': {'reasoning_tokens': 100, 'audio_tokens': None}, \
                'prompt_tokens_details': {'audio_tokens': 0, 'cached_tokens': 1000}}";
    let object = UsageObject::read(&json::of_python(text).expect("a dict"), Origin::default()).expect("an object");
    assert_eq!((object.reported.input, object.reported.cache_read), (1_200, 1_000));
    assert_eq!(object.accounting(), Accounting::TOTALS);
}

#[test]
fn a_count_that_nobody_knows_is_named_whatever_it_begins_with() {
    let object =
        read(r#"{"input":1,"input_smell":7,"smell_tokens":2.5,"zero":0,"odour":{"musk":1}}"#, Origin::default());
    assert_eq!(object.unknown, ["input_smell", "smell_tokens", "odour"]);
    // Latencies and versions count nothing.
    let text =
        r#"{"prompt_tokens":1,"latency_checkpoint":{"ttft_ms":5},"queue_time":0.1,"api_version":{"version":"2"}}"#;
    assert_eq!(read(text, Origin::default()).unknown, Vec::<String>::new());
    // Among the fields of a record only what is called like a count is one.
    let flat = Origin { api: Api::Flat, ..Origin::default() };
    let text = r#"{"prompt_tokens":1,"input":"some text","port":8080,"max_tokens":512,"smell_tokens":7}"#;
    let object = read(text, flat);
    assert_eq!((object.unknown, object.errors), (vec!["smell_tokens".to_owned()], vec![]));
}

#[test]
fn counts_that_langchain_marks_with_a_tier_are_of_that_tier() {
    let expected = [(Leaf::Input, 3_000), (Leaf::CacheRead, 7_000), (Leaf::Output, 800), (Leaf::Reasoning, 1_200)];
    for text in [
        r#"{"input":0,"output":0,"total":12000,"input_flex":3000,"input_flex_cache_read":7000,"output_flex":800,
            "output_flex_reasoning":1200}"#,
        r#"{"input_flex":3000,"input_flex_cache_read":7000,"output_flex":800,"output_flex_reasoning":1200,
            "input":0,"output":0,"total":12000}"#,
        r#"{"input_tokens":10000,"output_tokens":2000,"total_tokens":12000,
            "input_token_details":{"flex":3000,"flex_cache_read":7000},
            "output_token_details":{"flex":800,"flex_reasoning":1200}}"#,
    ] {
        assert_eq!(leaves(text), expected, "{text}");
        assert_eq!(read(text, Origin::default()).service_tier.as_deref(), Some("flex"));
    }
    let object = read(r#"{"input_flexible":3,"input":5,"output":1,"total":9}"#, Origin::default());
    assert_eq!((object.service_tier, object.unknown), (None, vec!["input_flexible".to_owned()]));
    assert_eq!(object.reported.total, 0, "what nobody knows is part of the sum");
}

#[test]
fn cache_writes_of_openai_have_lives_of_their_own() {
    let text = r#"{"input_tokens":1000,"output_tokens":10,"total_tokens":1010,"input_tokens_details":{
        "cached_tokens":100,"cache_write_tokens":700,
        "cache_write_tokens_details":{"ttl_12h_tokens":200,"ttl_30m_tokens":500}},
        "output_tokens_details":{"reasoning_tokens":0}}"#;
    let expected = [
        (Leaf::Input, 200),
        (Leaf::CacheRead, 100),
        (Leaf::CacheWrite5m, 500),
        (Leaf::Output, 10),
        (Leaf::CacheWrite12h, 200),
    ];
    assert_eq!(leaves_of(text, origin("openai", "gpt-6-luna")), expected);
}

#[test]
fn searches_are_found_in_each_providers_list_of_tools() {
    for (text, searches) in [
        (r#"{"tool_calls_details":{"search_web":{"invocation":3},"fetch_url":{"invocation":1}}}"#, 3),
        (r#"{"connectors":{"web_search":2}}"#, 2),
        (r#"{"server_side_tool_usage_details":{"web_search_calls":2,"x_search_calls":1}}"#, 2),
        (r#"{"grounding_tool_count":[{"type":"google_search","count":4}]}"#, 4),
        (r#"{"server_tool_use":{"web_search_requests":1,"web_fetch_requests":9}}"#, 1),
    ] {
        let object = read(text, Origin::default());
        assert_eq!((object.reported.web_searches, object.unknown), (searches, vec![]), "{text}");
    }
}
