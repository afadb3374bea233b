use std::sync::Arc;

use purser_domain::charge::{CostSource, Match};
use purser_domain::money::Money;
use purser_domain::price::{Factor, STANDARD};

use super::*;
use crate::price_book::PriceBook;
use crate::price_book::tests::{book, event, price, tier};
use crate::rating::rate;

fn line(part: &Part) -> String {
    let amount = part.amount_usd.map_or_else(|| "unknown".to_owned(), |amount| amount.to_string());
    let rate = part.rate_usd.as_deref().unwrap_or("none");
    let charged_as = part.charged_as.as_deref().map(|name| format!(" as {name}")).unwrap_or_default();
    let own = if part.is_own { " own" } else { "" };
    format!("{} {} at {rate} for {}{charged_as}{own}: {amount}", part.name, part.quantity, part.per)
}

#[test]
fn every_part_has_its_rate_and_amount() {
    let mut model = price("anthropic", "m", &[("input", "3"), ("output", "15"), ("web_searches", "0.01")]);
    model.tiers.push(tier(STANDARD, 200_000, &[("input", "6"), ("output", "22.5"), ("web_searches", "0.01")]));
    model.factors = vec![Factor::parse("inference_geo", "us", "1.1").expect("a literal of this test")];
    let discount = Discount {
        id: "d".to_owned(),
        provider: None,
        model: None,
        percent_milli: 10_000,
        effective_from: None,
        effective_to: None,
    };
    let shared = Arc::new(PriceBook::compile(vec![model]).0);
    let own = price("anthropic", "m", &[("output", "20")]);
    let book = PriceBook::for_tenant(shared, vec![own], vec![discount]);
    let usage = &[("input", 250_000), ("output", 1_000), ("reasoning", 1_000), ("web_searches", 2)];
    let event = UsageEvent { inference_geo: Some("us".to_owned()), ..event("anthropic", "m", usage) };
    let charge = rate(&book, &event);
    let why = explain(&book, &event, &charge);
    assert_eq!((why.matched, why.context_tokens, why.basis.over_input_tokens), (Match::Override, 250_000, 200_000));
    assert_eq!(why.discount_percent.as_deref(), Some("10"));
    assert_eq!(why.basis.factors.len(), 1);
    let lines: Vec<String> = why.parts.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            // 6 less 10 % times 1.1.
            "input 250000 at 5.94 for 1000000: 1.485000000000",
            "output 1000 at 20 for 1000000 own: 0.020000000000",
            // As the agreed output, which is final.
            "reasoning 1000 at 20 for 1000000 as output: 0.020000000000",
            "web_searches 2 at 0.009 for 1: 0.018000000000",
        ]
    );
    let sum: Money = why.parts.iter().filter_map(|part| part.amount_usd).sum();
    assert_eq!(why.cost, Some((sum, CostSource::Rated)));
    let price = why.price.expect("it has one");
    assert_eq!((price.version.as_str(), price.is_other), (charge.price_version.as_deref().unwrap_or_default(), false));
}

#[test]
fn what_is_missing_and_what_has_changed_is_told() {
    let old = book(vec![price("openai", "m", &[("input", "3"), ("output", "15")])]);
    let new = book(vec![price("openai", "m", &[("input", "2"), ("output", "15")])]);
    let called = event("openai", "m", &[("input", 1_000_000)]);
    let why = explain(&new, &called, &rate(&old, &called));
    assert!(why.price.is_some_and(|price| price.is_other));
    assert_eq!(why.parts.iter().map(line).collect::<Vec<_>>(), ["input 1000000 at 2 for 1000000: 3.000000000000"]);

    let searched = event("openai", "m", &[("input", 1_000_000), ("web_searches", 1)]);
    let why = explain(&old, &searched, &rate(&old, &searched));
    assert_eq!((why.cost, why.at_least_usd), (None, Some(Money::from_cents(300))));
    assert_eq!(why.basis.unrated, ["web_searches"]);
    let lines: Vec<String> = why.parts.iter().map(line).collect();
    assert_eq!(lines, ["input 1000000 at 3 for 1000000: 3.000000000000", "web_searches 1 at none for 1: unknown"]);

    let stranger = event("openai", "stranger", &[("input", 1)]);
    let why = explain(&old, &stranger, &rate(&old, &stranger));
    assert_eq!((why.matched, why.price), (Match::UnknownModel, None));
    assert_eq!(why.parts.iter().map(line).collect::<Vec<_>>(), ["input 1 at none for 1000000: unknown"]);
}
