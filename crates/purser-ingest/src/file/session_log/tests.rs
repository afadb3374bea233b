use std::io::Cursor;

use purser_domain::usage::{Leaf, Usage};

use super::*;
use crate::file::read;

fn options() -> Options {
    Options::new("2026-11-30T00:00:00Z".parse().expect("a literal of this test"))
}

/// Reads one log after the others that `seen` knows.
fn read_log(agent: Agent, text: &str, seen: &Seen) -> Decoded {
    let chunks = read(Cursor::new(text.to_owned()), Format::Agent(agent), &options(), seen).expect("readable");
    let mut all = Decoded::default();
    chunks.for_each(|chunk| all.absorb(chunk.expect("readable")));
    all
}

fn read_one(agent: Agent, text: &str) -> Decoded {
    read_log(agent, text, &Seen::default())
}

fn only(decoded: &Decoded) -> &UsageEvent {
    let [incoming] = decoded.events.as_slice() else { unreachable!("one event: {decoded:?}") };
    &incoming.event
}

fn leaves(leaves: &[(Leaf, u64)]) -> Usage {
    leaves.iter().fold(Usage::default(), |usage, (leaf, count)| usage.with(*leaf, *count))
}

#[test]
fn every_agent_reads_its_own_name() {
    for agent in Agent::ALL {
        assert_eq!(agent.name().parse(), Ok(Format::Agent(agent)));
    }
    assert!(Agent::Codex.owns("rollout-2026-11-28T13-53-54-01a2.jsonl") && !Agent::Codex.owns("history.jsonl"));
    assert!(Agent::Copilot.owns("events.jsonl") && !Agent::Copilot.owns("vscode.jsonl"));
}

/// A line of Claude Code.
fn claude(id: &str, model: &str, input: u64, output: u64) -> String {
    format!(
        r#"{{"type":"assistant","timestamp":"2026-11-20T12:00:00Z","requestId":"req_{id}","sessionId":"s-1","message":
        {{"id":"{id}","model":"{model}","usage":{{"input_tokens":{input},"output_tokens":{output}}}}}}}"#
    )
    .replace('\n', "")
}

#[test]
fn lines_of_one_answer_may_lie_any_number_of_answers_apart() {
    let mut text = claude("msg_0", "claude-opus-5", 1, 5);
    for answer in 1..=3_000 {
        text.push('\n');
        text.push_str(&claude(&format!("msg_{answer}"), "claude-opus-5", 1, 1));
    }
    text.push('\n');
    text.push_str(&claude("msg_0", "claude-opus-5", 1, 26_069));
    let decoded = read_one(Agent::ClaudeCode, &text);
    assert_eq!((decoded.events.len(), decoded.skipped), (3_001, 1));
    let first = &decoded.events[0];
    assert_eq!((first.event.usage.get(Leaf::Output), first.source_index), (26_069, 3_002));
}

#[test]
fn the_line_that_counts_the_most_output_stands_whole() {
    let text = [claude("msg_f", "claude-opus-4-6", 3, 260), claude("msg_f", "claude-sonnet-4-5", 9, 1)].join("\n");
    let decoded = read_one(Agent::ClaudeCode, &text);
    let event = only(&decoded);
    assert_eq!(event.model, "claude-opus-4-6");
    assert_eq!(event.usage, leaves(&[(Leaf::Input, 3), (Leaf::Output, 260)]));
}

#[test]
fn claude_code_tells_the_platform_by_the_answers_id_and_the_model_without_its_context() {
    let decoded = read_one(Agent::ClaudeCode, &claude("msg_1", "claude-opus-5[1m]", 1, 1));
    assert_eq!((only(&decoded).provider.as_str(), only(&decoded).model.as_str()), ("anthropic", "claude-opus-5"));
    let line = claude("msg_bdrk_1", "claude-sonnet-4-5-20250929", 1, 1)
        .replace(r#""sessionId""#, r#""requestedModel":"us.anthropic.claude-sonnet-4-5-20250929-v1:0","sessionId""#);
    let decoded = read_one(Agent::ClaudeCode, &line);
    let event = only(&decoded);
    assert_eq!(event.provider, "aws.bedrock");
    assert_eq!(event.model, "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
    assert_eq!(event.response_model.as_deref(), Some("claude-sonnet-4-5-20250929"));
}

#[test]
fn a_line_of_claude_code_tells_time_to_live_tier_place_and_speed() {
    let usage = r#"{"input_tokens":20000,"cache_creation_input_tokens":3000,"cache_read_input_tokens":8000,
        "output_tokens":1500,"output_tokens_details":{"thinking_tokens":700},"service_tier":"standard",
        "cache_creation":{"ephemeral_1h_input_tokens":1000,"ephemeral_5m_input_tokens":2000},
        "inference_geo":"us","iterations":[],"speed":"fast","fallback_credit":null}"#;
    let line = claude("msg_1", "claude-sonnet-4-5", 1, 1)
        .replace(r#"{"input_tokens":1,"output_tokens":1}"#, &usage.replace('\n', ""));
    let decoded = read_one(Agent::ClaudeCode, &line);
    let event = only(&decoded);
    // The thinking is inside the 1,500, 1,500 − 700 = 800; the cache stands beside the 20,000.
    let expected = [
        (Leaf::Input, 20_000),
        (Leaf::CacheRead, 8_000),
        (Leaf::CacheWrite5m, 2_000),
        (Leaf::CacheWrite1h, 1_000),
        (Leaf::Output, 800),
        (Leaf::Reasoning, 700),
    ];
    assert_eq!(event.usage, leaves(&expected));
    assert_eq!((event.inference_geo.as_deref(), event.speed.as_deref()), (Some("us"), Some("fast")));
    assert_eq!(event.service_tier.as_deref(), Some("standard"));
}

/// A `token_count` of Codex: the sums after `calls` equal responses.
fn token_count(time: &str, calls: u64) -> String {
    let usage = |factor: u64| {
        format!(
            r#"{{"input_tokens":{},"cached_input_tokens":{},"output_tokens":{},"reasoning_output_tokens":{},"total_tokens":{}}}"#,
            20_000 * factor,
            15_000 * factor,
            1_000 * factor,
            400 * factor,
            21_000 * factor
        )
    };
    format!(
        r#"{{"timestamp":"{time}","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{},"last_token_usage":{},"model_context_window":272000}},"rate_limits":null}}}}"#,
        usage(calls),
        usage(1)
    )
}

fn session_meta(time: &str, id: &str, more: &str) -> String {
    format!(
        r#"{{"timestamp":"{time}","type":"session_meta","payload":{{"id":"{id}","cwd":"/src/shop","model_provider":"openai"{more}}}}}"#
    )
}

const TURN: &str = r#"{"timestamp":"2026-11-28T10:00:00.1Z","type":"turn_context","payload":{"cwd":"/src/shop","model":"gpt-5-mini","effort":"high"}}"#;

#[test]
fn each_response_of_codex_counts_by_its_own_counts_and_once() {
    let limits =
        r#"{"timestamp":"2026-11-28T10:00:01Z","type":"event_msg","payload":{"type":"token_count","info":null}}"#;
    let text = [
        &session_meta("2026-11-28T10:00:00Z", "s-1", ""),
        TURN,
        limits,
        &token_count("2026-11-28T10:00:05Z", 1),
        // A limit changed: the same sums once more.
        &token_count("2026-11-28T10:00:06Z", 1),
        &token_count("2026-11-28T10:00:09Z", 2),
        "broken",
    ]
    .join("\n");
    let decoded = read_one(Agent::Codex, &text);
    assert_eq!(decoded.events.len(), 2);
    assert_eq!((decoded.skipped, decoded.refused.len(), decoded.refused[0].index), (4, 1, 7));
    let event = &decoded.events[1].event;
    // 20,000 − 15,000 = 5,000; 1,000 − 400 = 600.
    let expected = [(Leaf::Input, 5_000), (Leaf::CacheRead, 15_000), (Leaf::Output, 600), (Leaf::Reasoning, 400)];
    assert_eq!(event.usage, leaves(&expected));
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-5-mini"));
    assert_eq!((event.session_id.as_deref(), event.project.as_deref()), (Some("s-1"), Some("shop")));
    assert_eq!(event.occurred_at.to_string(), "2026-11-28T10:00:09Z");
}

#[test]
fn sums_alone_give_the_difference() {
    let sums_only = |time: &str, calls| {
        let line = token_count(time, calls);
        let (before, rest) = line.split_once(r#""last_token_usage""#).expect("is in the line");
        let (_, after) = rest.split_once("},").expect("is in the line");
        format!("{before}{after}")
    };
    let text = [
        session_meta("2026-11-28T10:00:00Z", "s-1", ""),
        sums_only("2026-11-28T10:00:05Z", 1),
        sums_only("2026-11-28T10:00:09Z", 3),
    ]
    .join("\n");
    let decoded = read_one(Agent::Codex, &text);
    // 3 × 21,000 − 21,000
    assert_eq!(decoded.events[1].event.usage.total_tokens(), 42_000);
    assert_eq!(decoded.events[1].event.model, "unknown");
}

#[test]
fn a_fork_copies_its_parents_responses_and_adds_its_own() {
    let parent = [
        session_meta("2026-11-28T10:00:00Z", "s-1", ""),
        TURN.to_owned(),
        token_count("2026-11-28T10:00:05Z", 1),
        token_count("2026-11-28T10:00:09Z", 2),
    ]
    .join("\n");
    // Written again at the time of the fork; then a response of its own, at once.
    let fork = |id: &str| {
        [
            session_meta("2026-11-28T11:00:00Z", id, r#","forked_from_id":"s-1""#),
            TURN.to_owned(),
            token_count("2026-11-28T11:00:00.010Z", 1),
            token_count("2026-11-28T11:00:00.010Z", 2),
            token_count("2026-11-28T11:00:00.900Z", 3),
        ]
        .join("\n")
    };
    let seen = Seen::default();
    assert_eq!(read_log(Agent::Codex, &parent, &seen).events.len(), 2);
    let first = read_log(Agent::Codex, &fork("s-2"), &seen);
    assert_eq!((only(&first).session_id.as_deref(), only(&first).usage.total_tokens()), (Some("s-2"), 21_000));
    // Its sibling's own response has the same sums and is another one.
    assert_eq!(read_log(Agent::Codex, &fork("s-3"), &seen).events.len(), 1);
    // A fork of the fork copies all three.
    let nested = [
        session_meta(
            "2026-11-28T12:00:00Z",
            "s-4",
            r#","source":{"subagent":{"thread_spawn":{"parent_thread_id":"s-2"}}}"#,
        ),
        TURN.to_owned(),
        token_count("2026-11-28T12:00:00.010Z", 1),
        token_count("2026-11-28T12:00:00.010Z", 2),
        token_count("2026-11-28T12:00:00.010Z", 3),
        token_count("2026-11-28T12:00:07Z", 4),
    ]
    .join("\n");
    assert_eq!(only(&read_log(Agent::Codex, &nested, &seen)).session_id.as_deref(), Some("s-4"));
}

#[test]
fn a_copy_read_before_its_parent_has_the_parents_id() {
    let parent = [session_meta("2026-11-28T10:00:00Z", "s-1", ""), token_count("2026-11-28T10:00:05Z", 1)].join("\n");
    let fork = [
        session_meta("2026-11-28T11:00:00Z", "s-2", r#","forked_from_id":"s-1""#),
        token_count("2026-11-28T11:00:00.010Z", 1),
        token_count("2026-11-28T11:00:30Z", 2),
    ]
    .join("\n");
    let seen = Seen::default();
    let copied = read_log(Agent::Codex, &fork, &seen);
    let sessions: Vec<_> = copied.events.iter().map(|incoming| incoming.event.session_id.as_deref()).collect();
    assert_eq!(sessions, [Some("s-1"), Some("s-2")]);
    let own = read_one(Agent::Codex, &parent);
    assert_eq!(only(&own).event_id, copied.events[0].event.event_id);
    assert_eq!(read_log(Agent::Codex, &parent, &seen).events.len(), 0);
}

#[test]
fn turns_tell_what_a_session_copied_from_what_it_did_at_once() {
    let turn = |id: &str| {
        format!(
            r#"{{"timestamp":"2026-11-28T11:00:00Z","type":"turn_context","payload":{{"turn_id":"{id}","model":"gpt-5-mini"}}}}"#
        )
    };
    // 0x01a2226f133a ms is 2026-11-28T13:53:54.490Z.
    let (parent, child) = ("01a2226f-133a-7021-ac4b-e0507a53dfc4", "01a2226f-5000-7021-ac4b-e0507a53dfc4");
    let (copied, own) = ("01a2226f-1377-7472-a933-1345fd1e4f1e", "01a2226f-5001-7472-a933-1345fd1e4f1e");
    let first =
        [session_meta("2026-11-28T13:53:54.490Z", parent, ""), turn(copied), token_count("2026-11-28T13:53:55Z", 1)];
    let spawned = format!(r#","source":{{"subagent":{{"thread_spawn":{{"parent_thread_id":"{parent}"}}}}}}"#);
    let start = "2026-11-28T13:54:10.048Z";
    let seen = Seen::default();
    assert_eq!(read_log(Agent::Codex, &first.join("\n"), &seen).events.len(), 1);
    // It began with nothing of its parent's; its first response comes at once and counts what the parent's first did.
    let fresh = [session_meta(start, child, &spawned), turn(own), token_count("2026-11-28T13:54:10.1Z", 1)];
    assert_eq!(only(&read_log(Agent::Codex, &fresh.join("\n"), &seen)).session_id.as_deref(), Some(child));
    let copy = [session_meta(start, child, &spawned), turn(copied), token_count("2026-11-28T13:55:00Z", 1)];
    assert_eq!(read_log(Agent::Codex, &copy.join("\n"), &seen).events.len(), 0);
}

#[test]
fn gemini_cli_counts_thoughts_beside_its_output_in_documents_and_lines() {
    let message = |output: u64| {
        format!(
            r#"{{"id":"m-1","timestamp":"2026-11-28T13:54:48.794Z","type":"gemini","content":"prompt-marker","model":"gemini-2.5-flash",
            "tokens":{{"input":9000,"output":{output},"cached":6000,"thoughts":900,"tool":0,"total":{}}}}}"#,
            9_900 + output
        )
    };
    let user = r#"{"id":"m-0","timestamp":"2026-11-28T13:54:40Z","type":"user","content":"prompt-marker"}"#;
    let document = format!(
        "{{\n\"sessionId\":\"s-1\",\n\"messages\":[{user},{},{{\"id\":\"m-2\",\"type\":\"gemini\",\"tokens\":{{}}}}]\n}}\n",
        message(700)
    );
    let decoded = read_one(Agent::GeminiCli, &document);
    let event = only(&decoded);
    let expected = [(Leaf::Input, 3_000), (Leaf::CacheRead, 6_000), (Leaf::Output, 700), (Leaf::Reasoning, 900)];
    assert_eq!(event.usage, leaves(&expected));
    assert_eq!((event.event_id.as_str(), event.provider.as_str()), ("s-1:m-1", "gcp.gemini"));
    assert_eq!((decoded.skipped, decoded.refused.len()), (1, 1), "a message without a time refuses itself only");
    // Since version 0.39: each state of a message is a line, and the last one counts.
    let start = r#"{"sessionId":"s-1","startTime":"2026-11-28T13:54:40Z","kind":"main"}"#;
    let one_line = |output| message(output).replace('\n', "");
    let lines = [start, user, &one_line(1), &one_line(700), r#"{"$set":{"lastUpdated":"x"}}"#].join("\n");
    let in_lines = read_one(Agent::GeminiCli, &lines);
    assert_eq!(only(&in_lines).usage, leaves(&expected));
    assert_eq!(only(&in_lines).event_id, "s-1:m-1");
    assert!(!format!("{decoded:?}{in_lines:?}").contains("prompt-marker"));
}

#[test]
fn an_answer_of_qwen_code_counts_as_its_sum_tells() {
    let line = |model: &str, total: u64| {
        format!(
            r#"{{"uuid":"u-{total}","sessionId":"s-1","timestamp":"2026-11-28T10:00:00Z","type":"assistant","cwd":"/src/shop","model":"{model}","usageMetadata":{{"promptTokenCount":9000,"cachedContentTokenCount":6000,"candidatesTokenCount":1000,"thoughtsTokenCount":900,"totalTokenCount":{total}}}}}"#
        )
    };
    let telemetry =
        r#"{"type":"system","subtype":"ui_telemetry","systemPayload":{"uiEvent":{"input_token_count":9000}}}"#;
    let text = [telemetry, &line("qwen3-coder-plus", 10_000), &line("gemini-2.5-pro", 10_900)].join("\n");
    let decoded = read_one(Agent::QwenCode, &text);
    let [inside, beside] = decoded.events.as_slice() else { unreachable!("two events: {decoded:?}") };
    // 10,000 = 9,000 + 1,000: the thoughts are inside; 10,900: they are beside.
    assert_eq!(inside.event.usage.get(Leaf::Output), 100);
    assert_eq!(beside.event.usage.get(Leaf::Output), 1_000);
    assert_eq!((inside.event.provider.as_str(), beside.event.provider.as_str()), ("dashscope", "gcp.gemini"));
    assert_eq!(decoded.skipped, 1);
}

#[test]
fn copilot_tells_the_sums_of_its_calls_when_it_is_left() {
    let start = r#"{"type":"session.start","timestamp":"2026-11-28T10:00:00Z","data":{"sessionId":"s-1","context":{"cwd":"/src/shop"}}}"#;
    let left = |time: &str, calls: u64| {
        format!(
            r#"{{"type":"session.shutdown","timestamp":"{time}","data":{{"modelMetrics":{{"gpt-5-mini":{{"requests":{{"count":{calls},"cost":1}},"usage":{{"inputTokens":{},"outputTokens":{},"cacheReadTokens":{},"cacheWriteTokens":0,"reasoningTokens":0}}}}}}}}}}"#,
            10_000 * calls,
            2_000 * calls,
            7_000 * calls
        )
    };
    // Resumed after two calls, left after five; then the counts began anew.
    let text = [
        start,
        &left("2026-11-28T10:10:00Z", 2),
        &left("2026-11-28T11:00:00Z", 5),
        &left("2026-11-28T12:00:00Z", 1),
        &left("2026-11-28T13:00:00Z", 1),
    ]
    .join("\n");
    let decoded = read_one(Agent::Copilot, &text);
    let calls: Vec<u64> = decoded.events.iter().map(|incoming| incoming.event.usage.get(Leaf::Requests)).collect();
    assert_eq!(calls, [2, 3, 1]);
    let event = &decoded.events[1].event;
    // Three calls: 30,000 − 21,000 = 9,000 fresh.
    let expected = [(Leaf::Input, 9_000), (Leaf::CacheRead, 21_000), (Leaf::Output, 6_000), (Leaf::Requests, 3)];
    assert_eq!(event.usage, leaves(&expected));
    assert_eq!((event.provider.as_str(), event.project.as_deref()), ("github_copilot", Some("shop")));
    assert_eq!(decoded.skipped, 2);
}

#[test]
fn a_message_of_opencode_is_a_call_once_it_has_counts() {
    let message = |tokens: &str| {
        format!(
            r#"{{
  "id": "msg_1", "sessionID": "ses_1", "role": "assistant", "providerID": "anthropic", "modelID": "claude-sonnet-4-5",
  "path": {{"cwd": "/src/shop/api", "root": "/src/shop"}}, "mode": "build", "cost": 0.0399,
  "time": {{"created": 1795874034000, "completed": 1795874036500}},
  "tokens": {tokens}
}}"#
        )
    };
    let counts = r#"{"input":500,"output":1100,"reasoning":400,"cache":{"read":8000,"write":3000},"total":13000}"#;
    let decoded = read_one(Agent::OpenCode, &message(counts));
    let event = only(&decoded);
    let expected = [
        (Leaf::Input, 500),
        (Leaf::CacheRead, 8_000),
        (Leaf::CacheWrite5m, 3_000),
        (Leaf::Output, 1_100),
        (Leaf::Reasoning, 400),
    ];
    assert_eq!(event.usage, leaves(&expected));
    assert_eq!((event.provider.as_str(), event.project.as_deref()), ("anthropic", Some("shop")));
    assert_eq!((event.latency_ms, event.agent.as_deref()), (Some(2_500), Some("build")));
    assert_eq!(event.reported_usd, "0.0399".parse().ok());
    // 12,600 = 500 + 1,100 + 8,000 + 3,000: an early version, whose output holds the reasoning.
    let decoded = read_one(Agent::OpenCode, &message(&counts.replace("13000", "12600")));
    assert_eq!(only(&decoded).usage.get(Leaf::Output), 700);
    let unanswered = message(r#"{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}}"#);
    let decoded = read_one(Agent::OpenCode, &unanswered);
    assert_eq!((decoded.events.len(), decoded.skipped), (0, 1));
    assert_eq!(read_one(Agent::OpenCode, &message(r#"{"input":-1}"#)).refused.len(), 1);
}
