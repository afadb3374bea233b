//! Advice is simulated, not guessed.

use purser_domain::estimate::{Advice, Change};
use purser_domain::price::Discount;

use super::*;
use crate::price_book;
use crate::simulation::v3::{compare, what_if};

fn steps() -> Value {
    json!([
        {"id": "ask", "llm": {"provider": "acme", "model": "large", "input_tokens": 1_000, "output_tokens": 100, "turns": 3,
            "latency_ms": 10, "failure": 0}},
        {"id": "calls", "loop": {"count": 4, "body": {"id": "call", "skill": "x", "retry": {"attempts": 3, "delay_ms": 0}, "on_error": "continue",
            "usage": {"cost_usd": 0.01, "latency_ms": 1, "failure": 0.5}}}}
    ])
}

fn advice(options: &Options) -> Vec<Advice> {
    World::new().run(&steps(), &Options { advice: true, draws: 2_000, ..options.clone() }).advice
}

fn saving(advice: &[Advice], wanted: &Change) -> Option<Money> {
    advice.iter().find(|advice| advice.change == *wanted).map(|advice| advice.saving_mean_usd)
}

#[test]
fn each_change_saves_what_hand_calculation_says() {
    let advice = advice(&Options::default());
    // Off: 1000 + 1100 + 1200 read at $3, 300 answered at $15: $0.0144.
    // Cached: 1200 written at $3.75, 2100 read at $0.3, answers: 0.0045 + 0.00063 + 0.0045.
    assert_eq!(saving(&advice, &Change::Cache), Some(usd("0.00477")));
    assert_eq!(saving(&advice, &Change::Batch), Some(usd("0.0072")), "half price");
    // small: 3300 · $0.5 + 300 · $2 = 0.00225. It is dearer than tiny, so it is the nearest.
    let switch = Change::SwitchModel { from: "acme/large".to_owned(), to: "acme/small".to_owned() };
    assert_eq!(saving(&advice, &switch), Some(usd("0.01215")));
    // 4 calls of 1.75 attempts on average: 2 calls fewer save 3.5 cents; no retries save 0.75 · 4 cents.
    let near = |change: &Change, expected: f64| {
        let saved = saving(&advice, change).map_or(0.0, |money| money.pico() as f64 / 1e12);
        assert!((saved - expected).abs() < 0.0015, "{change:?} {saved}");
    };
    near(&Change::HalveCounts, 0.035);
    near(&Change::NoRetries, 0.03);
    assert!(advice.windows(2).all(|two| two[0].saving_p90_usd >= two[1].saving_p90_usd));
}

#[test]
fn a_cheaper_model_is_found_under_a_tenants_own_prices() {
    let steps = json!([{"llm": {"model": "large", "input_tokens": 1_000, "output_tokens": 100, "latency_ms": 1, "failure": 0}}]);
    let switch = |overrides: Vec<Price>, discounts: Vec<Discount>| {
        let mut world = World::new();
        world.book = PriceBook::for_tenant(Arc::clone(world.book.book()), overrides, discounts);
        let advice = world.run(&steps, &Options { advice: true, ..quick() }).advice;
        saving(&advice, &Change::SwitchModel { from: "large".to_owned(), to: "acme/small".to_owned() })
    };
    // large: 1,000 · $3 + 100 · $15 = $0.0045; small: 1,000 · $0.5 + 100 · $2 = $0.0007.
    assert_eq!(switch(vec![], vec![]), Some(usd("0.0038")));
    let tenth = Discount {
        id: "tenth".to_owned(),
        provider: Some("acme".to_owned()),
        model: None,
        percent_milli: 10_000,
        effective_from: None,
        effective_to: None,
    };
    // A tenth off both: 0.9 · 0.0038.
    assert_eq!(switch(vec![], vec![tenth]), Some(usd("0.00342")));
    // An override at twice the price: 0.009 − 0.0007; one as cheap as small leaves nothing to switch to.
    let own = |prices| vec![price("large", vec![tier("standard", 0, prices)])];
    assert_eq!(switch(own(["6", "0.6", "7.5", "30"]), vec![]), Some(usd("0.0083")));
    assert_eq!(switch(own(["0.5", "0.05", "0.625", "2"]), vec![]), None);
}

#[test]
fn a_node_that_costs_little_is_neither_new_nor_gone() {
    let run = |dear: std::ops::Range<usize>| {
        let cost = |index: usize| if dear.contains(&index) { 2.0 } else { 1.0 };
        let free = fixed("free", if dear.is_empty() { 0.0 } else { 0.5 }, 0.0);
        let steps: Vec<Value> = (0..60).map(|i| fixed(&format!("n{i:02}"), cost(i), 0.0)).chain([free]).collect();
        World::new().run(&Value::from(steps), &quick())
    };
    let (before, after) = (run(0..0), run(49..60));
    // 60 and 61 drivers, 50 of which are shown.
    assert_eq!((before.drivers.len(), before.drivers_left_off), (50, 10));
    assert_eq!((after.drivers.len(), after.drivers_left_off), (50, 11));
    let difference = compare(&before, &after);
    let costs = |node: &str| {
        let found = difference.nodes.iter().find(|difference| difference.node == node);
        found.map(|difference| (difference.before_usd, difference.after_usd))
    };
    assert_eq!(difference.nodes.len(), 12);
    assert_eq!(costs("n59"), Some((Some(usd("1")), Some(usd("2")))));
    assert_eq!(costs("free"), Some((Some(usd("0")), Some(usd("0.5")))));
    // Read from text, nothing is known of what was left off: n49 is among the first 50 of both.
    let read = |estimate: &Estimate| -> Estimate {
        let text = serde_json::to_string(estimate).expect("it serialises");
        serde_json::from_str(&text).expect("it was written like that")
    };
    let told: Vec<String> = compare(&read(&before), &read(&after)).nodes.into_iter().map(|node| node.node).collect();
    assert_eq!(told, ["n49"]);
    // A node that is not there is told as such.
    let fewer = World::new().run(&json!([fixed("n00", 1.0, 0.0)]), &quick());
    let one = World::new().run(&json!([fixed("n00", 1.0, 0.0), fixed("n01", 1.0, 0.0)]), &quick());
    assert_eq!(compare(&fewer, &one).nodes[0].before_usd, None);
}

#[test]
fn the_basis_names_the_prices_of_the_advice() {
    let world = World::new();
    let mut versions: Vec<String> =
        ["large", "small"].map(|model| world.book.book().known_as(model)[0]).map(price_book::version).to_vec();
    let basis = |advice| world.run(&steps(), &Options { advice, ..quick() }).basis.price_versions;
    assert_eq!(basis(false), versions[..1]);
    // With advice the nearest cheaper model as well, in order.
    versions.sort();
    assert_eq!(basis(true), versions);
}

#[test]
fn alternatives_are_the_callers_if_told() {
    let options = Options { alternatives: vec!["acme/tiny".to_owned(), "acme/large".to_owned()], ..Options::default() };
    let switches: Vec<Change> = advice(&options)
        .into_iter()
        .map(|advice| advice.change)
        .filter(|change| matches!(change, Change::SwitchModel { .. }))
        .collect();
    assert_eq!(switches, [Change::SwitchModel { from: "acme/large".to_owned(), to: "acme/tiny".to_owned() }]);
}

#[test]
fn a_batch_is_no_advice_with_a_deadline() {
    let advice = advice(&Options { deadline_ms: Some(1_000_000), ..Options::default() });
    assert_eq!(saving(&advice, &Change::Batch), None);
    assert!(saving(&advice, &Change::Cache).is_some());
}

#[test]
fn what_saves_nothing_is_no_advice() {
    let estimate = World::new().run(&json!([{"skill": "kv_get"}]), &Options { advice: true, ..quick() });
    assert_eq!(estimate.advice, []);
}

#[test]
fn what_if_and_compare_show_the_change_alone() {
    let world = World::new();
    let plan = plan(&steps());
    let before = simulate(&plan, world.sources(), &quick(), 1).expect("it runs");
    let change = Change::SwitchModel { from: "large".to_owned(), to: "acme/small".to_owned() };
    let after = what_if(&plan, &[change], world.sources(), &quick(), 1).expect("it runs");
    let difference = compare(&before, &after);
    assert_eq!(difference.mean_usd, usd("-0.01215"));
    assert_eq!(difference.nodes.len(), 1);
    assert_eq!(difference.nodes[0].node, "ask");
    assert_eq!(
        (difference.nodes[0].before_usd, difference.nodes[0].after_usd),
        (Some(usd("0.0144")), Some(usd("0.00225")))
    );
    assert_eq!(difference.latency_p90_ms, 0);
    assert!(difference.feasibility_match);
    assert_eq!(compare(&before, &before).nodes, []);
}
