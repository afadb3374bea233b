//! One call seen by several instrumentations is charged once, whatever the order in which they arrive.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use purser_domain::attribution::{Attribution, SpanContext};
use purser_domain::entry::{Kind, Reason};
use purser_domain::money::Money;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_ledger::{Applied, Correction, Draft, Outcome};

use crate::support::{NOW, SECOND, TestLedger, acme, draft, rate};

/// A sighting of the call `response` that ended `end_s` seconds from now after `latency_s` and read `total` tokens,
/// `cached` of them from a cache: it costs the others.
fn sighting(id: &str, response: &str, end_s: i64, latency_s: u64, total: u64, cached: u64) -> Draft {
    let mut draft = draft(id, total - cached);
    draft.event.source = "otlp".to_owned();
    draft.event.response_id = Some(format!("chatcmpl-000000000{response}"));
    draft.event.occurred_at = Timestamp::from_micros(NOW + end_s * SECOND);
    draft.event.latency_ms = Some(latency_s * 1_000);
    draft.event.usage.set(Leaf::CacheRead, cached);
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn the_more_specific_sighting_is_charged_though_it_comes_later() {
    let ledger = TestLedger::new().await;
    let (rough, exact) = (sighting("a", "r1", 10, 3, 100, 0), sighting("b", "r1", 11, 3, 100, 5));
    assert_eq!(ledger.append(vec![rough.clone()]).await, [Outcome::Accepted]);
    assert_eq!(ledger.append(vec![exact.clone()]).await, [Outcome::Accepted]);
    let total = ledger.total().await;
    assert_eq!((total.charged, total.cost, total.get(Leaf::CacheRead)), (1, Money::from_pico(95), 5));
    let history = ledger.ledger.entry_history(&acme(), Some("otlp"), "a").await.expect("a history");
    let kinds: Vec<_> = history.iter().map(|entry| (entry.kind, entry.reason)).collect();
    assert_eq!(kinds, [(Kind::Charge, None), (Kind::Reversal, Some(Reason::Observation))]);
    assert_eq!(ledger.append(vec![rough, exact]).await, [Outcome::Duplicate; 2]);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_record_and_a_span_of_one_call_are_one_charge_in_any_order() {
    let record = || {
        let mut record = sighting("record", "", 10, 0, 100, 5);
        (record.event.response_id, record.event.latency_ms) = (None, None);
        record.witness.emitter = Some("agent.logs".into());
        record
    };
    let span = || {
        let mut span = sighting("span", "", 10, 2, 100, 5);
        span.event.response_id = None;
        (span.event.trace_id, span.event.span_id) = (Some("7".repeat(32)), Some("7".repeat(16)));
        span.witness.emitter = Some("agent.spans".into());
        span
    };
    for order in [[record(), span()], [span(), record()]] {
        let ledger = TestLedger::new().await;
        for draft in order {
            ledger.append(vec![draft]).await;
        }
        let total = ledger.total().await;
        assert_eq!((total.charged, total.cost), (1, Money::from_pico(95)));
        ledger.assert_sound().await;
    }
    // A program's own events name their calls; two of equal counts are two.
    let ledger = TestLedger::new().await;
    let mut own = record();
    (own.event.source, own.witness.emitter) = ("api".to_owned(), None);
    ledger.append(vec![own.clone(), span()]).await;
    assert_eq!(ledger.total().await.charged, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversed_charge_is_found_in_the_lake_and_after_the_index_was_lost() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![sighting("a", "r1", 10, 3, 100, 0), sighting("x", "r2", 10, 3, 7, 0)]).await;
    ledger.ledger.flush().await.expect("a flush");
    let ledger = ledger.lose_index().await;
    assert_eq!(ledger.append(vec![sighting("b", "r1", 11, 3, 100, 5)]).await, [Outcome::Accepted]);
    assert_eq!(ledger.total().await.cost, Money::from_pico(95 + 7));
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rougher_sighting_that_comes_later_is_kept_but_not_charged() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![sighting("b", "r1", 11, 3, 100, 5)]).await;
    assert_eq!(ledger.append(vec![sighting("a", "r1", 10, 3, 100, 0)]).await, [Outcome::Observation]);
    let total = ledger.total().await;
    assert_eq!((total.charged, total.cost), (1, Money::from_pico(95)));
    let history = ledger.ledger.entry_history(&acme(), None, "a").await.expect("a history");
    assert_eq!(history[0].kind, Kind::Observation);
    assert_eq!(history[0].event.usage.get(Leaf::Input), 100, "what it saw is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_sighting_does_not_win_over_one_that_comes_later() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![sighting("a", "r1", 10, 3, 90, 5)]).await;
    let history = ledger.ledger.entry_history(&acme(), None, "a").await.expect("a history");
    let void = Correction { reverses: history[0].clone(), reason: Reason::Void, note: None, replacement: None };
    assert_eq!(ledger.ledger.correct(vec![void], &rate()).await.expect("answered"), [Applied::Yes]);
    assert_eq!(ledger.append(vec![sighting("b", "r1", 10, 3, 70, 0)]).await, [Outcome::Accepted]);
    assert_eq!(ledger.append(vec![sighting("c", "r1", 11, 3, 70, 0)]).await, [Outcome::Observation], "b is in force");
    assert_eq!(ledger.total().await.cost, Money::from_pico(70));
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sightings_in_one_request_write_two_rows() {
    let ledger = TestLedger::new().await;
    let both = vec![sighting("a", "r1", 10, 3, 100, 0), sighting("b", "r1", 11, 3, 100, 5)];
    assert_eq!(ledger.append(both).await, [Outcome::Observation, Outcome::Accepted]);
    assert_eq!(ledger.total().await.cost, Money::from_pico(95));
    assert_eq!(ledger.ledger.stats().await.expect("sizes").inbox_rows, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_with_one_response_id_at_other_times_or_of_other_counts_are_other_calls() {
    let ledger = TestLedger::new().await;
    let apart = vec![
        sighting("a", "r1", 10, 3, 100, 0),
        sighting("b", "r1", 60, 3, 100, 5),
        sighting("c", "r1", 10, 3, 999, 0),
    ];
    assert_eq!(ledger.append(apart).await, [Outcome::Accepted; 3]);
    let mut renamed = sighting("d", "r1", 10, 3, 100, 0);
    renamed.event.provider = "azure.ai.openai".to_owned();
    assert_eq!(ledger.append(vec![renamed]).await, [Outcome::Observation], "a gateway renames the provider");
    assert_eq!(ledger.total().await.charged, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_charge_has_what_any_sighting_knows_and_each_sightings_row_what_it_said() {
    let ledger = TestLedger::new().await;
    let (mut app, exact) = (sighting("a", "r1", 10, 3, 100, 0), sighting("b", "r1", 11, 3, 100, 5));
    app.event.user_id = Some("ada".to_owned());
    app.event.service_tier = Some("flex".to_owned());
    ledger.append(vec![exact]).await;
    assert_eq!(ledger.append(vec![app.clone()]).await, [Outcome::Observation]);
    let history = ledger.ledger.entry_history(&acme(), Some("otlp"), "b").await.expect("a history");
    let shown: Vec<_> =
        history.iter().map(|entry| (entry.kind, entry.reason, entry.event.user_id.as_deref())).collect();
    let expected = [
        (Kind::Charge, None, None),
        (Kind::Reversal, Some(Reason::Observation), None),
        (Kind::Charge, Some(Reason::Observation), Some("ada")),
    ];
    assert_eq!(shown, expected);
    assert_eq!(history[2].event.service_tier.as_deref(), Some("flex"));
    assert_eq!(ledger.append(vec![app]).await, [Outcome::Duplicate], "what is sent again is not what was merged");
    let total = ledger.total().await;
    assert_eq!((total.charged, total.cost), (1, Money::from_pico(95)));
    // Without the one that knew the user, nobody knows the user.
    void(&ledger, "a").await;
    let history = ledger.ledger.entry_history(&acme(), Some("otlp"), "b").await.expect("a history");
    assert_eq!(history.last().map(|entry| (entry.kind, entry.event.user_id.clone())), Some((Kind::Charge, None)));
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_inside_a_call_and_one_without_an_id_are_found_in_any_order_and_without_the_index() {
    let span = |id: &str, parent: Option<&str>, emitter: &str| {
        let mut draft = sighting(&format!("t:{id}"), "", 10, 3, 100, 0);
        draft.event.response_id = None;
        draft.event.trace_id = Some("t".to_owned());
        draft.event.span_id = Some(id.to_owned());
        draft.event.parent_span_id = parent.map(str::to_owned);
        draft.witness.emitter = Some(emitter.into());
        draft
    };
    let (outer, inner) = (span("1", None, "adk"), span("2", Some("1"), "adk"));
    let mut elsewhere = span("3", None, "langchain");
    elsewhere.event.trace_id = Some("u".to_owned());
    elsewhere.event.event_id = "u:3".to_owned();
    elsewhere.event.latency_ms = Some(3_500);
    elsewhere.event.user_id = Some("ada".to_owned());
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, 0]] {
        let mut ledger = TestLedger::new().await;
        let all = [outer.clone(), inner.clone(), elsewhere.clone()];
        for (number, place) in order.into_iter().enumerate() {
            ledger.append(vec![all[place].clone()]).await;
            if number == 0 {
                ledger.ledger.flush().await.expect("a flush");
                ledger = ledger.lose_index().await;
            }
        }
        let total = ledger.total().await;
        assert_eq!((total.charged, total.cost), (1, Money::from_pico(100)), "{order:?}");
        let history = ledger.ledger.entry_history(&acme(), Some("otlp"), "t:1").await.expect("a history");
        let charge = history.last().expect("a charge");
        assert_eq!((charge.kind, charge.event.user_id.as_deref()), (Kind::Charge, Some("ada")), "{order:?}");
        ledger.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_spent_a_call_stands_on_a_span_around_it_that_comes_before_or_after() {
    let mut call = sighting("t:3", "r1", 10, 3, 100, 0);
    call.event.trace_id = Some("t".to_owned());
    call.event.span_id = Some("3".to_owned());
    call.event.parent_span_id = Some("2".to_owned());
    let context = |span: &str, parent: Option<&str>, user: Option<&str>| SpanContext {
        trace_id: "t".to_owned(),
        span_id: span.to_owned(),
        parent_span_id: parent.map(str::to_owned),
        attribution: Attribution { user_id: user.map(str::to_owned), ..Attribution::default() },
    };
    let (step, agent) = (context("2", Some("1"), None), context("1", None, Some("ada")));
    for order in ["csa", "asc", "sca", "acs"] {
        let mut ledger = TestLedger::new().await;
        for which in order.chars() {
            let contexts = match which {
                's' => vec![step.clone()],
                'a' => vec![agent.clone()],
                _ => Vec::new(),
            };
            ledger.ledger.surround(&acme(), contexts, &rate()).await.expect("kept");
            if which == 'c' {
                assert_eq!(ledger.append(vec![call.clone()]).await, [Outcome::Accepted]);
                ledger.ledger.flush().await.expect("a flush");
                ledger = ledger.crash().await;
            }
        }
        let newest = |history: Vec<purser_domain::entry::Entry>| {
            history.last().map(|entry| (entry.kind, entry.event.user_id.clone()))
        };
        let history = ledger.ledger.entry_history(&acme(), None, "t:3").await.expect("a history");
        assert_eq!(newest(history), Some((Kind::Charge, Some("ada".to_owned()))), "{order}");
        assert_eq!(ledger.append(vec![call.clone()]).await, [Outcome::Duplicate], "{order}");
        // Another sighting after the contexts are lost: what they told is in the rows.
        let ledger = ledger.lose_index().await;
        assert_eq!(ledger.append(vec![sighting("x", "r1", 11, 3, 100, 5)]).await, [Outcome::Accepted]);
        let history = ledger.ledger.entry_history(&acme(), None, "x").await.expect("a history");
        assert_eq!(newest(history), Some((Kind::Charge, Some("ada".to_owned()))), "{order}");
        assert_eq!((ledger.total().await.charged, ledger.total().await.cost), (1, Money::from_pico(95)));
        ledger.assert_sound().await;
    }
}

/// Appends in the order of `keys`, cut into requests, with a flush now and then.
async fn total_in_order(drafts: &[Draft], keys: &[u32]) -> (i64, Money, i64) {
    let ledger = TestLedger::new().await;
    let mut shuffled: Vec<_> = keys.iter().zip(drafts.iter().cloned()).collect();
    shuffled.sort_by_key(|(key, _)| **key);
    for (number, part) in shuffled.chunks(1 + keys[0] as usize % 4).enumerate() {
        ledger.append(part.iter().map(|(_, draft)| draft.clone()).collect()).await;
        if number % 3 == 1 {
            ledger.ledger.flush().await.expect("a flush");
        }
    }
    ledger.assert_sound().await;
    let total = ledger.total().await;
    (total.charged, total.cost, total.get(Leaf::CacheRead))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_sighting_leaves_the_call_to_the_next_best() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![sighting("a", "r1", 10, 3, 100, 0), sighting("b", "r1", 11, 3, 100, 5)]).await;
    ledger.append(vec![sighting("c", "r1", 11, 3, 100, 0)]).await;
    let ledger = ledger.lose_index().await;
    void(&ledger, "b").await;
    assert_eq!(ledger.total().await.cost, Money::from_pico(100), "a and c saw as much: the smaller id is charged");
    void(&ledger, "c").await;
    assert_eq!(ledger.total().await.cost, Money::from_pico(100), "an observation counted nothing");
    void(&ledger, "a").await;
    assert_eq!(ledger.total().await.charged, 0);
    let history = ledger.ledger.entry_history(&acme(), Some("otlp"), "a").await.expect("a history");
    let kinds: Vec<_> = history.iter().map(|entry| (entry.kind, entry.reason)).collect();
    let expected =
        [(Kind::Observation, None), (Kind::Charge, Some(Reason::Observation)), (Kind::Reversal, Some(Reason::Void))];
    assert_eq!(kinds, expected);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_sighting_is_not_charged_beside_the_one_that_replaced_a_withdrawn_one() {
    let ledger = TestLedger::new().await;
    ledger.append(vec![sighting("a", "r1", 10, 3, 90, 5)]).await;
    void(&ledger, "a").await;
    assert_eq!(ledger.append(vec![sighting("b", "r1", 10, 3, 70, 0)]).await, [Outcome::Accepted]);
    ledger.ledger.flush().await.expect("a flush");
    let ledger = ledger.lose_index().await;
    assert_eq!(ledger.append(vec![sighting("c", "r1", 11, 3, 70, 0)]).await, [Outcome::Observation], "b is in force");
    assert_eq!(ledger.total().await.cost, Money::from_pico(70));
    ledger.assert_sound().await;
}

/// Withdraws an event by its newest row, if it has one: whether it did.
async fn void(ledger: &TestLedger, id: &str) -> bool {
    let history = ledger.ledger.entry_history(&acme(), Some("otlp"), id).await.expect("a history");
    let Some(newest) = history.last() else { return false };
    let void = Correction { reverses: newest.clone(), reason: Reason::Void, note: None, replacement: None };
    ledger.ledger.correct(vec![void], &rate()).await.expect("answered") == [Applied::Yes]
}

/// What happens to the event of one number.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// It comes, in one of two shapes, from an import or not.
    Come(bool, bool),
    Void,
    Flush,
}

/// What an event is to the model: which shape was stored last, and whether it counts.
type Standing = Option<(bool, bool)>;

fn shape(number: usize, other: bool, import: bool) -> Draft {
    let n = number as i64;
    let response = (number + usize::from(other)) % 2;
    let end = n * 2 + if other { 100_000 } else { 0 };
    let total = 100 + response as u64;
    let mut draft = sighting(&format!("e{number}"), &format!("r{response}"), end, 2, total, (number % 3) as u64);
    draft.event.user_id = number.is_multiple_of(2).then(|| format!("u{number}"));
    draft.import_id = import.then(|| "imp".to_owned());
    draft
}

async fn take(ledger: &TestLedger, known: &mut [Standing], number: usize, step: Step) {
    match step {
        Step::Come(other, import) => {
            ledger.append(vec![shape(number, other, import)]).await;
            let counts = match known[number] {
                None => true,
                Some((stored, live)) => !live && (import || stored != other),
            };
            if counts {
                known[number] = Some((other, true));
            }
        }
        Step::Void => {
            void(ledger, &format!("e{number}")).await;
            known[number] = known[number].map(|(other, _)| (other, false));
        }
        Step::Flush => drop(ledger.ledger.flush().await.expect("a flush")),
    }
}

#[test]
fn a_withdrawn_event_leaves_no_trace_in_the_totals_with_or_without_the_index() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let step = prop_oneof![
        5 => (any::<bool>(), any::<bool>()).prop_map(|(other, import)| Step::Come(other, import)),
        3 => Just(Step::Void),
        1 => Just(Step::Flush),
    ];
    let steps = prop::collection::vec((0_usize..5, step), 4..24);
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&(steps, 0_usize..24), |(steps, lost_at)| {
            let (found, expected) = runtime.block_on(async {
                let (mut ledger, mut known) = (TestLedger::new().await, vec![None; 5]);
                for (index, (number, step)) in steps.into_iter().enumerate() {
                    if index == lost_at {
                        ledger = ledger.lose_index().await;
                    }
                    take(&ledger, &mut known, number, step).await;
                }
                ledger.assert_sound().await;
                let fresh = TestLedger::new().await;
                let live = known.iter().enumerate().filter_map(|(number, standing)| match standing {
                    Some((other, true)) => Some(shape(number, *other, false)),
                    _ => None,
                });
                fresh.append(live.collect()).await;
                (ledger.total().await, fresh.total().await)
            });
            prop_assert_eq!((found.charged, found.cost), (expected.charged, expected.cost));
            prop_assert_eq!(found.quantities, expected.quantities);
            Ok(())
        })
        .expect("a withdrawn event is as if it had never come");
}

#[test]
fn totals_do_not_depend_on_the_order_of_arrival() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let sightings = prop::collection::vec((0_u8..2, 0_i64..30, 0_u64..5, 1_000_u64..1_002, 0_u64..3), 2..10);
    let mut runner = TestRunner::new(Config { cases: 8, failure_persistence: None, ..Config::default() });
    let keys = || prop::collection::vec(any::<u32>(), 10);
    runner
        .run(&(sightings, keys(), keys()), |(seen, one, other)| {
            let drafts: Vec<Draft> = seen
                .iter()
                .enumerate()
                .map(|(n, (response, end, latency, total, cached))| {
                    sighting(&format!("e{n}"), &format!("r{response}"), *end, *latency, *total, *cached)
                })
                .collect();
            let (first, second) = runtime
                .block_on(async { (total_in_order(&drafts, &one).await, total_in_order(&drafts, &other).await) });
            prop_assert_eq!(first, second);
            Ok(())
        })
        .expect("any two orders give the same totals");
}
