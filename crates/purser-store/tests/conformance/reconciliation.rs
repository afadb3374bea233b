//! Bills held against the ledger.

use purser_domain::money::Money;
use purser_domain::reconciliation::{Cause, Causes, Key, LeftOut, Reconciliation, Recorded, Row};
use purser_store::reconciliation::lowest_share;

use crate::database::{Database, at, tenant_id, with_tenant};

fn recorded(id: &str, micros: i64, unexplained: i64) -> Recorded {
    let key = Key { day: 20_000, provider: "openai".into(), model: "gpt-5".into(), service_tier: Some("batch".into()) };
    let causes = Causes::from([(Cause::Unexplained, Money::from_cents(unexplained))]);
    let (billed, rated) = (Money::from_cents(100), Money::from_cents(100 - unexplained));
    Recorded {
        id: id.to_owned(),
        name: "november.csv".to_owned(),
        kind: "openai-costs".to_owned(),
        recorded_at: at(micros),
        tolerance_millionths: 5_000,
        reconciliation: Reconciliation { rows: vec![Row { key, billed, rated, causes }] },
        left_out: vec![LeftOut { name: "storage".to_owned(), rows: 2, amount: Money::from_cents(7) }],
    }
}

pub(crate) async fn a_reconciliation_is_kept_as_it_was_made(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let kept = store.reconciliation(&acme);
    assert_eq!(lowest_share(&store).await, Ok(None));
    let (old, new) = (recorded("rec_a", 10, 40), recorded("rec_b", 20, 25));
    for one in [&old, &new] {
        kept.add(one).await.expect("a new reconciliation");
    }
    assert_eq!(kept.get("rec_a").await, Ok(Some(old.clone())));
    assert_eq!(kept.get("rec_c").await, Ok(None));
    assert_eq!(kept.list(10, None).await, Ok(vec![new.clone(), old.clone()]));
    assert_eq!(kept.list(10, Some((at(20), "rec_b"))).await, Ok(vec![old]));
    // The newest bill of that kind is what counts: 75 of 100 cents.
    assert_eq!(lowest_share(&store).await, Ok(Some(750_000)));
    assert!(kept.add(&new).await.is_err(), "the id is taken");
    let other = tenant_id("nobody");
    assert_eq!(store.reconciliation(&other).list(10, None).await, Ok(Vec::new()));
}
