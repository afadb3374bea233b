//! A tenant's own prices.

use purser_domain::price::{DailyWindow, Price, Rate, Source, Tier};
use purser_domain::usage::Leaf;
use purser_store::Error;
use purser_store::price_override::PriceOverride;
use sea_orm::ConnectionTrait;

use crate::database::{Database, at, with_tenant};

pub(crate) fn price(model: &str, effective_from: Option<i64>) -> Price {
    let mut rates = [None; Leaf::COUNT];
    rates[0] = Rate::new(5_000_000, 3);
    rates[4] = Some(Rate::FREE);
    let source = Source { catalogue: "tenant".to_owned(), url: None, retrieved: "2026-11-20".to_owned() };
    Price {
        provider: "openai".to_owned(),
        model: model.to_owned(),
        aliases: vec!["an \"alias\"".to_owned()],
        effective_from: effective_from.map(at),
        effective_to: None,
        daily: None,
        factors: Vec::new(),
        tiers: vec![
            Tier::new("standard", 0, rates),
            Tier {
                source: Some(Source { url: Some("https://example.com".to_owned()), ..source.clone() }),
                ..Tier::new("batch", 200_000, rates)
            },
        ],
        source,
    }
}

pub(crate) fn own(id: &str, price: Price) -> PriceOverride {
    PriceOverride { id: id.to_owned(), price }
}

pub(crate) async fn a_price_round_trips_exactly(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let prices = store.price_override(&acme);
    let daily = Some(DailyWindow::new(990, 30));
    let all = [
        price("m", None),
        price("m", Some(i64::MIN + 2)),
        price("m", Some(5)),
        Price { effective_to: Some(at(9)), daily, ..price("n", Some(5)) },
    ];
    for (index, price) in all.iter().enumerate().rev() {
        let set = prices.set(&own(&format!("po_{index}"), price.clone()), at(100)).await.expect("a new price");
        assert_eq!((set.number, &set.of.price), (1, price));
    }
    let listed: Vec<Price> = prices.list().await.expect("the list").into_iter().map(|own| own.price).collect();
    assert_eq!(listed, all);
}

pub(crate) async fn nulls_are_equal_in_a_prices_key(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let prices = store.price_override(&acme);
    prices.set(&own("po_1", price("m", None)), at(100)).await.expect("a new price");
    let daily = Some(DailyWindow::new(0, 30));
    prices.set(&own("po_2", Price { daily, ..price("m", None) }), at(101)).await.expect("another time of day");
    let cheaper = Price { tiers: vec![price("m", None).tiers[1].clone()], ..price("m", None) };
    prices.set(&own("po_3", cheaper), at(102)).await.expect("the first one's period");
    let in_force: Vec<String> = prices.list().await.expect("the list").into_iter().map(|own| own.id).collect();
    assert_eq!(in_force, ["po_2", "po_3"]);
    let history = prices.history().await.expect("the history");
    let retired: Vec<_> = history.iter().map(|set| (set.of.id.as_str(), set.retired_at)).collect();
    assert_eq!(retired, [("po_1", Some(at(102))), ("po_2", None), ("po_3", None)]);
}

pub(crate) async fn a_price_ends_by_a_new_revision(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let prices = store.price_override(&acme);
    prices.set(&own("po_1", price("m", Some(5))), at(100)).await.expect("a new price");
    let ended = prices.end("po_1", at(50), at(101)).await.expect("a known price").expect("it had started");
    assert_eq!((ended.number, ended.of.price.effective_to), (2, Some(at(50))));
    assert_eq!(prices.list().await, Ok(vec![ended.of.clone()]));
    let history = prices.history().await.expect("the history");
    assert_eq!(history[1], ended);
    assert_eq!(history[0].of.price, price("m", Some(5)), "the first revision is as it was");
    assert_eq!(prices.end("po_2", at(50), at(101)).await, Err(Error::NotFound("price override \"po_2\"".to_owned())));
}

pub(crate) async fn a_price_that_never_started_ends_without_a_trace_in_force(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let prices = store.price_override(&acme);
    prices.set(&own("po_1", price("m", Some(50))), at(10)).await.expect("a new price");
    assert_eq!(prices.end("po_1", at(50), at(11)).await, Ok(None));
    assert_eq!(prices.list().await, Ok(Vec::new()));
    assert_eq!(prices.history().await.map(|all| all.len()), Ok(1));
    let empty = Price { effective_to: Some(at(50)), ..price("m", Some(50)) };
    assert!(matches!(prices.set(&own("po_2", empty), at(12)).await, Err(Error::Conflict(_))), "an empty period");
}

pub(crate) async fn the_schema_itself_refuses_two_prices_in_force(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    store.price_override(&acme).set(&own("po_1", price("m", None)), at(1)).await.expect("a new price");
    let copy = "INSERT INTO price_override (tenant_id, id, revision, provider, model, aliases, tiers, source_catalogue,
        source_retrieved, set_at) SELECT tenant_id, 'po_2', 1, provider, model, aliases, tiers, source_catalogue,
        source_retrieved, set_at FROM price_override";
    let refused = database.raw().await.execute_unprepared(copy).await.expect_err("both start at null");
    assert!(refused.sql_err().is_some(), "{refused}");
}
