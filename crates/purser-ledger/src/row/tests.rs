//! Rows hold entries without loss.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int8Type, Int64Type};
use proptest::prelude::*;
use purser_domain::charge::{AppliedFactor, Basis, Charge, Match};
use purser_domain::context_window::ContextWindow;
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::money::Money;
use purser_domain::sighting::Witness;
use purser_domain::time::Timestamp;
use purser_domain::unit::{Quantity, Units};
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Contradiction, Status, UsageEvent};

use super::{Reader, Row, write};
use crate::codec::{from_ipc, to_ipc};

fn amount() -> impl Strategy<Value = Option<Money>> {
    prop::option::of((0_i128..=999_999_999_999_999_999).prop_map(Money::from_pico))
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of("\\PC{0,12}")
}

fn usage() -> impl Strategy<Value = Usage> {
    prop::collection::vec((0..Leaf::COUNT, 0..=Usage::MAX), 0..6).prop_map(|quantities| {
        quantities.into_iter().fold(Usage::ZERO, |usage, (leaf, quantity)| usage.with(Leaf::ALL[leaf], quantity))
    })
}

fn basis() -> impl Strategy<Value = Option<Arc<Basis>>> {
    prop::option::of(("\\PC{0,9}", any::<u64>(), any::<bool>(), text())).prop_map(|basis| {
        let (service_tier, over_input_tokens, used, preference) = basis?;
        let factor = AppliedFactor { dimension: "speed".into(), value: "fast".into(), ratio: "2".into() };
        let fell_back = ("cache_write_1h".to_owned(), "input".to_owned());
        Some(Arc::new(Basis {
            service_tier,
            over_input_tokens,
            factors: Vec::from_iter(used.then_some(factor)),
            fell_back: Vec::from_iter(used.then_some(fell_back)),
            unrated: Vec::from_iter(used.then(|| "pages".to_owned())),
            preference,
        }))
    })
}

fn charge() -> impl Strategy<Value = Charge> {
    let units = prop::collection::btree_map("[a-z]{1,9}", (0_i128..1_000_000_000_000).prop_map(Money::from_pico), 0..3);
    let amounts = (prop::collection::vec(amount(), Leaf::COUNT), units, amount(), amount(), amount());
    (amounts, text(), 0..Match::ALL.len(), any::<bool>(), basis()).prop_map(
        |((amounts, unit_amounts, rated_usd, reported_usd, at_least_usd), version, matched, prefers, basis)| Charge {
            amounts: amounts.try_into().expect("as many as leaves"),
            unit_amounts,
            rated_usd,
            reported_usd,
            at_least_usd,
            price_version: version.map(Arc::from),
            matched: Match::ALL[matched],
            // A preference says something only where there is a choice.
            prefers_reported: prefers && rated_usd.is_some() && reported_usd.is_some(),
            basis,
        },
    )
}

fn units() -> impl Strategy<Value = Units> {
    let quantity = (0..=Quantity::MAX).prop_map(|micros| Quantity::from_micros(micros).expect("within bounds"));
    prop::collection::btree_map("[a-z]{1,9}", quantity, 0..3)
}

fn contradiction() -> impl Strategy<Value = Option<Box<Contradiction>>> {
    let counts = prop::collection::btree_map("\\PC{1,9}", any::<u64>(), 0..3);
    prop::option::of(("\\PC{0,9}", counts).prop_map(|(reason, counts)| Box::new(Contradiction { reason, counts })))
}

prop_compose! {
    fn event()(
        required in prop::array::uniform4("\\PC{0,9}"),
        occurred in 1_420_070_400_000_000_i64..4_000_000_000_000_000,
        texts in prop::collection::vec(text(), 21),
        usage in usage(),
        attempt in prop::option::of(any::<u32>()),
        failed in any::<bool>(),
        latency_ms in prop::option::of(0..=Usage::MAX),
        tags in prop::collection::btree_map("\\PC{1,5}", "\\PC{0,9}", 0..4),
        (units, contradiction, window) in (units(), contradiction(), prop::option::of((0..9_u64, 9..99_u64))),
    ) -> UsageEvent {
        let [event_id, source, provider, model] = required;
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        UsageEvent {
            event_id, source, provider, model, usage, units, attempt, latency_ms, tags, contradiction,
            context_window: window.and_then(|(over, up_to)| ContextWindow::new(over, Some(up_to))),
            occurred_at: Timestamp::from_micros(occurred),
            response_model: text(),
            operation: text(),
            service_tier: text(),
            project: text(),
            environment: text(),
            feature_tag: text(),
            user_id: text(),
            agent: text(),
            skill: text(),
            run_id: text(),
            session_id: text(),
            trace_id: text(),
            span_id: text(),
            parent_span_id: text(),
            response_id: text(),
            status: if failed { Status::Error } else { Status::Ok },
            error_type: text(),
            inference_geo: text(),
            speed: text(),
            tool: text(),
            mcp_server: text(),
            foreign_cost: text(),
            reported_usd: None,
        }
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let kind = prop::sample::select(vec![Kind::Charge, Kind::Reversal, Kind::Observation]);
    let reason = prop::sample::select(vec![None, Some(Reason::Observation), Some(Reason::Rerate), Some(Reason::Void)]);
    let witness = (text(), text())
        .prop_map(|(emitter, enclosing_span_id)| Witness { emitter: emitter.map(Arc::from), enclosing_span_id });
    (event(), witness, charge(), kind, (reason, text()), text(), "[a-z]{1,8}", any::<i32>()).prop_map(
        |(mut event, witness, charge, kind, (reason, note), import_id, tenant, received)| {
            event.reported_usd = charge.reported_usd;
            let received_at = Timestamp::from_micros(received.into());
            Entry {
                tenant: tenant.parse().expect("a tenant id"),
                event,
                witness,
                charge,
                kind,
                reason,
                note,
                import_id,
                received_at,
            }
        },
    )
}

fn rows(entries: &[Entry]) -> RecordBatch {
    write(entries.iter().map(Row::from)).expect("entries that fit")
}

fn entries(batch: &RecordBatch) -> Vec<Entry> {
    Reader::new(batch).expect("our columns").entries().collect::<Result<_, _>>().expect("our rows")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_survive_rows_and_inbox_bytes(written in prop::collection::vec(entry(), 1..12)) {
        let batch = rows(&written);
        prop_assert_eq!(&entries(&batch), &written);
        let bytes = to_ipc(&batch).expect("columns encode");
        prop_assert_eq!(&entries(&from_ipc(&bytes).expect("our bytes")), &written);
    }
}

fn priced(kind: Kind) -> Entry {
    let mut charge =
        Charge { rated_usd: Some(Money::from_pico(7_000)), matched: Match::RequestModel, ..Charge::default() };
    charge.amounts[Leaf::Input as usize] = Some(Money::from_pico(7_000));
    Entry {
        tenant: "acme".parse().expect("a tenant id"),
        event: UsageEvent { usage: Usage::default().with(Leaf::Input, 70), ..UsageEvent::default() },
        witness: Witness::default(),
        charge,
        kind,
        reason: None,
        note: None,
        import_id: None,
        received_at: Timestamp::default(),
    }
}

#[test]
fn plain_sums_tell_the_truth_to_any_engine() {
    let batch = rows(&[priced(Kind::Charge), priced(Kind::Reversal), priced(Kind::Observation), priced(Kind::Charge)]);
    let integers = |name: &str| -> i64 {
        batch.column_by_name(name).expect("used").as_primitive::<Int64Type>().iter().flatten().sum()
    };
    let amounts = |name: &str| -> i128 {
        batch.column_by_name(name).expect("used").as_primitive::<Decimal128Type>().iter().flatten().sum()
    };
    assert_eq!(integers("input_tokens"), 70);
    assert_eq!(integers("requests"), 1);
    assert_eq!(amounts("cost_usd"), 7_000);
    assert_eq!(amounts("input_usd"), 7_000);
    let charges = batch.column_by_name("charges").expect("always there").as_primitive::<Int8Type>();
    assert_eq!(charges.values(), &[1, -1, 0, 1]);
    let observed = batch.column_by_name("observed").expect("used").as_string::<i32>();
    let text =
        r#"{"quantities":{"input":70,"requests":1},"amounts":{"input":"0.000000007000"},"rated_usd":"0.000000007000"}"#;
    assert_eq!(observed.iter().collect::<Vec<_>>(), [None, None, Some(text), None]);
}

#[test]
fn columns_that_no_row_uses_take_no_space() {
    let batch = rows(&[priced(Kind::Charge)]);
    for unused in ["trace_id", "output_audio_tokens", "output_audio_usd", "reported_usd", "observed", "tags"] {
        assert!(batch.column_by_name(unused).is_none(), "{unused}");
    }
    let bytes = to_ipc(&batch).expect("columns encode").len();
    assert!(bytes < 8_000, "{bytes} bytes for one event");
}

#[test]
fn what_no_row_can_hold_is_refused_by_name() {
    let tags = BTreeMap::new();
    let event = UsageEvent { tags, reported_usd: Some(Money::from_cents(1)), ..UsageEvent::default() };
    let (tenant, witness) = (priced(Kind::Charge).tenant, Default::default());
    let draft = crate::Draft { tenant, event, witness, charge: Charge::default(), import_id: None };
    assert_eq!(super::check(&draft), Err("reported_usd of the charge is none, of the event 0.010000000000".to_owned()));
    let large = Charge { rated_usd: Some(Money::from_cents(100_000_000)), ..Charge::default() };
    assert!(super::check_charge(&large, None).is_err());
}
