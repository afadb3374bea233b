//! Hand-worked charges for every leaf, tier and cache lifetime, and the laws of rating.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use purser_domain::charge::{CostSource, Match};
use purser_domain::money::Money;
use purser_domain::price::{Discount, Factor, Price, Rate, STANDARD};
use purser_domain::unit::Units;
use purser_domain::usage::Usage;
use purser_domain::usage_event::Contradiction;

use super::*;
use crate::price_book::PriceBook;
use crate::price_book::tests::{at, book, event, price, tier};

/// Every leaf at a rate of its own: 1 USD per million tokens times its position, calls by position in cents.
fn every_leaf() -> Price {
    price(
        "openai",
        "m",
        &[
            ("input", "3"),
            ("cache_read", "0.3"),
            ("cache_write_5m", "3.75"),
            ("cache_write_1h", "6"),
            ("output", "15"),
            ("reasoning", "12"),
            ("input_audio", "40"),
            ("cache_read_audio", "2.5"),
            ("output_audio", "80"),
            ("input_image", "8"),
            ("cache_read_image", "2"),
            ("output_image", "32"),
            ("input_video", "5"),
            ("output_video", "60"),
            ("requests", "0.005"),
            ("web_searches", "0.01"),
        ],
    )
}

fn cost(charge: &Charge) -> String {
    charge.rated_usd.map_or_else(|| charge.matched.name().to_owned(), |money| money.to_string())
}

fn check(prices: Vec<Price>, model: &str, usage: &[(&str, u64)], service_tier: Option<&str>, expected: &str) {
    let event = UsageEvent { service_tier: service_tier.map(str::to_owned), ..event("openai", model, usage) };
    assert_eq!(cost(&rate(&book(prices), &event)), expected, "{usage:?} {service_tier:?}");
}

#[test]
fn every_leaf_is_charged_at_its_own_rate() {
    for (leaf, quantity, expected) in [
        // quantity × USD per million / 10⁶.
        ("input", 1_234, "0.003702000000"),
        ("cache_read", 1_234, "0.000370200000"),
        ("cache_write_5m", 1_234, "0.004627500000"),
        ("cache_write_1h", 1_234, "0.007404000000"),
        ("output", 1_234, "0.018510000000"),
        ("reasoning", 1_234, "0.014808000000"),
        ("input_audio", 1_234, "0.049360000000"),
        ("cache_read_audio", 1_234, "0.003085000000"),
        ("output_audio", 1_234, "0.098720000000"),
        ("input_image", 1_234, "0.009872000000"),
        ("cache_read_image", 1_234, "0.002468000000"),
        ("output_image", 1_234, "0.039488000000"),
        ("input_video", 1_234, "0.006170000000"),
        ("output_video", 1_234, "0.074040000000"),
        ("web_searches", 7, "0.070000000000"),
        ("requests", 3, "0.015000000000"),
    ] {
        check(vec![every_leaf()], "m", &[("requests", 0), (leaf, quantity)], None, expected);
    }
}

#[test]
fn the_leaves_add_up() {
    // 1,000 × 3 + 20,000 × 0.3 + 400 × 3.75 + 100 × 6 + 800 × 15 + 50 × 12 millionths, and one request.
    let usage = [
        ("input", 1_000),
        ("cache_read", 20_000),
        ("cache_write_5m", 400),
        ("cache_write_1h", 100),
        ("output", 800),
        ("reasoning", 50),
    ];
    check(vec![every_leaf()], "m", &usage, None, "0.028700000000");
    let charge = rate(&book(vec![every_leaf()]), &event("openai", "m", &usage));
    assert_eq!(charge.amounts[Leaf::CacheWrite1h as usize], Some(Money::from_pico(600_000_000)));
    assert_eq!(charge.amounts[Leaf::InputAudio as usize], None, "an unused leaf has no amount");
    assert_eq!(charge.matched, Match::RequestModel);
    assert!(charge.price_version.is_some());
}

#[test]
fn a_leaf_without_a_rate_is_charged_as_its_parent_or_not_at_all() {
    let text_only = || vec![price("openai", "m", &[("input", "2"), ("output", "8")])];
    for (usage, expected) in [
        (&[("cache_read", 1_000_000)][..], "2.000000000000"),
        (&[("cache_write_5m", 1_000_000)], "2.000000000000"),
        (&[("cache_write_1h", 1_000_000)], "2.000000000000"),
        (&[("reasoning", 1_000_000)], "8.000000000000"),
        (&[("input_audio", 1_000_000)], "2.000000000000"),
        (&[("cache_read_image", 1_000_000)], "2.000000000000"),
        (&[("output_video", 1_000_000)], "8.000000000000"),
        (&[("requests", 9), ("input", 1)], "0.000002000000"),
        (&[("input", 5), ("web_searches", 1)], "no_rate_for_leaf"),
    ] {
        check(text_only(), "m", usage, None, expected);
    }
    let embedding = vec![price("openai", "e", &[("input", "0.02")])];
    check(embedding.clone(), "e", &[("input", 1_000)], None, "0.000020000000");
    check(embedding, "e", &[("input", 1_000), ("output", 1)], None, "no_rate_for_leaf");
}

#[test]
fn a_call_that_answered_but_counted_nothing_is_unpriced_not_free() {
    let text_only = vec![price("openai", "m", &[("input", "2"), ("output", "8")])];
    check(text_only.clone(), "m", &[("requests", 1)], None, "no_usage");
    check(vec![every_leaf()], "m", &[("requests", 1)], None, "0.005000000000");
    let cached = event("openai", "m", &[("requests", 0)]);
    assert_eq!(cost(&rate(&book(text_only.clone()), &cached)), "0.000000000000", "a cached answer made no request");
    let known = UsageEvent { reported_usd: Some(Money::from_cents(5)), ..event("openai", "m", &[("requests", 1)]) };
    let charge = rate(&book(text_only), &known);
    assert_eq!(charge.cost(), Some((Money::from_cents(5), CostSource::Reported)), "what the source reports counts");
}

#[test]
fn a_failed_call_without_counts_is_unpriced_unless_it_was_refused() {
    let failed = |error_type: Option<&str>, usage: &[(&str, u64)]| UsageEvent {
        status: Status::Error,
        error_type: error_type.map(str::to_owned),
        ..event("openai", "m", usage)
    };
    let text_only = book(vec![price("openai", "m", &[("input", "2"), ("output", "8")])]);
    for (error_type, usage, expected) in [
        (None, &[][..], "no_usage"),
        (Some("CancelledError"), &[], "no_usage"),
        (Some("timeout"), &[], "no_usage"),
        (Some("openai.RateLimitError"), &[], "0.000000000000"),
        (Some("401"), &[], "0.000000000000"),
        (Some("429"), &[("input", 1_000_000)], "2.000000000000"),
        (Some("CancelledError"), &[("input", 1_000_000)], "2.000000000000"),
    ] {
        assert_eq!(cost(&rate(&text_only, &failed(error_type, usage))), expected, "{error_type:?} {usage:?}");
    }
    let fee = book(vec![price("openai", "m", &[("input", "2"), ("output", "8"), ("requests", "0.005")])]);
    assert_eq!(cost(&rate(&fee, &failed(Some("timeout"), &[]))), "no_usage", "who knows whether the fee was billed");
    let refused = rate(&fee, &failed(Some("429"), &[]));
    assert_eq!((cost(&refused).as_str(), refused.matched), ("0.000000000000", Match::NotBilled));
    let stranger = UsageEvent { model: "stranger".to_owned(), ..failed(Some("NotFoundError"), &[]) };
    assert_eq!(rate(&fee, &stranger).matched, Match::NotBilled, "a model that is not there costs nothing");
    let billed = UsageEvent { reported_usd: Some(Money::from_cents(1)), ..failed(Some("429"), &[]) };
    let charge = rate(&fee, &billed);
    assert_eq!(charge.cost(), Some((Money::from_cents(1), CostSource::Reported)), "its source says that it was billed");
    assert_eq!(charge.matched, Match::NoUsage);
}

#[test]
fn the_more_complete_cost_stands() {
    let text_only = book(vec![price("openai", "m", &[("input", "2"), ("output", "8")])]);
    // 1,000,000 × 2 USD per million; what the search cost is not known.
    let searched = event("openai", "m", &[("input", 1_000_000), ("web_searches", 2)]);
    let unpriced = rate(&text_only, &searched);
    assert_eq!((unpriced.cost(), unpriced.matched), (None, Match::NoRateForLeaf));
    assert_eq!(unpriced.at_least_usd, Some(Money::from_cents(200)));
    assert_eq!(unpriced.basis.as_ref().map(|basis| basis.unrated.clone()), Some(vec!["web_searches".to_owned()]));
    assert_eq!(unpriced.amounts, [None; Leaf::COUNT]);
    let known = UsageEvent { reported_usd: Some(Money::from_cents(203)), ..searched };
    let reported = rate(&text_only, &known);
    assert_eq!(reported.cost(), Some((Money::from_cents(203), CostSource::Reported)));
    assert_eq!((reported.matched, reported.rated_usd, reported.at_least_usd), (Match::NoRateForLeaf, None, None));
    let priced = book(vec![price("openai", "m", &[("input", "2"), ("output", "8"), ("web_searches", "0.01")])]);
    // 2 USD and 2 × 0.01: complete, so the rated cost stands.
    let rated = rate(&priced, &known);
    assert_eq!(rated.cost(), Some((Money::from_cents(202), CostSource::Rated)));
    assert_eq!(rated.basis.as_ref().map(|basis| basis.unrated.len()), Some(0));
}

#[test]
fn a_preference_lets_the_reported_cost_stand_and_is_named() {
    let prices = |provider| vec![price(provider, "m", &[("input", "2"), ("output", "8")])];
    let reported_usd = Some(Money::from_cents(150));
    let call = |provider| UsageEvent {
        reported_usd,
        source: "ours".to_owned(),
        ..event(provider, "m", &[("input", 1_000_000)])
    };
    let rated = Some((Money::from_cents(200), CostSource::Rated));
    let reported = Some((Money::from_cents(150), CostSource::Reported));
    let rule = |charge: &Charge| charge.basis.as_ref().and_then(|basis| basis.preference.clone());

    let router = rate(&book(prices("openrouter")), &call("openrouter"));
    assert_eq!((router.cost(), rule(&router).as_deref()), (reported, Some("provider openrouter")));
    assert_eq!((router.rated_usd, router.amounts), (Some(Money::from_cents(200)), [None; Leaf::COUNT]));
    let silent = rate(&book(prices("openrouter")), &UsageEvent { reported_usd: None, ..call("openrouter") });
    assert_eq!((silent.cost(), rule(&silent)), (rated, None), "a router that says nothing is rated");
    let plain = rate(&book(prices("openai")), &call("openai"));
    assert_eq!((plain.cost(), rule(&plain)), (rated, None));

    let rules = [("source ours", Prefer::Reported), ("provider openrouter", Prefer::Rated)];
    let preferences = Arc::new(Preferences::new(rules).expect("rules of this test"));
    let by_source = rate(&book(prices("openai")).preferring(preferences), &call("openai"));
    assert_eq!((by_source.cost(), rule(&by_source).as_deref()), (reported, Some("source ours")));

    let imported = rate_for(&book(prices("openai")), &call("openai"), Some(Prefer::Reported));
    assert_eq!((imported.cost(), rule(&imported).as_deref()), (reported, Some("import")));
    let imported = rate_for(&book(prices("openrouter")), &call("openrouter"), Some(Prefer::Rated));
    assert_eq!((imported.cost(), rule(&imported).as_deref()), (rated, Some("import: rated")));

    let shared = Arc::new(PriceBook::compile(prices("openrouter")).0);
    let own = PriceBook::for_tenant(shared, prices("openrouter"), vec![]);
    assert_eq!(rate(&own, &call("openrouter")).cost(), rated, "a tenant's own price is what it pays");
}

#[test]
fn counts_that_contradict_are_never_rated() {
    let book = book(vec![every_leaf()]);
    let contradiction = Some(Box::new(Contradiction { reason: "90 of 80".to_owned(), counts: BTreeMap::new() }));
    let told = UsageEvent { contradiction, ..event("openai", "m", &[("web_searches", 1)]) };
    let charge = rate(&book, &told);
    assert_eq!(charge, Charge { matched: Match::CountsContradict, ..Charge::default() });
    let reported_usd = Some(Money::from_cents(9));
    let charge = rate(&book, &UsageEvent { reported_usd, ..told });
    assert_eq!(charge.cost(), Some((Money::from_cents(9), CostSource::Reported)));
    assert_eq!(charge.matched, Match::CountsContradict);
}

/// A price with factors for the place and the speed, and a tier of that speed.
fn multiplied() -> Price {
    let mut model =
        price("anthropic", "m", &[("input", "5"), ("cache_read", "0.5"), ("output", "25"), ("web_searches", "0.01")]);
    model.tiers.push(tier(
        "batch",
        0,
        &[("input", "2.5"), ("cache_read", "0.25"), ("output", "12.5"), ("web_searches", "0.01")],
    ));
    model.factors = [("inference_geo", "us", "1.1"), ("speed", "fast", "2")]
        .map(|(dimension, value, text)| Factor::parse(dimension, value, text).expect("a literal of this test"))
        .to_vec();
    model
}

#[test]
fn factors_multiply_the_rates_of_tokens_before_anything_is_rounded() {
    let other = price("anthropic", "old", &[("input", "5"), ("output", "25")]);
    let unaware = price("mistral_ai", "m", &[("input", "5"), ("output", "25")]);
    let book = book(vec![multiplied(), other, unaware]);
    let usage = &[("input", 1_000_000), ("cache_read", 1_000_000), ("output", 1_000_000), ("web_searches", 1)][..];
    for (provider, model, place, speed, tier, expected, factors) in [
        // 5 + 0.5 + 25 dollars and a search for a cent.
        ("anthropic", "m", None, None, None, "30.510000000000", ""),
        ("anthropic", "m", Some("global"), Some("standard"), None, "30.510000000000", ""),
        ("anthropic", "m", Some("not_available"), Some("default"), None, "30.510000000000", ""),
        // 30.5 × 1.1 = 33.55; the search costs a cent everywhere.
        ("anthropic", "m", Some("US"), None, None, "33.560000000000", "inference_geo us 11/10"),
        ("anthropic", "m", None, Some("fast"), None, "61.010000000000", "speed fast 2/1"),
        // 30.5 × 1.1 × 2 = 67.1.
        ("anthropic", "m", Some("us"), Some("fast"), None, "67.110000000000", "inference_geo us 11/10, speed fast 2/1"),
        // 15.25 × 1.1 = 16.775.
        ("anthropic", "m", Some("us"), None, Some("batch"), "16.785000000000", "inference_geo us 11/10"),
        // The provider's prices tell places apart, and this one is not dearer.
        ("anthropic", "m", Some("eu"), None, None, "30.510000000000", ""),
        ("anthropic", "m", None, Some("ultra"), None, "no_rate_for_tier", ""),
        ("mistral_ai", "m", Some("eu"), None, None, "no_rate_for_tier", ""),
    ] {
        let (inference_geo, speed) = (place.map(str::to_owned), speed.map(str::to_owned));
        let service_tier = tier.map(str::to_owned);
        let event = UsageEvent { inference_geo, speed, service_tier, ..event(provider, model, usage) };
        let charge = rate(&book, &event);
        assert_eq!(cost(&charge), expected, "{place:?} {:?} {tier:?}", event.speed);
        let named = charge.basis.iter().flat_map(|basis| &basis.factors);
        let named: Vec<_> =
            named.map(|factor| format!("{} {} {}", factor.dimension, factor.value, factor.ratio)).collect();
        assert_eq!(named.join(", "), factors, "{place:?} {:?}", event.speed);
    }
    let place =
        UsageEvent { inference_geo: Some("us".to_owned()), ..event("anthropic", "old", &[("input", 1_000_000)]) };
    assert_eq!(cost(&rate(&book, &place)), "5.000000000000", "a model without a factor costs the same everywhere");
    // 3 tokens at 5.5 millionths: 16,500,000 pico-dollars, where 3 rounded amounts of a tenth would differ.
    let tiny = UsageEvent { inference_geo: Some("us".to_owned()), ..event("anthropic", "m", &[("input", 3)]) };
    assert_eq!(cost(&rate(&book, &tiny)), "0.000016500000");
}

#[test]
fn a_tier_named_like_the_speed_goes_before_its_factor() {
    let mut model = multiplied();
    model.tiers.push(tier("fast", 0, &[("input", "30"), ("output", "150")]));
    let book = book(vec![model]);
    let call = |service_tier: Option<&str>| UsageEvent {
        speed: Some("fast".to_owned()),
        service_tier: service_tier.map(str::to_owned),
        ..event("anthropic", "m", &[("input", 1_000_000)])
    };
    assert_eq!(cost(&rate(&book, &call(None))), "30.000000000000");
    assert_eq!(rate(&book, &call(None)).basis.map(|basis| basis.service_tier.clone()), Some("fast".to_owned()));
    // A batch at that speed: 2.5 × 2.
    assert_eq!(cost(&rate(&book, &call(Some("batch")))), "5.000000000000");
}

#[test]
fn a_price_of_one_place_is_not_multiplied_by_it() {
    let mut regional = price("aws.bedrock", "us.anthropic.m", &[("input", "5.5"), ("output", "27.5")]);
    regional.factors = vec![Factor::parse("inference_geo", "us", "1.1").expect("a literal of this test")];
    let call = UsageEvent {
        inference_geo: Some("us".to_owned()),
        ..event("aws.bedrock", "us.anthropic.m", &[("input", 1_000_000)])
    };
    assert_eq!(cost(&rate(&book(vec![regional]), &call)), "5.500000000000");
}

#[test]
fn an_agreed_rate_takes_no_factor_and_the_rest_does() {
    let shared = Arc::new(PriceBook::compile(vec![multiplied()]).0);
    let own = PriceBook::for_tenant(shared, vec![price("anthropic", "m", &[("input", "4")])], vec![]);
    let usage = &[("input", 1_000_000), ("output", 1_000_000)];
    let call = UsageEvent { inference_geo: Some("us".to_owned()), ..event("anthropic", "m", usage) };
    // 4, and 25 × 1.1 = 27.5.
    assert_eq!(cost(&rate(&own, &call)), "31.500000000000");
}

fn units(of: &[(&str, &str)]) -> Units {
    of.iter().map(|(unit, text)| ((*unit).to_owned(), text.parse().expect("a literal of this test"))).collect()
}

/// A price whose standard tier has rates of units, USD each, beside those of leaves.
fn with_units(mut price: Price, of: &[(&str, &str)]) -> Price {
    let each = |text| Rate::parse(text, 1).expect("a literal of this test");
    price.tiers[0].units = of.iter().map(|(unit, text)| ((*unit).to_owned(), each(text))).collect();
    price
}

#[test]
fn units_are_rated_exactly_and_one_without_a_rate_makes_the_rating_incomplete() {
    let image = with_units(
        price("openai", "m", &[("input", "5"), ("output", "8")]),
        &[("images", "0.04"), ("audio_seconds", "0.0001")],
    );
    let book = book(vec![image]);
    let call = |of: &[(&str, &str)]| UsageEvent { units: units(of), ..event("openai", "m", &[("input", 1_000)]) };
    // 1,000 × 5 millionths + 2 × 0.04 + 12.4 × 0.0001.
    let charge = rate(&book, &call(&[("images", "2"), ("audio_seconds", "12.4")]));
    assert_eq!(cost(&charge), "0.086240000000");
    assert_eq!(charge.unit_amounts.get("audio_seconds"), Some(&Money::from_pico(1_240_000_000)));
    let charge = rate(&book, &call(&[("images", "2"), ("pages", "3")]));
    assert_eq!((charge.cost(), charge.matched), (None, Match::NoRateForUnit));
    assert_eq!(charge.at_least_usd.map(|money| money.to_string()), Some("0.085000000000".to_owned()));
    assert_eq!(charge.basis.map(|basis| basis.unrated.clone()), Some(vec!["pages".to_owned()]));
    assert!(charge.unit_amounts.is_empty());
    assert_eq!(cost(&rate(&book, &call(&[("pages", "0")]))), "0.005000000000", "none were used");
    let both = UsageEvent { units: units(&[("pages", "1")]), ..event("openai", "m", &[("web_searches", 1)]) };
    assert_eq!(rate(&book, &both).basis.map(|basis| basis.unrated.join(" ")), Some("web_searches pages".to_owned()));
}

#[test]
fn a_price_of_units_alone_bills_no_tokens() {
    let rerank = with_units(price("cohere", "rerank", &[]), &[("queries", "0.002")]);
    let book = book(vec![rerank]);
    let call = |of: &[(&str, &str)]| UsageEvent { units: units(of), ..event("cohere", "rerank", &[("input", 900)]) };
    assert_eq!(cost(&rate(&book, &call(&[("queries", "3")]))), "0.006000000000");
    assert_eq!(cost(&rate(&book, &call(&[]))), "no_rate_for_leaf", "nobody counted what is billed");
}

#[test]
fn a_fee_that_depends_on_the_kind_of_request_is_unknown_without_it() {
    let fees = [("requests_low", "0.006"), ("requests_high", "0.014")];
    let book = book(vec![with_units(price("perplexity", "m", &[("input", "3"), ("output", "15")]), &fees)]);
    let usage = &[("input", 100), ("output", 500)];
    let call = |of: &[(&str, &str)]| UsageEvent { units: units(of), ..event("perplexity", "m", usage) };
    // 100 × 3 + 500 × 15 millionths + 0.006.
    assert_eq!(cost(&rate(&book, &call(&[("requests_low", "1")]))), "0.013800000000");
    let unknown = rate(&book, &call(&[]));
    assert_eq!(
        (unknown.matched, unknown.at_least_usd.map(|money| money.to_string())),
        (Match::NoRateForLeaf, Some("0.007800000000".to_owned()))
    );
    assert_eq!(unknown.basis.map(|basis| basis.unrated.join(" ")), Some("requests".to_owned()));
}

#[test]
fn searches_are_billed_by_the_prompt_where_the_price_says_so() {
    let price = with_units(
        price("gcp.gemini", "m", &[("input", "1")]),
        &[("grounded_prompts", "0.035"), ("maps_grounded_prompts", "0.025")],
    );
    let book = book(vec![price]);
    for (searches, requests, of, expected) in [
        (2, 1, &[][..], "0.035000000000"),
        (3, 2, &[], "0.070000000000"),
        (2, 1, &[("grounded_prompts", "1")], "0.035000000000"),
        (0, 1, &[("maps_groundings", "4")], "0.025000000000"),
    ] {
        let usage = &[("web_searches", searches), ("requests", requests)];
        let call = UsageEvent { units: units(of), ..event("gcp.gemini", "m", usage) };
        assert_eq!(cost(&rate(&book, &call)), expected, "{searches} {requests} {of:?}");
    }
}

#[test]
fn a_row_of_many_calls_takes_the_step_of_the_average_call() {
    let mut model = price("openai", "m", &[("input", "3"), ("output", "15")]);
    model.tiers.push(tier(STANDARD, 200_000, &[("input", "6"), ("output", "22.5")]));
    let book = book(vec![model]);
    for (usage, window, expected) in [
        // 1,000,000 tokens by 500 calls are 2,000 each: 3 USD per million.
        (&[("input", 1_000_000), ("requests", 500)][..], None, "3.000000000000"),
        // 4 calls of 250,000 each.
        (&[("input", 1_000_000), ("requests", 4)], None, "6.000000000000"),
        // 1,000,001 by 5 calls are above 200,000 on average.
        (&[("input", 1_000_001), ("requests", 5)], None, "6.000006000000"),
        (&[("input", 1_000_000), ("requests", 5)], None, "3.000000000000"),
        (&[("input", 1_000_000)], Some("<=200k"), "3.000000000000"),
        (&[("input", 1_000)], Some(">200k"), "0.006000000000"),
    ] {
        let context_window = window.map(|text| text.parse().expect("a literal of this test"));
        let charge = rate(&book, &UsageEvent { context_window, ..event("openai", "m", usage) });
        assert_eq!(cost(&charge), expected, "{usage:?} {window:?}");
        let over = charge.basis.map(|basis| basis.over_input_tokens);
        assert_eq!(over, Some(if expected.starts_with('6') || window == Some(">200k") { 200_000 } else { 0 }));
    }
}

#[test]
fn a_charge_names_the_leaves_that_fell_back() {
    let book = book(vec![price("openai", "m", &[("input", "2"), ("cache_write_5m", "2.5"), ("output", "8")])]);
    let fell_back = |usage: &[(&str, u64)]| {
        let basis = rate(&book, &event("openai", "m", usage)).basis.expect("it is rated");
        basis.fell_back.iter().map(|(leaf, stand_in)| format!("{leaf} as {stand_in}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(fell_back(&[("input", 1), ("cache_write_5m", 1), ("output", 1)]), "");
    assert_eq!(fell_back(&[("input", 1), ("reasoning", 1)]), "reasoning as output");
    assert_eq!(
        fell_back(&[("cache_read", 1), ("cache_write_1h", 1), ("reasoning", 1)]),
        "cache_read as input, cache_write_1h as cache_write_5m, reasoning as output"
    );
    assert_eq!(fell_back(&[("input_image", 1)]), "input_image as input");
    assert_eq!(fell_back(&[("cache_read", 1), ("input_image", 1)]), "cache_read as input, input_image as input");
}

#[test]
fn service_tier_and_context_choose_the_rates_of_the_whole_call() {
    let mut model = price("openai", "m", &[("input", "1.25"), ("cache_read", "0.125"), ("output", "10")]);
    model.tiers.extend([
        tier(STANDARD, 200_000, &[("input", "2.5"), ("cache_read", "0.25"), ("output", "15")]),
        tier("batch", 0, &[("input", "0.625"), ("output", "5")]),
        tier("batch", 200_000, &[("input", "1.25"), ("output", "7.5")]),
        tier("flex", 0, &[("input", "0.7"), ("output", "6")]),
        tier("priority", 0, &[("input", "2.25"), ("output", "18")]),
        tier("fast", 0, &[("input", "7.5"), ("output", "60")]),
    ]);
    for (usage, service_tier, expected) in [
        (&[("input", 100_000), ("output", 1_000)][..], None, "0.135000000000"),
        (&[("input", 100_000), ("cache_read", 100_000)], None, "0.137500000000"),
        (&[("input", 100_001), ("cache_read", 100_000), ("output", 10)], None, "0.275152500000"),
        (&[("input", 200_000), ("output", 1_000)], Some("batch"), "0.130000000000"),
        (&[("input", 300_000), ("output", 1_000)], Some("batch"), "0.382500000000"),
        (&[("input", 300_000), ("cache_read", 8)], Some("batch"), "no_rate_for_leaf"),
        (&[("input", 300_000), ("output", 1_000)], Some("flex"), "0.216000000000"),
        (&[("input", 300_000), ("output", 1_000)], Some("priority"), "0.693000000000"),
        (&[("input", 300_000), ("output", 1_000)], Some("fast"), "2.310000000000"),
        (&[("input", 1)], Some("scale"), "no_rate_for_tier"),
    ] {
        check(vec![model.clone()], "m", usage, service_tier, expected);
    }
}

#[test]
fn each_leaf_is_rounded_once_and_to_even() {
    // A tenth of a pico-dollar a token: 25 and 35 tokens are 2.5 and 3.5 pico-dollars, so 2 and 4.
    let tiny = vec![price("openai", "m", &[("input", "0.0000001"), ("output", "0.0000001")])];
    check(tiny.clone(), "m", &[("input", 25)], None, "0.000000000002");
    check(tiny.clone(), "m", &[("input", 35)], None, "0.000000000004");
    check(tiny, "m", &[("input", 25), ("output", 35)], None, "0.000000000006");
}

#[test]
fn what_cannot_be_rated_is_unpriced_and_keeps_the_reported_cost() {
    let reported_usd = Some(Money::from_pico(5));
    let unknown = UsageEvent { reported_usd, ..event("openai", "stranger", &[("input", 5)]) };
    let charge = rate(&book(vec![every_leaf()]), &unknown);
    assert_eq!(charge, Charge { reported_usd, matched: Match::UnknownModel, ..Charge::default() });

    let dear = vec![price("openai", "m", &[("input", "1000000"), ("output", "1")])];
    check(dear, "m", &[("input", 1_000_000)], None, "too_large");
    let sum = vec![price("openai", "m", &[("input", "1000000"), ("output", "1000000")])];
    check(sum, "m", &[("input", 600_000), ("output", 600_000)], None, "too_large");
}

#[test]
fn a_cost_without_usage_is_not_rated_as_nothing() {
    let book = book(vec![every_leaf()]);
    let bill =
        UsageEvent { reported_usd: Some(Money::from_cents(100)), usage: Usage::ZERO, ..event("openai", "m", &[]) };
    let charge = rate(&book, &bill);
    assert_eq!(charge.cost(), Some((Money::from_cents(100), CostSource::Reported)));
    assert_eq!((charge.rated_usd, charge.matched), (None, Match::NoUsage));
    // An answer out of a cache made no request and costs nothing.
    let cached = UsageEvent { reported_usd: None, ..bill };
    assert_eq!(rate(&book, &cached).cost(), Some((Money::ZERO, CostSource::Rated)));
}

#[test]
fn of_a_name_that_moves_the_sender_knew_which_model_answered() {
    let book = book(vec![price("openai", "m-latest", &[("input", "2")])]);
    let told = UsageEvent { reported_usd: Some(Money::from_cents(1)), ..event("openai", "m-latest", &[("input", 9)]) };
    let charge = rate(&book, &told);
    assert_eq!(charge.cost(), Some((Money::from_cents(1), CostSource::Reported)));
    // 9 × 2 per million.
    assert_eq!(charge.rated_usd, Some(Money::from_pico(18_000_000)));
    assert_eq!(charge.basis.and_then(|basis| basis.preference.clone()).as_deref(), Some("moving name m-latest"));
    for settled in [
        UsageEvent { response_model: Some("m-latest".to_owned()), ..told.clone() },
        UsageEvent { reported_usd: None, ..told },
    ] {
        assert_eq!(rate(&book, &settled).cost(), Some((Money::from_pico(18_000_000), CostSource::Rated)));
    }
}

fn usages() -> impl Strategy<Value = Usage> {
    prop::array::uniform16(prop_oneof![Just(0_u64), 1..5_000_u64, 1..3_000_000_000_u64]).prop_map(|quantities| {
        let mut usage = Usage::ZERO;
        for (leaf, quantity) in Leaf::ALL.into_iter().zip(quantities) {
            usage.set(leaf, if leaf.is_token() { quantity } else { quantity % 100 });
        }
        usage
    })
}

proptest! {
    #[test]
    fn the_cost_is_the_sum_of_the_leaves_and_units(usage in usages(), images in 0..9_000_000_000_u64, place in any::<bool>()) {
        let mut price = with_units(every_leaf(), &[("images", "0.0401")]);
        price.factors = vec![Factor::parse("inference_geo", "us", "1.1").expect("a literal of this test")];
        let units = Units::from([("images".to_owned(), Quantity::from_micros(images).expect("below the limit"))]);
        let inference_geo = place.then(|| "us".to_owned());
        let charge = rate(&book(vec![price]), &UsageEvent { usage, units, inference_geo, ..event("openai", "m", &[]) });
        let sum: Money = charge.amounts.into_iter().flatten().chain(charge.unit_amounts.values().copied()).sum();
        prop_assert_eq!(charge.rated_usd.unwrap_or(Money::ZERO), sum);
        prop_assert_eq!(charge.unit_amounts.len(), usize::from(charge.rated_usd.is_some() && images > 0));
        for leaf in Leaf::ALL {
            let rated = charge.rated_usd.is_some() && usage.get(leaf) > 0;
            prop_assert_eq!(charge.amounts[leaf as usize].is_some(), rated);
        }
    }

    #[test]
    fn no_discount_is_the_identity_and_a_full_one_is_free(usage in usages()) {
        let shared = Arc::new(PriceBook::compile(vec![every_leaf()]).0);
        let less = |percent_milli| {
            let discount = Discount {
                id: "d".to_owned(), provider: None, model: None, percent_milli,
                effective_from: Some(at("2020-01-01T00:00:00Z")), effective_to: None,
            };
            PriceBook::for_tenant(shared.clone(), vec![], vec![discount])
        };
        let event = UsageEvent { usage, ..event("openai", "m", &[]) };
        let plain = rate(&PriceBook::for_tenant(shared.clone(), vec![], vec![]), &event);
        prop_assert_eq!(rate(&less(0), &event), plain);
        prop_assert_eq!(rate(&less(100_000), &event).rated_usd, Some(Money::ZERO));
    }
}
