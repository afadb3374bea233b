//! Every format that was ever written can be read for ever: `tests/samples/v1` holds one inbox batch and one lake of
//! each kind. When a format is born, the tests write its samples before they read them, if `PURSER_WRITE_SAMPLES` is set.

use std::path::{Path, PathBuf};

use purser_domain::entry::Reason;
use purser_domain::money::Money;
use purser_domain::provenance::{Filter, Page, Record, RecordId};
use purser_domain::time::Timestamp;
use purser_domain::usage_query::{Dimension, Query};
use purser_ledger::provenance::Unless;
use purser_ledger::{Applied, Config, Correction, Ledger};
use purser_store::Store;
use purser_store::inbox::{Append, Head, Log, NewBatch};

use crate::support::{NOW, TestLedger, draft, rate};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/v1")
}

fn is_to_write() -> bool {
    std::env::var_os("PURSER_WRITE_SAMPLES").is_some()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a listing").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).expect("a copy");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_formats_are_still_read() {
    if is_to_write() {
        write_usage_samples().await;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    copy(&samples().join("lake"), &directory.path().join("lake/usage_events"));
    let store_config = purser_store::Config { url: None, data_dir: directory.path().to_owned() };
    let store = Store::open(&store_config).await.expect("the store opens");
    let at = |micros: i64| Timestamp::from_micros(NOW + micros);
    let mut head = Head::default();
    let payload = std::fs::read(samples().join("inbox.arrows")).expect("the sample");
    for (entries, first, last) in [(3, 0, 2), (2, 3, 4)] {
        let (first_received, last_received) = (at(first), at(last));
        let batch = NewBatch { payload: payload.clone(), entries, first_received, last_received };
        match store.inbox().append(&head, batch).await.expect("an append") {
            purser_store::inbox::Append::Committed(next) => head = next,
            other => panic!("{other:?}"),
        }
    }
    let config = Config { background: false, ..Config::local(directory.path()) };
    let ledger = Ledger::open(config, store).await.expect("the ledger opens");
    let query = Query { by: vec![Dimension::Tag("team".to_owned())], ..Query::default() };
    let answer = ledger.query(&crate::support::acme(), &Default::default(), &query).await.expect("an answer");
    let shown: Vec<_> = answer.rows.iter().map(|row| (row.keys[0].as_deref(), row.totals.cost.pico())).collect();
    assert_eq!(shown, [(None, 12), (Some("blue"), 5)]);
    assert_eq!(answer.total.cost, Money::from_pico(17));
    let history = ledger.entry_history(&crate::support::acme(), None, "a").await.expect("a history");
    let note = Some("a column that came later".to_owned());
    let void = Correction { reverses: history[0].clone(), reason: Reason::Void, note: note.clone(), replacement: None };
    assert_eq!(ledger.correct(vec![void], &rate()).await.expect("answered"), [Applied::Yes]);
    ledger.flush().await.expect("a flush");
    let history = ledger.entry_history(&crate::support::acme(), None, "a").await.expect("a history");
    assert_eq!((&history[0].note, &history[1].note), (&None, &note));
    let log = std::fs::read_dir(directory.path().join("lake/usage_events/_delta_log")).expect("a log").flatten();
    let mut commits = log.filter_map(|file| std::fs::read_to_string(file.path()).ok());
    assert!(commits.any(|commit| commit.contains(r#""purser.format_version":"2""#)), "rows of version 2 are in it");
    assert_eq!(ledger.verify().await.expect("verification runs").findings, []);
}

/// The records of the sample: the first two in the lake, the others in the inbox.
fn sample_records() -> [Record; 4] {
    [1_u32, 2, 3, 4].map(|number| {
        let at = Timestamp::from_micros(NOW + i64::from(number));
        let inputs = format!("{{\"plan\":[{number}]}}");
        let id = RecordId::new(at, number.into());
        let record = Record::new(id, crate::support::acme(), at, inputs, "{\"é\":null}".to_owned());
        let even = number.is_multiple_of(2);
        Record {
            seed: even.then_some(u64::MAX),
            run_id: even.then(|| "run".to_owned()),
            v1_cost: Some(Money::from_pico(1)),
            v2_cost: even.then(|| Money::from_cents(3)),
            ..record
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_formats_of_provenance_are_still_read() {
    if is_to_write() {
        write_provenance_samples().await;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    copy(&samples().join("provenance"), &directory.path().join("lake/provenance"));
    let store_config = purser_store::Config { url: None, data_dir: directory.path().to_owned() };
    let store = Store::open(&store_config).await.expect("the store opens");
    let at = |micros: i64| Timestamp::from_micros(NOW + micros);
    let payload = std::fs::read(samples().join("provenance.arrows")).expect("the sample");
    let mut head = Head::default();
    for (first, last) in [(0, 1), (2, 3)] {
        let batch =
            NewBatch { payload: payload.clone(), entries: 2, first_received: at(first), last_received: at(last) };
        match store.inbox_of(Log::Provenance).append(&head, batch).await.expect("an append") {
            Append::Committed(next) => head = next,
            other => panic!("{other:?}"),
        }
    }
    let config = Config { background: false, ..Config::local(directory.path()) };
    let ledger = Ledger::open(config, store).await.expect("the ledger opens");
    let provenance = ledger.provenance().await.expect("provenance opens");
    let acme = crate::support::acme();
    let mut found = provenance.query(&acme, &Filter::default(), Page::default()).await.expect("an answer");
    found.sort_by_key(|chained| chained.position);
    assert!(found.iter().all(purser_domain::provenance::Chained::is_sound), "a hash of version 1 holds for ever");
    let records: Vec<Record> = found.into_iter().map(|chained| chained.record).collect();
    assert_eq!(records, sample_records());
}

async fn write_provenance_samples() {
    let ledger = TestLedger::new().await;
    let provenance = ledger.ledger.provenance().await.expect("provenance opens");
    let (first, second) = (sample_records()[..2].to_vec(), sample_records()[2..].to_vec());
    provenance.append(first, Unless::Never).await.expect("an append");
    provenance.flush().await.expect("a flush");
    copy(&ledger.path().join("lake/provenance"), &samples().join("provenance"));
    provenance.append(second, Unless::Never).await.expect("an append");
    let store = ledger.state.store().await;
    let batches = store.inbox_of(Log::Provenance).read_after(1, 1 << 20).await.expect("the batch");
    std::fs::write(samples().join("provenance.arrows"), &batches[0].payload).expect("the sample is written");
}

async fn write_usage_samples() {
    let ledger = TestLedger::new().await;
    let mut tagged = draft("a", 5);
    tagged.event.tags = [("team".to_owned(), "blue".to_owned())].into();
    ledger.append(vec![tagged, draft("b", 1), draft("c", 2)]).await;
    ledger.ledger.flush().await.expect("a flush");
    copy(&ledger.path().join("lake/usage_events"), &samples().join("lake"));
    ledger.append(vec![draft("d", 4), draft("e", 5)]).await;
    let store = ledger.state.store().await;
    let batches = store.inbox().read_after(1, 1 << 20).await.expect("the batch");
    std::fs::write(samples().join("inbox.arrows"), &batches[0].payload).expect("the sample is written");
}
