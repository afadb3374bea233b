use super::*;
use purser_domain::price::{DailyWindow, Rate, Source, Tier};
use purser_domain::usage::Leaf;

/// The first version of the format, to be read for ever.
const V1: &str = include_str!("samples/v1.jsonl");

fn header() -> &'static str {
    V1.lines().next().expect("the sample has a header")
}

#[test]
fn a_file_round_trips_byte_by_byte() {
    let prices = parse(V1.as_bytes()).expect("the sample is valid");
    assert_eq!(write(&prices).expect("decimal rates"), V1);
    let reversed: Vec<Price> = prices.iter().rev().cloned().collect();
    assert_eq!(write(&reversed).expect("decimal rates"), V1, "the order of prices changes nothing");
}

#[test]
fn every_field_of_a_line_arrives() {
    let prices = parse(V1.as_bytes()).expect("the sample is valid");
    assert_eq!(prices[0].daily, Some(DailyWindow { from_minute: 990, to_minute: 30 }));
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
        (&header().replace("\"version\":1", "\"version\":2"), "version 2 is not known, only 1"),
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

#[test]
fn a_rate_without_a_finite_decimal_is_not_written() {
    let mut price = parse(V1.as_bytes()).expect("the sample is valid").remove(0);
    price.tiers = vec![Tier { rates: [Rate::new(1, 3); Leaf::COUNT], ..price.tiers[0].clone() }];
    let error = write(&[price]).expect_err("a third");
    assert_eq!(error.to_string(), "deepseek deepseek-chat standard.input: 1/3 pico-dollars is not a finite decimal");
}
