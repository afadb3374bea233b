use super::*;
use crate::price_book::tests::{book, event, price};

#[test]
fn only_charges_whose_amounts_change_are_in_the_plan() {
    let rates = |input| [("input", input), ("output", "8")];
    let before = book(vec![
        price("openai", "same", &rates("2")),
        price("openai", "dearer", &rates("2")),
        price("openai", "gone", &rates("2")),
    ]);
    let after = book(vec![
        price("openai", "same", &[("input", "2"), ("cache_read", "1"), ("output", "8")]),
        price("openai", "dearer", &rates("3")),
        price("openai", "new", &rates("1")),
    ]);
    let models = ["same", "dearer", "gone", "new", "stranger"];
    let events: Vec<UsageEvent> = models.iter().map(|model| event("openai", model, &[("input", 1_000_000)])).collect();
    let mut charges: Vec<Charge> = events.iter().map(|event| rating::rate(&before, event)).collect();
    let fixed = event("openai", "dearer", &[("input", 1)]);
    charges.push(Charge::reported(Money::from_cents(7)));

    let plan = plan(&after, events.iter().chain([&fixed]).zip(&charges));
    let changes: Vec<_> = plan.changes.iter().map(|change| (change.index, change.why.name())).collect();
    assert_eq!(changes, [(1, "other_price"), (2, "unpriced"), (3, "priced")]);
    assert_eq!((plan.unchanged, plan.unpriced, plan.fixed), (1, 1, 1));
    assert_eq!(plan.old_usd, Money::from_cents(400), "2 dollars each for dearer and gone");
    assert_eq!(plan.new_usd, Money::from_cents(400), "3 dollars for dearer and 1 for new");
}

#[test]
fn the_preference_of_an_import_outlives_a_new_price() {
    let rates = |input| vec![price("openai", "m", &[("input", input), ("output", "8")])];
    let reported_usd = Some(Money::from_cents(150));
    let event = UsageEvent { reported_usd, ..event("openai", "m", &[("input", 1_000_000)]) };
    let old = rating::rate_for(&book(rates("2")), &event, Some(rating::Prefer::Reported));
    let plan = plan(&book(rates("3")), [(&event, &old)]);
    let rated: Vec<_> = plan.changes.iter().map(|change| change.new.rated_usd).collect();
    assert_eq!(rated, [Some(Money::from_cents(300))]);
    assert_eq!(
        (plan.old_usd, plan.new_usd),
        (Money::from_cents(150), Money::from_cents(150)),
        "the reported cost stands"
    );
}
