use super::*;
use purser_domain::usage::Leaf;

fn origin() -> Origin {
    Origin { catalogue: "genai-prices 0.2.3".to_owned(), retrieved: "2026-11-20".to_owned() }
}

fn export(models: &str) -> String {
    format!(r#"[{{"id": "openai", "pricing_urls": ["https://openai.com"], "models": [{models}]}}]"#)
}

fn converted(models: &str, known: &KnownNames) -> Converted {
    convert(&export(models), &origin(), known).expect("a valid export")
}

/// `2026-01-01T00:00:00Z.. 990-30 standard>0 input=2.5`
fn shown(price: &Price) -> String {
    let date = |at: Option<purser_domain::time::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let mut text = format!("{}..{}", date(price.effective_from), date(price.effective_to));
    if let Some(daily) = &price.daily {
        text += &format!(" {}-{}", daily.from_minute, daily.to_minute);
    }
    for tier in &price.tiers {
        text += &format!(" {}>{}", tier.service_tier, tier.over_input_tokens);
        for leaf in Leaf::ALL {
            if let Some(rate) = tier.rates[leaf as usize] {
                text += &format!(" {leaf}={rate}");
            }
        }
        for (unit, rate) in &tier.units {
            text += &format!(" {unit}={rate}");
        }
    }
    for factor in &price.factors {
        text += &format!(" {factor}");
    }
    text
}

fn check(models: &str, expected: &[&str]) {
    let found: Vec<String> = converted(models, &KnownNames::default()).prices.iter().map(shown).collect();
    assert_eq!(found, expected);
}

#[test]
fn dated_prices_follow_each_other() {
    check(
        r#"{"id": "a", "match": {"equals": "a"}, "prices": [
            {"prices": {"input_mtok": "5", "output_mtok": 15}},
            {"constraint": {"start_date": "2025-01-01"}, "prices": {"input_mtok": "4", "output_mtok": "12"}},
            {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok": "2.5", "output_mtok": "10"}}]}"#,
        &[
            "..2025-01-01T00:00:00Z standard>0 input=5 output=15",
            "2025-01-01T00:00:00Z..2026-01-01T00:00:00Z standard>0 input=4 output=12",
            "2026-01-01T00:00:00Z.. standard>0 input=2.5 output=10",
        ],
    );
}

#[test]
fn a_price_with_a_start_and_none_before_does_not_hold_before() {
    check(
        r#"{"id": "a", "match": {"equals": "a"}, "prices": [
            {"constraint": {"start_date": "2025-01-01"}, "prices": {"input_mtok": "4"}}]}"#,
        &["2025-01-01T00:00:00Z.. standard>0 input=4"],
    );
}

#[test]
fn times_of_day_stand_beside_the_whole_day_while_they_come_later_in_the_list() {
    check(
        r#"{"id": "a", "match": {"equals": "a"}, "prices": [
            {"prices": {"input_mtok": "1"}},
            {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": "2"}},
            {"constraint": {"start_date": "2026-01-01"}, "prices": {"input_mtok": "3"}}]}"#,
        &[
            "..2026-01-01T00:00:00Z standard>0 input=1",
            "..2026-01-01T00:00:00Z 30-990 standard>0 input=2",
            "2026-01-01T00:00:00Z.. standard>0 input=3",
        ],
    );
}

#[test]
fn a_time_of_day_began_with_the_dated_price_before_it() {
    check(
        r#"{"id": "a", "match": {"equals": "a"}, "prices": [
            {"prices": {"input_mtok": "1"}},
            {"constraint": {"start_date": "2026-08-17"}, "prices": {"input_mtok": "2"}},
            {"constraint": {"start_time": "01:00:00Z", "end_time": "04:00:00Z"}, "prices": {"input_mtok": "4"}}]}"#,
        &[
            "..2026-08-17T00:00:00Z standard>0 input=1",
            "2026-08-17T00:00:00Z.. standard>0 input=2",
            "2026-08-17T00:00:00Z.. 60-240 standard>0 input=4",
        ],
    );
}

#[test]
fn units_routes_and_types_of_search_are_taken_over() {
    // 0.36 USD an hour are 100 USD for a million seconds; 0.77 / 0.7 = 2.31 / 2.1 = 11/10.
    check(
        r#"{"id": "whisper", "match": {"equals": "whisper"}, "prices": {"audio_hours": "0.36", "input_audio_hours": "0.36"}},
           {"id": "scan", "match": {"equals": "scan"}, "prices": {"input_document_kpages": "4"}},
           {"id": "large", "match": {"equals": "large"}, "prices": {"input_mtok": "0.7", "output_mtok": "2.1"},
            "price_variants": [{"when": {"route": "mistral/eu"}, "prices": {"input_mtok": "0.77", "output_mtok": "2.31"}}]},
           {"id": "sonar", "match": {"equals": "sonar"}, "prices": {"input_mtok": "1", "web_searches_kcount": "2.5"},
            "price_variants": [{"when": {"search_type": "fast"}, "prices": {"web_searches_kcount": "1"}},
                               {"when": {"search_type": "web"}, "prices": {}}]}"#,
        &[
            ".. standard>0 audio_seconds=100",
            ".. standard>0 pages=4000",
            ".. standard>0 input=0.7 output=2.1 route mistral/eu 11/10",
            ".. standard>0 input=1 web_searches=2500 web_searches_fast=1000",
        ],
    );
}

#[test]
fn variants_replace_single_rates_of_every_context() {
    check(
        r#"{"id": "a", "match": {"equals": "a"},
            "prices": {"input_mtok": {"base": "2", "tiers": [{"start": 200000, "price": "4"}]},
                       "cache_write_mtok": "2.5", "cache_write_1h_mtok": "5", "output_mtok": "8",
                       "web_searches_kcount": "10"},
            "price_variants": [
                {"when": {"service_tier": "default"}, "prices": {}},
                {"when": {"processing": "batch"}, "prices": {"input_mtok": "1", "output_mtok": "4"}},
                {"when": {"speed": "fast"}, "constraint": {"start_date": "2026-10-01"}, "prices": {"output_mtok": "9"}}]}"#,
        &[
            concat!(
                "..2026-10-01T00:00:00Z",
                " standard>0 input=2 cache_write_5m=2.5 cache_write_1h=5 output=8 web_searches=10000",
                " standard>200000 input=4 cache_write_5m=2.5 cache_write_1h=5 output=8 web_searches=10000",
                " batch>0 input=1 cache_write_5m=2.5 cache_write_1h=5 output=4 web_searches=10000",
            ),
            concat!(
                "2026-10-01T00:00:00Z..",
                " standard>0 input=2 cache_write_5m=2.5 cache_write_1h=5 output=8 web_searches=10000",
                " standard>200000 input=4 cache_write_5m=2.5 cache_write_1h=5 output=8 web_searches=10000",
                " batch>0 input=1 cache_write_5m=2.5 cache_write_1h=5 output=4 web_searches=10000",
                " fast>0 input=2 cache_write_5m=2.5 cache_write_1h=5 output=9 web_searches=10000",
                " fast>200000 input=4 cache_write_5m=2.5 cache_write_1h=5 output=9 web_searches=10000",
            ),
        ],
    );
}

#[test]
fn clauses_become_aliases_of_known_names_only() {
    let mut known = KnownNames::default();
    for name in
        ["gpt-4o-2024-08-06", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "unrelated", "gpt-5-20260101", "say", "say-tts"]
    {
        known.insert("openai", name);
    }
    known.insert("anthropic", "gpt-4o-elsewhere");
    let found = converted(
        r#"{"id": "gpt-4o-mini", "match": {"starts_with": "gpt-4o-mini"}, "prices": {"input_mtok": "0.15"}},
           {"id": "gpt-4o", "match": {"or": [{"equals": "GPT-4o-latest"}, {"contains": "4o"}]}, "prices": {"input_mtok": "2.5"}},
           {"id": "tts", "match": {"and": [{"starts_with": "say"}, {"regex": "^(?!.*-[tT][tT][sS](?:$|-))"}]},
            "prices": {"input_mtok": "9"}},
           {"id": "gpt-5", "match": {"regex": "^gpt-5-\\d{8}$"}, "prices": {"input_mtok": "1.25"}}"#,
        &known,
    );
    let names: Vec<(&str, String)> = found.prices.iter().map(|p| (p.model.as_str(), p.aliases.join(" "))).collect();
    assert_eq!(
        names,
        [
            ("gpt-4o-mini", "gpt-4o-mini-2024-07-18".to_owned()),
            ("gpt-4o", "gpt-4o-2024-08-06 gpt-4o-latest".to_owned()),
            ("tts", "say".to_owned()),
            ("gpt-5", "gpt-5-20260101".to_owned()),
        ]
    );
}

#[test]
fn what_has_no_counterpart_is_reported() {
    let found = converted(
        r#"{"id": "moon", "match": {"equals": "moon"}, "prices": {"moon_days": "0.36"}},
           {"id": "a", "match": {"equals": "a"}, "prices": {"input_mtok": "1.00000000000001", "output_mtok": "2"},
            "price_variants": [{"when": {"route": "eu"}, "prices": {"input_mtok": "2"}}]}"#,
        &KnownNames::default(),
    );
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "warning: openai a: the variant {\"route\": \"eu\"} is no tier, factor or search and is left out",
            "warning: openai a standard.input_mtok: 1.00000000000001 has float noise: taken as 1e0",
            "warning: openai moon standard.moon_days: is left out: the unit is not known",
            "note: openai moon: is left out: no rate",
        ]
    );
    assert!(convert("{}", &origin(), &KnownNames::default()).is_err());
}
