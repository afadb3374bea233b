//! What was read and not charged is counted, across restarts and nodes.

use purser_domain::api_key::Role;
use purser_domain::passed_over::Reason;
use purser_service::decode::decoded::Decoded;
use purser_service::ingest::Options;

use crate::support::{TestService, principal};

async fn pass_over(service: &TestService, times: u64) {
    let mut decoded = Decoded::default();
    for _ in 0..times {
        decoded.pass_over("ai-sdk", "decide", Reason::UnknownOperation);
    }
    let who = principal("acme", Role::Ingest);
    let receipt = service.service.ingest(&who, decoded, &Options::partial()).await.expect("it is counted");
    assert!(receipt.notice.contains("decide"), "{receipt:?}");
}

async fn counts(service: &TestService) -> Vec<u64> {
    let who = principal("acme", Role::Read);
    let records = service.service.passed_over(&who, None).await.expect("the list");
    records.into_iter().map(|record| record.count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_survive_a_restart_and_go_on() {
    let service = TestService::new().await.with_tenant("acme").await;
    pass_over(&service, 2).await;
    let service = service.restart().await;
    assert_eq!(counts(&service).await, [2]);
    pass_over(&service, 3).await;
    assert_eq!(counts(&service).await, [5], "what waits is read too");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_stored_without_being_asked_for() {
    let service = TestService::new().await.with_tenant("acme").await;
    pass_over(&service, 2).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let service = service.crash().await;
    assert_eq!(counts(&service).await, [2]);
}
