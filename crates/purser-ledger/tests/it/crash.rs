//! A crash at any moment loses no acknowledged event and doubles none.

use purser_ledger::Outcome;

use crate::support::{TestLedger, drafts};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_crash() {
    let ledger = TestLedger::new().await;
    ledger.append(drafts(0..10)).await;
    let ledger = ledger.crash().await;
    assert_eq!(ledger.total().await.charged, 10);
    assert_eq!(ledger.append(drafts(5..12)).await[4..], [Outcome::Duplicate, Outcome::Accepted, Outcome::Accepted]);
    ledger.ledger.flush().await.expect("a flush");
    ledger.append(drafts(20..25)).await;
    let ledger = ledger.crash().await;
    assert_eq!(ledger.total().await.charged, 17);
    assert_eq!(ledger.append(drafts(0..12)).await, [Outcome::Duplicate; 12]);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_index_is_rebuilt_from_lake_and_inbox() {
    let ledger = TestLedger::new().await;
    ledger.append(drafts(0..10)).await;
    ledger.ledger.flush().await.expect("a flush");
    ledger.append(drafts(10..20)).await;
    let ledger = ledger.lose_index().await;
    assert_eq!(ledger.append(drafts(0..20)).await, [Outcome::Duplicate; 20]);
    assert_eq!(ledger.append(drafts(0..21)).await[20], Outcome::Accepted);
    ledger.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_lakes_commit_and_emptying_the_inbox_doubles_nothing() {
    let ledger = TestLedger::new().await;
    if !ledger.state.is_sqlite() {
        return;
    }
    ledger.append(drafts(0..10)).await;
    let state = ledger.path().join("state.db");
    let (wal, copy, copy_wal) =
        (ledger.path().join("state.db-wal"), ledger.path().join("copy"), ledger.path().join("copy-wal"));
    std::fs::copy(&state, &copy).expect("a copy of the state");
    let had_wal = std::fs::copy(&wal, &copy_wal).is_ok();
    ledger.ledger.flush().await.expect("a flush");
    let shm = ledger.path().join("state.db-shm");
    let put_back = || {
        std::fs::rename(&copy, &state).expect("the state is put back");
        if had_wal {
            std::fs::rename(&copy_wal, &wal).expect("the log is put back");
        }
        std::fs::remove_file(shm).ok();
    };
    let ledger = ledger.restore(put_back).await;
    assert_eq!(ledger.total().await.charged, 10, "the inbox still holds what the lake holds");
    assert_eq!(ledger.append(drafts(0..11)).await[9..], [Outcome::Duplicate, Outcome::Accepted]);
    ledger.ledger.flush().await.expect("a flush");
    assert_eq!(ledger.total().await.charged, 11);
    ledger.assert_sound().await;
}
