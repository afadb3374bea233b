use std::collections::BTreeSet;

use purser_domain::charge::Match;
use purser_domain::price::{Price, Severity};
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_query::INPUT_SIZES;
use purser_engine::price_book::PriceBook;
use purser_engine::price_check;
use purser_ingest::price_file;

const FILE: &[u8] = include_bytes!("../../../../data/prices.jsonl");

fn shipped() -> Vec<Price> {
    price_file::parse(FILE).expect("the shipped file is valid")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a literal of this test")
}

#[test]
fn the_file_is_in_its_canonical_form_and_below_one_mebibyte() {
    let prices = shipped();
    assert_eq!(price_file::write(&prices).as_bytes(), FILE);
    assert!(FILE.len() < 1 << 20, "{} bytes", FILE.len());
}

#[test]
fn no_name_and_no_instant_is_ambiguous() {
    let errors: Vec<_> =
        price_check::check(&shipped()).into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    assert_eq!(errors, []);
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
        for source in price.tiers.iter().filter_map(|tier| tier.source.as_ref()).chain([&price.source]) {
            assert!(source.catalogue.starts_with("genai-prices ") || source.catalogue.starts_with("litellm "));
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
