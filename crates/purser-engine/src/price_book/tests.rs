//! How a name and an instant lead to a price, and the builders that other tests use.

use std::sync::Arc;

use proptest::prelude::*;
use purser_domain::charge::Match;
use purser_domain::price::{DailyWindow, Discount, Price, Rate, STANDARD, Source, Tier};
use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::UsageEvent;

use super::*;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a literal of this test")
}

/// Dollars per million tokens, or each for a call.
pub(crate) fn usd(leaf: Leaf, text: &str) -> Rate {
    Rate::parse(text, if leaf.is_token() { 1_000_000 } else { 1 }).expect("a literal of this test")
}

pub(crate) fn tier(service_tier: &str, over_input_tokens: u64, rates: &[(&str, &str)]) -> Tier {
    let mut tier = Tier::new(service_tier, over_input_tokens, [None; Leaf::COUNT]);
    for (leaf, text) in rates {
        let leaf: Leaf = leaf.parse().expect("a literal of this test");
        tier.rates[leaf as usize] = Some(usd(leaf, text));
    }
    tier
}

/// An undated price with one standard tier.
pub(crate) fn price(provider: &str, model: &str, rates: &[(&str, &str)]) -> Price {
    Price {
        provider: provider.to_owned(),
        model: model.to_owned(),
        aliases: vec![],
        effective_from: None,
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers: vec![tier(STANDARD, 0, rates)],
        source: Source { catalogue: "test".to_owned(), url: None, retrieved: "2026-11-20".to_owned() },
    }
}

pub(crate) fn event(provider: &str, model: &str, usage: &[(&str, u64)]) -> UsageEvent {
    let mut event = UsageEvent {
        provider: provider.to_owned(),
        model: model.to_owned(),
        occurred_at: at("2026-06-15T12:00:00Z"),
        usage: Usage::default(),
        ..UsageEvent::default()
    };
    for (leaf, quantity) in usage {
        event.usage.set(leaf.parse().expect("a literal of this test"), *quantity);
    }
    event
}

pub(crate) fn book(prices: Vec<Price>) -> TenantBook {
    PriceBook::for_tenant(Arc::new(PriceBook::compile(prices).0), vec![], vec![])
}

fn input_rate(book: &TenantBook, event: &UsageEvent) -> Result<String, Match> {
    book.find(event).map(|found| found.rates[Leaf::Input as usize].map_or("none".to_owned(), |rate| rate.to_string()))
}

fn simple(provider: &str, model: &str, input: &str) -> Price {
    price(provider, model, &[("input", input), ("output", "1")])
}

#[test]
fn a_name_matches_whole_or_not_at_all() {
    let mut gpt = simple("openai", "gpt-4o", "2.5");
    gpt.aliases = vec!["gpt-4o-2024-08-06".to_owned()];
    let book = book(vec![gpt, simple("openai", "gpt-4o-mini", "0.15")]);
    for (model, expected) in [
        ("gpt-4o", Ok("2.5")),
        ("GPT-4o", Ok("2.5")),
        ("gpt-4o-2024-08-06", Ok("2.5")),
        ("openai/gpt-4o", Ok("2.5")),
        ("gpt-4o-mini", Ok("0.15")),
        ("gpt-4", Err(Match::UnknownModel)),
        ("gpt-4o-min", Err(Match::UnknownModel)),
        ("gpt-4o-mini-2", Err(Match::UnknownModel)),
        ("", Err(Match::UnknownModel)),
    ] {
        assert_eq!(input_rate(&book, &event("openai", model, &[])), expected.map(str::to_owned), "{model}");
    }
}

#[test]
fn without_a_provider_a_name_must_be_unique() {
    let book = book(vec![simple("openai", "gpt-4o", "2.5"), simple("x_ai", "grok-4", "3"), {
        let mut alias = simple("azure.ai.openai", "gpt-4o-azure", "9");
        alias.aliases = vec!["gpt-4o".to_owned()];
        alias
    }]);
    for (provider, model, expected) in [
        ("", "grok-4", Ok("3")),
        ("unknown", "grok-4", Ok("3")),
        ("", "gpt-4o", Err(Match::UnknownModel)),
        ("", "openai/gpt-4o", Ok("2.5")),
        ("openai", "gpt-4o", Ok("2.5")),
        ("azure", "gpt-4o", Ok("9")),
        ("ollama", "grok-4", Err(Match::UnknownModel)),
    ] {
        assert_eq!(input_rate(&book, &event(provider, model, &[])), expected.map(str::to_owned), "{provider} {model}");
    }
}

#[test]
fn the_model_that_answered_goes_before_the_one_asked_for() {
    let mut late = simple("openai", "new", "7");
    late.effective_from = Some(at("2026-07-01T00:00:00Z"));
    let book = book(vec![simple("openai", "a", "1"), simple("openai", "b", "2"), late]);
    for (response, request, expected) in [
        (Some("a"), "b", Ok(("1", Match::ResponseModel))),
        (Some("stranger"), "b", Ok(("2", Match::RequestModel))),
        (None, "b", Ok(("2", Match::RequestModel))),
        (Some("new"), "b", Ok(("2", Match::RequestModel))),
        (Some("new"), "stranger", Err(Match::NoPriceAtDate)),
        (None, "new", Err(Match::NoPriceAtDate)),
    ] {
        let event = UsageEvent { response_model: response.map(str::to_owned), ..event("openai", request, &[]) };
        let found = book.find(&event).map(|found| (found.rates[0].expect("a rate").to_string(), found.matched));
        assert_eq!(found, expected.map(|(rate, matched)| (rate.to_owned(), matched)), "{response:?} {request}");
    }
}

#[test]
fn prices_change_at_their_instant_and_the_undated_one_holds_before() {
    let change = Some(at("2026-01-01T00:00:00Z"));
    let old = Price { effective_to: change, ..simple("openai", "m", "5") };
    let new = Price { effective_from: change, ..simple("openai", "m", "2.5") };
    let book = book(vec![new, old]);
    for (time, expected) in
        [("2015-01-01T00:00:00Z", "5"), ("2025-12-31T23:59:59.999999Z", "5"), ("2026-01-01T00:00:00Z", "2.5")]
    {
        let event = UsageEvent { occurred_at: at(time), ..event("openai", "m", &[]) };
        assert_eq!(input_rate(&book, &event), Ok(expected.to_owned()), "{time}");
    }
}

#[test]
fn a_daily_window_beats_the_whole_day() {
    let night =
        Price { daily: Some(DailyWindow::new(16 * 60 + 30, 30)), ..simple("deepseek", "deepseek-chat", "0.135") };
    let book = book(vec![simple("deepseek", "deepseek-chat", "0.27"), night]);
    for (time, expected) in [
        ("2025-03-01T16:29:59Z", "0.27"),
        ("2025-03-01T16:30:00Z", "0.135"),
        ("2025-03-02T00:29:00Z", "0.135"),
        ("2025-03-02T00:30:00Z", "0.27"),
    ] {
        let event = UsageEvent { occurred_at: at(time), ..event("deepseek", "deepseek-chat", &[]) };
        assert_eq!(input_rate(&book, &event), Ok(expected.to_owned()), "{time}");
    }
}

#[test]
fn a_service_tier_without_rates_is_not_guessed() {
    let mut gpt = simple("openai", "gpt-5", "1.25");
    gpt.tiers.push(tier("batch", 0, &[("input", "0.625"), ("output", "5")]));
    let book = book(vec![gpt]);
    for (told, expected) in [
        (None, Ok("1.25")),
        (Some("default"), Ok("1.25")),
        (Some("auto"), Ok("1.25")),
        (Some("STANDARD"), Ok("1.25")),
        (Some("batch"), Ok("0.625")),
        (Some("Batch"), Ok("0.625")),
        (Some("flex"), Err(Match::NoRateForTier)),
        (Some("priority"), Err(Match::NoRateForTier)),
        (Some("scale"), Err(Match::NoRateForTier)),
    ] {
        let event = UsageEvent { service_tier: told.map(str::to_owned), ..event("openai", "gpt-5", &[]) };
        assert_eq!(input_rate(&book, &event), expected.map(str::to_owned), "{told:?}");
    }
}

#[test]
fn a_decision_has_rates_of_its_own_where_the_model_has_some() {
    let mut luna = simple("openai", "gpt-6-luna", "0.1");
    luna.tiers.push(tier("decisions", 0, &[("input", "0.05"), ("output", "0")]));
    luna.tiers.push(tier("batch", 0, &[("input", "0.02"), ("output", "1")]));
    let book = book(vec![luna, simple("openai", "gpt-5", "1.25")]);
    for (model, operation, told, expected) in [
        ("gpt-6-luna", "decide", None, "0.05"),
        ("gpt-6-luna", "decide", Some("batch"), "0.02"),
        ("gpt-6-luna", "chat", None, "0.1"),
        ("gpt-5", "decide", None, "1.25"),
    ] {
        let operation = Some(operation.to_owned());
        let event = UsageEvent { operation, service_tier: told.map(str::to_owned), ..event("openai", model, &[]) };
        assert_eq!(input_rate(&book, &event), Ok(expected.to_owned()), "{model} {told:?}");
    }
}

#[test]
fn a_context_tier_is_a_cliff_on_all_input() {
    let mut gemini = simple("gcp.gemini", "gemini-2.5-pro", "1.25");
    gemini.tiers.push(tier(STANDARD, 200_000, &[("input", "2.5"), ("output", "15")]));
    gemini.tiers.push(tier(STANDARD, 500_000, &[("input", "4"), ("output", "20")]));
    let book = book(vec![gemini]);
    for (usage, expected) in [
        (&[("input", 200_000)][..], "1.25"),
        (&[("input", 200_001)], "2.5"),
        (&[("input", 1), ("cache_read", 200_000)], "2.5"),
        (&[("input", 1), ("output", 900_000)], "1.25"),
        (&[("input_video", 500_001)], "4"),
    ] {
        assert_eq!(input_rate(&book, &event("gcp.gemini", "gemini-2.5-pro", usage)), Ok(expected.to_owned()));
    }
}

#[test]
fn an_override_beats_the_book_under_any_name_of_the_model() {
    let mut gpt = simple("openai", "gpt-4o", "2.5");
    gpt.aliases = vec!["gpt-4o-2024-08-06".to_owned()];
    let shared = Arc::new(PriceBook::compile(vec![gpt, simple("openai", "gpt-5", "1.25")]).0);
    let own = Price { effective_from: Some(at("2026-06-01T00:00:00Z")), ..simple("openai", "gpt-4o", "2") };
    let local = simple("ollama", "llama3", "0");
    let book = PriceBook::for_tenant(shared, vec![own, local], vec![]);
    for (provider, model, time, expected) in [
        ("openai", "gpt-4o", "2026-06-15T00:00:00Z", ("2", Match::Override)),
        ("openai", "gpt-4o-2024-08-06", "2026-06-15T00:00:00Z", ("2", Match::Override)),
        ("openai", "gpt-4o", "2026-05-15T00:00:00Z", ("2.5", Match::RequestModel)),
        ("openai", "gpt-5", "2026-06-15T00:00:00Z", ("1.25", Match::RequestModel)),
        ("ollama", "llama3", "2026-06-15T00:00:00Z", ("0", Match::Override)),
    ] {
        let event = UsageEvent { occurred_at: at(time), ..event(provider, model, &[]) };
        let found = book.find(&event).expect("every model has a price");
        assert_eq!((found.rates[0].expect("a rate").to_string().as_str(), found.matched), expected, "{model} {time}");
    }
}

fn discount(id: &str, provider: Option<&str>, model: Option<&str>, percent_milli: u32) -> Discount {
    Discount {
        id: id.to_owned(),
        provider: provider.map(str::to_owned),
        model: model.map(str::to_owned),
        percent_milli,
        effective_from: None,
        effective_to: None,
    }
}

#[test]
fn the_most_specific_discount_applies_alone_and_changes_the_version() {
    let prices = vec![simple("openai", "a", "8"), simple("openai", "b", "8"), simple("x_ai", "c", "8")];
    let shared = Arc::new(PriceBook::compile(prices).0);
    let plain = PriceBook::for_tenant(shared.clone(), vec![], vec![]);
    let mut ended = discount("0", Some("openai"), Some("a"), 90_000);
    ended.effective_to = Some(at("2026-01-01T00:00:00Z"));
    let discounts = vec![
        discount("1", None, None, 10_000),
        discount("2", Some("openai"), None, 12_500),
        discount("3", Some("openai"), Some("a"), 50_000),
        ended,
    ];
    let book = PriceBook::for_tenant(shared, vec![], discounts);
    // 8 USD less 50 %, 12.5 % and 10 %.
    for (provider, model, expected) in [("openai", "a", "4"), ("openai", "b", "7"), ("x_ai", "c", "7.2")] {
        let event = event(provider, model, &[]);
        assert_eq!(input_rate(&book, &event), Ok(expected.to_owned()), "{model}");
        let version = |book: &TenantBook| book.find(&event).expect("a price").version.clone();
        assert_ne!(version(&book), version(&plain), "{model}");
    }
}

#[test]
fn an_override_is_not_discounted() {
    let shared = Arc::new(PriceBook::compile(vec![simple("openai", "a", "8")]).0);
    let book = PriceBook::for_tenant(shared, vec![simple("openai", "a", "6")], vec![discount("1", None, None, 50_000)]);
    assert_eq!(input_rate(&book, &event("openai", "a", &[])), Ok("6".to_owned()));
}

#[test]
fn an_override_takes_what_it_leaves_out_from_the_book() {
    let mut model = price("openai", "a", &[("input", "8"), ("cache_read", "4"), ("output", "20")]);
    model.tiers.push(tier(STANDARD, 200_000, &[("input", "16"), ("cache_read", "6"), ("output", "30")]));
    model.tiers.push(tier("batch", 0, &[("input", "4"), ("cache_read", "2"), ("output", "10")]));
    let shared = Arc::new(PriceBook::compile(vec![model]).0);
    let own = price("openai", "a", &[("input", "6")]);
    let full = PriceBook::for_tenant(shared.clone(), vec![own.clone()], vec![]);
    let less = PriceBook::for_tenant(shared.clone(), vec![own], vec![discount("1", None, None, 50_000)]);
    for (usage, service_tier, book, expected) in [
        // The agreed 6 for input at every size; all else as in the book.
        (1_000, None, &full, ["6", "4", "20"]),
        (300_000, None, &full, ["6", "6", "30"]),
        (1_000, Some("batch"), &full, ["4", "2", "10"]),
        // Half of what is the book's; the agreed rate is final.
        (1_000, None, &less, ["6", "2", "10"]),
        (1_000, Some("batch"), &less, ["2", "1", "5"]),
    ] {
        let service_tier = service_tier.map(str::to_owned);
        let event = UsageEvent { service_tier, ..event("openai", "a", &[("input", usage)]) };
        let found = book.find(&event).expect("a price");
        let leaves = [Leaf::Input, Leaf::CacheRead, Leaf::Output];
        let rates = leaves.map(|leaf| found.rates[leaf as usize].map_or("none".to_owned(), |rate| rate.to_string()));
        assert_eq!((rates.as_slice(), found.matched), (expected.map(str::to_owned).as_slice(), Match::Override));
    }
    let stranger = PriceBook::for_tenant(shared, vec![price("ours", "b", &[("input", "6")])], vec![]);
    let found = stranger.find(&event("ours", "b", &[])).expect("a price");
    assert_eq!(found.rates[Leaf::Output as usize], None, "nobody knows what it costs");
}

#[test]
fn a_tool_is_charged_by_the_tenants_own_price_only() {
    let own = |provider: &str, name: &str, usd_each: &str| {
        let mut price = price(provider, name, &[]);
        let rate = Rate::parse(usd_each, 1).expect("a literal of this test");
        price.tiers[0].units = std::collections::BTreeMap::from([("calls".to_owned(), rate)]);
        price
    };
    let shared = Arc::new(PriceBook::compile(vec![simple("openai", "search", "1")]).0);
    let overrides = vec![own(TOOL, "search", "0.01"), own(MCP, "tracker", "0.02"), own(MCP, "tracker/create", "0.03")];
    let book = PriceBook::for_tenant(shared.clone(), overrides, vec![]);
    let calls = purser_domain::unit::Quantity::whole(2).expect("a small number");
    let call = |tool: &str, server: Option<&str>| UsageEvent {
        operation: Some("execute_tool".to_owned()),
        tool: Some(tool.to_owned()),
        mcp_server: server.map(str::to_owned),
        units: std::collections::BTreeMap::from([("calls".to_owned(), calls)]),
        ..event("openai", tool, &[("requests", 0)])
    };
    for (tool, server, expected) in [
        ("search", None, Some("0.020000000000")),
        ("Search", None, Some("0.020000000000")),
        ("create", Some("tracker"), Some("0.060000000000")),
        ("list", Some("tracker"), Some("0.040000000000")),
        ("search", Some("elsewhere"), Some("0.020000000000")),
        ("read_file", None, None),
        ("list", Some("elsewhere"), None),
    ] {
        let event = call(tool, server);
        assert_eq!(book.prices_tool(&event), expected.is_some(), "{tool} {server:?}");
        let charge = crate::rating::rate(&book, &event);
        assert_eq!(charge.rated_usd.map(|usd| usd.to_string()).as_deref(), expected, "{tool} {server:?}");
    }
    let without = PriceBook::for_tenant(shared, vec![], vec![]);
    assert!(!without.prices_tool(&call("search", None)), "the book's model of that name is no tool");
}

#[test]
fn an_override_follows_the_books_dates_and_times_of_day() {
    let old = Price {
        effective_to: Some(at("2026-06-01T00:00:00Z")),
        ..price("openai", "a", &[("input", "8"), ("output", "20")])
    };
    let new = Price {
        effective_from: Some(at("2026-06-01T00:00:00Z")),
        ..price("openai", "a", &[("input", "8"), ("output", "10")])
    };
    let shared = Arc::new(PriceBook::compile(vec![old, new]).0);
    let book = PriceBook::for_tenant(shared, vec![price("openai", "a", &[("input", "6")])], vec![]);
    for (time, expected) in [("2026-05-31T00:00:00Z", "20"), ("2026-06-01T00:00:00Z", "10")] {
        let event = UsageEvent { occurred_at: at(time), ..event("openai", "a", &[]) };
        let found = book.find(&event).expect("a price");
        assert_eq!(
            found.rates[Leaf::Output as usize].map(|rate| rate.to_string()),
            Some(expected.to_owned()),
            "{time}"
        );
    }
}

#[test]
fn a_version_names_what_is_charged_and_nothing_else() {
    let price = simple("openai", "a", "8");
    let name = version(&price);
    assert_eq!(name, "pv_c33e9ff5d26d5e6b", "a version must never change between releases");
    let mut same = price.clone();
    same.source.retrieved = "2027-01-01".to_owned();
    same.aliases.push("b".to_owned());
    same.effective_to = Some(at("2027-01-01T00:00:00Z"));
    assert_eq!(version(&same), name);
    for other in [
        simple("openai", "a", "8.1"),
        simple("openai", "b", "8"),
        simple("x_ai", "a", "8"),
        Price { effective_from: Some(at("2026-01-01T00:00:00Z")), ..price.clone() },
        Price { daily: Some(DailyWindow::new(0, 60)), ..price },
    ] {
        assert_ne!(version(&other), name);
    }
}

proptest! {
    #[test]
    fn the_order_of_prices_changes_nothing(order in Just((0..9_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut prices: Vec<Price> = (0..9)
            .map(|n| simple("openai", ["a", "b", "c"][n % 3], &format!("{}", n + 1)))
            .collect();
        // Overlapping periods and claimed aliases: odd, but still the same in every order.
        prices[3].aliases = vec!["alias".to_owned(), "b".to_owned()];
        prices[4].aliases = vec!["alias".to_owned()];
        prices[6].effective_from = Some(at("2026-01-01T00:00:00Z"));
        let shuffled: Vec<Price> = order.iter().map(|index| prices[*index].clone()).collect();
        let (first, second) = (book(prices), book(shuffled));
        for name in ["a", "b", "c", "alias"] {
            let event = event("openai", name, &[]);
            let version = |book: &TenantBook| book.find(&event).map(|found| found.version.clone());
            prop_assert_eq!(version(&first), version(&second));
        }
    }
}
