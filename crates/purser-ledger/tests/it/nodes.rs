//! Several nodes on one inbox and one lake: each event once, and each node sees all of it.

use std::path::Path;
use std::sync::Arc;

use purser_domain::time::Calendar;
use purser_domain::usage_query::Query;
use purser_ledger::{Config, Draft, Ledger, Mode, Outcome};

use crate::support::{State, acme, config, draft, drafts, rate};

async fn node(directory: &Path, state: &State, name: &str) -> Ledger {
    let clock = Arc::new(std::sync::atomic::AtomicI64::new(crate::support::NOW));
    let local = config(directory, &clock);
    let shared = Config::shared(&local.table, &directory.join(name), name);
    let config = Config { clock: local.clock, background: false, ..shared };
    Ledger::open(config, state.store().await).await.expect("a node opens")
}

async fn charged(ledger: &Ledger) -> i64 {
    ledger.query(&acme(), &Calendar::default(), &Query::default()).await.expect("an answer").total.charged
}

async fn append(ledger: &Ledger, drafts: Vec<Draft>) -> Vec<Outcome> {
    ledger.append(drafts, Mode::Partial, &rate()).await.expect("the node takes events").outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_count_each_event_once_and_read_each_others_writes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = State::new(directory.path()).await;
    let (one, other) = (node(directory.path(), &state, "one").await, node(directory.path(), &state, "other").await);
    let rounds = (0..10).map(|round| {
        let (one, other) = (one.clone(), other.clone());
        async move {
            let both = tokio::join!(
                append(&one, drafts(round * 10..round * 10 + 10)),
                append(&other, drafts(round * 10 + 5..round * 10 + 15))
            );
            both.0.into_iter().chain(both.1).filter(|outcome| *outcome == Outcome::Accepted).count()
        }
    });
    let accepted: usize = futures::future::join_all(rounds).await.into_iter().sum();
    assert_eq!(accepted, 105);
    assert_eq!((charged(&one).await, charged(&other).await), (105, 105));
    one.flush().await.expect("a flush");
    assert_eq!(append(&other, drafts(0..106)).await[105], Outcome::Accepted);
    assert_eq!((charged(&one).await, charged(&other).await), (106, 106));
    assert_eq!(one.verify().await.expect("verification runs").findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_lake_of_its_own_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = State::new(directory.path()).await;
    let one = node(directory.path(), &state, "one").await;
    append(&one, drafts(0..3)).await;
    let astray = Config::local(&directory.path().join("astray"));
    let Err(error) = Ledger::open(astray, state.store().await).await else { panic!("it opened") };
    let said = error.to_string();
    assert!(matches!(error, purser_ledger::Error::OtherLake { .. }), "{said}");
    assert!(said.contains("astray") && said.contains("setting `lake`"), "{said}");
    assert_eq!(charged(&node(directory.path(), &state, "two").await).await, 3, "the same lake is welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_slept_through_flushes_catches_up_from_the_lake() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let state = State::new(directory.path()).await;
    let (one, other) = (node(directory.path(), &state, "one").await, node(directory.path(), &state, "other").await);
    for round in 0..3 {
        append(&one, drafts(round * 10..round * 10 + 10)).await;
        one.flush().await.expect("a flush");
    }
    append(&one, drafts(30..35)).await;
    assert_eq!(append(&other, drafts(0..36)).await[34..], [Outcome::Duplicate, Outcome::Accepted]);
    assert_eq!(charged(&other).await, 36);
    let conflict = append(&other, vec![draft("e7", 8)]).await;
    assert_eq!(conflict, [Outcome::Conflict]);
}
