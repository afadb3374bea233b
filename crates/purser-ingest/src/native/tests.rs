use purser_domain::money::Money;
use purser_domain::usage::{Leaf, Usage};

use super::*;

const NOW: &str = "2026-11-20T12:00:00Z";

fn run(body: &str) -> Result<Decoded, Unreadable> {
    decode(body.as_bytes(), NOW.parse().expect("a literal of this test"))
}

fn refusals(body: &str) -> Vec<(String, String, String)> {
    let decoded = run(body).expect("readable");
    let errors = decoded.refused.into_iter().flat_map(|refusal| refusal.errors);
    errors.map(|error| (error.field, error.value, error.reason)).collect()
}

fn base(more: &str) -> String {
    format!(
        r#"{{"event_id":"e1","occurred_at":"2026-11-20T09:00:00+01:00","provider":"OpenAI","model":"gpt-5"{more}}}"#
    )
}

#[test]
fn every_field_arrives_where_it_belongs() {
    let body = base(
        r#","source":"mine","response_model":"gpt-5-2026","operation":"chat","input_tokens":1,"cache_read_tokens":2,
        "cache_write_5m_tokens":3,"cache_write_1h_tokens":4,"output_tokens":5,"reasoning_tokens":6,
        "input_audio_tokens":7,"requests":2,"web_searches":8,"service_tier":"flex","batch":false,"project":"p",
        "environment":"prod","feature_tag":"a.b","user_id":"u\u00e9","agent":"ag","skill":"sk","run_id":"r",
        "session_id":"s","trace_id":"t","span_id":"sp","parent_span_id":"pa","response_id":"re","attempt":2,
        "status":"error","error_type":"timeout","latency_ms":9,"cost_usd":"0.0012345","tags":{"team":"x"},
        "inference_geo":"us","speed":"fast","context_window":"≤ 200k","tool":"search","mcp_server":"web",
        "cache_write_12h_tokens":10,"cost":10,"currency":"CNY","units":{"images":2,"audio_seconds":"1.5","pages":0}"#,
    );
    let decoded = run(&body).expect("readable");
    assert_eq!(decoded.refused, []);
    let event = &decoded.events[0].event;
    let usage = Usage::ZERO
        .with(Leaf::Input, 1)
        .with(Leaf::CacheRead, 2)
        .with(Leaf::CacheWrite5m, 3)
        .with(Leaf::CacheWrite1h, 4)
        .with(Leaf::CacheWrite12h, 10)
        .with(Leaf::Output, 5)
        .with(Leaf::Reasoning, 6)
        .with(Leaf::InputAudio, 7)
        .with(Leaf::Requests, 2)
        .with(Leaf::WebSearches, 8);
    assert_eq!(event.usage, usage);
    assert_eq!((event.provider.as_str(), event.source.as_str()), ("openai", "mine"));
    assert_eq!(event.occurred_at.to_string(), "2026-11-20T08:00:00Z");
    assert_eq!(event.user_id.as_deref(), Some("ué"));
    assert_eq!(event.reported_usd, Some(Money::from_pico(1_234_500_000)));
    assert_eq!(event.tags.get("team").map(String::as_str), Some("x"));
    assert!(event.texts().iter().all(|(_, text)| text.is_some()), "{:?}", event.texts());
    assert_eq!((event.attempt, event.latency_ms), (Some(2), Some(9)));
    assert_eq!(event.context_window.map(|window| window.to_string()).as_deref(), Some("<=200000"));
    assert_eq!(event.foreign_cost.as_deref(), Some("10 CNY"));
    let units: Vec<(&str, u64)> =
        event.units.iter().map(|(name, quantity)| (name.as_str(), quantity.micros())).collect();
    assert_eq!(units, [("audio_seconds", 1_500_000), ("images", 2_000_000)], "no pages are no unit");
}

#[test]
fn one_object_an_array_and_lines_are_the_same_events() {
    let one = base("");
    assert_eq!(run(&one).expect("one").events.len(), 1);
    assert_eq!(run(&format!("[{one},{one}]")).expect("array").events.len(), 2);
    assert_eq!(run(&format!("{one}\n\n{one}\n")).expect("lines").events.len(), 2);
    assert_eq!(run("[]").expect("empty array").events.len(), 0);
}

#[test]
fn a_number_of_dollars_is_read_from_its_digits_not_from_a_float() {
    for (text, pico) in [("0.1", 100_000_000_000), ("0.0012425000000000001", 1_242_500_000), ("1E-6", 1_000_000)] {
        let decoded = run(&base(&format!(r#","cost_usd":{text}"#))).expect("readable");
        assert_eq!(decoded.events[0].event.reported_usd, Some(Money::from_pico(pico)), "{text}");
    }
}

#[test]
fn a_bad_field_is_named_with_its_value() {
    for (more, field, value, reason) in [
        (r#","input_tokens":-1"#, "input_tokens", "-1", "must be a whole number, 0 or more"),
        (r#","input_tokens":1.5"#, "input_tokens", "1.5", "must be a whole number, 0 or more"),
        (r#","input_tokens":"7""#, "input_tokens", "7", "must be a whole number, 0 or more"),
        (r#","input_tokens":9007199254740992"#, "input_tokens", "9007199254740992", "must be below 2^53"),
        (r#","input_tokens":99999999999999999999"#, "input_tokens", "99999999999999999999", "must be below 2^53"),
        (r#","prompt_tokens":5"#, "prompt_tokens", "5", "is not a field of a usage event"),
        (r#","user_id":5"#, "user_id", "5", "must be a string"),
        (r#","batch":1"#, "batch", "1", "must be true or false"),
        (r#","status":"failed""#, "status", "failed", "must be ok or error"),
        (r#","attempt":0"#, "attempt", "0", "must be from 1 to 4294967295"),
        (r#","cost_usd":"free""#, "cost_usd", "free", "must be a decimal number of dollars"),
        (r#","cost_usd":-1"#, "cost_usd", "-1.000000000000", "must not be negative"),
        (r#","tags":{"a":1}"#, "tags.a", "1", "must be a string"),
        (r#","tags":[]"#, "tags", "[]", "must be an object of strings"),
        (r#","model":"b""#, "model", "b", "is given twice"),
        (r#","units":{"images":-1}"#, "units.images", "-1", "must be a decimal number, 0 or more, below 9 billion"),
        (r#","units":2"#, "units", "2", "must be an object of numbers"),
        (r#","context_window":200"#, "context_window", "200", "must be a string"),
        (
            r#","currency":"credits","cost":1"#,
            "currency",
            "credits",
            "\"credits\" is not a currency such as USD or EUR",
        ),
        (r#","contradiction":"no""#, "contradiction", "no", "must be an object of a reason and counts"),
        (r#","batch":true,"service_tier":"flex""#, "service_tier", "flex", "contradicts \"batch\": true"),
    ] {
        let expected = [(field.to_owned(), value.to_owned(), reason.to_owned())];
        assert_eq!(refusals(&base(more)), expected, "{more}");
    }
}

#[test]
fn all_bad_fields_of_all_items_come_at_once() {
    let body = format!(r#"[{}, 7, {}, {{"source":""}}]"#, base(r#","input_tokens":"x","colour":"red""#), base(""));
    let fields: Vec<String> = refusals(&body).into_iter().map(|(field, ..)| field).collect();
    assert_eq!(
        fields,
        [
            "[0].input_tokens",
            "[0].colour",
            "[1]",
            "[3].event_id",
            "[3].occurred_at",
            "[3].provider",
            "[3].model",
            "[3].source"
        ]
    );
    assert_eq!(run(&body).expect("readable").events[0].source_index, 2);
}

#[test]
fn a_time_without_offset_or_out_of_range_is_refused() {
    for (time, reason) in [
        ("2026-11-20T09:00:00", "has no offset: end it with Z or +hh:mm"),
        ("yesterday", "must be an RFC 3339 date and time"),
        ("2014-12-31T23:59:59Z", "is before 2015"),
        ("2026-11-20T13:00:01Z", "is more than an hour in the future"),
    ] {
        let body = format!(r#"{{"event_id":"e","provider":"openai","model":"m","occurred_at":"{time}"}}"#);
        let found = refusals(&body);
        assert_eq!(found.iter().map(|(_, _, reason)| reason.as_str()).collect::<Vec<_>>(), [reason], "{time}");
    }
}

#[test]
fn bodies_that_are_no_list_of_items_are_unreadable() {
    assert!(matches!(run("{"), Err(Unreadable::Syntax(_))));
    assert!(matches!(run(""), Err(Unreadable::Syntax(_))));
    assert!(matches!(run("[] x"), Err(Unreadable::Syntax(_))));
    assert!(matches!(decode(b"\xff", Timestamp::EARLIEST), Err(Unreadable::Syntax(_))));
    let deep = base(&format!(r#","x":{}{}"#, "[".repeat(32), "]".repeat(32)));
    assert_eq!(run(&deep), Err(Unreadable::TooDeep));
    let many = format!("[{}1]", "1,".repeat(10_000));
    assert_eq!(run(&many), Err(Unreadable::TooMany));
    assert_eq!(run(&"1 ".repeat(10_001)), Err(Unreadable::TooMany));
    let hollow = "[".repeat(1_000_000);
    assert_eq!(run(&hollow), Err(Unreadable::TooDeep));
}

#[test]
fn batch_is_a_service_tier() {
    let decoded = run(&base(r#","batch":true"#)).expect("readable");
    assert_eq!(decoded.events[0].event.service_tier.as_deref(), Some("batch"));
    let decoded = run(&base(r#","service_tier":"default","batch":true"#)).expect("readable");
    assert_eq!(decoded.events[0].event.service_tier.as_deref(), Some("batch"));
}

#[test]
fn a_whole_number_may_be_written_with_a_fraction_of_zero() {
    let decoded = run(&base(r#","input_tokens":1200.0,"output_tokens":3e2"#)).expect("readable");
    let usage = decoded.events[0].event.usage;
    assert_eq!((usage.get(Leaf::Input), usage.get(Leaf::Output)), (1_200, 300));
}

#[test]
fn what_is_encoded_decodes_to_the_same_event() {
    let body = base(
        r#","source":"mine","input_tokens":12,"reasoning_tokens":3,"requests":0,"status":"error","attempt":2,
        "latency_ms":70,"cost_usd":"0.25","user_id":"u","response_id":"r","tags":{"team":"a"},"units":{"pages":"2.5"},
        "context_window":">200k","cost":"72.5","currency":"CNY","speed":"fast","tool":"t","mcp_server":"m",
        "inference_geo":"eu","contradiction":{"reason":"5 cannot contain 7","counts":{"input_tokens":5}}"#,
    );
    let event = run(&body).expect("readable").events.remove(0).event;
    let again = run(&encode(&event).to_string()).expect("readable").events.remove(0).event;
    assert_eq!(again, event);
}
