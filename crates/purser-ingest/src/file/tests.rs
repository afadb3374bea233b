use std::io::Cursor;

use purser_domain::usage::Leaf;

use super::*;

const NOW: &str = "2026-11-21T02:00:00Z";

fn options() -> Options {
    Options::new(NOW.parse().expect("a literal of this test"))
}

fn all(text: &str, format: Format, options: &Options) -> Decoded {
    let mut whole = Decoded::default();
    for chunk in read(Cursor::new(text), format, options, &Seen::default()).expect("readable") {
        whole.absorb(chunk.expect("readable"));
    }
    whole
}

fn target(name: &str) -> Target {
    name.parse().expect("a literal of this test")
}

fn ids(decoded: &Decoded) -> Vec<&str> {
    decoded.events.iter().map(|incoming| incoming.event.event_id.as_str()).collect()
}

const AZURE: &str = "TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:03.9799600,4808,10
";

fn azure() -> Options {
    let map = ["occurred_at=TIMESTAMP", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens"];
    let map = map.map(|pair| pair.split_once('=').expect("a pair"));
    Options {
        map: map.into_iter().map(|(field, column)| (target(field), column.to_owned())).collect(),
        set: vec![
            (target("provider"), "azure".to_owned()),
            (target("model"), "gpt-4".to_owned()),
            (target("tags.trace"), "code".to_owned()),
        ],
        zone: Some(jiff::tz::TimeZone::UTC),
        ..options()
    }
}

#[test]
fn columns_are_mapped_constants_are_set_and_naive_times_need_a_zone() {
    let decoded = all(AZURE, Format::Csv, &azure());
    assert_eq!(decoded.refused, []);
    let event = &decoded.events[0].event;
    assert_eq!(event.occurred_at.to_string(), "2023-11-16T18:17:03.97996Z");
    assert_eq!((event.usage.get(Leaf::Input), event.usage.get(Leaf::Output)), (4_808, 10));
    assert_eq!((event.provider.as_str(), event.source.as_str()), ("azure.ai.openai", "csv"));
    assert_eq!(event.tags.get("trace").map(String::as_str), Some("code"));
    let refused = all(AZURE, Format::Csv, &Options { zone: None, ..azure() }).refused;
    let lines: Vec<usize> = refused.iter().map(|refusal| refusal.index).collect();
    assert_eq!(lines, [2, 3, 4]);
    assert_eq!(refused[0].errors[0].field, "TIMESTAMP (occurred_at)");
    assert_eq!(refused[0].errors[0].reason, "has no offset: give --timezone");
}

#[test]
fn a_row_without_an_id_is_known_by_its_cells_and_its_place_among_equals() {
    let first = all(AZURE, Format::Csv, &azure());
    let found = ids(&first);
    assert_eq!(found[2], format!("{}_1", found[0]));
    assert_ne!(found[0], found[1]);
    assert_eq!(ids(&all(AZURE, Format::Csv, &azure())), found, "reading again changes nothing");
    let mut remapped = azure();
    remapped.set[1].1 = "gpt-4o".to_owned();
    assert_eq!(ids(&all(AZURE, Format::Csv, &remapped)), found, "another mapping is the same rows");
    let other = Options { source: Some("other".to_owned()), ..azure() };
    assert_ne!(ids(&all(AZURE, Format::Csv, &other))[0], found[0], "another source is other rows");
}

#[test]
fn totals_are_taken_apart_and_a_total_below_its_parts_is_a_contradiction() {
    let text = "event_id,occurred_at,model,prompt,cache_read_tokens,completion,reasoning_tokens\n\
                a,2026-11-20T00:00:00Z,m,1200,1000,300,100\n\
                b,2026-11-20T00:00:00Z,m,999,1000,300,301\n";
    let map = vec![
        (target("total_input_tokens"), "prompt".to_owned()),
        (target("total_output_tokens"), "completion".to_owned()),
    ];
    let decoded = all(text, Format::Csv, &Options { map, ..options() });
    let usage = decoded.events[0].event.usage;
    assert_eq!((usage.get(Leaf::Input), usage.get(Leaf::Output)), (200, 200));
    let told = decoded.events[1].event.contradiction.as_ref().expect("999 cannot contain 1,000");
    assert_eq!(
        told.reason,
        "999 total_input_tokens cannot contain 1000 tokens; 300 total_output_tokens cannot contain 301 tokens"
    );
    assert_eq!(decoded.events[1].event.usage.total_tokens(), 0);
}

#[test]
fn a_header_that_does_not_fit_is_refused_in_words() {
    let error = |text: &str, options: &Options| {
        read(Cursor::new(text), Format::Csv, options, &Seen::default()).err().map(|error| error.to_string())
    };
    let map = vec![(target("model"), "Modell".to_owned())];
    assert_eq!(
        error("a,b\n", &Options { map, ..options() }).as_deref(),
        Some("--map model=Modell: the columns are a, b")
    );
    assert_eq!(
        error("model\n", &options()).as_deref(),
        Some("no column gives occurred_at: use --map occurred_at=COLUMN or --set occurred_at=VALUE")
    );
    let set = vec![(target("input_tokens"), "many".to_owned())];
    assert_eq!(
        error("model,occurred_at\n", &Options { set, ..options() }).as_deref(),
        Some("--set input_tokens=many: must be a whole number, 0 or more")
    );
}

#[test]
fn a_bad_row_refuses_itself_only() {
    let text = "\u{feff}model,occurred_at,input_tokens,tags.team\n\
                m,2026-11-20T00:00:00Z,1,x\n\
                m,,2\n\
                m,2026-11-20T00:00:00Z,-3,x\n\
                \"m\nm\",2026-11-20T00:00:00Z,4,x\n\
                m,2026-11-20T00:00:00Z,5,y\n";
    let decoded = all(text, Format::Csv, &options());
    assert_eq!(decoded.events.iter().map(|incoming| incoming.source_index).collect::<Vec<_>>(), [2, 7]);
    assert_eq!(decoded.events[1].event.tags.get("team").map(String::as_str), Some("y"));
    let reasons: Vec<(usize, &str)> =
        decoded.refused.iter().map(|refusal| (refusal.index, refusal.errors[0].reason.as_str())).collect();
    assert_eq!(reasons, [(3, "is empty"), (4, "must be a whole number, 0 or more"), (5, "has control characters")]);
}

#[test]
fn lines_of_our_own_format_need_no_id_and_are_strict_without_a_map() {
    let text = "{\"occurred_at\":\"2026-11-20T00:00:00Z\",\"model\":\"m\",\"input_tokens\":3}\n\n\
                {\"occurred_at\":\"2026-11-20T00:00:00Z\",\"model\":\"m\",\"tokens\":3}\n\
                nonsense\n";
    let decoded = all(text, Format::Jsonl, &options());
    assert_eq!(decoded.events[0].source_index, 1);
    assert!(decoded.events[0].event.event_id.starts_with("row_"));
    let reasons: Vec<(usize, &str)> =
        decoded.refused.iter().map(|refusal| (refusal.index, refusal.errors[0].reason.as_str())).collect();
    assert_eq!(reasons[0], (3, "is not a field of a usage event"));
    assert_eq!(reasons[1].0, 4);
    let map = vec![(target("output_tokens"), "tokens".to_owned())];
    let decoded = all(text, Format::Jsonl, &Options { map, ..options() });
    assert_eq!(decoded.events[1].event.usage.get(Leaf::Output), 3);
}

const ANSWER: &str = r#"{"type":"assistant","sessionId":"s1","cwd":"/home/ada/shop","requestId":"req_1",
"timestamp":"2026-11-20T10:00:0N.000Z","message":{"id":"msg_1","model":"claude-sonnet-4-5","role":"assistant",
"content":[{"type":"text","text":"prompt-marker"}],"usage":{"input_tokens":3,"cache_creation_input_tokens":600,
"cache_read_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":400},
"output_tokens":O,"service_tier":"standard","server_tool_use":{"web_search_requests":2}}}}"#;

fn answer(second: u32, output: u32) -> String {
    ANSWER.replace('\n', "").replace("0N.", &format!("0{second}.")).replace(":O,", &format!(":{output},"))
}

#[test]
fn a_session_log_counts_a_streamed_answer_once_by_its_last_line() {
    let user =
        r#"{"type":"user","message":{"role":"user","content":"prompt-marker"},"timestamp":"2026-11-20T10:00:00Z"}"#;
    let synthetic = answer(3, 0).replace("claude-sonnet-4-5", "<synthetic>").replace("msg_1", "msg_2");
    let text = format!("{user}\n{}\n{}\n{synthetic}\nbroken\n", answer(1, 1), answer(2, 77));
    let decoded = all(&text, Format::Agent(Agent::ClaudeCode), &options());
    let [incoming] = decoded.events.as_slice() else { unreachable!("one event: {decoded:?}") };
    let event = &incoming.event;
    assert_eq!(event.event_id, "msg_1:req_1");
    assert_eq!(event.occurred_at.to_string(), "2026-11-20T10:00:02Z");
    let leaves: Vec<(Leaf, u64)> = event.usage.iter().collect();
    assert_eq!(
        leaves,
        [
            (Leaf::Input, 3),
            (Leaf::CacheRead, 1_000),
            (Leaf::CacheWrite5m, 200),
            (Leaf::CacheWrite1h, 400),
            (Leaf::Output, 77),
            (Leaf::Requests, 1),
            (Leaf::WebSearches, 2)
        ]
    );
    assert_eq!((event.project.as_deref(), event.session_id.as_deref()), (Some("shop"), Some("s1")));
    assert_eq!((event.provider.as_str(), event.service_tier.as_deref()), ("anthropic", Some("standard")));
    assert_eq!((decoded.skipped, decoded.refused[0].index), (3, 5));
    assert!(!format!("{decoded:?}").contains("prompt-marker"));
}

#[test]
fn a_resumed_session_repeats_no_call_of_the_one_before() {
    let seen = Seen::default();
    let count = |text: String| -> usize {
        let chunks = read(Cursor::new(text), Format::Agent(Agent::ClaudeCode), &options(), &seen).expect("readable");
        chunks.map(|chunk| chunk.expect("readable").events.len()).sum()
    };
    assert_eq!(count(answer(1, 5)), 1);
    assert_eq!(count(answer(1, 5).replace("\"s1\"", "\"s2\"")), 0);
}

#[test]
fn otlp_files_hold_a_request_per_line_or_one_as_a_whole() {
    let request = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"4123ae687654d0d1afbb8f313ac1a9c6",
        "spanId":"2ac692d05f84bfca","endTimeUnixNano":"1795221025888222702","attributes":[
        {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
        {"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}]}]}]}"#;
    let lines = format!("{}\n{}\n", request.replace('\n', ""), request.replace('\n', "").replace("2ac6", "2ac7"));
    assert_eq!(all(&lines, Format::OtlpJson, &options()).events.len(), 2);
    let whole = all(request, Format::OtlpJson, &options());
    assert_eq!(ids(&whole), ["4123ae687654d0d1afbb8f313ac1a9c6:2ac692d05f84bfca"]);
}

#[test]
fn litellm_files_hold_a_payload_per_line_or_an_array() {
    let call = r#"{"id":"ID","call_type":"completion","custom_llm_provider":"openai","model":"gpt-4o",
        "endTime":1795221020.25,"prompt_tokens":10,"completion_tokens":2}"#;
    let one = call.replace('\n', "");
    let lines = format!("{}\n{}\nbroken\n", one.replace("ID", "a"), one.replace("ID", "b"));
    let decoded = all(&lines, Format::Litellm, &options());
    assert_eq!((ids(&decoded), decoded.refused[0].index), (vec!["a", "b"], 3));
    let array = format!("[\n{},\n{}\n]\n", call.replace("ID", "a"), call.replace("ID", "b"));
    assert_eq!(ids(&all(&array, Format::Litellm, &options())), ["a", "b"]);
}

#[test]
fn long_files_come_in_chunks() {
    let mut text = "event_id,occurred_at,model\n".to_owned();
    for row in 0..20_000 {
        text.push_str(&format!("{row},2026-11-20T00:00:00Z,m\n"));
    }
    let chunks = read(Cursor::new(text), Format::Csv, &options(), &Seen::default()).expect("readable");
    let sizes: Vec<usize> = chunks.map(|chunk| chunk.expect("readable").events.len()).collect();
    assert_eq!(sizes, [CHUNK, CHUNK, 20_000 - 2 * CHUNK]);
}

#[test]
fn lines_are_counted_right_whatever_ends_them() {
    let text = "event_id,occurred_at,model,input_tokens\na,2026-11-20T00:00:00Z,m,1\n\n\
                b,2026-11-20T00:00:00Z,\"m\nn\",x\nc,2026-11-20T00:00:00Z,m,y";
    for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}\n")] {
        let decoded = all(&text, Format::Csv, &options());
        let lines: Vec<usize> = decoded.refused.iter().map(|refusal| refusal.index).collect();
        assert_eq!((decoded.events[0].source_index, lines), (2, vec![4, 6]), "{text:?}");
    }
}

#[test]
fn separators_and_decimal_commas_are_told_by_the_header() {
    let event = |text: &str| {
        let mut decoded = all(text, Format::Csv, &options());
        assert_eq!(decoded.refused, []);
        decoded.events.remove(0).event
    };
    let semicolons =
        event("occurred_at;model;input_tokens;cost;units.pages\n2026-11-20T00:00:00Z;m;1.234.567;\"0,10 €\";2,5\n");
    assert_eq!(semicolons.usage.get(Leaf::Input), 1_234_567);
    assert_eq!(semicolons.foreign_cost.as_deref(), Some("0.10 EUR"));
    assert_eq!(semicolons.units["pages"].micros(), 2_500_000);
    let tabs = event("occurred_at\tmodel\tinput_tokens\tcost_usd\n2026-11-20T00:00:00Z\tm\t1,234\t$0.10\n");
    assert_eq!((tabs.usage.get(Leaf::Input), tabs.reported_usd), (1_234, "0.1".parse().ok()));
    let commas = event(
        "occurred_at,model,input_tokens,context_window,currency,cost\n2026-11-20T00:00:00Z,m,323.0,≤ 200k,CNY,10\n",
    );
    assert_eq!((commas.usage.get(Leaf::Input), commas.foreign_cost.as_deref()), (323, Some("10 CNY")));
    assert_eq!(commas.context_window.map(|window| window.to_string()).as_deref(), Some("<=200000"));
}

#[test]
fn a_fraction_of_a_token_is_refused_by_name() {
    for (cell, reason) in [
        ("323.5", "must be a whole number, 0 or more"),
        ("-5", "must be a whole number, 0 or more"),
        ("\"1,23\"", "has its thousands set apart wrongly"),
    ] {
        let text = format!("occurred_at,model,input_tokens\n2026-11-20T00:00:00Z,m,{cell}\n");
        let error = all(&text, Format::Csv, &options()).refused.remove(0).errors.remove(0);
        assert_eq!((error.field.as_str(), error.reason.as_str()), ("input_tokens", reason), "{cell}");
    }
}

#[test]
fn a_batch_of_the_default_tier_is_a_batch_and_one_of_another_tier_is_refused() {
    let text = "occurred_at,model,batch,service_tier\n2026-11-20T00:00:00Z,m,TRUE,default\n2026-11-20T00:00:00Z,m,TRUE,\n\
                2026-11-20T00:00:00Z,m,true,flex\n";
    let decoded = all(text, Format::Csv, &options());
    let tiers: Vec<_> = decoded.events.iter().map(|incoming| incoming.event.service_tier.as_deref()).collect();
    assert_eq!(tiers, [Some("batch"), Some("batch")]);
    let error = &decoded.refused[0].errors[0];
    assert_eq!((error.field.as_str(), error.reason.as_str()), ("service_tier", "contradicts \"batch\": true"));
}

#[test]
fn a_row_without_model_and_use_is_passed_over_and_one_with_use_is_refused() {
    let text =
        "occurred_at,model,input_tokens\n2026-11-20T00:00:00Z,,\n2026-11-20T00:00:00Z,,0\n2026-11-20T00:00:00Z,,7\n";
    let decoded = all(text, Format::Csv, &options());
    assert_eq!((decoded.skipped, decoded.refused.len(), decoded.events.len()), (2, 1, 0));
    assert_eq!(decoded.refused[0].errors[0].field, "model");
}

#[test]
fn a_date_with_slashes_is_refused_with_the_way_to_write_it() {
    let text = "occurred_at,model\n10/20/2026,m\n";
    let decoded = all(text, Format::Csv, &Options { zone: Some(jiff::tz::TimeZone::UTC), ..options() });
    assert_eq!(decoded.refused[0].errors[0].reason, "must be a date and time, year first: 2026-10-20");
}

#[test]
fn words_for_a_number_that_is_not_there_are_no_numbers() {
    let text = "occurred_at,model,input_tokens,output_tokens,cost_usd\n2026-11-20T00:00:00Z,m,NaN,5,Included\n\
                2026-11-20T00:00:00Z,m,-,5,cheap\n";
    let decoded = all(text, Format::Csv, &options());
    let event = &decoded.events[0].event;
    assert_eq!((event.usage.get(Leaf::Input), event.usage.get(Leaf::Output), event.reported_usd), (0, 5, None));
    assert_eq!(decoded.findings[0].message, "rows whose cost is \"Included\" name no amount");
    assert_eq!(decoded.refused[0].errors[0].field, "cost_usd");
}

#[test]
fn a_line_that_names_the_separator_is_no_header_and_counts_as_a_line() {
    let text =
        "\u{feff}sep=;\r\noccurred_at;model;cost\r\n2026-11-20T00:00:00Z;m;\"0,5\"\r\n2026-11-20T00:00:00Z;m;x\r\n";
    let decoded = all(text, Format::Csv, &options());
    assert_eq!((decoded.events[0].source_index, decoded.events[0].event.reported_usd), (3, "0.5".parse().ok()));
    assert_eq!(decoded.refused[0].index, 4);
}

#[test]
fn a_row_that_does_not_fit_the_header_is_refused() {
    let header = "event_id,occurred_at,provider,model,input_tokens,output_tokens\n";
    for (row, reason) in [
        // An amount with a comma and without quotation marks.
        ("a,2026-11-20T12:00:00Z,openai,gpt-4o,1,000,50\n", "has more cells than the header has columns"),
        ("\"a,2026-11-20T12:00:00Z,openai,gpt-4o,5,6\nb,2026-11-20T12:00:00Z,openai,gpt-4o,5,6\n", "not closed"),
    ] {
        let options = Options::new("2026-11-21T00:00:00Z".parse().expect("a literal of this test"));
        let text = format!("{header}{row}");
        let chunks = read(std::io::Cursor::new(text.into_bytes()), Format::Csv, &options, &Seen::default());
        let decoded: Vec<Decoded> = chunks.expect("a header").collect::<Result<_, _>>().expect("readable");
        let refused: Vec<&str> =
            decoded.iter().flat_map(|chunk| &chunk.refused).map(|refusal| refusal.errors[0].reason.as_str()).collect();
        assert_eq!(decoded.iter().map(|chunk| chunk.events.len()).sum::<usize>(), 0, "{row}");
        assert!(refused.iter().any(|told| told.contains(reason)), "{row}: {refused:?}");
    }
}
