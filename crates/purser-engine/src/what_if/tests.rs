use std::sync::Arc;

use purser_domain::price::Discount;

use super::*;
use crate::price_book::tests::{at, price, tier};

const MILLION: i64 = 1_000_000;

fn usd(text: &str) -> Money {
    text.parse().expect("a literal of this test")
}

fn book(discounts: Vec<Discount>) -> TenantBook {
    let mut long = price("google", "new-model", &[("input", "2"), ("cache_read", "0.2"), ("output", "8")]);
    long.tiers.push(tier("standard", 200_000, &[("input", "4"), ("cache_read", "0.4"), ("output", "12")]));
    let prices = vec![
        price("openai", "old-model", &[("input", "10"), ("cache_read", "5"), ("output", "30")]),
        long,
        price("openai", "twice", &[("input", "1"), ("output", "1")]),
        price("anthropic", "twice", &[("input", "1"), ("output", "1")]),
        price("openai", "no-output", &[("input", "1")]),
    ];
    PriceBook::for_tenant(Arc::new(PriceBook::compile(prices).0), vec![], discounts)
}

fn group(key: &str, model: &str) -> Group {
    let mut totals = Totals { cost: usd("45"), charged: 10, priced: 10, ..Totals::default() };
    for leaf in [Leaf::Input, Leaf::CacheRead, Leaf::Output] {
        totals.quantities[leaf as usize] = MILLION;
    }
    totals.quantities[Leaf::Requests as usize] = 10;
    let keys = vec![Some(key.to_owned())];
    let (provider, model) = ("openai".to_owned(), model.to_owned());
    Group { keys, provider, model, response_model: None, service_tier: None, size: 0, totals }
}

fn scenario(switches: &[&str]) -> Result<Scenario, BadSwitch> {
    let switches: Vec<Switch> = switches.iter().map(|text| text.parse().expect("a literal")).collect();
    Scenario::new(book(vec![]), &switches, false, at("2026-06-15T00:00:00Z"))
}

#[test]
fn a_switch_saves_less_with_a_cold_cache() {
    // Warm: 2 + 0.2 + 8 = 10.2 USD; cold, the cached million is read anew: 2 + 2 + 8 = 12 USD.
    let answer = scenario(&["old-model=new-model"])
        .expect("known")
        .answer(&[group("f", "old-model")], at("2026-06-16T00:00:00Z"));
    let costs = answer.rows[0].costs;
    assert_eq!((costs.actual, costs.warm, costs.cold), (usd("45"), usd("10.2"), usd("12")));
    assert_eq!(costs.savings(), (usd("33"), usd("34.8")));
    assert_eq!((costs.events, costs.repriced, costs.unpriced), (10, 10, 0));
    assert_eq!(answer.total, costs);
}

#[test]
fn long_calls_pay_the_long_context() {
    let scenario = scenario(&["old-model=new-model"]).expect("known");
    assert_eq!(scenario.input_sizes(), [200_000]);
    // Over 200,000 tokens: 4 + 0.4 + 12 = 16.4 USD.
    let long = Group { size: 1, ..group("f", "old-model") };
    assert_eq!(scenario.answer(&[long], at("2026-06-16T00:00:00Z")).total.warm, usd("16.4"));
}

#[test]
fn other_usage_keeps_its_cost_and_the_dearest_feature_comes_first() {
    let scenario = scenario(&["openai/old-model=new-model"]).expect("known");
    let answer = scenario.answer(&[group("a", "other"), group("b", "old-model")], at("2026-06-16T00:00:00Z"));
    let keys: Vec<_> = answer.rows.iter().map(|row| row.keys[0].as_deref().unwrap_or_default()).collect();
    assert_eq!(keys, ["b", "a"]);
    assert_eq!((answer.rows[1].costs.warm, answer.rows[1].costs.repriced), (usd("45"), 0));
    assert_eq!(answer.total.actual, usd("90"));
}

#[test]
fn a_model_that_lacks_a_rate_is_left_and_named() {
    let answer = scenario(&["old-model=no-output"])
        .expect("known")
        .answer(&[group("f", "old-model")], at("2026-06-16T00:00:00Z"));
    assert_eq!((answer.total.warm, answer.total.cold, answer.total.unpriced), (usd("45"), usd("45"), 10));
    assert_eq!(answer.left.len(), 1);
    assert_eq!((answer.left[0].reason, answer.left[0].events), (Match::NoRateForLeaf, 10));
}

#[test]
fn targets_are_one_model_of_one_provider() {
    let unknown = scenario(&["old-model=new-model", "old-model=nothing"]).expect_err("unknown");
    assert_eq!((unknown.index, unknown.reason.as_str()), (1, "\"nothing\" has no price"));
    // Both sell "twice", and openai sells the old model too.
    let same = scenario(&["old-model=twice"]).expect("the same provider");
    let stayed = same.answer(&[group("f", "old-model")], at("2026-06-16T00:00:00Z")).total;
    assert_eq!((stayed.repriced, stayed.warm), (10, usd("3")), "1 + 1 + 1 USD");
    let torn = scenario(&["unheard-of=twice"]).expect_err("two providers");
    assert_eq!(torn.reason, "\"twice\" is sold by anthropic, openai: write PROVIDER/MODEL");
    let named = scenario(&["unheard-of=anthropic/twice"]).expect("named");
    assert!(named.targets[0].to.contains_key("anthropic") && named.targets[0].to.len() == 1);
}

#[test]
fn a_discount_prices_everything_anew_and_no_cache_goes_cold() {
    let half = Discount {
        id: String::new(),
        provider: None,
        model: None,
        percent_milli: 50_000,
        effective_from: None,
        effective_to: None,
    };
    let scenario = Scenario::new(book(vec![half]), &[], true, at("2026-06-15T00:00:00Z")).expect("no switch");
    let costs = scenario.answer(&[group("f", "old-model")], at("2026-06-16T00:00:00Z")).total;
    assert_eq!((costs.warm, costs.cold), (usd("22.5"), usd("22.5")));
}

#[test]
fn a_reversed_call_takes_back_what_it_would_have_cost() {
    let scenario = scenario(&["old-model=new-model"]).expect("known");
    let charge = group("f", "old-model");
    let mut back = charge.clone();
    back.totals.cost = usd("-45");
    back.totals.charged = -10;
    back.totals.quantities.iter_mut().for_each(|quantity| *quantity = -*quantity);
    assert_eq!(scenario.answer(&[charge, back], at("2026-06-16T00:00:00Z")).total, Costs { ..Costs::default() });
}
