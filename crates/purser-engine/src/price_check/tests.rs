use super::*;
use crate::price_book::tests::{at, price, tier};
use purser_domain::price::DailyWindow;

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
