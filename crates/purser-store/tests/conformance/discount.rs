//! Discounts.

use purser_domain::price::Discount;
use purser_store::Error;

use crate::database::{Database, at, with_tenant};

pub(crate) fn discount(id: &str, percent_milli: u32) -> Discount {
    Discount { id: id.to_owned(), provider: None, model: None, percent_milli, effective_from: None, effective_to: None }
}

pub(crate) async fn a_discount_round_trips(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let discounts = store.discount(&acme);
    let full = Discount {
        provider: Some("openai".to_owned()),
        model: Some("gpt-5".to_owned()),
        effective_from: Some(at(-5)),
        effective_to: Some(at(7)),
        ..discount("d_2", 100_000)
    };
    for one in [&full, &discount("d_1", 0)] {
        discounts.set(one, at(100)).await.expect("a new discount");
    }
    assert_eq!(discounts.list().await, Ok(vec![discount("d_1", 0), full]));
}

pub(crate) async fn nulls_are_equal_in_a_discounts_key(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let discounts = store.discount(&acme);
    discounts.set(&discount("d_1", 10_000), at(100)).await.expect("a new discount");
    discounts.set(&discount("d_2", 12_500), at(101)).await.expect("the same period");
    let openai = Discount { provider: Some("openai".to_owned()), ..discount("d_3", 5) };
    discounts.set(&openai, at(102)).await.expect("another provider");
    let in_force: Vec<String> = discounts.list().await.expect("the list").into_iter().map(|one| one.id).collect();
    assert_eq!(in_force, ["d_2", "d_3"]);
    let history = discounts.history().await.expect("the history");
    assert_eq!(history[0].retired_at, Some(at(101)));
}

pub(crate) async fn a_discount_ends_by_a_new_revision(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let discounts = store.discount(&acme);
    discounts.set(&discount("d_1", 10_000), at(100)).await.expect("a new discount");
    let ended = discounts.end("d_1", at(50), at(101)).await.expect("a known discount").expect("it had started");
    assert_eq!((ended.number, ended.of.effective_to, ended.set_at), (2, Some(at(50)), at(101)));
    assert_eq!(discounts.list().await, Ok(vec![ended.of.clone()]));
    let history = discounts.history().await.expect("the history");
    assert_eq!((history.len(), &history[1]), (2, &ended));
    assert!(matches!(discounts.end("d_2", at(50), at(101)).await, Err(Error::NotFound(_))));
}

pub(crate) async fn a_discount_over_a_hundred_percent_is_refused(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let refused = store.discount(&acme).set(&discount("d_1", 100_001), at(1)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert_eq!(store.discount(&acme).history().await, Ok(Vec::new()));
}
