//! Provenance: durable, chained, each record once, one tenant's at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arrow::array::{Decimal128Array, RecordBatch};
use arrow::ipc::{reader::StreamReader, writer::StreamWriter};
use proptest::prelude::*;
use purser_domain::money::Money;
use purser_domain::provenance::{
    ChainFault, Drift, Filter, Hash, Page, Record, RecordId, Source, Status, Variant, Versions,
};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_ledger::provenance::{Provenance, Unless};
use purser_ledger::{Config, Error, Ledger};

use crate::support::{HOUR, NOW, SECOND, State, TestLedger, acme, config};

const DAY: i64 = 24 * HOUR;

fn globex() -> TenantId {
    "globex".parse().expect("a tenant id")
}

/// A record of `acme`, run `number` seconds after the test began.
fn record(number: u32) -> Record {
    let at = Timestamp::from_micros(NOW + i64::from(number) * SECOND);
    let (inputs, output) = (format!("{{\"plan\":[{number}]}}"), format!("{{\"cost\":{number}}}"));
    Record { seed: Some(number.into()), ..Record::new(RecordId::new(at, number.into()), acme(), at, inputs, output) }
}

fn records(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(record).collect()
}

async fn provenance(ledger: &TestLedger) -> Provenance {
    ledger.ledger.provenance().await.expect("provenance opens").clone()
}

async fn store(provenance: &Provenance, records: Vec<Record>) {
    let stored = provenance.append(records, Unless::Never).await.expect("an append");
    assert!(stored.iter().all(|stored| *stored));
}

async fn numbers(provenance: &Provenance, filter: &Filter, page: Page) -> Vec<u64> {
    let found = provenance.query(&acme(), filter, page).await.expect("an answer");
    found.iter().filter_map(|chained| chained.record.seed).collect()
}

async fn assert_sound(provenance: &Provenance, tenant: &TenantId, records: u64) {
    let checked = provenance.verify(tenant).await.expect("a check");
    assert_eq!((checked.faults, checked.records), (vec![], records));
}

const ALL: Page = Page { limit: usize::MAX, offset: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn a_record_comes_back_whole_from_inbox_and_lake() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    let full = Record {
        source: Source::Canary,
        variant: Variant::Comparison,
        status: Status::Timeout,
        versions: Versions { model: Some("3".to_owned()), code: Some("0.1.0".to_owned()), ..Versions::default() },
        seed: Some(u64::MAX),
        run_id: Some("run-1".to_owned()),
        v1_cost: Some(Money::from_cents(5)),
        v2_cost: Some(Money::from_cents(7)),
        runtime_ms: 3,
        inputs: "{\"text\":\"é\"}".to_owned(),
        ..record(1)
    };
    store(&provenance, vec![record(0), full.clone()]).await;
    let waiting = provenance.get(&acme(), full.id).await.expect("an answer").expect("the record");
    assert_eq!((&waiting.record, waiting.position), (&full, 2));
    assert!(waiting.is_sound());
    assert_eq!(waiting.record.plan_hash(), full.input_hash.to_string()[..16]);
    assert_eq!(provenance.flush().await.expect("a flush").entries, 2);
    assert_eq!(provenance.stats().await.expect("sizes").inbox_rows, 0);
    assert_eq!(provenance.get(&acme(), full.id).await.expect("an answer"), Some(waiting));
    assert_eq!(provenance.get(&acme(), record(9).id).await.expect("an answer"), None);
    assert_sound(&provenance, &acme(), 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_keeps_what_it_names_newest_first() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    let varied = |number: u32| Record {
        variant: Variant::ALL[number as usize % Variant::ALL.len()],
        source: Source::ALL[number as usize % Source::ALL.len()],
        status: Status::ALL[number as usize % Status::ALL.len()],
        run_id: number.is_multiple_of(3).then(|| format!("run-{}", number % 2)),
        input_hash: Hash::of(&[u8::try_from(number % 7).expect("a digit")]),
        ..record(number)
    };
    let all: Vec<Record> = (0..60).map(varied).collect();
    for part in all.chunks(13) {
        store(&provenance, part.to_vec()).await;
        if part[0].seed == Some(26) {
            provenance.flush().await.expect("a flush");
        }
    }
    let at = |number: u32| Some(record(number).created_at);
    let filters = [
        Filter::default(),
        Filter { variant: Some(Variant::V3), ..Filter::default() },
        Filter { source: Some(Source::Manual), ..Filter::default() },
        Filter { status: Some(Status::SchemaError), ..Filter::default() },
        Filter { input_hash: Some(Hash::of(&[3])), ..Filter::default() },
        Filter { run_id: Some("run-1".to_owned()), ..Filter::default() },
        Filter { run_id: Some("no such run".to_owned()), ..Filter::default() },
        Filter { start: at(20), end: at(40), ..Filter::default() },
        Filter { start: at(59), ..Filter::default() },
        Filter { end: at(0), ..Filter::default() },
        Filter { variant: Some(Variant::V1), source: Some(Source::Canary), start: at(5), ..Filter::default() },
    ];
    for filter in filters {
        let expected: Vec<u64> = all.iter().rev().filter(|r| filter.passes(r)).filter_map(|r| r.seed).collect();
        assert_eq!(numbers(&provenance, &filter, ALL).await, expected, "{filter:?}");
        assert_eq!(provenance.count(&acme(), &filter).await.expect("a count"), expected.len() as u64, "{filter:?}");
        let page = Page { limit: 5, offset: 3 };
        let part: Vec<u64> = expected.iter().copied().skip(3).take(5).collect();
        assert_eq!(numbers(&provenance, &filter, page).await, part, "{filter:?}");
    }
    assert_eq!(numbers(&provenance, &Filter::default(), Page { limit: 0, offset: 0 }).await, [0; 0]);
    assert_eq!(numbers(&provenance, &Filter::default(), Page { limit: 9, offset: 60 }).await, [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_the_newest_over_many_files() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    for file in 0..12 {
        store(&provenance, records(file * 5..file * 5 + 5)).await;
        provenance.flush().await.expect("a flush");
    }
    let page = |limit, offset| Page { limit, offset };
    assert_eq!(numbers(&provenance, &Filter::default(), page(3, 0)).await, [59, 58, 57]);
    assert_eq!(numbers(&provenance, &Filter::default(), page(2, 44)).await, [15, 14]);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_of_the_records_with_both_costs_of_one_tenant() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    let costs = |number: u32, v1: Option<i64>, v2: Option<i64>| Record {
        v1_cost: v1.map(Money::from_cents),
        v2_cost: v2.map(Money::from_cents),
        ..record(number)
    };
    let stored = vec![
        costs(0, Some(5), Some(7)),
        costs(1, Some(5), Some(4)),
        costs(2, Some(5), None),
        costs(3, None, Some(9)),
        costs(4, Some(0), Some(5)),
        Record { tenant: globex(), ..costs(5, Some(0), Some(1_000)) },
    ];
    store(&provenance, stored).await;
    assert_eq!(
        provenance.drift(&"other".parse().expect("an id"), &Filter::default()).await.expect("none"),
        Drift::default()
    );
    for flush in [false, true] {
        if flush {
            provenance.flush().await.expect("a flush");
        }
        let drift = provenance.drift(&acme(), &Filter::default()).await.expect("statistics");
        // Deltas 2, -1 and 5 cents: mean 2, sample variance (0 + 9 + 9) / 2 = 9.
        let expected = (3, Money::from_cents(2), Money::from_cents(-1), Money::from_cents(5));
        assert_eq!((drift.total, drift.avg, drift.min, drift.max), expected);
        assert!((drift.stddev - 0.03).abs() < 1e-12, "{}", drift.stddev);
    }
    let early = Filter { end: Some(record(0).created_at), ..Filter::default() };
    let drift = provenance.drift(&acme(), &early).await.expect("statistics");
    assert_eq!((drift.total, drift.avg, drift.stddev), (1, Money::from_cents(2), 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_and_chains_its_own_records_only() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    let of_both = (0..20).map(|n| if n % 2 == 0 { record(n) } else { Record { tenant: globex(), ..record(n) } });
    store(&provenance, of_both.collect()).await;
    provenance.flush().await.expect("a flush");
    store(&provenance, vec![Record { tenant: globex(), ..record(21) }, record(20)]).await;
    let seen = numbers(&provenance, &Filter::default(), ALL).await;
    assert_eq!(seen, [20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]);
    assert_eq!(provenance.get(&acme(), record(1).id).await.expect("an answer"), None);
    assert!(provenance.get(&globex(), record(1).id).await.expect("an answer").is_some());
    let hashes = [record(0).input_hash, record(1).input_hash].into();
    let known = provenance.known(&acme(), Variant::V2, &hashes).await.expect("an answer");
    assert_eq!(known, [record(0).input_hash].into());
    assert_eq!(provenance.count(&globex(), &Filter::default()).await.expect("a count"), 11);
    assert_sound(&provenance, &acme(), 11).await;
    assert_sound(&provenance, &globex(), 11).await;
    assert_sound(&provenance, &"nobody".parse().expect("an id"), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_are_known_by_tenant_and_variant() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    store(&provenance, records(0..3)).await;
    for flush in [false, true] {
        if flush {
            provenance.flush().await.expect("a flush");
        }
        let exists = |tenant, variant, hash| {
            let provenance = &provenance;
            async move { !provenance.known(&tenant, variant, &[hash].into()).await.expect("an answer").is_empty() }
        };
        assert!(exists(acme(), Variant::V2, record(2).input_hash).await);
        assert!(!exists(acme(), Variant::V1, record(2).input_hash).await);
        assert!(!exists(acme(), Variant::V2, record(3).input_hash).await);
        assert!(!exists(globex(), Variant::V2, record(2).input_hash).await);
    }
    let mixed = vec![record(2), record(3), Record { variant: Variant::V1, ..record(2) }, record(3)];
    let stored = provenance.append(mixed, Unless::InputStored).await.expect("an append");
    assert_eq!(stored, [false, true, true, false]);
    assert_sound(&provenance, &acme(), 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_sent_again_is_stored_once() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    store(&provenance, records(0..5)).await;
    let again = provenance.append(records(3..7), Unless::IdStored).await.expect("an append");
    assert_eq!(again, [false, false, true, true]);
    provenance.flush().await.expect("a flush");
    let again = provenance.append(records(0..7), Unless::IdStored).await.expect("an append");
    assert_eq!(again, [false; 7]);
    let twice = provenance.append([records(7..9), records(7..9)].concat(), Unless::IdStored).await.expect("an append");
    assert_eq!(twice, [true, true, false, false]);
    assert_eq!(numbers(&provenance, &Filter::default(), ALL).await, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_sound(&provenance, &acme(), 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_there_after_a_crash() {
    let mut ledger = TestLedger::new().await;
    for round in 0..3 {
        let provenance = provenance(&ledger).await;
        store(&provenance, records(round * 10..round * 10 + 6)).await;
        provenance.flush().await.expect("a flush");
        store(&provenance, records(round * 10 + 6..round * 10 + 10)).await;
        drop(provenance);
        ledger = ledger.crash().await;
    }
    let provenance = provenance(&ledger).await;
    assert_eq!(provenance.count(&acme(), &Filter::default()).await.expect("a count"), 30);
    assert_sound(&provenance, &acme(), 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_lakes_commit_and_emptying_the_inbox_doubles_nothing() {
    let ledger = TestLedger::new().await;
    if !ledger.state.is_sqlite() {
        return;
    }
    let before = provenance(&ledger).await;
    store(&before, records(0..10)).await;
    let state = ledger.state.store().await;
    let inbox = state.inbox_of(purser_store::inbox::Log::Provenance);
    let batches = inbox.read_after(0, u64::MAX).await.expect("the batch");
    before.flush().await.expect("a flush");
    drop(before);
    // The batch is put back, as if it had never been deleted.
    let url = format!("sqlite://{}", ledger.path().join("state.db").display());
    let payload: String = batches[0].payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, last) = (batches[0].first_received.micros(), batches[0].last_received.micros());
    let sql = format!("INSERT INTO inbox VALUES ('provenance', 1, 10, 1, {first}, {last}, x'{payload}')");
    let raw = sea_orm::Database::connect(url).await.expect("a connection");
    sea_orm::ConnectionTrait::execute_unprepared(&raw, &sql).await.expect("the batch is back");
    let ledger = ledger.crash().await;
    let provenance = provenance(&ledger).await;
    assert_eq!(provenance.count(&acme(), &Filter::default()).await.expect("a count"), 10);
    store(&provenance, records(10..11)).await;
    provenance.flush().await.expect("a flush");
    assert_sound(&provenance, &acme(), 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_cannot_fork_a_chain() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = State::new(directory.path()).await;
    let mut nodes = Vec::new();
    for name in ["one", "other"] {
        let clock = Arc::new(AtomicI64::new(NOW));
        let local = config(directory.path(), &clock);
        let shared = Config::shared(&local.table, &directory.path().join(name), name);
        let config = Config { clock: local.clock, background: false, ..shared };
        nodes.push(Ledger::open(config, state.store().await).await.expect("a node opens"));
    }
    let [one, other] = [&nodes[0], &nodes[1]].map(|node| async move { node.provenance().await.expect("it opens") });
    let (one, other) = tokio::join!(one, other);
    let rounds = (0..10).map(|round| async move {
        let at = round * 10;
        let both = tokio::join!(
            one.append(records(at..at + 5), Unless::Never),
            other.append(records(at + 5..at + 10), Unless::Never)
        );
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        if round == 4 {
            one.flush().await.expect("a flush");
        }
    });
    futures::future::join_all(rounds).await;
    for node in [one, other] {
        assert_eq!(node.count(&acme(), &Filter::default()).await.expect("a count"), 100);
        assert_sound(node, &acme(), 100).await;
    }
    let race = tokio::join!(
        one.append(records(100..110), Unless::InputStored),
        other.append(records(100..110), Unless::InputStored)
    );
    let stored = [race.0, race.1].map(|stored| stored.expect("an append").into_iter().filter(|stored| *stored).count());
    assert_eq!(stored.iter().sum::<usize>(), 10, "both nodes bring the same baselines, each once");
    assert_sound(other, &acme(), 110).await;
}

/// Whoever can write the files can rewrite a record, but not its chain.
#[tokio::test(flavor = "multi_thread")]
async fn tampering_with_a_stored_record_is_found() {
    let ledger = TestLedger::new().await;
    if !ledger.state.is_sqlite() {
        return;
    }
    let before = provenance(&ledger).await;
    for number in 0..5 {
        store(&before, vec![Record { v2_cost: Some(Money::from_cents(7)), ..record(number) }]).await;
    }
    drop(before);
    let url = format!("sqlite://{}", ledger.path().join("state.db").display());
    let raw = sea_orm::Database::connect(url).await.expect("a connection");
    let swap =
        "UPDATE inbox SET payload = (SELECT payload FROM inbox WHERE seq = 5) WHERE log = 'provenance' AND seq = 3";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, swap).await.expect("the third record becomes the fifth");
    let ledger = ledger.crash().await;
    let checked = provenance(&ledger).await.verify(&acme()).await.expect("a check");
    assert_eq!(checked.faults, [ChainFault::Twice { position: 5 }, ChainFault::Missing { from: 3, to: 3 }]);
    let forge = "UPDATE provenance_chain SET position = 6";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, forge).await.expect("the chain is said to be longer");
    let checked = provenance(&ledger).await.verify(&acme()).await.expect("a check");
    assert!(checked.faults.contains(&ChainFault::Missing { from: 6, to: 6 }), "{:?}", checked.faults);
}

/// The same rows with `value` pico-dollars in every row of a column of amounts.
fn forged(payload: &[u8], column: &str, value: i128) -> Vec<u8> {
    let mut reader = StreamReader::try_new(payload, None).expect("an Arrow stream");
    let batch = reader.next().expect("a batch").expect("it reads");
    let (index, field) = batch.schema_ref().column_with_name(column).expect("the column");
    let amounts = Decimal128Array::from_value(value, batch.num_rows()).with_data_type(field.data_type().clone());
    let mut columns = batch.columns().to_vec();
    columns[index] = Arc::new(amounts);
    let batch = RecordBatch::try_new(batch.schema(), columns).expect("a batch");
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref()).expect("a writer");
    writer.write(&batch).expect("it is written");
    writer.into_inner().expect("its end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_delta_changes_no_statistic_and_a_forged_cost_is_found() {
    for (column, is_found) in [("cost_delta_usd", false), ("v2_cost_usd", true)] {
        let ledger = TestLedger::new().await;
        if !ledger.state.is_sqlite() {
            return;
        }
        let before = provenance(&ledger).await;
        let (v1_cost, v2_cost) = (Some(Money::from_cents(5)), Some(Money::from_cents(7)));
        store(&before, vec![Record { v1_cost, v2_cost, ..record(1) }]).await;
        drop(before);
        let state =
            ledger.state.store().await.inbox_of(purser_store::inbox::Log::Provenance).read_after(0, u64::MAX).await;
        let payload = forged(&state.expect("the batch")[0].payload, column, Money::from_cents(100).pico());
        let payload: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        let url = format!("sqlite://{}", ledger.path().join("state.db").display());
        let raw = sea_orm::Database::connect(url).await.expect("a connection");
        let forge = format!("UPDATE inbox SET payload = x'{payload}' WHERE log = 'provenance'");
        sea_orm::ConnectionTrait::execute_unprepared(&raw, &forge).await.expect("it is forged");
        let ledger = ledger.crash().await;
        let provenance = provenance(&ledger).await;
        let faults = provenance.verify(&acme()).await.expect("a check").faults;
        assert_eq!(faults == [ChainFault::Changed { position: 1 }], is_found, "{faults:?}");
        let drift = provenance.drift(&acme(), &Filter::default()).await.expect("statistics");
        let expected = if is_found { 100 - 5 } else { 7 - 5 };
        assert_eq!((drift.total, drift.avg), (1, Money::from_cents(expected)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_days_are_rewritten_and_old_ones_dropped() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    for day in 0..3 {
        ledger.clock.store(NOW + (i64::from(day) - 2) * DAY, Ordering::Relaxed);
        for part in 0..3 {
            store(&provenance, records(day * 30 + part * 10..day * 30 + part * 10 + 10)).await;
            provenance.flush().await.expect("a flush");
        }
    }
    let optimized = provenance.optimize().await.expect("a rewrite");
    assert_eq!((optimized.days, optimized.files_removed, optimized.files_added), (2, 6, 2), "today stays as it is");
    assert_eq!(numbers(&provenance, &Filter::default(), ALL).await, (0..90).rev().collect::<Vec<u64>>());
    assert_sound(&provenance, &acme(), 90).await;
    let gone = provenance.vacuum(Duration::ZERO, false).await.expect("a vacuum").files.len();
    assert_eq!(gone, 6);
    assert_eq!(provenance.retain(Timestamp::from_micros(NOW - DAY)).await.expect("a retention"), 30);
    assert_eq!(numbers(&provenance, &Filter::default(), ALL).await, (30..90).rev().collect::<Vec<u64>>());
    assert_sound(&provenance, &acme(), 60).await;
    assert_eq!(provenance.retain(Timestamp::from_micros(NOW + DAY)).await.expect("a retention"), 60);
    assert_sound(&provenance, &acme(), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_records_are_all_gone_is_found() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    assert_sound(&provenance, &acme(), 0).await;
    store(&provenance, records(0..4)).await;
    provenance.flush().await.expect("a flush");
    ledger.clock.store(NOW + DAY, Ordering::Relaxed);
    store(&provenance, vec![record(4)]).await;
    provenance.flush().await.expect("a flush");
    let raw = ledger.state.raw().await;
    let verify = async || provenance.verify(&acme()).await.expect("a check").faults;
    assert_eq!(verify().await, []);
    assert_eq!(provenance.retain(Timestamp::from_micros(NOW + 2 * DAY)).await.expect("a retention"), 5);
    assert_eq!(verify().await, []);
    let forget = "UPDATE provenance_chain SET dropped = 3";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, forget).await.expect("retention dropped three only");
    assert_eq!(verify().await, [ChainFault::Missing { from: 4, to: 5 }]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_beyond_the_limit_is_refused_before_anything_is_stored() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    let large = |number| Record { output: "x".repeat(16 << 20), ..record(number) };
    let refused = provenance.append((0..17).map(large).collect(), Unless::Never).await;
    assert!(matches!(refused, Err(Error::TooLarge { .. })), "{refused:?}");
    assert_eq!(provenance.append(Vec::new(), Unless::Never).await.expect("nothing to do"), [true; 0]);
    assert_eq!(provenance.count(&acme(), &Filter::default()).await.expect("a count"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_store_stores_nothing_and_the_next_append_goes_on() {
    let ledger = TestLedger::new().await;
    if !ledger.state.is_sqlite() {
        return;
    }
    let provenance = provenance(&ledger).await;
    store(&provenance, records(0..3)).await;
    let url = format!("sqlite://{}", ledger.path().join("state.db").display());
    let raw = sea_orm::Database::connect(url).await.expect("a connection");
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON provenance_chain BEGIN SELECT RAISE(ABORT, 'out'); END";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, refuse).await.expect("a trigger");
    assert!(provenance.append(records(3..6), Unless::Never).await.is_err());
    sea_orm::ConnectionTrait::execute_unprepared(&raw, "DROP TRIGGER refuse").await.expect("the store is back");
    let stored = provenance.append(records(3..6), Unless::IdStored).await.expect("an append");
    assert_eq!(stored, [true; 3]);
    assert_sound(&provenance, &acme(), 6).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Order, batching and flushing change neither counts nor statistics.
    #[test]
    fn order_and_batching_do_not_change_counts(
        order in Just((0..40_u32).collect::<Vec<u32>>()).prop_shuffle(),
        size in 1..40_usize,
        flush_every in 1..6_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let ledger = TestLedger::new().await;
            let provenance = provenance(&ledger).await;
            for (index, part) in order.chunks(size).enumerate() {
                let costs = |number: u32| Record {
                    v1_cost: Some(Money::from_cents(5)),
                    v2_cost: Some(Money::from_cents(i64::from(number))),
                    status: Status::ALL[number as usize % 4],
                    ..record(number)
                };
                store(&provenance, part.iter().map(|number| costs(*number)).collect()).await;
                if index % flush_every == 0 {
                    provenance.flush().await.expect("a flush");
                }
            }
            let errors = Filter { status: Some(Status::Error), ..Filter::default() };
            assert_eq!(provenance.count(&acme(), &errors).await.expect("a count"), 10);
            let drift = provenance.drift(&acme(), &Filter::default()).await.expect("statistics");
            // Deltas -5 … 34 cents: mean 14.5.
            assert_eq!((drift.total, drift.avg), (40, Money::from_pico(145_000_000_000)));
            assert_eq!((drift.min, drift.max), (Money::from_cents(-5), Money::from_cents(34)));
            assert_eq!(numbers(&provenance, &Filter::default(), ALL).await, (0..40).rev().collect::<Vec<u64>>());
            assert_sound(&provenance, &acme(), 40).await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outline_is_the_same_page_without_payloads() {
    let ledger = TestLedger::new().await;
    let provenance = provenance(&ledger).await;
    store(&provenance, records(0..30)).await;
    provenance.flush().await.expect("a flush");
    store(&provenance, records(30..40)).await;
    for (limit, offset) in [(7, 0), (7, 8), (100, 35), (5, 40), (0, 3)] {
        let (filter, page) = (Filter::default(), Page { limit, offset });
        let mut whole = provenance.query(&acme(), &filter, page).await.expect("an answer");
        assert_eq!(whole.len(), limit.min(40_usize.saturating_sub(offset)));
        assert!(whole.iter().all(|chained| chained.record.inputs.len() > 2));
        for chained in &mut whole {
            chained.record.inputs.clear();
            chained.record.output.clear();
        }
        assert_eq!(provenance.outline(&acme(), &filter, page).await.expect("an answer"), whole, "{limit} {offset}");
    }
}
