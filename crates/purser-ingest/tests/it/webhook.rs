//! LiteLLM's webhook and CloudEvents: what LiteLLM sent, and variants of it.

use purser_domain::money::Money;
use purser_domain::passed_over::{PassedOver, Reason};
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
fn what_calls_no_model_is_passed_over_and_what_contradicts_itself_is_kept() {
    let decoded = litellm(r#"{"id":"x","call_type":"afile_list","model":"m"}"#);
    assert_eq!((decoded.events.len(), decoded.skipped), (0, 1));
    let expected = PassedOver::new("litellm", "afile_list", Reason::NotACall);
    assert_eq!(decoded.passed_over.into_iter().collect::<Vec<_>>(), [(expected, 1)]);
    let decoded = litellm(r#"{"id":"x","call_type":"dream","model":"m","endTime":1795221020}"#);
    assert_eq!(decoded.passed_over.into_keys().next().expect("one").reason, Reason::UnknownOperation);
    let body = format!(
        r#"{{{CALL},"response_cost":0.5,"metadata":{{"usage_object":{{"prompt_tokens":10,"completion_tokens":1,
        "prompt_tokens_details":{{"cached_tokens":11}}}}}}}}"#
    );
    let event = litellm(&body).events.remove(0).event;
    assert_eq!(event.contradiction.expect("named").reason, "10 input_tokens cannot contain 11 cached tokens");
    assert_eq!(event.reported_usd, Some(Money::from_cents(50)));
    let refused = litellm(&format!(r#"{{{CALL},"metadata":{{"usage_object":{{"prompt_tokens":-1}}}}}}"#)).refused;
    assert_eq!((refused[0].errors[0].field.as_str(), refused[0].errors[0].value.as_str()), ("[0].prompt_tokens", "-1"));
}

fn record(call_type: &str, rest: &str) -> Decoded {
    litellm(&format!(
        r#"{{"id":"r1","call_type":"{call_type}","custom_llm_provider":"openai","startTime":1795221019.5,
        "endTime":1795221020.25{rest}}}"#
    ))
}

#[test]
fn a_batch_is_charged_once_when_it_is_finished() {
    let poll = |status: &str, end: u64, cost: &str| {
        litellm(&format!(
            r#"{{"id":"batch_1","call_type":"aretrieve_batch","custom_llm_provider":"openai","model":"gpt-4o-mini",
            "startTime":1795221019,"endTime":{end},"response_cost":{cost},"prompt_tokens":900,"completion_tokens":100,
            "metadata":{{"batch_models":["gpt-4o-mini"],"batch_successful_requests":9,"batch_failed_requests":1}},
            "response":{{"id":"batch_1","object":"batch","status":"{status}","completed_at":1795221000}}}}"#
        ))
    };
    let first = poll("completed", 1_795_221_020, "0.05").events.remove(0).event;
    let again = poll("completed", 1_795_299_999, "0.05").events.remove(0).event;
    assert_eq!(first, again, "asked for later, it is the same");
    assert_eq!((first.event_id.as_str(), first.response_id.as_deref()), ("batch_1_batch_cost", Some("batch_1")));
    assert_eq!((first.service_tier.as_deref(), first.usage.get(Leaf::Requests)), (Some("batch"), 10));
    assert_eq!((first.usage.get(Leaf::Input), first.reported_usd), (900, Some(Money::from_cents(5))));
    let open = poll("in_progress", 1_795_221_020, "0.0");
    assert_eq!((open.events.len(), open.passed_over.len()), (0, 1));
}

#[test]
fn calls_without_tokens_are_charged_by_their_units() {
    let quantity = |number: u64| purser_domain::unit::Quantity::whole(number).expect("small");
    let event = record(
        "aocr",
        r#","model":"mistral/mistral-ocr","response_cost":0.02,
        "metadata":{"usage_object":{"pages_processed":10,"doc_size_bytes":99}}"#,
    )
    .events
    .remove(0)
    .event;
    assert_eq!((event.units["pages"], event.operation.as_deref()), (quantity(10), Some("ocr")));
    let event = record(
        "call_mcp_tool",
        r#","model":"MCP: search","response_cost":0.0,"metadata":{
        "mcp_tool_call_metadata":{"name":"search","mcp_server_name":"web","arguments":{"q":"-marker-"}}}"#,
    )
    .events
    .remove(0)
    .event;
    assert_eq!((event.tool.as_deref(), event.mcp_server.as_deref()), (Some("search"), Some("web")));
    assert_eq!((event.units["calls"], event.reported_usd), (quantity(1), Some(Money::ZERO)));
    let event = record("asearch", r#","model":"tavily/search","response_cost":0.008"#).events.remove(0).event;
    assert_eq!(event.units["queries"], quantity(1));
    // What keeps house is charged only if it cost something.
    let event = record("acreate_container", r#","model":"m","response_cost":0.03"#).events.remove(0).event;
    assert_eq!(event.reported_usd, Some(Money::from_cents(3)));
    assert_eq!(record("acreate_container", r#","model":"m","response_cost":0.0"#).events.len(), 0);
    // A background answer is charged by the record that has its counts.
    let queued = r#","model":"gpt-5","response":{"id":"resp_1","status":"queued"}"#;
    assert_eq!(record("aresponses", queued).passed_over.len(), 1);
}

#[test]
fn parts_of_the_cost_without_a_count_are_named() {
    let event = record(
        "acompletion",
        r#","model":"gpt-4o","prompt_tokens":5,"response_cost":0.04,"cost_breakdown":
        {"input_cost":0.01,"tool_usage_cost":0.01,"guardrail_cost":0.01,"additional_costs":{"azure_router":0.01},
        "service_tier":"flex","data_residency":"eu"}"#,
    )
    .events
    .remove(0)
    .event;
    let names: Vec<&str> = event.units.keys().map(String::as_str).collect();
    assert_eq!(names, ["azure_router", "guardrail_checks"]);
    assert_eq!((event.service_tier.as_deref(), event.inference_geo.as_deref()), (Some("flex"), Some("eu")));
    let event = record(
        "acompletion",
        r#","model":"gpt-4o","prompt_tokens":5,"response_cost":0.02,"cost_breakdown":
        {"tool_usage_cost":0.01,"guardrail_cost":0.0}"#,
    )
    .events
    .remove(0)
    .event;
    assert_eq!(event.units.keys().map(String::as_str).collect::<Vec<_>>(), ["tool_uses"]);
}

#[test]
fn a_row_of_spend_logs_reads_like_the_payload() {
    let row = r#"{"request_id":"chatcmpl-1","call_type":"acompletion","api_key":"88dc","spend":0.00475,
        "total_tokens":1500,"prompt_tokens":1200,"completion_tokens":300,"startTime":"2026-11-20 12:00:00.123000",
        "endTime":"2026-11-20T12:00:02.456000Z","model":"gpt-4o-2024-08-06","model_group":"my-alias",
        "custom_llm_provider":"openai","user":"u1","team_id":"t1","end_user":"ada","cache_hit":"False",
        "request_tags":"[\"nightly\"]","status":"success","metadata":METADATA}"#;
    let metadata = r#"{"usage_object":{"prompt_tokens":1200,"completion_tokens":300,
        "prompt_tokens_details":{"cached_tokens":1000}},"user_api_key_alias":"k"}"#;
    let row = row.replace("METADATA", &serde_json::to_string(metadata).expect("a text"));
    let event = litellm(&row).events.remove(0).event;
    let expected = Usage::default().with(Leaf::Input, 200).with(Leaf::CacheRead, 1_000).with(Leaf::Output, 300);
    assert_eq!((event.event_id.as_str(), event.usage), ("chatcmpl-1", expected));
    assert_eq!((event.user_id.as_deref(), event.latency_ms), (Some("ada"), Some(2_333)));
    assert_eq!(event.reported_usd, Some(Money::from_pico(4_750_000_000)));
    let tags: Vec<(&str, &str)> = event.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("key_alias", "k"), ("model_group", "my-alias"), ("nightly", "true"), ("team_id", "t1")]);
    let hit = litellm(&row.replace("\"False\"", "\"True\"")).events.remove(0).event;
    assert_eq!((hit.usage, hit.reported_usd), (Usage::ZERO, None));
}

#[test]
fn a_provider_that_nobody_names_is_told_by_the_answer() {
    let provider = |rest: &str| {
        let body =
            format!(r#"{{"id":"r1","endTime":1795221020.25,"call_type":"acompletion","prompt_tokens":5{rest}}}"#);
        let event = litellm(&body).events.remove(0).event;
        (event.provider, event.model)
    };
    let owned = |provider: &str, model: &str| (provider.to_owned(), model.to_owned());
    let sent = r#","model":"my-alias","hidden_params":{"litellm_model_name":"openai/gpt-5-mini"}"#;
    assert_eq!(provider(sent), owned("openai", "my-alias"));
    let answered = r#","model":"bedrock-claude","response":{"id":"msg_bdrk_1","model":"claude-sonnet-4-5"}"#;
    assert_eq!(provider(answered), owned("aws.bedrock", "bedrock-claude"));
    assert_eq!(provider(r#","model":"gpt-5-mini""#), owned("openai", "gpt-5-mini"));
    assert_eq!(provider(r#","model":"llama-4""#), owned("", "llama-4"));
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

fn data(data: &str) -> purser_domain::usage_event::UsageEvent {
    let body = format!(
        r#"{{"specversion":"1.0","type":"llm","id":"1","source":"s","time":"2026-11-20T00:00:00Z","data":{data}}}"#
    );
    let mut decoded = cloud(&body);
    assert_eq!(decoded.refused, [], "{data}");
    decoded.events.remove(0).event
}

#[test]
fn a_providers_answer_is_read_wherever_its_usage_stands() {
    let expected = Usage::default().with(Leaf::Input, 200).with(Leaf::CacheRead, 1_000).with(Leaf::Output, 300);
    for (text, provider, response_id) in [
        (
            r#"{"model":"gpt-5-mini","prompt_tokens":1200,"completion_tokens":"300",
                "prompt_tokens_details":{"cached_tokens":1000.0},"max_tokens":4096}"#,
            "openai",
            None,
        ),
        (
            r#"{"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-mini","choices":[{"index":1}],
                "usage":{"prompt_tokens":1200,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1000}}}"#,
            "openai",
            Some("chatcmpl-1"),
        ),
        (
            r#"{"provider":"openai","response":{"id":"resp_1","model":"gpt-5-mini","usage":{"input_tokens":1200,
                "input_tokens_details":{"cached_tokens":1000},"output_tokens":300}}}"#,
            "openai",
            Some("resp_1"),
        ),
        (
            r#"{"type":"message_start","message":{"id":"msg_bdrk_1","model":"claude-opus-4-6","usage":{
                "input_tokens":200,"cache_read_input_tokens":1000,"output_tokens":300}}}"#,
            "aws.bedrock",
            Some("msg_bdrk_1"),
        ),
        (
            r#"{"modelVersion":"gemini-2.5-flash","responseId":"g-1","usageMetadata":{"promptTokenCount":1200,
                "cachedContentTokenCount":1000,"candidatesTokenCount":300,"totalTokenCount":1500}}"#,
            "gcp.gemini",
            Some("g-1"),
        ),
        (
            r#"{"provider":"bedrock","model":"us.anthropic.claude-opus-4-6","usage":{"inputTokens":200,
                "cacheReadInputTokens":1000,"outputTokens":300,"totalTokens":1500},"metrics":{"latencyMs":9}}"#,
            "aws.bedrock",
            None,
        ),
        (
            r#"{"provider":"groq","model":"llama","x_groq":{"id":"req_1","usage":{"prompt_tokens":1200,
                "completion_tokens":300,"queue_time":0.1,"prompt_tokens_details":{"cached_tokens":1000}}}}"#,
            "groq",
            None,
        ),
    ] {
        let event = data(text);
        assert_eq!((event.provider.as_str(), event.usage), (provider, expected), "{text}");
        assert_eq!(event.response_id.as_deref(), response_id, "{text}");
    }
}

#[test]
fn geminis_search_is_billed_and_what_it_read_is_not() {
    let answer = |model: &str| {
        data(&format!(
            r#"{{"provider":"gemini","modelVersion":"{model}","candidates":[{{"content":{{"parts":[]}},
            "groundingMetadata":{{"webSearchQueries":["-marker-","b"]}}}}],"usageMetadata":{{"promptTokenCount":100,
            "toolUsePromptTokenCount":5000,"candidatesTokenCount":200,"totalTokenCount":5300}}}}"#
        ))
    };
    let tokens = Usage::default().with(Leaf::Input, 100).with(Leaf::Output, 200);
    let event = answer("gemini-3-pro");
    assert_eq!((event.usage, event.units.len()), (tokens.with(Leaf::WebSearches, 2), 0));
    let event = answer("gemini-2.5-flash");
    assert_eq!((event.usage, event.units.keys().next().map(String::as_str)), (tokens, Some("grounded_prompts")));
}

#[test]
fn tools_in_the_output_of_openais_responses_are_counted() {
    let event = data(
        r#"{"provider":"openai","id":"resp_1","object":"response","model":"gpt-5","status":"completed","output":[
            {"type":"reasoning"},{"type":"web_search_call","action":{"type":"search","query":"-marker-"}},
            {"type":"web_search_call","action":{"type":"open_page"}},{"type":"web_search_call"},
            {"type":"file_search_call"},{"type":"code_interpreter_call","container_id":"c1"},
            {"type":"code_interpreter_call","container_id":"c1"},{"type":"message"}],
            "usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":0},"output_tokens":1,"total_tokens":6}}"#,
    );
    assert_eq!(event.usage.get(Leaf::WebSearches), 2);
    let units: Vec<_> = event.units.iter().map(|(name, count)| (name.as_str(), count.to_string())).collect();
    assert_eq!(units, [("code_interpreter_sessions", "1".to_owned()), ("file_searches", "1".to_owned())]);
}

#[test]
fn openrouters_answer_is_its_own_whoever_it_names() {
    let event = data(
        r#"{"id":"gen-1","provider":"Google","model":"google/gemini-2.5-pro","object":"chat.completion",
            "usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6,"cost":0.5}}"#,
    );
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openrouter", "google/gemini-2.5-pro"));
    assert_eq!(event.reported_usd, Some(Money::from_cents(50)));
}

#[test]
fn images_without_usage_are_counted_one_by_one() {
    let event = data(r#"{"provider":"openai","model":"dall-e-3","data":[{"url":"u"},{"b64_json":"b"},{"text":"t"}]}"#);
    assert_eq!(event.units["images"].to_string(), "2");
    assert_eq!(event.tags.get("purser.usage"), None);
}

#[test]
fn bedrocks_tier_stands_in_an_object() {
    let event = data(
        r#"{"provider":"bedrock","model":"amazon.nova-lite-v1:0","serviceTier":{"type":"flex"},
            "usage":{"inputTokens":5,"outputTokens":1}}"#,
    );
    assert_eq!(event.service_tier.as_deref(), Some("flex"));
}

#[test]
fn counts_that_contradict_each_other_are_kept_and_those_that_are_none_refused() {
    let event =
        data(r#"{"model":"gpt-5-mini","prompt_tokens":10,"cost":0.5,"prompt_tokens_details":{"cached_tokens":11}}"#);
    let told = event.contradiction.expect("10 cannot hold 11");
    assert_eq!(told.reason, "10 input_tokens cannot contain 11 cached tokens");
    assert_eq!(event.reported_usd, Some(Money::from_cents(50)));
    let body = r#"{"type":"llm","id":"1","source":"s","data":{"model":"m","prompt_tokens":-5}}"#;
    let error = cloud(body).refused[0].errors[0].clone();
    assert_eq!((error.field.as_str(), error.value.as_str()), ("[0].data.prompt_tokens", "-5"));
}

#[test]
fn a_cost_in_another_currency_is_never_dollars() {
    let cost = |text: &str| {
        let event = data(text);
        (event.reported_usd, event.foreign_cost)
    };
    let call = r#""provider":"in-house","model":"m1","prompt_tokens":10"#;
    let ten = Some(Money::from_cents(1_000));
    assert_eq!(cost(&format!(r#"{{{call},"cost":10,"currency":"CNY"}}"#)), (None, Some("10 CNY".to_owned())));
    assert_eq!(cost(&format!(r#"{{{call},"cost":"10","currency":"USD"}}"#)), (ten, None));
    assert_eq!(cost(&format!(r#"{{{call},"cost_usd":10,"currency":"EUR"}}"#)), (ten, None));
    assert_eq!(cost(&format!(r#"{{{call},"cost":0}}"#)), (None, None));
}

#[test]
fn a_call_that_was_cancelled_says_so() {
    let event = data(r#"{"provider":"openai","model":"gpt-4o","status":"cancelled"}"#);
    assert_eq!((event.status.name(), event.error_type.as_deref()), ("error", Some("cancelled")));
    assert_eq!(event.tags.get("purser.usage").map(String::as_str), Some("missing"));
    let event = data(r#"{"provider":"openai","model":"gpt-4o","error":{"type":"server_error"},"prompt_tokens":5}"#);
    assert_eq!((event.status.name(), event.error_type.as_deref()), ("error", Some("server_error")));
    let event = data(r#"{"provider":"openai","model":"gpt-4o","status":"completed","error":null,"prompt_tokens":5}"#);
    assert_eq!((event.status.name(), event.error_type), ("ok", None));
}
