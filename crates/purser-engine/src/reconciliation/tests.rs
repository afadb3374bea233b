//! Bills with one known fault each; values by hand.

use proptest::prelude::*;
use purser_domain::charge::Charge;
use purser_domain::entry::Kind;
use purser_domain::reconciliation::{Cause, Causes};
use purser_domain::tenant::TenantId;

use super::*;
use crate::price_book::tests::{at, book as book_of, event, price, tier};
use crate::rating;

/// gpt-x: 2 in, 0.5 cached, 8 out, batch half; a search 0.01.
fn book() -> TenantBook {
    let rates = [("input", "2"), ("cache_read", "0.5"), ("output", "8"), ("web_searches", "0.01")];
    let halves = [("input", "1"), ("cache_read", "0.25"), ("output", "4"), ("web_searches", "0.01")];
    let mut price = price("openai", "gpt-x", &rates);
    price.aliases = vec!["gpt-x-2026-01-01".to_owned()];
    price.tiers.push(tier("batch", 0, &halves));
    book_of(vec![price])
}

fn day() -> i32 {
    at("2026-06-15T12:00:00Z").utc_day()
}

fn line(meter: Meter, quantity: Option<u64>, usd: &str) -> BilledLine {
    let key = Key { day: day(), provider: "openai".into(), model: "gpt-x-2026-01-01".into(), service_tier: None };
    let quantities = match (&meter, quantity) {
        (Meter::Leaf(leaf), Some(quantity)) => vec![(*leaf, quantity)],
        _ => Vec::new(),
    };
    let amount = usd.parse().expect("a literal of this test");
    BilledLine { key, meter, quantities, amount, rounding: Money::ZERO }
}

fn entry(usage: &[(&str, u64)]) -> Entry {
    let event = event("openai", "gpt-x", usage);
    let charge: Charge = rating::rate(&book(), &event);
    let tenant: TenantId = "acme".parse().expect("a literal of this test");
    let received_at = event.occurred_at;
    Entry {
        tenant,
        event,
        witness: Default::default(),
        charge,
        kind: Kind::Charge,
        reason: None,
        note: None,
        import_id: None,
        received_at,
    }
}

fn compare(lines: &[BilledLine], entries: &[Entry]) -> Row {
    let book = book();
    let mut comparison = Comparison::new(lines, &book);
    for entry in entries {
        comparison.add(entry, &book);
    }
    let mut rows = comparison.finish(&book).rows;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn causes(pairs: &[(Cause, &str)]) -> Causes {
    pairs.iter().map(|(cause, usd)| (*cause, usd.parse().expect("a literal of this test"))).collect()
}

/// A million read, of which half a million cached, a hundred thousand written: 1 + 0.25 + 0.8 = 2.05 dollars.
const USED: [(&str, u64); 3] = [("input", 500_000), ("cache_read", 500_000), ("output", 100_000)];

fn billed(input: (u64, &str), cached: (u64, &str), output: (u64, &str)) -> Vec<BilledLine> {
    let leaf = |leaf, (quantity, usd): (u64, &str)| line(Meter::Leaf(leaf), Some(quantity), usd);
    vec![leaf(Leaf::Input, input), leaf(Leaf::CacheRead, cached), leaf(Leaf::Output, output)]
}

#[test]
fn an_equal_bill_has_no_causes() {
    let row = compare(&billed((500_000, "1"), (500_000, "0.25"), (100_000, "0.8")), &[entry(&USED)]);
    assert_eq!((row.billed, row.rated), ("2.05".parse().expect("usd"), "2.05".parse().expect("usd")));
    assert_eq!((row.key.model.as_str(), row.causes), ("gpt-x", Causes::new()));
}

#[test]
fn each_fault_has_its_name() {
    // 100,000 more written: 0.8.
    let more = billed((500_000, "1"), (500_000, "0.25"), (200_000, "1.6"));
    assert_eq!(compare(&more, &[entry(&USED)]).causes, causes(&[(Cause::MissingUsage, "0.8")]));
    // 100,000 fewer read: 0.2.
    let less = billed((400_000, "0.8"), (500_000, "0.25"), (100_000, "0.8"));
    assert_eq!(compare(&less, &[entry(&USED)]).causes, causes(&[(Cause::NotBilled, "-0.2")]));
    // 100,000 billed as input instead of cached: 100,000 × (2 − 0.5) per million.
    let uncached = billed((600_000, "1.2"), (400_000, "0.2"), (100_000, "0.8"));
    assert_eq!(compare(&uncached, &[entry(&USED)]).causes, causes(&[(Cause::CachedInput, "0.15")]));
    // The batch tier halves all: 1.025 less.
    let batch = billed((500_000, "0.5"), (500_000, "0.125"), (100_000, "0.4"));
    assert_eq!(compare(&batch, &[entry(&USED)]).causes, causes(&[(Cause::Tier, "-1.025")]));
    // 15 % off all: 0.3075.
    let discounted = billed((500_000, "0.85"), (500_000, "0.2125"), (100_000, "0.68"));
    assert_eq!(compare(&discounted, &[entry(&USED)]).causes, causes(&[(Cause::Discount, "-0.3075")]));
    // Output at 9 instead of 8: 0.1.
    let dearer = billed((500_000, "1"), (500_000, "0.25"), (100_000, "0.9"));
    assert_eq!(compare(&dearer, &[entry(&USED)]).causes, causes(&[(Cause::Price, "0.1")]));
    // Nothing of it was metered.
    let all = billed((500_000, "1"), (500_000, "0.25"), (100_000, "0.8"));
    assert_eq!(compare(&all, &[]).causes, causes(&[(Cause::MissingUsage, "2.05")]));
}

#[test]
fn tools_stand_apart() {
    let mut lines = billed((500_000, "1"), (500_000, "0.25"), (100_000, "0.8"));
    lines.push(line(Meter::Leaf(Leaf::WebSearches), None, "0.04"));
    lines.push(line(Meter::Unit("file_searches".to_owned()), None, "0.3"));
    let mut used = USED.to_vec();
    used.push(("web_searches", 3));
    // Three of four searches were metered, file searches were not: 0.01 + 0.3.
    assert_eq!(compare(&lines, &[entry(&used)]).causes, causes(&[(Cause::Tools, "0.31")]));
}

#[test]
fn amounts_alone_show_what_all_meters_share() {
    let amounts = |input, cached, output| {
        [(Leaf::Input, input), (Leaf::CacheRead, cached), (Leaf::Output, output)]
            .map(|(leaf, usd)| line(Meter::Leaf(leaf), None, usd))
    };
    let of = |lines: &[BilledLine]| compare(lines, &[entry(&USED)]).causes;
    assert_eq!(of(&amounts("0.5", "0.125", "0.4")), causes(&[(Cause::Tier, "-1.025")]));
    assert_eq!(of(&amounts("0.85", "0.2125", "0.68")), causes(&[(Cause::Discount, "-0.3075")]));
    assert_eq!(of(&amounts("1", "0.25", "0.9")), causes(&[(Cause::Unexplained, "0.1")]), "usage or price: not told");
    assert_eq!(of(&[line(Meter::Whole, None, "1.845")]), causes(&[(Cause::Discount, "-0.205")]), "ten percent");
    assert_eq!(of(&[line(Meter::Whole, None, "2.5")]), causes(&[(Cause::Unexplained, "0.45")]));
}

#[test]
fn a_bill_in_cents_is_rounded() {
    let mut whole = line(Meter::Whole, None, "2.05");
    whole.rounding = "0.005".parse().expect("usd");
    // 2.0512 was rated: 150 more written are 0.0012.
    let mut used = USED;
    used[2].1 += 150;
    assert_eq!(compare(std::slice::from_ref(&whole), &[entry(&used)]).causes, causes(&[(Cause::Rounding, "-0.0012")]));
}

#[test]
fn usage_of_other_days_and_providers_is_not_compared() {
    let mut late = entry(&USED);
    late.event.occurred_at = at("2026-06-16T12:00:00Z");
    let mut other = entry(&USED);
    other.event.provider = "anthropic".to_owned();
    let lines = billed((500_000, "1"), (500_000, "0.25"), (100_000, "0.8"));
    assert_eq!(compare(&lines, &[entry(&USED), late, other]).causes, Causes::new());
}

#[test]
fn names_that_bills_print_are_found() {
    for (printed, model) in [
        ("Claude Sonnet 4.5", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("ClaudeSonnet4.5", "claude-sonnet-4-5"),
        ("Nova2.0Lite", "amazon.nova-2-0-lite-v1:0"),
    ] {
        assert_eq!(slug(printed), slug(model), "{printed}");
    }
    assert_ne!(slug("Claude Sonnet 4.5"), slug("claude-sonnet-4"));
    let mut named = line(Meter::Leaf(Leaf::Input), Some(500_000), "1");
    named.key.model = "GPT X".to_owned();
    assert_eq!(compare(&[named], &[entry(&[("input", 500_000)])]).causes, Causes::new());
}

proptest! {
    #[test]
    fn causes_add_up_to_the_difference(
        billed in prop::collection::vec((0_u64..1_000_000, 0_i128..5_000_000_000_000, any::<bool>()), 4),
        used in prop::collection::vec(0_u64..1_000_000, 4),
        whole in 0_i128..5_000_000_000_000,
        rounding in 0_i128..5_000_000_000,
    ) {
        let leaves = [Leaf::Input, Leaf::CacheRead, Leaf::Output, Leaf::WebSearches];
        let mut lines: Vec<BilledLine> = Vec::new();
        for (leaf, (quantity, pico, told)) in leaves.into_iter().zip(billed) {
            let mut line = line(Meter::Leaf(leaf), told.then_some(quantity), "0");
            line.amount = Money::from_pico(pico);
            line.rounding = Money::from_pico(rounding);
            lines.push(line);
        }
        if whole % 3 == 0 {
            let mut line = line(Meter::Whole, None, "0");
            line.amount = Money::from_pico(whole);
            lines.push(line);
        }
        let used: Vec<(&str, u64)> = leaves.iter().map(|leaf| leaf.name()).zip(used).collect();
        let row = compare(&lines, &[entry(&used)]);
        let sum: Money = row.causes.values().copied().sum();
        prop_assert_eq!(sum.pico(), row.billed.pico() - row.rated.pico());
    }
}
