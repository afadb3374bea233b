use super::*;
use crate::price_book::tests::{at, price, tier};
use crate::price_check;
use purser_domain::price::{Factor, Source, Weekdays};
use purser_domain::usage::Leaf;

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

#[test]
fn a_rate_that_was_filled_for_the_first_period_names_its_source_for_the_joined_one() {
    let start = Some(at("2026-10-14T00:00:00Z"));
    let text = [("input", "2"), ("output", "8")];
    let cached = [("input", "2"), ("output", "8"), ("cache_read", "0.5")];
    let before = Price { effective_to: start, ..from("first", price("openai", "a", &text)) };
    let after = Price { effective_from: start, ..from("first", price("openai", "a", &cached)) };
    let merged = merge(&[before, after], &[from("second", price("openai", "a", &cached))], now());
    assert_eq!(merged.prices.len(), 1, "both periods charge the same");
    assert_eq!(merged.prices[0].tiers[0].rate_sources["cache_read"].catalogue, "second");
}

/// Two catalogues' prices of one model: text alike, the rest as given.
fn both(here: &[(&str, &str)], there: &[(&str, &str)]) -> Merged {
    let text = [("input", "2"), ("output", "8")];
    let first = from("first", price("openai", "a", &[&text, here].concat()));
    let second = from("second", price("openai", "a", &[&text, there].concat()));
    merge(&[first], &[second], now())
}

fn usd_of(tier: &Tier, leaf: Leaf) -> Option<String> {
    tier.rates[leaf as usize].map(|rate| rate.to_string())
}

#[test]
fn a_rate_that_one_catalogue_lacks_is_filled_with_its_source() {
    let merged = both(&[("cache_read", "1")], &[("input_audio", "40"), ("cache_read", "0.5"), ("reasoning", "8")]);
    let tier = &merged.prices[0].tiers[0];
    assert_eq!(usd_of(tier, Leaf::InputAudio).as_deref(), Some("40"));
    assert_eq!(usd_of(tier, Leaf::CacheRead).as_deref(), Some("1"), "what the preferred catalogue says stays");
    assert_eq!(usd_of(tier, Leaf::Reasoning), None, "the fallback says the same");
    assert_eq!(tier.rate_sources.len(), 1);
    assert_eq!(tier.rate_sources["input_audio"].catalogue, "second");
    assert_eq!(merged.filled, 1);
}

#[test]
fn nothing_is_filled_where_the_text_costs_otherwise() {
    let first = from("first", price("openai", "a", &[("input", "2"), ("output", "8")]));
    let second = from("second", price("openai", "a", &[("input", "3"), ("output", "8"), ("input_audio", "40")]));
    assert_eq!(merge(std::slice::from_ref(&first), &[second], now()).prices, [first]);
}

#[test]
fn a_fee_of_one_size_gives_way_to_fees_by_size() {
    let mut second = from("second", price("openai", "a", &[("input", "2"), ("output", "8")]));
    for (unit, fee) in [("requests_low", "0.006"), ("requests_high", "0.014")] {
        second.tiers[0].units.insert(unit.to_owned(), Rate::parse(fee, 1).expect("a fee"));
    }
    for (flat, remains) in [("0.014", None), ("0.02", Some(Rate::parse("0.02", 1).expect("a fee")))] {
        let first = from("first", price("openai", "a", &[("input", "2"), ("output", "8"), ("requests", flat)]));
        let merged = merge(&[first], &[second.clone()], now());
        assert_eq!(merged.prices[0].tiers[0].rates[Leaf::Requests as usize], remains, "{flat}");
        assert_eq!(merged.prices[0].tiers[0].units, second.tiers[0].units);
    }
}

#[test]
fn units_factors_and_tools_of_the_provider_are_filled() {
    let factor = Factor::parse("inference_geo", "us", "1.1").expect("a factor");
    let first = from("first", price("openai", "a", &[("input", "2"), ("output", "8"), ("web_searches", "0.01")]));
    let mut second = from("second", price("openai", "a", &[("input", "2"), ("output", "8")]));
    second.factors = vec![factor.clone()];
    second.tiers[0].units.insert("file_searches".to_owned(), Rate::parse("0.0025", 1).expect("a rate"));
    let mut container = from("second", price("openai", "container", &[]));
    container.tiers[0].units.insert("code_interpreter_sessions".to_owned(), Rate::parse("0.03", 1).expect("a rate"));
    let merged = merge(&[first], &[second.clone(), container], now());
    let a = &merged.prices[0];
    assert_eq!(a.factors, [Factor { source: Some(second.source), ..factor }]);
    let units: Vec<&str> = a.tiers[0].units.keys().map(String::as_str).collect();
    assert_eq!(units, ["code_interpreter_sessions", "file_searches"]);
}

#[test]
fn a_tier_holds_before_the_day_on_which_it_was_listed() {
    let start = Some(at("2026-10-14T00:00:00Z"));
    let before = Price { effective_to: start, ..from("first", price("x_ai", "a", &[("input", "2"), ("output", "8")])) };
    let mut after = Price { effective_from: start, effective_to: None, ..before.clone() };
    after.tiers.push(tier("batch", 0, &[("input", "1"), ("output", "4")]));
    let merged = merge(&[before.clone(), after.clone()], &[], now());
    assert_eq!(merged.prices.len(), 1, "both periods charge the same now");
    assert_eq!(merged.prices[0].effective_from, None);
    let source = merged.prices[0].tiers[1].source.as_ref().map(|source| source.catalogue.as_str());
    assert_eq!(source, Some("derived: listed later by first"));

    let dearer = Price { tiers: vec![tier(STANDARD, 0, &[("input", "3"), ("output", "8")])], ..before };
    let merged = merge(&[dearer.clone(), after.clone()], &[], now());
    assert_eq!(merged.prices, [dearer, after], "another price may have had other tiers");
}

#[test]
fn a_fee_does_not_hold_before_the_day_from_which_its_catalogue_lists_it() {
    let start = Some(at("2026-01-05T00:00:00Z"));
    let text = [("input", "2"), ("output", "8")];
    let with_fee = [("input", "2"), ("output", "8"), ("web_searches", "0.014")];
    let before = Price { effective_to: start, ..from("first", price("gcp.gemini", "a", &text)) };
    let after = Price { effective_from: start, ..from("first", price("gcp.gemini", "a", &with_fee)) };
    let mut other = from("second", price("gcp.gemini", "a", &with_fee));
    other.tiers.push(tier("batch", 0, &[("input", "1"), ("output", "4"), ("web_searches", "0.014")]));
    let fees = |prices: &[Price]| -> Vec<Vec<bool>> {
        let fee = |tier: &Tier| tier.rates[Leaf::WebSearches as usize].is_some();
        prices.iter().map(|price| price.tiers.iter().map(fee).collect()).collect()
    };
    let merged = merge(&[before.clone(), after], &[other.clone()], now());
    assert_eq!(fees(&merged.prices), [[false, false], [true, true]], "standard and batch, before and after");

    let undated = Price { effective_to: None, ..before };
    let merged = merge(&[undated], &[other], now());
    assert_eq!(fees(&merged.prices), [[true, true]], "no date is known: the gap is filled");
}

/// A price with a batch tier.
fn batched(model: &str, standard: &[(&str, &str)], batch: &[(&str, &str)]) -> Price {
    let mut price = from("first", price("gcp.gemini", model, standard));
    price.tiers.push(tier("batch", 0, batch));
    price
}

#[test]
fn batches_halve_a_leaf_where_the_provider_halves_it_elsewhere() {
    let standard = [("input", "2"), ("output", "8"), ("output_image", "120"), ("cache_read", "0.2")];
    let whole = [("input", "1"), ("output", "4"), ("output_image", "60"), ("cache_read", "0.2")];
    let lacking = batched("c", &standard, &[("input", "1"), ("output", "4")]);
    let shown = [batched("a", &standard, &whole), batched("b", &standard, &whole), lacking.clone()];
    let merged = merge(&shown, &[], now());
    let batch = &merged.prices[2].tiers[1];
    assert_eq!(usd_of(batch, Leaf::OutputImage).as_deref(), Some("60"), "half of 120, as for two other models");
    assert_eq!(usd_of(batch, Leaf::CacheRead), None, "the provider does not halve cached input");
    let source = &batch.rate_sources["output_image"].catalogue;
    assert_eq!(source, "derived: batch is half of standard at gcp.gemini");

    let merged = merge(std::slice::from_ref(&lacking), &[], now());
    assert_eq!(merged.prices, [lacking], "nothing shows that images are halved");
}

#[test]
fn a_provider_that_halves_every_model_in_batches_does_so_where_no_catalogue_says_it() {
    let standard = [("input", "3"), ("cache_write_1h", "6"), ("output", "15"), ("web_searches", "0.01")];
    let all = [price("anthropic", "claude-3-7", &standard), price("anthropic", "claude-2.1", &standard)];
    let merged = merge(&all, &[], now());
    assert_eq!(merged.prices[0].tiers.len(), 1, "older than batches");
    let batch = &merged.prices[1].tiers[1];
    let rates = [Leaf::Input, Leaf::CacheWrite1h, Leaf::Output].map(|leaf| usd_of(batch, leaf).unwrap_or_default());
    assert_eq!(rates, ["1.5", "3", "7.5"]);
    assert_eq!(batch.rates[Leaf::WebSearches as usize], Rate::parse("0.01", 1).ok(), "a search costs the same");
    let source = batch.source.as_ref().expect("a source of its own");
    assert_eq!(source.catalogue, "derived: batch is half of standard at anthropic");
    assert!(source.url.as_deref().is_some_and(|url| url.starts_with("https://")));
}

#[test]
fn windows_take_the_weekdays_that_the_other_catalogue_knows() {
    let (day, night) = ([("input", "1"), ("output", "2")], [("input", "2"), ("output", "4")]);
    let here = [
        from("first", price("deepseek", "a", &day)),
        Price { daily: Some(DailyWindow::new(60, 240)), ..from("first", price("deepseek", "a", &night)) },
    ];
    let days = |text: &str| text.parse::<Weekdays>().expect("days");
    let window = |weekdays, from_minute, to_minute| Price {
        daily: Some(DailyWindow { weekdays, ..DailyWindow::new(from_minute, to_minute) }),
        ..from("second", price("deepseek", "a", &day))
    };
    let week = days("mon,tue,wed,thu,fri");
    let there = [
        from("second", price("deepseek", "a", &night)),
        window(week, 0, 60),
        window(week, 240, 1_440),
        window(days("sat,sun"), 0, 1_440),
    ];
    let merged = merge(&here, &there, now());
    let found = merged.prices.iter().find_map(|price| price.daily.as_ref()).expect("a window");
    assert_eq!(*found, DailyWindow { weekdays: week, ..DailyWindow::new(60, 240) });
    let window = merged.prices.iter().find(|price| price.daily.is_some()).expect("a window");
    assert_eq!(window.source.catalogue, "derived: first on the weekdays of second");

    let merged = merge(&here, &there[..1], now());
    assert!(merged.prices.contains(&here[1]), "the other catalogue has no cheaper days");
}

#[test]
fn a_reseller_at_list_price_has_the_modalities_of_the_maker() {
    let maker = price("openai", "gpt-audio", &[("input", "2.5"), ("output", "10"), ("input_audio", "32")]);
    let reseller = price("openrouter", "openai/gpt-audio", &[("input", "2.5"), ("output", "10")]);
    let dearer = price("groq", "openai/gpt-audio", &[("input", "3"), ("output", "10")]);
    let merged = merge(&[maker, reseller, dearer.clone()], &[], now());
    let openrouter = merged.prices.iter().find(|price| price.provider == "openrouter").expect("it stays");
    assert_eq!(usd_of(&openrouter.tiers[0], Leaf::InputAudio).as_deref(), Some("32"));
    let source = &openrouter.tiers[0].rate_sources["input_audio"].catalogue;
    assert_eq!(source, "derived: as openai bills it, whose text costs the same");
    assert!(merged.prices.contains(&dearer), "its text costs more: nobody knows about its audio");
}

#[test]
fn searches_that_are_billed_once_a_prompt_are_no_fee_for_each() {
    let first = from("first", price("gcp.gemini", "a", &[("input", "2"), ("output", "8"), ("web_searches", "0.035")]));
    let mut second = from("second", price("gcp.gemini", "a", &[("input", "2"), ("output", "8")]));
    let fee = Rate::parse("0.035", 1).expect("a fee");
    second.tiers[0].units.insert("grounded_prompts".to_owned(), fee);
    let merged = merge(&[first], &[second], now());
    let tier = &merged.prices[0].tiers[0];
    assert_eq!(tier.rates[Leaf::WebSearches as usize], None);
    assert_eq!(tier.units.get("grounded_prompts"), Some(&fee));
}

#[test]
fn a_tier_stays_where_its_units_cost_the_same() {
    let pages = |each: &str| [("pages".to_owned(), Rate::parse(each, 1).expect("a rate"))].into();
    let scan = |each: &str| {
        let mut price = from("first", price("mistral_ai", "scan", &[]));
        price.tiers[0].units = pages(each);
        price
    };
    let mut batched = scan("0.004");
    batched.tiers.push(Tier { units: pages("0.002"), ..tier("batch", 0, &[]) });
    let merged = merge(&[scan("0.004")], std::slice::from_ref(&batched), now());
    assert_eq!(merged.prices[0].tiers.len(), 2);
    let start = Some(at("2026-06-23T00:00:00Z"));
    let cheaper = Price { effective_to: start, ..scan("0.001") };
    let merged = merge(&[cheaper.clone(), Price { effective_from: start, ..scan("0.004") }], &[batched], now());
    assert_eq!(merged.prices[0], cheaper, "a batch at 0.002 would be dearer than a page at 0.001");
    assert_eq!(merged.prices[1].tiers.len(), 2);
}
