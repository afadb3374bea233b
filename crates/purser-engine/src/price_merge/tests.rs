use super::*;
use crate::price_book::tests::{at, price, tier};
use crate::price_check;
use purser_domain::price::Source;

fn now() -> Timestamp {
    at("2026-11-20T00:00:00Z")
}

fn from(catalogue: &str, mut price: Price) -> Price {
    price.source = Source { catalogue: catalogue.to_owned(), url: None, retrieved: "2026-11-20".to_owned() };
    price
}

#[test]
fn the_preferred_catalogue_wins_and_the_other_fills_in() {
    let preferred = [from("first", price("openai", "a", &[("input", "2"), ("output", "8")]))];
    let other = [
        from("second", price("openai", "a", &[("input", "3"), ("output", "8")])),
        from("second", price("openai", "b", &[("input", "1"), ("output", "1")])),
    ];
    let merged = merge(&preferred, &other, now());
    assert_eq!(merged.prices, [preferred[0].clone(), other[1].clone()]);
    assert_eq!(merged.diff.differences.len(), 1);
    assert_eq!(merged.tiers_added, 0);
}

#[test]
fn a_tier_is_taken_over_with_its_source_where_the_standard_rates_agree() {
    let batch = tier("batch", 0, &[("input", "1"), ("output", "4")]);
    let preferred = [
        from("first", price("openai", "a", &[("input", "2"), ("output", "8")])),
        from("first", price("openai", "b", &[("input", "2"), ("output", "8")])),
    ];
    let mut other = [
        from("second", price("openai", "a", &[("input", "2"), ("output", "8")])),
        from("second", price("openai", "b", &[("input", "2.5"), ("output", "8")])),
    ];
    other[0].tiers.push(batch.clone());
    other[1].tiers.push(batch.clone());
    let merged = merge(&preferred, &other, now());
    assert_eq!(merged.tiers_added, 1);
    assert_eq!(merged.prices[0].tiers[1], Tier { source: Some(other[0].source.clone()), ..batch });
    assert_eq!(merged.prices[1], preferred[1], "the standard rates differ, so nothing is mixed");
}

#[test]
fn names_stay_unambiguous() {
    let mut first = price("openai", "a", &[("input", "2")]);
    first.aliases = vec!["a-latest".to_owned()];
    let mut second = price("openai", "b", &[("input", "3")]);
    second.aliases = vec!["A-latest".to_owned(), "b-latest".to_owned()];
    let third = price("openai", "a-latest", &[("input", "4")]);
    let merged = merge(&[first], &[second, third], now());
    assert_eq!(merged.prices.len(), 2);
    assert_eq!(merged.prices[1].aliases, ["b-latest"]);
    assert_eq!(price_check::check(&merged.prices), []);
}

#[test]
fn periods_that_a_tier_made_alike_are_joined() {
    let start = Some(at("2026-10-14T00:00:00Z"));
    let batch = tier("batch", 0, &[("input", "1"), ("output", "4")]);
    let standard = || from("first", price("openai", "a", &[("input", "2"), ("output", "8")]));
    let before = Price { effective_to: start, ..standard() };
    let mut after = Price { effective_from: start, ..standard() };
    after.tiers.push(batch.clone());
    let mut other = from("second", price("openai", "a", &[("input", "2"), ("output", "8")]));
    other.tiers.push(batch);
    let merged = merge(&[before, after.clone()], &[other], now());
    assert_eq!(merged.prices, [Price { effective_from: None, ..after }]);
}
