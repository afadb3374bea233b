//! The report on recorded pairs, while more are recorded.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use purser_domain::api_key::Role;
use purser_domain::provenance::{Filter, Page, Record, RecordId, Variant};
use purser_domain::step::Step;
use purser_domain::time::{Timestamp, Window};
use purser_service::divergence::Question;
use purser_service::sandbox::Config;
use purser_service::simulation::Request;

use crate::support::{NOW, TestService, principal};

const DAY: i64 = 86_400_000_000;

/// A recorded pair.
async fn pair(app: &TestService) -> Record {
    let who = principal("acme", Role::Read);
    let patience = std::time::Duration::from_secs(20);
    app.service.start_sandbox(Config { enabled: true, shadow_wait: patience, deadline: patience, ..Config::default() });
    let request = Request { steps: vec![Step::new("http_call")], ..Request::default() };
    app.service.sandbox_simulate(&who, request).await.expect("an answer");
    loop {
        let found = app.service.provenance_query(&who, &Filter::default(), Page::default()).await.expect("an answer");
        if let Some(chained) = found.into_iter().find(|chained| chained.record.variant == Variant::Comparison) {
            return chained.record;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pair_counts_once_while_more_are_recorded() {
    let app = TestService::new().await.with_tenant("acme").await;
    let (first, writer) = (pair(&app).await, principal("acme", Role::Operate));
    // Each pair has a moment of its own, by which its sample is known.
    let at = |micros: i64| {
        let at = Timestamp::from_micros(micros);
        let number = u128::try_from(micros).expect("after 1970");
        Record { id: RecordId::new(at, number), created_at: at, ..first.clone() }
    };
    let old = (1..4_500).map(|number| at(NOW - 10_000_000 - number)).collect();
    app.service.provenance_record_batch(&writer, old).await.expect("stored");
    let window = Window::new(Timestamp::from_micros(NOW - DAY), Timestamp::from_micros(NOW + 1)).expect("a window");
    let question = Question { window, dataset: None, version: None, samples_max: 10_000 };
    let is_done = AtomicBool::new(false);
    let later = async {
        let mut number = 0;
        while !is_done.load(Ordering::SeqCst) {
            number += 1;
            app.service.provenance_record_batch(&writer, vec![at(NOW - number)]).await.expect("stored");
        }
    };
    let report = async {
        let answer = app.service.divergence(&writer, &question).await.expect("a report");
        is_done.store(true, Ordering::SeqCst);
        answer
    };
    let (answer, ()) = tokio::join!(report, later);
    let moments: BTreeSet<Timestamp> = answer.samples.iter().map(|sample| sample.timestamp).collect();
    assert_eq!(moments.len(), answer.samples.len(), "no pair comes twice");
    let old = moments.iter().filter(|at| at.micros() < NOW - 10_000_000).count();
    assert_eq!(old, 4_499, "and none of those that were there is left out");
    let few = Question { samples_max: 7, ..question };
    assert_eq!(app.service.divergence(&writer, &few).await.expect("a report").samples.len(), 7);
}
