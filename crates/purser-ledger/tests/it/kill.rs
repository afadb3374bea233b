//! SIGKILL at random moments under load: nothing acknowledged is missing, nothing is double.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use purser_domain::time::Calendar;
use purser_domain::usage_query::Query;
use purser_ledger::{Ledger, Mode};
use purser_store::Store;

use crate::support::{NOW, acme, config, drafts, rate};

/// Where the victim works: the test starts itself again with this set.
const DIRECTORY: &str = "PURSER_TEST_KILL_DIRECTORY";
const ROUNDS: u64 = 20;
const REQUEST: u64 = 20;

async fn open(directory: &Path) -> Ledger {
    let store_config = purser_store::Config { url: None, data_dir: directory.to_owned() };
    let store = Store::open(&store_config).await.expect("the store opens after a kill");
    Ledger::open(config(directory, &Arc::new(AtomicI64::new(NOW))), store).await.expect("the ledger opens after a kill")
}

/// The victim: appends from several tasks, notes what is acknowledged, flushes now and then, until it is killed.
async fn append_until_killed(directory: &Path) {
    let ledger = open(directory).await;
    let known = ledger.query(&acme(), &Calendar::default(), &Query::default()).await.expect("an answer").total.charged;
    let first = u64::try_from(known).expect("a count") / REQUEST * REQUEST;
    let acknowledged = std::fs::OpenOptions::new().append(true).create(true).open(directory.join("acknowledged"));
    let acknowledged = Arc::new(std::sync::Mutex::new(acknowledged.expect("a file of acknowledgements")));
    for round in 0_u64.. {
        let requests = (0..6).map(|request| {
            let (ledger, acknowledged) = (ledger.clone(), acknowledged.clone());
            let from = first + (round * 4 + request) * REQUEST;
            async move {
                ledger
                    .append(drafts(from..from + REQUEST), Mode::Partial, &rate())
                    .await
                    .expect("the ledger takes events");
                writeln!(acknowledged.lock().expect("no writer panics"), "{from}").expect("a note");
            }
        });
        futures::future::join_all(requests).await;
        if round % 5 == 4 {
            ledger.flush().await.expect("a flush");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_twenty_kills_and_nothing_counts_twice() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return append_until_killed(Path::new(&directory)).await;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = std::env::current_exe().expect("this program");
    for round in 0..ROUNDS {
        let mut victim = Command::new(&program)
            .args(["--exact", "kill::what_was_acknowledged_survives_twenty_kills_and_nothing_counts_twice"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("the victim starts");
        tokio::time::sleep(Duration::from_millis(300 + round * 7_919 % 700)).await;
        victim.kill().expect("the victim is killed");
        let ended = victim.wait().expect("the victim ends");
        assert_ne!(ended.code(), Some(101), "the victim failed by itself in round {round}");
    }
    let ledger = open(directory.path()).await;
    assert_eq!(ledger.verify().await.expect("verification runs").findings, []);
    let notes = std::fs::read_to_string(directory.path().join("acknowledged")).expect("some were acknowledged");
    let mut expected = std::collections::BTreeSet::new();
    // A note that the kill cut off has no line end.
    for from in notes.rsplit_once('\n').map_or("", |(whole, _)| whole).lines().map(|line| line.parse::<u64>()) {
        let from = from.expect("a number");
        expected.extend(from..from + REQUEST);
    }
    assert!(!expected.is_empty(), "the victim lived long enough to store something");
    let before = ledger.query(&acme(), &Calendar::default(), &Query::default()).await.expect("an answer").total.charged;
    assert!(before >= expected.len() as i64, "{before} of {} acknowledged", expected.len());
    let again: Vec<_> = expected.iter().flat_map(|id| drafts(*id..*id + 1)).collect();
    let receipt = ledger.append(again, Mode::AllOrNothing, &rate()).await.expect("no conflict");
    assert_eq!(receipt.count(purser_ledger::Outcome::Duplicate), expected.len(), "each acknowledged event is known");
}
