use std::io::Cursor as Bytes;

use purser_domain::passed_over::Reason;

use super::*;
use crate::file::{Format, Options, Seen, read};

fn decode(export: Export, text: &str) -> Decoded {
    let options = Options::new("2026-11-28T12:00:00Z".parse().expect("a literal of this test"));
    let mut whole = Decoded::default();
    for chunk in read(Bytes::new(text), Format::Export(export), &options, &Seen::default()).expect("readable") {
        whole.absorb(chunk.expect("readable"));
    }
    whole
}

/// The only event of a file that is recognised as `export`.
fn one(export: Export, text: &str) -> UsageEvent {
    assert_eq!(of(text), Some(export));
    let mut decoded = decode(export, text);
    assert_eq!(decoded.refused, []);
    assert_eq!(decoded.events.len(), 1);
    decoded.events.remove(0).event
}

fn of(text: &str) -> Option<Export> {
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    Export::of_header(&header)
}

fn tag<'a>(event: &'a UsageEvent, key: &str) -> Option<&'a str> {
    event.tags.get(key).map(String::as_str)
}

const OPENAI: &str = "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,\
    model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,\
    output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,\
    input_image_tokens,input_cached_image_tokens,output_image_tokens\n";

#[test]
fn openai_usage_has_whole_floats_totals_and_days_without_use() {
    let rows = format!(
        "{OPENAI}\
         1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,proj_1,10.0,user-1,key_1,\
         gpt-4o-2024-08-06,FALSE,default,59200.0,10646.0,5760.0,53440.0,53440.0,10646.0,5760.0,0.0,0.0,0.0,0.0,0.0,0.0\n\
         1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,,,,,,,,,,,,,,,,,,\n\
         1759795200,1759881600,2025-10-07T00:00:00+00:00,2025-10-08T00:00:00+00:00,proj_1,3,user-1,key_1,\
         gpt-5-mini-2025-08-07,TRUE,default,900,30,0,900,900,30,0,0,0,0,0,0,0\n"
    );
    assert_eq!(of(&rows), Some(Export::OpenaiUsage));
    let decoded = decode(Export::OpenaiUsage, &rows);
    assert_eq!((decoded.refused.len(), decoded.skipped, decoded.events.len()), (0, 1, 2));
    assert!(decoded.passed_over.keys().all(|kind| kind.reason == Reason::NotACall && kind.emitter == "openai-usage"));
    let event = &decoded.events[0].event;
    // 59,200 read, of which 5,760 from the cache: 53,440 fresh.
    let usage = Usage::ZERO
        .with(Leaf::Input, 53_440)
        .with(Leaf::CacheRead, 5_760)
        .with(Leaf::Output, 10_646)
        .with(Leaf::Requests, 10);
    assert_eq!((event.usage, event.is_aggregate(), event.context_tokens()), (usage, true, 5_920));
    assert_eq!((event.provider.as_str(), event.model.as_str()), ("openai", "gpt-4o-2024-08-06"));
    assert_eq!(
        (event.source.as_str(), event.occurred_at.to_string().as_str()),
        ("openai-usage", "2025-10-05T00:00:00Z")
    );
    assert_eq!(
        (event.project.as_deref(), event.user_id.as_deref(), tag(event, "api_key_id")),
        (Some("proj_1"), Some("user-1"), Some("key_1"))
    );
    assert_eq!(event.service_tier.as_deref(), Some("default"));
    assert_eq!(decoded.events[1].event.service_tier.as_deref(), Some("batch"), "TRUE with the tier default");
    assert_eq!(decoded.events[1].source_index, 4);
}

#[test]
fn openai_modalities_contain_their_cached_part_or_stand_beside_it_by_their_sum() {
    let row = |input: u64, text: u64, cached_text: u64, audio: u64, cached_audio: u64| {
        let cached = cached_text + cached_audio;
        one(
            Export::OpenaiUsage,
            &format!(
                "{OPENAI}1759622400,1759708800,,,,2,,,gpt-realtime,False,,{input},300,{cached},0,{text},100,{cached_text},\
                 {audio},{cached_audio},200,0,0,0\n"
            ),
        )
        .usage
    };
    let usage = Usage::ZERO
        .with(Leaf::Input, 400)
        .with(Leaf::CacheRead, 50)
        .with(Leaf::InputAudio, 200)
        .with(Leaf::CacheReadAudio, 350)
        .with(Leaf::Output, 100)
        .with(Leaf::OutputAudio, 200)
        .with(Leaf::Requests, 2);
    // 1,000 = 400 + 50 + 200 + 350: each column stands by itself.
    assert_eq!(row(1_000, 400, 50, 200, 350), usage);
    // 1,000 = 450 + 550: each modality contains its cached part.
    assert_eq!(row(1_000, 450, 50, 550, 350), usage);
    // 450 = 400 + 50: the total is that of the text alone.
    assert_eq!(row(450, 400, 50, 200, 350), usage);
}

#[test]
fn openai_has_files_of_other_kinds_of_calls() {
    let head = "start_time,end_time,start_time_iso,end_time_iso,";
    let at = "1788134400,1788220800,2026-08-31T00:00:00+00:00,2026-09-01T00:00:00+00:00,";
    let embeddings = one(
        Export::OpenaiUsage,
        &format!(
            "{head}project_id,num_model_requests,user_id,api_key_id,model,input_tokens\n{at}p,4.0,,,text-embedding-3-small,1000.0\n"
        ),
    );
    assert_eq!((embeddings.usage.get(Leaf::Input), embeddings.usage.get(Leaf::Requests)), (1_000, 4));
    assert_eq!(embeddings.operation.as_deref(), Some("embeddings"));
    for (columns, cells, unit, quantity) in [
        ("num_model_requests,images,size,model", "2,3,1024x1024,dall-e-3", "images", 3_000_000),
        ("num_model_requests,characters,model", "2,1500,tts-1", "characters", 1_500_000_000),
        ("num_model_requests,seconds,model", "2,61.5,whisper-1", "audio_seconds", 61_500_000),
        ("project_id,num_sessions", "p,7", "code_interpreter_sessions", 7_000_000),
    ] {
        let event = one(Export::OpenaiUsage, &format!("{head}{columns}\n{at}{cells}\n"));
        assert_eq!(event.units.get(unit).map(|quantity| quantity.micros()), Some(quantity), "{columns}");
    }
}

#[test]
fn openai_costs_are_charges_by_line_item() {
    let head = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,\
        line_item,user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,api_source\n";
    let rows = format!(
        "{head}1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,,,,,,,,,,,,,\n\
         1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.003835980000000000000000000000,usd,,,,,,,org,,O,,\n\
         1790553600,1790640000,2026-09-28T00:00:00,2026-09-29T00:00:00,0.5,usd,1000,tokens,\
         \"batch | gpt-5-nano, cached input\",,key_1,proj_a,org,A,O,,\n"
    );
    let decoded = decode(Export::OpenaiCosts, &rows);
    assert_eq!((decoded.refused.len(), decoded.skipped, decoded.events.len()), (0, 1, 2));
    let [total, item] = [0, 1].map(|index| &decoded.events[index].event);
    assert_eq!((total.model.as_str(), total.reported_usd), ("unspecified", "0.00383598".parse().ok()));
    assert_eq!((item.model.as_str(), item.service_tier.as_deref()), ("gpt-5-nano", Some("batch")));
    assert_eq!((item.reported_usd, tag(item, "token_type")), ("0.5".parse().ok(), Some("cache_read")));
    assert_eq!((item.usage, item.project.as_deref()), (Usage::ZERO, Some("proj_a")));
    assert_eq!((tag(item, "quantity"), tag(item, "quantity_unit")), (Some("1000"), Some("tokens")));
    assert_eq!(of(head), Some(Export::OpenaiCosts));
    assert_eq!(of("start_time,end_time,start_time_iso,end_time_iso\n"), Some(Export::OpenaiCosts), "no days with use");
    let credit = rows.replace("0.5,usd", "-0.5,usd");
    assert_eq!(decode(Export::OpenaiCosts, &credit).refused[0].errors[0].reason, "must not be negative");
}

#[test]
fn anthropic_tokens_are_leaves_within_their_context_window() {
    let event = one(
        Export::AnthropicUsage,
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
         usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
         usage_output_tokens,web_search_count,inference_geo,speed\n\
         2026-11-25 02:00,claude-sonnet-4-5-20250929,prod,Research,batch,≤ 200k,1000000,5,6,7,100000,2,us,fast\n",
    );
    let usage = Usage::default()
        .with(Leaf::Input, 1_000_000)
        .with(Leaf::CacheWrite5m, 5)
        .with(Leaf::CacheWrite1h, 6)
        .with(Leaf::CacheRead, 7)
        .with(Leaf::Output, 100_000)
        .with(Leaf::WebSearches, 2);
    assert_eq!((event.usage, event.context_tokens()), (usage, 200_000));
    assert_eq!(event.occurred_at.to_string(), "2026-11-25T02:00:00Z");
    assert_eq!(
        (event.service_tier.as_deref(), event.inference_geo.as_deref(), event.speed.as_deref()),
        (Some("batch"), Some("us"), Some("fast"))
    );
    assert_eq!((event.project.as_deref(), tag(&event, "api_key")), (Some("Research"), Some("prod")));
}

#[test]
fn anthropic_rows_without_a_window_are_rated_as_short_calls_and_it_is_told() {
    let text = "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write,\
        usage_input_tokens_cache_read,usage_output_tokens,web_search_count\n\
        2026-09-01,claude-opus-5-5,1000000,20,30,300000,0\n2026-09-02,claude-opus-5-5,0,0,0,0,0\n";
    assert_eq!(of(text), Some(Export::AnthropicUsage));
    let decoded = decode(Export::AnthropicUsage, text);
    assert_eq!((decoded.events.len(), decoded.skipped, decoded.findings.len()), (1, 1, 1));
    let event = &decoded.events[0].event;
    assert_eq!((event.usage.get(Leaf::CacheWrite5m), event.context_tokens()), (20, 100_000));
    assert_eq!(event.service_tier, None);
}

#[test]
fn anthropic_costs_name_models_as_people_do() {
    let event = one(
        Export::AnthropicCosts,
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type,\
         inference_geo,speed,api_key_id,api_key_status\n\
         2026-08-05,Claude Sonnet 4.5,Default,demo,message,≤ 200k,input_cache_read,0.10,1.00,token,not_available,,k,active\n",
    );
    assert_eq!((event.model.as_str(), event.reported_usd), ("claude-sonnet-4-5", "0.10".parse().ok()));
    assert_eq!((tag(&event, "token_type"), tag(&event, "list_price_usd")), (Some("cache_read"), Some("1.00")));
    assert_eq!((event.usage, event.service_tier.as_deref(), event.inference_geo.as_deref()), (Usage::ZERO, None, None));
    assert_eq!(model_of_display_name("Claude 3.5 Sonnet 2024-10-22"), "claude-3-5-sonnet-20241022");
    let old = one(
        Export::AnthropicCosts,
        "usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd\n2024-12-07,,,k,message,web_search,0.02\n",
    );
    assert_eq!((old.model.as_str(), tag(&old, "token_type")), ("unspecified", Some("web_search")));
}

#[test]
fn openrouter_generations_keep_their_id_and_what_was_charged() {
    let head = "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,\
        tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,\
        streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,app_name,\
        api_key_name\n";
    let event = one(
        Export::Openrouter,
        &format!(
            "{head}gen-1,2026-06-28 03:46:57.713,0.0123,,-0.001,,0,10389,137,30,10000,openai/gpt-oss-120b,Together,free,\
             false,true,ada,stop,stop,812,90,App,Key\n"
        ),
    );
    assert_eq!((event.event_id.as_str(), event.response_id.as_deref()), ("gen-1", Some("gen-1")));
    assert_eq!(event.occurred_at.to_string(), "2026-06-28T03:46:57.713Z");
    // 10,389 − 10,000 = 389 fresh; 137 − 30 = 107 visible.
    let usage = Usage::default()
        .with(Leaf::Input, 389)
        .with(Leaf::CacheRead, 10_000)
        .with(Leaf::Output, 107)
        .with(Leaf::Reasoning, 30);
    assert_eq!((event.usage, event.reported_usd), (usage, "0.0123".parse().ok()));
    assert_eq!(
        (event.latency_ms, event.user_id.as_deref(), tag(&event, "upstream")),
        (Some(812), Some("ada"), Some("Together"))
    );
    let day = one(
        Export::Openrouter,
        "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n\
         \"2026-05-12 00:00:00\",\"anthropic/claude-opus-4.7\",\"430.07\",\"0\",\"4115\",\"70965665\",\"3009973\",\"0\"\n",
    );
    assert_eq!((day.usage.get(Leaf::Input), day.usage.get(Leaf::Requests)), (70_965_665, 4_115));
    assert_eq!((day.model.as_str(), day.reported_usd), ("anthropic/claude-opus-4.7", "430.07".parse().ok()));
}

#[test]
fn cursor_events_have_their_inputs_beside_each_other_or_within() {
    let head = "Date,Kind,Model,Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,\
        Total Tokens,Cost\n";
    let usage = |row: &str| one(Export::Cursor, &format!("{head}{row}\n")).usage;
    let read = |input, write, cached, output| {
        Usage::default()
            .with(Leaf::Input, input)
            .with(Leaf::CacheWrite5m, write)
            .with(Leaf::CacheRead, cached)
            .with(Leaf::Output, output)
    };
    // 1,614,758 = 55,747 + 14,237 + 1,529,932 + 14,842.
    assert_eq!(
        usage("2025-12-16T03:02:51.377Z,Included,claude-4.5-opus,No,55747,14237,1529932,14842,1614758,1.78"),
        read(14_237, 55_747, 1_529_932, 14_842)
    );
    // 1,275 = 350 + 900 + 25: the 350 contain the 300.
    assert_eq!(
        usage("2026-04-09T20:01:10.528Z,On-Demand,composer-2,Yes,350,300,900,25,1275,$0.11"),
        read(300, 50, 900, 25)
    );
    let text = format!(
        "{head}2026-03-10T10:00:00.000Z,chat,gpt-4o,false,10,10,0,5,15,$0.10\n\
         2026-03-20T06:56:12.521Z,Included,composer-2-fast,No,\"160,000\",\"159,990\",\"578,207\",\"2,055\",\"740,252\",Included\n\
         2026-03-21T06:56:12.521Z,\"Errored, No Charge\",composer-2-fast,No,0,0,0,0,0,Included\n"
    );
    let decoded = decode(Export::Cursor, &text);
    assert_eq!((decoded.refused.len(), decoded.events.len()), (0, 3));
    let costs: Vec<Option<String>> =
        decoded.events.iter().map(|incoming| incoming.event.reported_usd.map(|usd| usd.to_string())).collect();
    assert_eq!(costs, [Some("0.100000000000".to_owned()), None, Some("0.000000000000".to_owned())]);
    assert_eq!(decoded.findings[0].message, "rows whose cost is \"Included\" name no amount");
    let old = one(
        Export::Cursor,
        "Date,User,Kind,Max Mode,Model,Tokens,Cost ($)\n\"2025-08-20T03:58:45.884Z\",\"You\",\"free\",\"No\",\"auto\",1501891,\"0.04\"\n",
    );
    assert_eq!((old.usage, old.reported_usd), (Usage::default(), "0.04".parse().ok()));
}

#[test]
fn a_column_that_no_export_knows_is_told_if_it_counts_something() {
    let head = "usage_date_utc,model_version,context_window,usage_output_tokens,usage_video_tokens,note\n";
    let decoded =
        decode(Export::AnthropicUsage, &format!("{head}2026-09-01,m,≤ 200k,5,700,seven\n2026-09-02,m,≤ 200k,5,0,x\n"));
    assert_eq!(decoded.ignored, 4, "two columns of two rows");
    let told: Vec<(&str, Reason, u64)> =
        decoded.passed_over.iter().map(|(kind, count)| (kind.operation.as_str(), kind.reason, *count)).collect();
    assert_eq!(told, [("usage_video_tokens", Reason::UnknownUsage, 1)]);
}

#[test]
fn another_header_is_refused_in_words_and_no_export_is_guessed() {
    let options = Options::new("2026-11-28T12:00:00Z".parse().expect("a literal of this test"));
    let error = read(Bytes::new("a,b\n1,2\n"), Format::Export(Export::Openrouter), &options, &Seen::default())
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(error.starts_with("not an export openrouter, which has the columns generation_id + cost_total"), "{error}");
    assert!(error.ends_with("the columns are a, b"), "{error}");
    for header in ["occurred_at,model,input_tokens", "time,provider,model,in,out", "date,model,cost"] {
        assert_eq!(of(header), None, "{header}");
    }
}

#[test]
fn a_date_of_a_spreadsheet_is_read_where_it_can_be_only_one() {
    for (cell, read) in [
        ("10/20/2026", "2026-10-20 00:00"),
        ("20/10/2026 2:00", "2026-10-20 02:00"),
        ("3/3/2026 14:05:06", "2026-03-03 14:05:06"),
        ("2026-10-20 02:00", "2026-10-20 02:00"),
    ] {
        assert_eq!(year_first(cell).as_deref(), Ok(read), "{cell}");
    }
    assert!(year_first("3/4/2026").is_err(), "the 3rd of April or the 4th of March");
    assert!(year_first("x/y/2026").is_err());
}

#[test]
fn a_day_that_is_not_over_is_told_and_a_call_is_none() {
    // It is noon of the 28th.
    let head = "usage_date_utc,model_version,context_window,usage_output_tokens\n";
    for (day, findings) in [("2026-11-28", 1), ("2026-11-27 12:01", 1), ("2026-11-27 12:00", 0), ("2026-11-20", 0)] {
        let decoded = decode(Export::AnthropicUsage, &format!("{head}{day},m,≤ 200k,5\n"));
        assert_eq!((decoded.events.len(), decoded.findings.len()), (1, findings), "{day}");
    }
    let head = "generation_id,created_at,cost_total,model_permaslug,tokens_prompt\n";
    assert_eq!(decode(Export::Openrouter, &format!("{head}g,2026-11-28 11:00:00,0.1,m,7\n")).findings, []);
}

#[test]
fn a_csv_file_with_the_header_of_an_export_is_told_its_format() {
    let options = Options::new("2026-11-28T12:00:00Z".parse().expect("a literal of this test"));
    let text = "usage_date_utc,model_version,usage_output_tokens\n";
    let error = read(Bytes::new(text), Format::Csv, &options, &Seen::default()).err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.ends_with("try --format anthropic-usage")));
}
