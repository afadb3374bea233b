//! Corrections take back exactly the charge in force, once.

use purser_domain::charge::{Charge, Match};
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::money::Money;
use purser_domain::usage::Leaf;
use purser_ledger::{AppendError, Applied, Correction, Draft, EntryFilter, Outcome, Page};

use crate::support::{TestLedger, acme, draft, rate};

async fn charges(ledger: &TestLedger) -> Vec<Entry> {
    let filter = EntryFilter { kinds: vec![Kind::Charge], ..EntryFilter::default() };
    ledger.ledger.entries(&acme(), &filter, Page { before: None, limit: 10 }).await.expect("a page")
}

fn rerate(entry: &Entry, pico: i128) -> Correction {
    let amount = Some(Money::from_pico(pico));
    let mut charge = Charge { rated_usd: amount, matched: Match::Override, ..Charge::default() };
    charge.amounts[Leaf::Input as usize] = amount;
    Correction { reverses: entry.clone(), reason: Reason::Rerate, note: None, replacement: Some(charge) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rerated_event_costs_what_it_costs_now() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![draft("a", 10), draft("b", 5)]).await;
    ledger.ledger.flush().await.expect("a flush");
    let old = charges(&ledger).await.into_iter().find(|entry| entry.event.event_id == "a").expect("a is there");
    assert_eq!(ledger.ledger.correct(vec![rerate(&old, 7)], &rate()).await.expect("applied"), [Applied::Yes]);
    let total = ledger.total().await;
    assert_eq!((total.charged, total.cost, total.get(Leaf::Input)), (2, Money::from_pico(12), 15));
    assert_eq!(ledger.ledger.correct(vec![rerate(&old, 8)], &rate()).await.expect("answered"), [Applied::Stale]);
    assert_eq!(ledger.append(vec![draft("a", 10)]).await, [Outcome::Duplicate]);
    let ledger = ledger.lose_index().await;
    assert_eq!(ledger.ledger.correct(vec![rerate(&old, 8)], &rate()).await.expect("answered"), [Applied::Stale]);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_event_counts_nothing_and_stays_known() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![draft("a", 10)]).await;
    let old = charges(&ledger).await;
    let note = Some("sent twice".to_owned());
    let void = Correction { reverses: old[0].clone(), reason: Reason::Void, note: note.clone(), replacement: None };
    assert_eq!(
        ledger.ledger.correct(vec![void.clone(), void], &rate()).await.expect("answered"),
        [Applied::Yes, Applied::Stale]
    );
    let total = ledger.total().await;
    assert_eq!((total.charged, total.cost), (0, Money::ZERO));
    assert_eq!(ledger.append(vec![draft("a", 10)]).await, [Outcome::Duplicate]);
    let history = ledger.ledger.entry_history(&acme(), None, "a").await.expect("a history");
    assert_eq!(history.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::Charge, Kind::Reversal]);
    assert_eq!((history[1].reason, &history[1].note), (Some(Reason::Void), &note));
    assert_eq!(history[0].note, None);
    assert_eq!(history[1].charge, history[0].charge);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_event_counts_again_when_it_is_imported_or_comes_corrected() {
    let ledger = TestLedger::new().await;
    let by_import = |import: &str| Draft { import_id: Some(import.to_owned()), ..draft("a", 10) };
    ledger.append(vec![by_import("one")]).await;
    void_newest(&ledger).await;
    assert_eq!(ledger.append(vec![draft("a", 10)]).await, [Outcome::Duplicate], "a client's retry undoes no void");
    assert_eq!(ledger.append(vec![by_import("two"), by_import("two")]).await, [Outcome::Accepted, Outcome::Duplicate]);
    assert_eq!(ledger.append(vec![by_import("three")]).await, [Outcome::Duplicate]);
    assert_eq!(ledger.append(vec![draft("a", 12)]).await, [Outcome::Conflict]);
    let ledger = ledger.lose_index().await;
    void_newest(&ledger).await;
    let mut corrected = draft("a", 12);
    corrected.event.occurred_at = corrected.event.occurred_at.plus_micros(-48 * crate::support::HOUR);
    assert_eq!(ledger.append(vec![corrected.clone()]).await, [Outcome::Accepted], "another payload is a correction");
    ledger.ledger.flush().await.expect("a flush");
    assert_eq!(ledger.append(vec![corrected]).await, [Outcome::Duplicate]);
    assert_eq!(ledger.total().await.cost, Money::from_pico(12));
    for ledger in [ledger.lose_index().await] {
        let history = ledger.ledger.entry_history(&acme(), Some("api"), "a").await.expect("a history");
        assert_eq!(history.len(), 5, "three charges and two reversals, on two days");
        ledger.assert_sound().await;
    }
}

async fn void_newest(ledger: &TestLedger) {
    let newest = charges(ledger).await.swap_remove(0);
    let void = Correction { reverses: newest, reason: Reason::Void, note: None, replacement: None };
    assert_eq!(ledger.ledger.correct(vec![void], &rate()).await.expect("answered"), [Applied::Yes]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_no_row_can_hold_is_refused() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![draft("a", 10)]).await;
    let old = charges(&ledger).await;
    let refused = ledger.ledger.correct(vec![rerate(&old[0], i128::MAX / 2)], &rate()).await;
    assert!(matches!(refused, Err(AppendError::Unstorable { index: 0, .. })), "{refused:?}");
}
