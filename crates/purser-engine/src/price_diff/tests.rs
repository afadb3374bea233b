use super::*;
use crate::price_book::tests::{at, price, tier};

fn now() -> Timestamp {
    at("2026-11-20T00:00:00Z")
}

fn fields(diff: &Diff) -> Vec<String> {
    let show = |rate: Option<Rate>| rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string());
    diff.differences.iter().map(|d| format!("{} {} {} {}", d.model, d.field, show(d.left), show(d.right))).collect()
}

#[test]
fn a_rate_that_equals_its_fallback_is_no_difference() {
    let left = [price("openai", "a", &[("input", "2"), ("output", "8")])];
    let right = [price("openai", "a", &[("input", "2"), ("cache_read", "2"), ("output", "8"), ("reasoning", "8")])];
    let diff = diff(&left, &right, now());
    assert_eq!(fields(&diff), Vec::<String>::new());
    assert_eq!(diff.agreeing, [("openai".to_owned(), "a".to_owned())]);
}

#[test]
fn rates_tiers_and_models_that_differ_are_listed() {
    let mut a = price("openai", "a", &[("input", "2"), ("cache_read", "0.2"), ("output", "8")]);
    a.aliases = vec!["a-2026".to_owned()];
    a.tiers.push(tier("batch", 0, &[("input", "1"), ("output", "4")]));
    let left = [a, price("openai", "only-left", &[("input", "1")])];
    let mut b = price("openai", "a-2026", &[("input", "2"), ("cache_read", "0.5"), ("output", "8")]);
    b.tiers.push(tier("standard", 200_000, &[("input", "4"), ("cache_read", "0.2"), ("output", "8")]));
    let right = [b, price("x_ai", "only-right", &[("input", "1")])];
    let diff = diff(&left, &right, now());
    assert_eq!(fields(&diff), ["a batch 1 -", "a standard.cache_read 0.2 0.5", "a standard>200000.input 2 4"]);
    assert_eq!(diff.only_left, [("openai".to_owned(), "only-left".to_owned())]);
    assert_eq!(diff.only_right, [("x_ai".to_owned(), "only-right".to_owned())]);
    assert!(diff.agreeing.is_empty());
}

#[test]
fn prices_are_compared_as_they_stand_at_the_date() {
    let change = Some(at("2026-01-01T00:00:00Z"));
    let left = [
        Price { effective_to: change, ..price("openai", "a", &[("input", "9")]) },
        Price { effective_from: change, ..price("openai", "a", &[("input", "2")]) },
    ];
    let right = [price("openai", "a", &[("input", "2")])];
    assert_eq!(fields(&diff(&left, &right, now())), Vec::<String>::new());
    assert_eq!(fields(&diff(&left, &right, at("2025-01-01T00:00:00Z"))), ["a standard.input 9 2"]);
}
