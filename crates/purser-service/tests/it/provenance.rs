//! Recording: nothing taken is lost, nothing is stored twice, no tenant sees another's.

use std::time::Duration;

use purser_domain::api_key::Role;
use purser_domain::money::Money;
use purser_domain::provenance::{Baseline, Filter, Hash, Page, Record, RecordId, Source, Variant};
use purser_domain::time::Timestamp;
use purser_service::Service;
use purser_service::error::Kind;
use purser_service::provenance::CODE_VERSION;
use serde_json::json;

use crate::support::{NOW, TestService, principal, tenant_id};

fn record(number: u32) -> Record {
    let at = Timestamp::from_micros(NOW + i64::from(number));
    let inputs = format!("{{\"plan\":[{number}]}}");
    let record = Record::new(RecordId::new(at, number.into()), tenant_id("acme"), at, inputs, "null".to_owned());
    Record { seed: Some(number.into()), ..record }
}

async fn record_all(service: &Service, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let id = service.provenance_record(&principal("acme", Role::Read), record(number)).await.expect("it is taken");
        assert_eq!(id, record(number).id);
    }
}

/// The numbers of the stored records in the order they were stored, the chain being sound.
async fn stored(service: &Service) -> Vec<u64> {
    let reader = principal("acme", Role::Read);
    let checked = service.provenance_verify(&reader).await.expect("a check");
    assert_eq!(checked.faults, []);
    let page = Page { limit: 10_000, offset: 0 };
    let mut found = service.provenance_query(&reader, &Filter::default(), page).await.expect("an answer");
    assert_eq!(found.len() as u64, checked.records);
    found.sort_by_key(|chained| chained.position);
    found.iter().filter_map(|chained| chained.record.seed).collect()
}

async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    unreachable!("{what} does not come to pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_stored_by_age_by_number_and_at_shutdown_and_stamped_with_the_code() {
    let app = TestService::new().await;
    record_all(&app.service, 0..3).await;
    let service = app.service.clone();
    wait_until("storing by age", async || service.provenance_counts().stored == 3).await;
    record_all(&app.service, 3..13).await;
    wait_until("storing by number", async || service.provenance_counts().stored == 13).await;
    record_all(&app.service, 13..15).await;
    assert_eq!(stored(&app.service).await, (0..15).collect::<Vec<u64>>(), "a reader sees its own writes");
    record_all(&app.service, 15..17).await;
    drop(service);
    let app = app.restart().await;
    assert_eq!(stored(&app.service).await, (0..17).collect::<Vec<u64>>());
    let found = app.service.provenance_get(&principal("acme", Role::Read), record(16).id).await.expect("the record");
    assert_eq!(found.record.versions.code.as_deref(), Some(CODE_VERSION));
    assert_eq!((found.record.inputs.as_str(), found.record.seed), ("{\"plan\":[16]}", Some(16)));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_spooled_while_the_store_is_out_and_stored_in_order_when_it_is_back() {
    let app = TestService::new().await;
    record_all(&app.service, 0..12).await;
    app.service.provenance_flush().await;
    app.set_outage(true).await;
    record_all(&app.service, 12..55).await;
    app.service.provenance_flush().await;
    assert!(app.spooled() >= 4, "43 records in batches of ten: {} files", app.spooled());
    assert_eq!(app.service.provenance_counts().spooled_batches, app.spooled() as u64);
    assert_eq!(stored(&app.service).await, (0..12).collect::<Vec<u64>>());
    app.set_outage(false).await;
    record_all(&app.service, 55..60).await;
    wait_until("the store's return", async || app.service.provenance_counts().stored == 60).await;
    assert_eq!(stored(&app.service).await, (0..60).collect::<Vec<u64>>(), "each once, in the order they were taken");
    assert_eq!((app.spooled(), app.service.provenance_counts().lost), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_spooled_is_stored_once_after_a_restart_or_a_crash() {
    let mut app = TestService::new().await;
    app.set_outage(true).await;
    record_all(&app.service, 0..25).await;
    app = app.restart().await;
    assert!(app.spooled() >= 3);
    record_all(&app.service, 25..30).await;
    app.service.provenance_flush().await;
    app = app.crash().await;
    assert!(app.spooled() >= 4);
    app.set_outage(false).await;
    wait_until("the drain", async || app.service.provenance_counts().stored == 30).await;
    app.service.provenance_flush().await;
    assert_eq!(stored(&app.service).await, (0..30).collect::<Vec<u64>>());
    assert_eq!(app.spooled(), 0);
}

/// A commit whose answer is lost was stored all the same; so was a spooled file that a crash kept from being deleted.
#[tokio::test(flavor = "multi_thread")]
async fn a_spooled_batch_that_was_stored_already_is_not_stored_again() {
    let mut app = TestService::new().await;
    app.set_outage(true).await;
    record_all(&app.service, 0..10).await;
    app.service.provenance_flush().await;
    let files: Vec<_> = std::fs::read_dir(app.spool()).expect("the spool").flatten().map(|e| e.path()).collect();
    let copies: Vec<_> = files.iter().map(|path| (path, std::fs::read(path).expect("a file"))).collect();
    app.set_outage(false).await;
    wait_until("the drain", async || app.service.provenance_counts().stored == 10).await;
    app.service.provenance_flush().await;
    assert_eq!(app.spooled(), 0);
    for (path, bytes) in copies {
        std::fs::write(path, bytes).expect("the file is back");
    }
    app = app.restart().await;
    record_all(&app.service, 10..11).await;
    wait_until("the second drain", async || app.spooled() == 0).await;
    assert_eq!(stored(&app.service).await, (0..11).collect::<Vec<u64>>());
}

/// A spool that was once written is read for ever.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_format_of_the_spool_is_still_read() {
    let app = TestService::new().await;
    let (spool, sample) = (app.spool(), include_str!("../samples/v1/spool.jsonl"));
    let app = app.restart_after(|| {
        std::fs::create_dir_all(&spool).expect("a directory");
        std::fs::write(spool.join("00000000000000000001.jsonl"), sample).expect("the sample");
    });
    let app = app.await;
    wait_until("the drain", async || app.spooled() == 0).await;
    assert_eq!(stored(&app.service).await, [0, 1]);
    let reader = principal("acme", Role::Read);
    let id = "019a9fe0-0000-7000-8000-000000000000".parse().expect("an id");
    let found = app.service.provenance_get(&reader, id).await.expect("the record").record;
    assert_eq!((found.v1_cost, found.v2_cost), (Some(Money::from_cents(5)), Some(Money::from_pico(-1))));
    assert_eq!((found.run_id.as_deref(), found.output.as_str()), (Some("run"), "{\"é\":null}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spooled_file_that_cannot_be_read_is_put_aside_and_the_rest_is_stored() {
    let mut app = TestService::new().await;
    app.set_outage(true).await;
    record_all(&app.service, 0..20).await;
    app.service.provenance_flush().await;
    let first = app.spool().join("00000000000000000001.jsonl");
    app = app.restart_after(|| std::fs::write(&first, "half").expect("damage")).await;
    app.set_outage(false).await;
    wait_until("the drain", async || app.spooled() == 0).await;
    app.service.provenance_flush().await;
    assert!(first.with_extension("bad").exists());
    assert_eq!(app.service.provenance_counts().lost, 1);
    assert_eq!(stored(&app.service).await.last(), Some(&19));
}

/// The superuser deletes there all the same; for others, the files stay.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn spooled_files_that_cannot_be_deleted_keep_nobody_waiting_and_are_stored_once() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut app = TestService::new().await;
    app.set_outage(true).await;
    record_all(&app.service, 0..20).await;
    app.service.provenance_flush().await;
    let spool = app.spool();
    let set_mode = |mode| std::fs::set_permissions(&spool, std::fs::Permissions::from_mode(mode)).expect("a new mode");
    set_mode(0o500);
    app.set_outage(false).await;
    wait_until("the drain", async || app.service.provenance_counts().stored == 20).await;
    record_all(&app.service, 20..25).await;
    let flushed = tokio::time::timeout(Duration::from_secs(20), app.service.provenance_flush()).await;
    set_mode(0o700);
    assert!(flushed.is_ok(), "the recorder still answers");
    app = app.restart().await;
    wait_until("the second drain", async || app.spooled() == 0).await;
    assert_eq!(stored(&app.service).await, (0..25).collect::<Vec<u64>>());
    assert_eq!(app.service.provenance_counts().lost, 0);
}

/// An append may fail although its records are stored: its answer was lost.
#[tokio::test(flavor = "multi_thread")]
async fn records_that_an_append_may_have_stored_are_not_stored_again_while_the_disk_is_full() {
    let app = TestService::new().await;
    let writer = principal("acme", Role::Operate);
    app.service.provenance_record_batch(&writer, (0..3).map(record).collect()).await.expect("stored");
    app.service.provenance_flush().await;
    std::fs::create_dir_all(app.spool().parent().expect("a parent")).expect("a directory");
    std::fs::write(app.spool(), "in the way").expect("a file where the spool should be");
    app.set_outage(true).await;
    record_all(&app.service, 0..5).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    app.set_outage(false).await;
    app.service.provenance_flush().await;
    assert_eq!(stored(&app.service).await, [0, 1, 2, 3, 4], "the two that were new, and each once");
    assert_eq!(app.service.provenance_counts().lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_wait_while_neither_store_nor_disk_takes_records_and_none_is_lost() {
    let app = TestService::new().await;
    std::fs::create_dir_all(app.spool().parent().expect("a parent")).expect("a directory");
    std::fs::write(app.spool(), "in the way").expect("a file where the spool should be");
    app.set_outage(true).await;
    let service = app.service.clone();
    let sender = tokio::spawn(async move { record_all(&service, 0..700).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!sender.is_finished(), "500 wait, the rest stands in line");
    assert!((500..600).contains(&app.service.provenance_counts().taken));
    std::fs::remove_file(app.spool()).expect("the way is free");
    app.set_outage(false).await;
    sender.await.expect("every record is taken");
    app.service.provenance_flush().await;
    let reader = principal("acme", Role::Read);
    assert_eq!(app.service.provenance_count(&reader, &Filter::default()).await.expect("a count"), 700);
    assert_eq!(app.service.provenance_counts().lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_stored_whole_or_not_at_all() {
    let app = TestService::new().await;
    let writer = principal("acme", Role::Operate);
    let ids = app.service.provenance_record_batch(&writer, (0..3).map(record).collect()).await.expect("stored");
    assert_eq!(ids, [record(0).id, record(1).id, record(2).id]);
    let bad = Record { run_id: Some(String::new()), ..record(4) };
    let refused = app.service.provenance_record_batch(&writer, vec![record(3), bad]).await.expect_err("a bad field");
    assert_eq!((refused.kind, refused.fields[0].field.as_str()), (Kind::Invalid, "run_id"));
    app.set_outage(true).await;
    let refused = app.service.provenance_record_batch(&writer, vec![record(3)]).await;
    assert!(refused.is_err(), "a batch is not spooled: its sender knows");
    app.set_outage(false).await;
    assert_eq!(app.service.provenance_record_batch(&writer, Vec::new()).await.expect("nothing to do"), []);
    assert_eq!(stored(&app.service).await, [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_neither_writes_for_another_nor_sees_its_records() {
    let app = TestService::new().await;
    record_all(&app.service, 0..3).await;
    let stranger = principal("globex", Role::Admin);
    let refused = app.service.provenance_record(&stranger, record(3)).await.expect_err("another tenant's record");
    assert_eq!(refused.kind, Kind::Forbidden);
    let refused = app.service.provenance_get(&stranger, record(0).id).await.expect_err("another tenant's record");
    assert_eq!(refused.kind, Kind::NotFound);
    assert_eq!(app.service.provenance_count(&stranger, &Filter::default()).await.expect("a count"), 0);
    let hash = record(0).input_hash;
    assert!(!app.service.provenance_exists(&stranger, Variant::V2, hash).await.expect("an answer"));
    assert!(app.service.provenance_exists(&principal("acme", Role::Read), Variant::V2, hash).await.expect("an answer"));
    let sender = principal("acme", Role::Ingest);
    let refused = app.service.provenance_query(&sender, &Filter::default(), Page::default()).await;
    assert_eq!(refused.expect_err("a key that only sends").kind, Kind::Forbidden);
}

fn baseline(number: u32) -> Baseline {
    Baseline {
        run_id: Some(format!("run-{number}")),
        cost: Money::from_cents(number.into()),
        input_hash: None,
        payload: json!({ "plan": [number] }),
        created_at: Some(Timestamp::from_micros(NOW - i64::from(number))),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_stores_each_baseline_once_however_often_it_runs() {
    let app = TestService::new().await;
    let operator = principal("acme", Role::Operate);
    record_all(&app.service, 3..4).await;
    let mut baselines: Vec<Baseline> = (0..250).map(baseline).collect();
    baselines.push(baseline(7));
    baselines.push(Baseline { run_id: Some(String::new()), ..baseline(300) });
    baselines.push(Baseline { input_hash: Some(Hash::of(b"another")), ..baseline(7) });
    let foreseen = app.service.provenance_backfill_preview(&operator, &baselines).await.expect("a preview");
    let of_v1 = Filter { variant: Some(Variant::V1), source: Some(Source::Backfill), ..Filter::default() };
    assert_eq!(app.service.provenance_count(&operator, &of_v1).await.expect("a count"), 0, "nothing is stored");
    let done = app.service.provenance_backfill(&operator, baselines.clone(), 100).await.expect("a backfill");
    assert_eq!((done.inserted, done.skipped, done.errors), (251, 1, 1), "{done:?}");
    assert_eq!(done, foreseen);
    assert!(done.first_error.expect("a reason").contains("run_id"));
    let foreseen = app.service.provenance_backfill_preview(&operator, &baselines).await.expect("a preview");
    let again = app.service.provenance_backfill(&operator, baselines, 7).await.expect("a backfill");
    assert_eq!((again.inserted, again.skipped, again.errors), (0, 252, 1));
    assert_eq!(again, foreseen);
    assert_eq!(app.service.provenance_count(&operator, &of_v1).await.expect("a count"), 251);
    let run = Filter { run_id: Some("run-42".to_owned()), ..Filter::default() };
    let found = app.service.provenance_query(&operator, &run, Page::default()).await.expect("an answer");
    assert_eq!(found[0].record.v1_cost, Some(Money::from_cents(42)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_stopped_half_way_goes_on_where_it_was() {
    let app = TestService::new().await;
    let operator = principal("acme", Role::Operate);
    let baselines: Vec<Baseline> = (0..50).map(baseline).collect();
    app.service.provenance_backfill(&operator, baselines[..30].to_vec(), 10).await.expect("a backfill");
    app.set_outage(true).await;
    let failed = app.service.provenance_backfill(&operator, baselines.clone(), 10).await.expect("failures are counted");
    assert_eq!((failed.inserted, failed.skipped, failed.errors), (0, 30, 20), "{failed:?}");
    app.set_outage(false).await;
    let done = app.service.provenance_backfill(&operator, baselines, 10).await.expect("a backfill");
    assert_eq!((done.inserted, done.skipped, done.errors), (20, 30, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_cannot_renew_its_lease_says_what_it_stored_and_lets_the_next_one_run() {
    let app = TestService::new().await;
    let operator = principal("acme", Role::Operate);
    let baselines: Vec<Baseline> = (0..30).map(baseline).collect();
    app.set_refused("UPDATE", "lease", true).await;
    let failed = app.service.provenance_backfill(&operator, baselines.clone(), 10).await.expect("failures are counted");
    assert_eq!((failed.inserted, failed.skipped, failed.errors), (10, 0, 20), "{failed:?}");
    assert!(failed.first_error.is_some());
    app.set_refused("UPDATE", "lease", false).await;
    let done = app.service.provenance_backfill(&operator, baselines.clone(), 10).await.expect("a backfill");
    assert_eq!((done.inserted, done.skipped, done.errors), (20, 10, 0), "{done:?}");
    app.set_refused("INSERT", "lease", true).await;
    assert!(app.service.provenance_backfill(&operator, baselines, 10).await.is_err(), "it never begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_backfill_of_a_tenant_runs_at_a_time() {
    let app = TestService::new().await;
    let operator = principal("acme", Role::Operate);
    let other = purser_store::Store::open(&app.state()).await.expect("another node");
    let (leases, name) = (other.lease(), "provenance.backfill.acme");
    let held = leases.acquire(name, "other", Timestamp::from_micros(NOW), Duration::from_secs(9)).await;
    assert_eq!(held, Ok(true));
    let refused = app.service.provenance_backfill(&operator, vec![baseline(1)], 10).await.expect_err("it is held");
    assert_eq!(refused.kind, Kind::Conflict);
    leases.release(name, "other").await.expect("it is free");
    for size in [0, 10_001] {
        let refused =
            app.service.provenance_backfill(&operator, vec![baseline(1)], size).await.expect_err("a bad size");
        assert_eq!(refused.fields[0].field, "batch_size");
    }
    let done = app.service.provenance_backfill(&operator, vec![baseline(1)], 10).await.expect("a backfill");
    assert_eq!(done.inserted, 1);
    let reader = principal("acme", Role::Read);
    let refused = app.service.provenance_backfill(&reader, vec![baseline(1)], 10).await.expect_err("a reader");
    assert_eq!(refused.kind, Kind::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_neither_store_nor_disk_takes_says_how_many_are_lost() {
    let app = TestService::new().await;
    app.set_outage(true).await;
    // No directory can be where a file is.
    let spool = app.spool();
    std::fs::create_dir_all(spool.parent().expect("a directory")).expect("a directory");
    std::fs::write(&spool, "in the way").expect("a file");
    record_all(&app.service, 0..3).await;
    let error = app.service.shutdown().await.expect_err("three records are lost");
    let cause = error.internal.as_deref().unwrap_or_default().to_owned();
    assert!(cause.starts_with("3 records of simulations"), "{error}: {cause}");
    assert_eq!(app.service.provenance_counts().lost, 3);
}
