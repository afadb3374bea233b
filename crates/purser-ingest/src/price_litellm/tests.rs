use purser_domain::price::DailyWindow;

use super::*;

fn origin() -> Origin {
    Origin { catalogue: "litellm 1.109.1".to_owned(), retrieved: "2026-11-20".to_owned() }
}

fn converted(json: &str) -> Converted {
    convert(json, &origin()).expect("valid JSON")
}

/// `standard>200000 input=5 output=22.5`, dollars per million.
fn shown(price: &Price) -> Vec<String> {
    price
        .tiers
        .iter()
        .map(|tier| {
            let rates = Leaf::ALL.into_iter().filter_map(|leaf| Some((leaf, tier.rates[leaf as usize]?)));
            let rates: Vec<String> = rates.map(|(leaf, rate)| format!("{leaf}={rate}")).collect();
            format!("{}>{} {}", tier.service_tier, tier.over_input_tokens, rates.join(" "))
        })
        .collect()
}

#[test]
fn tiers_and_contexts_are_complete_rows() {
    let found = converted(
        r#"{"gemini/g": {"litellm_provider": "gemini", "source": "https://ai.google.dev",
        "input_cost_per_token": 1.25e-06, "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token": 1e-05, "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "input_cost_per_token_priority": 2.25e-06, "output_cost_per_token_priority": 1.8e-05,
        "input_cost_per_token_batches": 6.25e-07, "output_cost_per_token_batches": 5e-06}}"#,
    );
    let price = &found.prices[0];
    assert_eq!((price.provider.as_str(), price.model.as_str()), ("gcp.gemini", "g"));
    assert_eq!(price.effective_from, None);
    assert_eq!(price.daily, None::<DailyWindow>);
    assert_eq!(price.source.url.as_deref(), Some("https://ai.google.dev"));
    assert_eq!(
        shown(price),
        [
            "standard>0 input=1.25 cache_read=0.125 output=10",
            "standard>200000 input=2.5 cache_read=0.125 output=15",
            // A batch rate without a context holds for all contexts; cached tokens are charged as input.
            "batch>0 input=0.625 output=5",
            // A priority rate without a context gives way to the standard one of the context, as LiteLLM has it.
            "priority>0 input=2.25 cache_read=0.125 output=18",
            "priority>200000 input=2.5 cache_read=0.125 output=15",
        ]
    );
    assert_eq!(found.findings, []);
}

#[test]
fn ranges_are_contexts_and_searches_are_per_query() {
    let found = converted(
        r#"{"dashscope/q": {"litellm_provider": "dashscope", "tiered_pricing": [
        {"input_cost_per_token": 5e-08, "output_cost_per_token": "4e-07", "range": [0, 256000.0]},
        {"input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06, "range": [256000.0, 1000000.0]}]},
        "s": {"litellm_provider": "openai", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
        "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.01}}}"#,
    );
    assert_eq!(shown(&found.prices[0]), ["standard>0 input=0.05 output=0.4", "standard>256000 input=0.25 output=2"]);
    assert_eq!(shown(&found.prices[1]), ["standard>0 input=1 output=2 web_searches=10000"], "a cent a search");
}

#[test]
fn what_cannot_be_taken_over_is_reported() {
    let found = converted(
        r#"{"sample_spec": {}, "free": {"litellm_provider": "ollama", "input_cost_per_token": 0.0},
        "pic": {"litellm_provider": "openai", "output_cost_per_image": 0.04},
        "night": {"litellm_provider": "deepseek", "input_cost_per_token": 1e-06, "off_peak_pricing": {}},
        "a": {"litellm_provider": "openai", "input_cost_per_token": 5.0000000000000004e-08,
              "search_context_cost_per_query": {"l": 0.01, "m": 0.02}},
        "openai/a": {"litellm_provider": "openai", "input_cost_per_token": 6e-08}}"#,
    );
    assert_eq!(found.prices.len(), 1);
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "warning: deepseek night: \"night\" is left out: its off-peak hours depend on the weekday",
            "warning: openai a: \"openai/a\" gives other rates and is left out",
            "warning: openai a input_cost_per_token: 5.0000000000000004e-08 has float noise: taken as 5e-8",
            "warning: openai a search_context_cost_per_query: is left out: it depends on the search's size",
            "note: ollama free: \"free\" is left out: every rate is zero, which may mean free or unknown",
            "note: openai pic: \"pic\" is left out: no rate per token",
            "note: openai pic output_cost_per_image: 0.04 is left out: no counterpart",
        ]
    );
}

#[test]
fn equal_regional_prices_of_bedrock_are_aliases() {
    let found = converted(
        r#"{"amazon.nova": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 1e-06},
        "us.amazon.nova": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 1e-06},
        "eu.amazon.nova": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 1.1e-06}}"#,
    );
    let names: Vec<(&str, &[String])> = found.prices.iter().map(|p| (p.model.as_str(), p.aliases.as_slice())).collect();
    assert_eq!(names, [("amazon.nova", &["us.amazon.nova".to_owned()][..]), ("eu.amazon.nova", &[])]);
}

#[test]
fn reasoning_follows_the_output_rate_unless_it_has_one_of_its_own() {
    let found = converted(
        r#"{"a": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
        "output_cost_per_reasoning_token": 4e-06, "output_cost_per_token_above_200k_tokens": 6e-06},
        "b": {"litellm_provider": "gemini", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06,
        "output_cost_per_reasoning_token": 5e-06, "output_cost_per_token_flex": 2e-06,
        "input_cost_per_token_priority": 2e-06}}"#,
    );
    assert_eq!(shown(&found.prices[0]), ["standard>0 input=1 output=4", "standard>200000 input=1 output=6"]);
    assert_eq!(
        shown(&found.prices[1]),
        [
            "standard>0 input=1 output=4 reasoning=5",
            "flex>0 input=1 output=2",
            "priority>0 input=2 output=4 reasoning=5",
        ]
    );
}
