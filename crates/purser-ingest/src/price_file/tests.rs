use super::*;
use jiff::tz::TimeZone;
use purser_domain::price::{DailyWindow, Factor, Rate, Source, Weekdays};
use purser_domain::usage::Leaf;

/// The first version of the format, to be read for ever.
const V1: &str = include_str!("samples/v1.jsonl");

fn header() -> &'static str {
    V1.lines().next().expect("the sample has a header")
}

#[test]
fn a_file_round_trips_byte_by_byte() {
    let prices = parse(V1.as_bytes()).expect("the sample is valid");
    assert_eq!(write(&prices), V1);
    let reversed: Vec<Price> = prices.iter().rev().cloned().collect();
    assert_eq!(write(&reversed), V1, "the order of prices changes nothing");
}

#[test]
fn every_field_of_a_line_arrives() {
    let prices = parse(V1.as_bytes()).expect("the sample is valid");
    assert_eq!(prices[0].daily, Some(DailyWindow::new(990, 30)));
    assert_eq!(prices[0].effective_from, None);
    let gpt = &prices[1];
    assert_eq!(gpt.aliases, ["gpt-4o-2024-08-06"]);
    assert_eq!(gpt.tiers[0].rates[Leaf::Input as usize], Rate::new(2_500_000, 1), "pico-dollars a token");
    assert_eq!(gpt.tiers[0].rates[Leaf::WebSearches as usize], Rate::new(10_000_000_000, 1), "a cent each");
    assert_eq!(gpt.tiers[1].over_input_tokens, 200_000);
    let litellm = Source {
        catalogue: "litellm 1.109.1".to_owned(),
        url: Some("https://example.com".to_owned()),
        retrieved: "2026-11-20".to_owned(),
    };
    assert_eq!(gpt.tiers[2].source, Some(litellm));
}

fn problems(text: &str) -> Vec<String> {
    parse(text.as_bytes()).expect_err("the file is wrong").iter().map(ToString::to_string).collect()
}

#[test]
fn wrong_headers_are_refused() {
    for (header, expected) in [
        ("", "the header is missing"),
        ("{}", "the header is wrong: missing field `format`"),
        (&header().replace("purser-prices", "x"), "the format is \"x\", not \"purser-prices\""),
        (&header().replace("\"version\":1", "\"version\":3"), "version 3 is not known, only 1 to 2"),
        (
            &header().replace("\"version\":1", "\"version\":2"),
            "not \"USD per million tokens; USD each for requests, web",
        ),
        (&header().replace("2026-11-20", "today"), "was retrieved \"today\", which is not a date"),
    ] {
        let found = problems(header);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn every_wrong_line_is_named() {
    let line = r#"{"provider":"p","model":"m","effective_from":null,"source":"g","tiers":{"standard":{"input":"1"}}}"#;
    assert!(parse(format!("{}\n{line}\n", header()).as_bytes()).is_ok());
    for (from, to, expected) in [
        ("\"effective_from\":null,", "", "missing field `effective_from`"),
        ("null", "\"2026-01-01T00:00:00\"", "has no offset"),
        ("\"source\":\"g\"", "\"source\":\"x\"", "source \"x\" is not in the header"),
        ("\"source\":\"g\"", "\"source\":\"g\",\"note\":1", "unknown field `note`"),
        ("{\"input\":\"1\"}", "{\"inputs\":\"1\"}", "standard: \"inputs\" is not a usage leaf"),
        ("\"1\"", "1", "invalid type"),
        ("\"1\"", "\"-1\"", "standard.input: \"-1\" is not a decimal number"),
        ("\"1\"", "\"1\",\"input\":\"2\"", "\"input\" stands twice"),
        ("standard", "standard>many", "tier \"standard>many\" is not NAME or NAME>TOKENS"),
        ("{\"standard\":{\"input\":\"1\"}}", "{}", "tiers is empty"),
        ("\"source\":\"g\"", "\"source\":\"g\",\"daily\":{\"from\":\"9:00\",\"to\":\"24:00\"}", "is not HH:MM"),
    ] {
        let found = problems(&format!("{}\n{line}\n{}\n", header(), line.replacen(from, to, 1)));
        assert!(found.len() == 1 && found[0].starts_with("error: line 3: "), "{found:?}");
        assert!(found[0].contains(expected), "{expected}: {found:?}");
    }
}

/// The second version: units, factors, weekdays, zones, first days and fractions.
const V2: &str = include_str!("samples/v2.jsonl");

#[test]
fn the_second_version_holds_units_factors_and_weekdays() {
    let prices = parse(V2.as_bytes()).expect("the sample is valid");
    assert_eq!(write(&prices), V2);
    let weekdays = Weekdays::from_bits(0b1_1111).expect("five days");
    let (zone, first_day) = (TimeZone::get("Asia/Shanghai").ok(), "2026-08-17".parse().ok());
    let window = DailyWindow { weekdays, zone, first_day, ..DailyWindow::new(540, 1_440) };
    assert_eq!(prices[0].daily, Some(window));
    let whisper = &prices[1];
    let factor = Factor::parse("inference_geo", "us", "1.1").expect("a factor");
    assert_eq!(whisper.factors[0], factor);
    assert_eq!(whisper.factors[1].source.as_ref().map(|source| source.catalogue.as_str()), Some("litellm 1.110.2"));
    // 0.11 USD an hour are 0.11 * 10^12 / 3,600 pico-dollars a second.
    assert_eq!(whisper.tiers[0].units["audio_seconds"], Rate::new(110_000_000_000, 3_600).expect("a rate"));
    assert_eq!(whisper.tiers[0].units["images"], Rate::parse("0.04", 1).expect("a rate"));
    assert_eq!(whisper.tiers[0].rate_sources["images"].url.as_deref(), Some("https://example.com"));
    // 1 USD for 3 million tokens.
    assert_eq!(whisper.tiers[0].rates[Leaf::CacheWrite12h as usize], Rate::parse("1", 3_000_000).ok());
}

#[test]
fn wrong_units_factors_and_windows_are_refused() {
    let header = V2.lines().next().expect("the sample has a header");
    for (line, expected) in [
        (r#""tiers":{"standard":{"unit.Images":"1"}}"#, "\"unit.Images\" is not a usage leaf"),
        (r#""tiers":{"standard":{"unit.images":"1/0"}}"#, "\"1/0\" is not a decimal over a whole number"),
        (r#""factors":[{"dimension":"speed","value":"fast","ratio":"2"}],"tiers":{}"#, "\"2\" is not a fraction"),
        (r#""factors":[{"dimension":"speed","value":"fast","ratio":"0/1"}],"tiers":{}"#, "\"0/1\" is not a fraction"),
        (r#""daily":{"from":"00:00","to":"24:00","weekdays":"someday"},"tiers":{}"#, "\"someday\" is not a weekday"),
        (r#""daily":{"from":"00:00","to":"24:00","zone":"Mars/Base"},"tiers":{}"#, "zone \"Mars/Base\" is not known"),
        (r#""tiers":{"standard":{"input":"1","source.output":"l"}}"#, "\"output\" has a source, but no rate"),
        (r#""daily":{"from":"24:00","to":"01:00"},"tiers":{}"#, "is not HH:MM"),
    ] {
        let line = format!(r#"{{"provider":"p","model":"m","effective_from":null,"source":"l",{line}}}"#);
        let found = problems(&format!("{header}\n{line}\n"));
        assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:?}");
    }
}
