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
            let mut rates: Vec<String> = rates.map(|(leaf, rate)| format!("{leaf}={rate}")).collect();
            rates.extend(tier.units.iter().map(|(unit, rate)| format!("{unit}={rate}")));
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
            // A batch rate without a context holds for all contexts; cached tokens have none.
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
        "night": {"litellm_provider": "deepseek", "input_cost_per_token": 1e-06, "off_peak_pricing": {}},
        "summer": {"litellm_provider": "deepseek", "input_cost_per_token": 1e-06, "off_peak_pricing":
            {"weekday_timezone": "Europe/Berlin", "windows": [{"hours_utc": "00:00-06:00", "weekdays": [1]}]}},
        "nobody": {"input_cost_per_token": 1e-06}, "none": {"litellm_provider": "openai", "mode": "chat"},
        "a": {"litellm_provider": "openai", "input_cost_per_token": 5.0000000000000004e-08,
              "input_dbu_cost_per_token": 7e-07, "storage_price": 3, "supports_vision": true,
              "deprecation_date": "2027-01-01", "provider_specific_entry": {"moon": 1.5, "us": -1}},
        "openai/a": {"litellm_provider": "openai", "input_cost_per_token": 6e-08}}"#,
    );
    assert_eq!(found.prices.len(), 1);
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "warning: deepseek night: \"night\" is left out: off_peak_pricing has no window",
            concat!(
                "warning: deepseek summer: \"summer\" is left out: ",
                "off_peak_pricing: hours in UTC cannot be told in \"Europe/Berlin\", whose offset changes",
            ),
            "warning: nobody: is left out: no litellm_provider",
            "warning: openai a: \"openai/a\" gives other rates and is left out",
            "warning: openai a input_cost_per_token: 5.0000000000000004e-08 has float noise: taken as 5e-8",
            "warning: openai a provider_specific_entry.moon: 1.5 is left out: not known",
            "warning: openai a provider_specific_entry.us: -1 is left out: no multiplier that can be expressed",
            "note: ollama free: \"free\" is left out: every rate is zero, which may mean free or unknown",
            "note: openai a input_dbu_cost_per_token: 7e-07 is left out: no counterpart",
            "note: openai a storage_price: 3 is left out: no counterpart",
            "note: openai none: \"none\" is left out: no rate",
        ]
    );
}

#[test]
fn units_have_their_names_by_mode_and_say_no_price_twice() {
    let found = converted(
        r#"{"ear": {"litellm_provider": "openai", "mode": "audio_transcription",
            "input_cost_per_second": 0.0001, "output_cost_per_second": 0.0},
        "ear-by-token": {"litellm_provider": "openai", "mode": "audio_transcription",
            "input_cost_per_audio_token": 6e-06, "input_cost_per_second": 0.0001},
        "embed": {"litellm_provider": "bedrock", "mode": "embedding",
            "input_cost_per_token": 1e-06, "input_cost_per_image": 6e-05},
        "film": {"litellm_provider": "x", "mode": "video_generation",
            "output_cost_per_second": 0.1, "output_cost_per_second_1080p": 0.2},
        "paint": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_image": 0.04,
            "input_cost_per_pixel": 1e-08},
        "scan": {"litellm_provider": "mistral", "mode": "ocr", "ocr_cost_per_page": 0.004,
            "ocr_cost_per_page_batches": 0.002, "annotation_cost_per_page": 0.005}}"#,
    );
    let all: Vec<(&str, Vec<String>)> = found.prices.iter().map(|price| (price.model.as_str(), shown(price))).collect();
    assert_eq!(
        all,
        [
            ("embed", vec!["standard>0 input=1 input_images=60".to_owned()]),
            ("scan", vec!["standard>0 annotated_pages=5000 pages=4000".to_owned(), "batch>0 pages=2000".to_owned()]),
            ("ear", vec!["standard>0 audio_seconds=100".to_owned()]),
            ("ear-by-token", vec!["standard>0 input_audio=6".to_owned()]),
            ("paint", vec!["standard>0 images=40000".to_owned()]),
            ("film", vec!["standard>0 video_seconds=100000 video_seconds_1080p=200000".to_owned()]),
        ]
    );
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "note: openai ear-by-token: 100 per million audio_seconds is left out: the price per token says the same",
            "note: openai paint: 0.01 per million pixels is left out: the price per image says the same",
        ]
    );
}

#[test]
fn searches_that_differ_by_size_are_units_by_size() {
    let sizes =
        r#""search_context_cost_per_query": {"search_context_size_low": 0.006, "search_context_size_high": 0.014}"#;
    let one =
        r#""search_context_cost_per_query": {"search_context_size_low": 0.035, "search_context_size_high": 0.035}"#;
    let found = converted(&format!(
        r#"{{"perplexity/sonar-pro": {{"litellm_provider": "perplexity", "input_cost_per_token": 3e-06, {sizes}}},
        "s": {{"litellm_provider": "openai", "input_cost_per_token": 1e-06, {sizes}}},
        "gemini/g-2": {{"litellm_provider": "gemini", "input_cost_per_token": 1e-06, {one},
            "google_maps_grounding_cost_per_query": 0.025}},
        "gemini/g-3": {{"litellm_provider": "gemini", "input_cost_per_token": 1e-06, {one},
            "google_maps_grounding_cost_per_query": 0.014, "web_search_billing_unit": "per_query"}},
        "exa_ai/search": {{"litellm_provider": "exa_ai", "mode": "search", "tiered_pricing": [
            {{"input_cost_per_query": 0.005, "max_results_range": [0, 25]}},
            {{"input_cost_per_query": 0.025, "max_results_range": [26, 100]}}]}}}}"#
    ));
    let all: Vec<String> = found.prices.iter().flat_map(shown).collect();
    assert_eq!(
        all,
        [
            "standard>0 queries_to_100_results=25000 queries_to_25_results=5000",
            "standard>0 input=1 grounded_prompts=35000 maps_grounded_prompts=25000",
            "standard>0 input=1 web_searches=35000 maps_groundings=14000",
            "standard>0 input=1 web_searches_high=14000 web_searches_low=6000",
            "standard>0 input=3 requests_high=14000 requests_low=6000",
        ]
    );
}

#[test]
fn multipliers_become_factors() {
    let found = converted(
        r#"{"claude": {"litellm_provider": "anthropic", "input_cost_per_token": 5e-06,
            "provider_specific_entry": {"us": 1.1, "fast": 2.0}},
        "gpt": {"litellm_provider": "openai", "input_cost_per_token": 1e-06,
            "regional_processing_uplift_multiplier_eu": 1.1, "fedramp_uplift_multiplier": 1.25},
        "vertex_ai/g": {"litellm_provider": "vertex_ai", "input_cost_per_token": 1e-06,
            "regional_endpoint_uplift_multiplier": 1.1}}"#,
    );
    let factors: Vec<String> = found
        .prices
        .iter()
        .flat_map(|price| price.factors.iter().map(move |f| format!("{} {f}", price.model)))
        .collect();
    assert_eq!(
        factors,
        [
            "claude speed fast 2/1",
            "claude inference_geo us 11/10",
            "g inference_geo !global 11/10",
            "gpt inference_geo fedramp 5/4",
            "gpt inference_geo eu 11/10",
        ]
    );
    assert_eq!(found.findings, []);
}

#[test]
fn off_peak_hours_become_windows_of_weekdays_in_their_zone() {
    let found = converted(
        r#"{"tencent/d": {"litellm_provider": "tencent", "input_cost_per_token": 2e-06, "output_cost_per_token": 4e-06,
            "off_peak_pricing": {"input_cost_per_token": 1e-06, "weekday_timezone": "Asia/Shanghai", "windows": [
                {"hours_utc": ["10:00-00:00"], "weekdays": [1, "tuesday"]},
                {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}]}}}"#,
    );
    let daily: Vec<Option<String>> = found
        .prices
        .iter()
        .map(|price| price.daily.as_ref())
        .map(|daily| {
            Some(format!("{}-{} {} {:?}", daily?.from_minute, daily?.to_minute, daily?.weekdays, daily?.zone_name()))
        })
        .collect();
    // 10:00 to 24:00 UTC are 18:00 to 08:00 in Shanghai.
    assert_eq!(
        daily,
        [
            None,
            Some("1080-480 mon,tue Some(\"Asia/Shanghai\")".to_owned()),
            Some("0-1440 sat,sun Some(\"Asia/Shanghai\")".to_owned()),
        ]
    );
    assert_eq!(shown(&found.prices[0]), ["standard>0 input=2 output=4"]);
    assert_eq!(shown(&found.prices[1]), ["standard>0 input=1 output=4"]);
    assert_eq!(found.findings, []);
}

#[test]
fn a_moving_name_holds_from_the_day_on_which_it_was_read() {
    let found = converted(
        r#"{"claude-opus-5": {"litellm_provider": "anthropic", "input_cost_per_token": 5e-06},
        "claude-opus-latest": {"alias_of": "claude-opus-5"}, "gone-latest": {"alias_of": "gone"}}"#,
    );
    let all: Vec<(&str, Option<String>)> =
        found.prices.iter().map(|p| (p.model.as_str(), p.effective_from.map(|from| from.to_string()))).collect();
    assert_eq!(all, [("claude-opus-5", None), ("claude-opus-latest", Some("2026-11-20T00:00:00Z".to_owned()))]);
    assert_eq!(shown(&found.prices[1]), ["standard>0 input=5"]);
    let findings: Vec<String> = found.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["warning: gone-latest: is left out: \"gone\", whose name it is, has no price"]);
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
