use super::*;
use purser_domain::money::Money;

/// An event filled from texts, and what was wrong with them.
fn filled(texts: &[(Field, &str)]) -> (UsageEvent, Vec<String>) {
    let (mut event, mut pending, mut errors) = (UsageEvent::default(), Pending::default(), Vec::new());
    for (field, text) in texts {
        if let Err(reason) = pending.set_text(*field, &mut event, text) {
            errors.push(FieldError::new(field.name(), text, reason));
        }
    }
    pending.settle(&mut event, &mut errors);
    (event, errors.into_iter().map(|error| format!("{}: {}", error.field, error.reason)).collect())
}

#[test]
fn every_field_reads_its_own_name_and_has_a_bit_of_its_own() {
    let leaves = Leaf::ALL.into_iter().map(Field::Leaf);
    let mut bits = 0_u64;
    for field in Field::PLAIN.iter().copied().chain(leaves) {
        assert_eq!(Field::named(field.name()), Some(field));
        assert_eq!(bits & field.bit(), 0, "{}", field.name());
        bits |= field.bit();
    }
    assert_eq!(Field::named("prompt_tokens"), None);
}

#[test]
fn a_count_is_a_whole_number_however_it_is_written() {
    for (text, number) in [("0", 0), ("1200.0", 1_200), ("1200.", 1_200), ("1.2e3", 1_200), ("12E2", 1_200)] {
        assert_eq!(count(text), Ok(number), "{text}");
    }
    for text in ["", "-1", "-1.0", "+1", "1.5", "1e-3", "many", "0x1f", ".0", "1,234"] {
        assert_eq!(count(text), Err("must be a whole number, 0 or more".to_owned()), "{text}");
    }
    for text in ["99999999999999999999", "1e20", "1e300"] {
        assert_eq!(count(text), Err("must be below 2^53".to_owned()), "{text}");
    }
}

#[test]
fn an_amount_is_read_with_the_currency_beside_it() {
    for (text, usd, foreign) in [
        ("0.10", Some("0.10"), None),
        ("$0.10", Some("0.10"), None),
        ("US$ 0.10", Some("0.10"), None),
        ("0.10 USD", Some("0.10"), None),
        ("usd 0.10", Some("0.10"), None),
        ("€0.10", None, Some("0.10 EUR")),
        ("0.10 €", None, Some("0.10 EUR")),
        ("10 CNY", None, Some("10 CNY")),
        ("1e-3 USD", Some("0.001"), None),
    ] {
        for field in [Field::Cost, Field::CostUsd] {
            let (event, errors) = filled(&[(field, text)]);
            assert_eq!(errors, Vec::<String>::new(), "{text}");
            assert_eq!(event.reported_usd, usd.map(|usd| usd.parse::<Money>().expect("a literal of this test")));
            assert_eq!(event.foreign_cost.as_deref(), foreign, "{text}");
        }
    }
    for text in ["free", "$", "0.10 credits", "€0.10 USD", "¥10", "1.2.3"] {
        let (event, errors) = filled(&[(Field::Cost, text)]);
        assert_eq!((errors.len(), event.reported_usd, event.foreign_cost), (1, None, None), "{text}");
    }
    assert_eq!(filled(&[(Field::Cost, "-2 EUR")]).1, ["cost: must not be negative"]);
}

#[test]
fn a_currency_goes_with_the_cost_and_never_makes_dollars_of_it() {
    let told = |texts: &[(Field, &str)]| {
        let (event, errors) = filled(texts);
        (event.reported_usd.map(|usd| usd.to_string()), event.foreign_cost, errors)
    };
    let yuan = (None, Some("10 CNY".to_owned()), vec![]);
    assert_eq!(told(&[(Field::Cost, "10"), (Field::Currency, "cny")]), yuan);
    assert_eq!(told(&[(Field::Currency, "CNY"), (Field::CostUsd, "10")]), yuan);
    let dollars = Some("10.000000000000".to_owned());
    assert_eq!(told(&[(Field::Cost, "10"), (Field::Currency, "usd")]), (dollars.clone(), None, vec![]));
    // Both: what the yuan come to in dollars is told beside them.
    let both = [(Field::Cost, "72"), (Field::Currency, "CNY"), (Field::CostUsd, "10")];
    assert_eq!(told(&both), (dollars.clone(), Some("72 CNY".to_owned()), vec![]));
    let differ = told(&[(Field::Cost, "11"), (Field::CostUsd, "10")]);
    assert_eq!(differ, (dollars, None, vec!["cost: contradicts cost_usd".to_owned()]));
    let two = told(&[(Field::Cost, "€11"), (Field::Currency, "CNY")]);
    assert_eq!(two, (None, None, vec!["cost: has another currency than currency".to_owned()]));
}

#[test]
fn a_batch_is_a_batch_under_every_tier_that_leaves_it_open() {
    for tier in ["", "default", "standard", "auto", "batch", "Default", "on_demand"] {
        for texts in
            [[(Field::Batch, "TRUE"), (Field::ServiceTier, tier)], [(Field::ServiceTier, tier), (Field::Batch, "1")]]
        {
            let (event, errors) = filled(&texts);
            assert_eq!((event.service_tier.as_deref(), errors.len()), (Some("batch"), 0), "{tier}");
        }
    }
    for (batch, tier) in [("true", "flex"), ("true", "priority"), ("false", "batch")] {
        let (_, errors) = filled(&[(Field::ServiceTier, tier), (Field::Batch, batch)]);
        assert_eq!(errors, [format!("service_tier: contradicts \"batch\": {batch}")], "{tier}");
    }
    for tier in ["default", "flex"] {
        let (event, errors) = filled(&[(Field::ServiceTier, tier), (Field::Batch, "FALSE")]);
        assert_eq!((event.service_tier.as_deref(), errors.len()), (Some(tier), 0));
    }
}

#[test]
fn totals_lose_their_parts_or_contradict_them_and_the_row_stays() {
    let mut pending = Pending::default();
    (pending.total_input, pending.total_output) = (Some(1_200), Some(300));
    let parts = [(Field::Leaf(Leaf::CacheRead), "1000"), (Field::Leaf(Leaf::Reasoning), "100")];
    let mut event = UsageEvent::default();
    for (field, text) in parts {
        pending.set_text(field, &mut event, text).expect("a count");
    }
    let mut errors = Vec::new();
    pending.clone().settle(&mut event, &mut errors);
    // 1,200 − 1,000 = 200; 300 − 100 = 200.
    assert_eq!((event.usage.get(Leaf::Input), event.usage.get(Leaf::Output)), (200, 200));
    pending.total_input = Some(999);
    pending.settle(&mut event, &mut errors);
    let told = event.contradiction.expect("999 cannot contain 1,000");
    assert_eq!(told.reason, "999 total_input_tokens cannot contain 1000 tokens");
    assert_eq!((told.counts["total_input_tokens"], told.counts["cache_read_tokens"]), (999, 1_000));
    assert_eq!((event.usage.total_tokens(), event.usage.get(Leaf::Requests), errors.len()), (0, 1, 0));
}

#[test]
fn what_is_not_told_and_the_usual_speed_are_left_out() {
    let untold = [(Field::InferenceGeo, "not_available"), (Field::ContextWindow, "n/a"), (Field::Speed, "standard")];
    let (event, errors) = filled(&untold);
    assert_eq!((event.inference_geo, event.context_window, event.speed, errors.len()), (None, None, None, 0));
    assert_eq!(filled(&[(Field::Speed, "fast")]).0.speed.as_deref(), Some("fast"));
    assert_eq!(filled(&[(Field::InferenceGeo, "us")]).0.inference_geo.as_deref(), Some("us"));
}
