use super::*;
use crate::price_book::tests::{at, price, tier};
use purser_domain::price::{DailyWindow, Factor};

fn good() -> Price {
    price("openai", "gpt-4o", &[("input", "2.5"), ("output", "10")])
}

fn problems(prices: &[Price]) -> Vec<String> {
    check(prices).into_iter().map(|finding| finding.to_string()).collect()
}

#[test]
fn sound_prices_have_no_findings() {
    let mut long = good();
    long.tiers.push(tier("standard", 200_000, &[("input", "5"), ("output", "15")]));
    let night = Price { daily: Some(DailyWindow::new(990, 30)), ..good() };
    let day = Price { daily: Some(DailyWindow::new(30, 990)), ..good() };
    assert_eq!(problems(&[long, night, day]), Vec::<String>::new());
}

#[test]
fn every_flaw_of_a_price_is_named() {
    for (change, expected) in [
        ((|p| p.model.clear()) as fn(&mut Price), "error: openai : provider \"openai\" or model \"\" is empty"),
        (
            |p| p.provider = "azure".to_owned(),
            "error: azure gpt-4o: provider \"azure\" is spelled \"azure.ai.openai\" here",
        ),
        (|p| p.tiers.clear(), "error: openai gpt-4o: has no tier, so no rate"),
        (|p| p.tiers[0].rates = [None; Leaf::COUNT], "error: openai gpt-4o: tier standard over 0 has no rate"),
        (|p| p.tiers.push(p.tiers[0].clone()), "error: openai gpt-4o: tier standard over 0 stands twice"),
        (
            |p| p.tiers.push(tier("batch", 200_000, &[("input", "1"), ("output", "1")])),
            "error: openai gpt-4o: tier batch has no rates for small calls, only over [200000] tokens",
        ),
        (
            |p| p.tiers[0].service_tier = "Batch 50%".to_owned(),
            "error: openai gpt-4o: service tier \"Batch 50%\" is not of a-z 0-9 _",
        ),
        (
            |p| p.tiers[0].service_tier = "batch".to_owned(),
            "warning: openai gpt-4o: has no standard tier: only calls that name a tier are priced",
        ),
        (
            |p| p.tiers[0] = tier("standard", 0, &[("reasoning", "1"), ("input", "1")]),
            "note: openai gpt-4o: tier standard has a rate of reasoning, but none of output",
        ),
        (|p| p.daily = Some(DailyWindow::new(5, 5)), "error: openai gpt-4o: daily window 5 to 5 is not within a day"),
    ] {
        let mut price = good();
        change(&mut price);
        let found = problems(&[price]);
        assert!(found.iter().any(|finding| finding == expected), "{expected}: {found:?}");
    }
}

#[test]
fn ambiguous_instants_and_names_are_errors() {
    let start = Some(at("2026-01-01T00:00:00Z"));
    let open = good();
    let later = Price { effective_from: start, ..good() };
    assert_eq!(
        problems(&[later.clone(), open.clone()]),
        ["error: openai gpt-4o: two prices hold at once (2026-01-01T00:00:00Z)"]
    );
    let closed = Price { effective_to: start, ..open.clone() };
    assert_eq!(problems(&[later, closed]), Vec::<String>::new());

    let mut thief = price("openai", "gpt-5", &[("input", "1"), ("output", "1")]);
    thief.aliases = vec!["GPT-4o".to_owned()];
    assert_eq!(problems(&[thief, open]), ["error: openai gpt-5: alias \"GPT-4o\" is already a name of \"gpt-4o\""]);
}

#[test]
fn a_rate_far_above_the_others_of_its_direction_is_a_warning() {
    let text = [("input", "3"), ("output", "9")];
    let found = |provider: &str, more: &[(&str, &str)]| problems(&[price(provider, "m", &[&text, more].concat())]);
    // 61 is over 20 times 3, 60 is not; cached input is meant to be cheap.
    assert_eq!(
        found("x_ai", &[("input_audio", "61")]),
        ["warning: x_ai m: input_audio of tier standard costs 61, over 20 times the model's others"]
    );
    assert_eq!(found("x_ai", &[("input_audio", "60")]), Vec::<String>::new());
    assert_eq!(found("x_ai", &[("cache_read", "0.1")]), Vec::<String>::new());
    assert_eq!(
        found("aws.bedrock", &[("input_audio", "61")]),
        [concat!(
            "note: aws.bedrock m: input_audio of tier standard costs 61, over 20 times the model's others ",
            "(speech of Nova Sonic is 56 times its text)"
        )]
    );
    let dear = price("x_ai", "m", &[("input", "701"), ("output", "700")]);
    assert_eq!(problems(&[dear]), ["warning: x_ai m: input of tier standard costs 701, over 700 USD a million"]);
}

#[test]
fn a_tier_out_of_proportion_to_the_standard_one_is_a_warning() {
    let standard = [("input", "2"), ("cache_read", "0.2"), ("output", "8"), ("output_image", "40")];
    let with = |batch: &[(&str, &str)]| {
        let mut price = price("x_ai", "m", &standard);
        price.tiers.push(tier("batch", 0, batch));
        problems(&[price])
    };
    let half = [("input", "1"), ("cache_read", "0.1"), ("output", "4"), ("output_image", "20")];
    assert_eq!(with(&half), Vec::<String>::new());
    assert_eq!(
        with(&[("input", "1"), ("cache_read", "0.2"), ("output", "4"), ("output_image", "20")]),
        [concat!(
            "warning: x_ai m: cache_read of tier batch costs 0.2 against 0.2 standard, ",
            "input 1 against 2: out of proportion"
        )]
    );
    assert_eq!(
        with(&half[..3]),
        ["note: x_ai m: tier batch has no rate of output_image, which standard calls pay apart"]
    );
}

#[test]
fn a_modality_that_the_model_has_elsewhere_is_missed() {
    let text = [("input", "3"), ("output", "9")];
    let with_audio = price("azure.ai.openai", "gpt-audio", &[("input", "3"), ("output", "9"), ("input_audio", "30")]);
    let without = price("x_ai", "gpt-audio", &text);
    assert_eq!(
        problems(&[with_audio.clone(), without]),
        ["warning: x_ai gpt-audio: has no rate of input_audio, which azure.ai.openai has"]
    );
    let other = price("x_ai", "gpt-text", &text);
    assert_eq!(problems(&[with_audio, other]), Vec::<String>::new());
}

#[test]
fn factors_are_near_one() {
    for (ratio, expected) in [
        ("1.1", None),
        ("6", None),
        ("0.5", None),
        ("7", Some("warning: openai gpt-4o: factor speed fast 7/1 is far from 1")),
    ] {
        let mut price = good();
        price.factors.extend(Factor::parse("speed", "fast", ratio));
        assert_eq!(problems(&[price]), Vec::from_iter(expected), "{ratio}");
    }
}

#[test]
fn prices_are_as_fresh_as_their_newest_catalogue() {
    let mut newer = good();
    newer.source.retrieved = "2026-11-28".to_owned();
    assert_eq!(retrieved(&[good(), newer]), Some("2026-11-28"));
    assert_eq!(retrieved(&[]), None);
}
