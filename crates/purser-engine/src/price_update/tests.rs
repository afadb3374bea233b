use super::*;
use crate::price_book::tests::{at, price, tier};
use purser_domain::price::{DailyWindow, Factor, Source};

fn rules() -> Rules<'static> {
    Rules { from: at("2026-11-28T00:00:00Z"), factor_max: Some(3), only: None }
}

fn of(catalogue: &str, price: Price) -> Price {
    let source = Source { catalogue: catalogue.to_owned(), url: None, retrieved: "2026-11-28".to_owned() };
    Price { source, ..price }
}

fn old() -> Price {
    of("litellm 1", price("x_ai", "a", &[("input", "2"), ("output", "8")]))
}

fn shown(update: &Update) -> Vec<String> {
    let rate = |rate: Option<Rate>| rate.map_or_else(|| "-".to_owned(), |rate| rate.to_string());
    update.changes.iter().map(|c| format!("{} {} {} -> {}", c.model, c.field, rate(c.before), rate(c.after))).collect()
}

#[test]
fn a_changed_rate_holds_from_the_day_on_and_the_past_stays() {
    let new = of("litellm 2", price("x_ai", "a", &[("input", "3"), ("output", "8"), ("cache_read", "1")]));
    let found = update(&[old()], std::slice::from_ref(&new), &rules());
    assert_eq!(shown(&found), ["a standard.cache_read - -> 1", "a standard.input 2 -> 3"]);
    let day = Some(rules().from);
    assert_eq!(found.prices, [Price { effective_to: day, ..old() }, Price { effective_from: day, ..new }]);
    assert!(found.refused.is_empty() && found.added.is_empty());
}

#[test]
fn the_same_prices_change_nothing() {
    let read_again = of("litellm 2", old());
    assert_eq!(update(&[old()], &[read_again], &rules()), Update::default());
}

#[test]
fn a_second_update_of_a_day_replaces_the_first() {
    let day = Some(rules().from);
    let until = Price { effective_to: day, ..old() };
    let first = Price { effective_from: day, ..price("x_ai", "a", &[("input", "3"), ("output", "8")]) };
    let second = price("x_ai", "a", &[("input", "4"), ("output", "8")]);
    let found = update(&[until.clone(), first], std::slice::from_ref(&second), &rules());
    assert_eq!(found.prices, [until, Price { effective_from: day, ..second }]);
}

#[test]
fn a_rate_that_moves_too_far_is_refused_unless_asked_for() {
    for (input, refused) in [("6", false), ("6.1", true), ("0.67", false), ("0.66", true)] {
        let new = price("x_ai", "a", &[("input", input), ("output", "8")]);
        let found = update(&[old()], std::slice::from_ref(&new), &rules());
        assert_eq!(found.refused.len(), usize::from(refused), "{input}");
        assert_eq!(found.prices.is_empty(), refused, "{input}");
        let asked = update(&[old()], &[new], &Rules { factor_max: None, ..rules() });
        assert!(asked.refused.is_empty() && !asked.prices.is_empty(), "{input}");
    }
    let thousand = price("x_ai", "new", &[("input", "3200"), ("output", "9710")]);
    let found = update(&[old()], &[thousand], &rules());
    assert!(found.refused[0].reason.contains("over 700 USD a million"), "{:?}", found.refused);
}

#[test]
fn new_models_come_of_providers_that_the_book_has() {
    let mut new = price("x_ai", "b", &[("input", "1"), ("output", "2")]);
    new.aliases = vec!["b-latest".to_owned(), "A".to_owned()];
    let stranger = price("somebody", "b", &[("input", "1"), ("output", "2")]);
    let found = update(&[old()], &[new, stranger], &rules());
    assert_eq!(found.added, [("x_ai".to_owned(), "b".to_owned())]);
    assert_eq!(found.prices.len(), 1);
    assert_eq!(found.prices[0].aliases, ["b-latest"], "a name of another model stays with it");
    assert_eq!(found.prices[0].effective_from, None);
}

#[test]
fn one_catalogue_changes_its_own_prices_only() {
    let new = of("litellm 2", price("x_ai", "a", &[("input", "3"), ("output", "8")]));
    let only = Rules { only: Some("litellm"), ..rules() };
    assert_eq!(update(&[old()], std::slice::from_ref(&new), &only).changes.len(), 1);
    let other = of("genai-prices 0.2.3", old());
    assert_eq!(update(&[other], &[new], &only), Update::default());
}

#[test]
fn units_factors_windows_and_announced_prices_are_changes() {
    let mut new = price("x_ai", "a", &[("input", "2"), ("output", "8")]);
    new.tiers[0].units.insert("images".to_owned(), Rate::parse("0.04", 1).expect("a rate"));
    new.factors.extend(Factor::parse("speed", "fast", "2"));
    let night = Price {
        daily: Some(DailyWindow::new(0, 60)),
        tiers: vec![tier("standard", 0, &[("input", "1")])],
        ..price("x_ai", "a", &[])
    };
    let found = update(&[old()], &[new, night], &rules());
    assert_eq!(
        shown(&found),
        ["a 00:00-01:00: standard.input - -> 1", "a factor.speed.fast - -> 2", "a standard.images - -> 40000",]
    );
    let start = Some(at("2027-01-01T00:00:00Z"));
    let now = Price { effective_to: start, ..old() };
    let later = Price { effective_from: start, ..price("x_ai", "a", &[("input", "1"), ("output", "4")]) };
    let found = update(&[old()], &[now, later.clone()], &rules());
    assert_eq!(found.changes, []);
    assert!(found.prices.contains(&later), "an announced price keeps its own start");
}
