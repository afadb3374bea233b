//! Hand-worked charges for every leaf, tier and cache lifetime, and the laws of rating.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use purser_domain::charge::{CostSource, Match};
use purser_domain::money::Money;
use purser_domain::price::{Discount, Price, STANDARD};
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
    fn the_cost_is_the_sum_of_the_leaves(usage in usages()) {
        let charge = rate(&book(vec![every_leaf()]), &UsageEvent { usage, ..event("openai", "m", &[]) });
        let sum: Money = charge.amounts.into_iter().flatten().sum();
        prop_assert_eq!(charge.rated_usd.unwrap_or(Money::ZERO), sum);
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
