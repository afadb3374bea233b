use std::collections::BTreeSet;

use purser_domain::charge::Match;
use purser_domain::price::{Price, Rate, Severity};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;
use purser_domain::usage_query::INPUT_SIZES;
use purser_engine::price_book::PriceBook;
use purser_engine::{price_check, rating};
use purser_ingest::price_file;

const FILE: &[u8] = include_bytes!("../../../../data/prices.jsonl");

fn shipped() -> Vec<Price> {
    price_file::parse(FILE).expect("the shipped file is valid")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a literal of this test")
}

#[test]
fn the_file_is_in_its_canonical_form_and_below_two_mebibytes() {
    let prices = shipped();
    assert_eq!(price_file::write(&prices).as_bytes(), FILE);
    assert!(FILE.len() < 2 << 20, "{} bytes", FILE.len());
}

#[test]
fn no_name_and_no_instant_is_ambiguous_and_every_oddity_is_argued() {
    let unargued: Vec<_> =
        price_check::check(&shipped()).into_iter().filter(|finding| finding.severity != Severity::Note).collect();
    assert_eq!(unargued, []);
}

#[test]
fn four_hundred_current_text_models_of_twelve_providers_ship() {
    let now = at("2026-11-20T12:00:00Z");
    let prices = shipped();
    let models: BTreeSet<(&str, &str)> = prices
        .iter()
        .filter(|price| price.effective_from.is_none_or(|from| from <= now))
        .filter(|price| price.effective_to.is_none_or(|to| now < to))
        .filter(|price| {
            let has = |leaf: Leaf| price.tiers.iter().any(|tier| tier.rates[leaf as usize].is_some());
            has(Leaf::Input) && has(Leaf::Output)
        })
        .map(|price| (price.provider.as_str(), price.model.as_str()))
        .collect();
    let providers: BTreeSet<&str> = models.iter().map(|(provider, _)| *provider).collect();
    assert!(models.len() >= 400, "{} models", models.len());
    for provider in [
        "anthropic",
        "aws.bedrock",
        "azure.ai.openai",
        "cohere",
        "deepseek",
        "fireworks",
        "gcp.gemini",
        "gcp.vertex_ai",
        "groq",
        "mistral_ai",
        "openai",
        "together",
        "x_ai",
    ] {
        assert!(providers.contains(provider), "{provider}");
    }
}

#[test]
fn every_rate_has_a_source_and_a_retrieval_date() {
    for price in shipped() {
        let tiers = price.tiers.iter().flat_map(|tier| tier.source.iter().chain(tier.rate_sources.values()));
        let factors = price.factors.iter().filter_map(|factor| factor.source.as_ref());
        for source in tiers.chain(factors).chain([&price.source]) {
            let known = ["genai-prices ", "litellm ", "derived: "];
            assert!(known.iter().any(|start| source.catalogue.starts_with(start)), "{}", source.catalogue);
            assert_eq!(source.retrieved.len(), "2026-11-20".len());
        }
    }
}

#[test]
fn everyday_names_are_priced_at_published_rates() {
    let (book, _) = PriceBook::compile(shipped());
    // Input and output, dollars per million tokens, as the providers' pages give them.
    for (provider, model, time, input, output) in [
        ("openai", "gpt-4o-2024-08-06", "2026-11-20T00:00:00Z", "2.5", "10"),
        ("openai", "gpt-4.1-mini-2025-04-14", "2026-11-20T00:00:00Z", "0.4", "1.6"),
        ("openai", "openai/gpt-5", "2026-11-20T00:00:00Z", "1.25", "10"),
        ("anthropic", "claude-sonnet-4-5-20250929", "2026-11-20T00:00:00Z", "3", "15"),
        ("anthropic", "claude-3-5-sonnet-20241022", "2025-01-01T00:00:00Z", "3", "15"),
        ("aws.bedrock", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "2025-06-01T00:00:00Z", "3", "15"),
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", "2026-11-20T00:00:00Z", "0.3", "2.5"),
        ("gcp.gemini", "models/gemini-2.5-pro", "2026-11-20T00:00:00Z", "1.25", "10"),
        ("", "xai/grok-4", "2026-11-20T00:00:00Z", "3", "15"),
    ] {
        let (price, _) = book.find(provider, model, at(time)).expect(model);
        let shown = |leaf: Leaf| price.tiers[0].rates[leaf as usize].expect("a rate").to_string();
        assert_eq!((shown(Leaf::Input).as_str(), shown(Leaf::Output).as_str()), (input, output), "{model}");
    }
    for (provider, model) in
        [("openai", "gpt-4o-2"), ("", "gpt"), ("ollama", "llama3.1-8b"), ("openai", "claude-opus-4-6")]
    {
        assert_eq!(book.find(provider, model, at("2026-11-20T00:00:00Z")), Err(Match::UnknownModel), "{model}");
    }
}

#[test]
fn sums_are_kept_by_the_sizes_at_which_prices_change() {
    let steps: BTreeSet<u64> =
        shipped().iter().flat_map(|price| &price.tiers).map(|tier| tier.over_input_tokens).collect();
    // One model has a step at 2,405 tokens; questions about it read rows.
    let kept: BTreeSet<u64> = steps.into_iter().filter(|size| *size >= 10_000).collect();
    assert_eq!(kept, BTreeSet::from(INPUT_SIZES));
    assert!(INPUT_SIZES.is_sorted());
}

/// What a call of the shipped book costs, without a tenant's terms.
fn cost(provider: &str, model: &str, time: &str, tier: Option<&str>, usage: &[(Leaf, u64)]) -> Option<String> {
    let (book, _) = PriceBook::compile(shipped());
    let book = PriceBook::for_tenant(book.into(), vec![], vec![]);
    let mut event = UsageEvent {
        provider: provider.to_owned(),
        model: model.to_owned(),
        occurred_at: at(time),
        service_tier: tier.map(Into::into),
        ..UsageEvent::default()
    };
    for (leaf, quantity) in usage {
        event.usage.set(*leaf, *quantity);
    }
    rating::rate(&book, &event).rated_usd.map(|usd| usd.to_string())
}

#[test]
fn gaps_of_one_catalogue_are_filled_from_the_other() {
    let usd = |text: &str| Some(text.to_owned());
    // 200 * 2.5 + 800 * 40 + 100 * 10 + 400 * 80 = 65,500 per million.
    let usage = [(Leaf::Input, 200), (Leaf::InputAudio, 800), (Leaf::Output, 100), (Leaf::OutputAudio, 400)];
    let found = cost("openai", "gpt-4o-audio-preview", "2026-11-20T12:00:00Z", None, &usage);
    assert_eq!(found, usd("0.065500000000"));
    // Half of 120 a million for images, half of 4 for writes that live an hour, half of 3 and 15 for text.
    for (provider, model, usage, expected) in [
        ("gcp.gemini", "gemini-3-pro-image-preview", vec![(Leaf::OutputImage, 2_000)], "0.120000000000"),
        ("anthropic", "claude-sonnet-5", vec![(Leaf::CacheWrite1h, 100_000)], "0.200000000000"),
        ("anthropic", "claude-sonnet-4-5", vec![(Leaf::Input, 1_000), (Leaf::Output, 1_000)], "0.009000000000"),
        (
            "anthropic",
            "claude-3-7-sonnet-20250219",
            vec![(Leaf::Input, 1_000), (Leaf::Output, 1_000)],
            "0.009000000000",
        ),
        ("anthropic", "claude-opus-4-1", vec![(Leaf::Input, 1_000), (Leaf::Output, 1_000)], "0.045000000000"),
    ] {
        let found = cost(provider, model, "2026-09-15T12:00:00Z", Some("batch"), &usage);
        assert_eq!(found, usd(expected), "{model}");
    }
}

#[test]
fn deepseek_has_a_peak_on_weekdays_since_it_announced_one() {
    let usage = [(Leaf::Input, 1_000_000), (Leaf::Output, 1_000_000)];
    for (time, expected, why) in [
        ("2026-06-15T02:00:00Z", "1.305000000000", "0.435 + 0.87, before there was a peak"),
        ("2026-08-16T15:59:59Z", "1.305000000000", "the last second before midnight in Beijing"),
        ("2026-08-16T16:00:00Z", "2.640000000000", "0.66 + 1.98"),
        ("2026-11-23T02:00:00Z", "5.280000000000", "1.32 + 3.96 on a Monday at peak"),
        ("2026-11-23T12:00:00Z", "2.640000000000", "a Monday off peak"),
        ("2026-11-21T02:00:00Z", "2.640000000000", "a Saturday is off peak all day"),
    ] {
        let found = cost("deepseek", "deepseek-v4-pro", time, None, &usage);
        assert_eq!(found.as_deref(), Some(expected), "{time}: {why}");
    }
}

#[test]
fn fees_factors_and_units_ship() {
    let (book, _) = PriceBook::compile(shipped());
    let now = at("2026-11-28T12:00:00Z");
    let find = |provider: &str, model: &str| book.find(provider, model, now).expect(model).0.clone();
    let sonar = find("perplexity", "sonar-pro");
    assert_eq!(sonar.tiers[0].rates[Leaf::Requests as usize], None, "the fee depends on the size of the search");
    assert_eq!(sonar.tiers[0].units.get("requests_low"), Rate::parse("0.006", 1).ok().as_ref());
    let factors: Vec<String> = find("anthropic", "claude-opus-4-8").factors.iter().map(ToString::to_string).collect();
    assert!(factors.contains(&"inference_geo us 11/10".to_owned()), "{factors:?}");
    for (provider, model, unit, each) in [
        ("openai", "whisper-1", "audio_seconds", "0.0001"),
        ("openai", "gpt-4.1", "file_searches", "0.0025"),
        ("openai", "gpt-4.1", "code_interpreter_sessions", "0.03"),
        ("mistral_ai", "mistral-ocr-4-0", "pages", "0.004"),
        ("cohere", "rerank-v3.5", "queries", "0.002"),
        ("openai", "tts-1", "characters", "0.000015"),
    ] {
        assert_eq!(
            find(provider, model).tiers[0].units.get(unit),
            Rate::parse(each, 1).ok().as_ref(),
            "{model} {unit}"
        );
    }
    // Listed 1,000 times too dear until litellm 1.110.
    let jais = find("azure.ai.inference", "jais-30b-chat");
    assert_eq!(jais.tiers[0].rates[Leaf::Input as usize], Rate::parse("3.2", 1_000_000).ok());
}
