//! The inbox of provenance and the chains that move with it.

use purser_domain::provenance::{ChainHead, Hash};
use purser_store::inbox::{Append, Head, Log};
use sea_orm::ConnectionTrait;

use crate::database::{Database, at, tenant_id};
use crate::inbox::{append, batch};

fn chain(tenant: &str, position: u64) -> ChainHead {
    ChainHead { tenant: tenant_id(tenant), position, hash: Hash::of(&position.to_be_bytes()) }
}

pub(crate) async fn two_logs_have_heads_of_their_own(database: Database) {
    let store = database.store().await;
    append(&store, b"usage").await.expect("an append");
    append(&store, b"usage").await.expect("an append");
    let inbox = store.inbox_of(Log::Provenance);
    assert_eq!(inbox.head().await, Ok(Head::default()));
    let first = inbox.append(&Head::default(), batch(b"provenance", 1, 3)).await;
    assert_eq!(first, Ok(Append::Committed(Head { seq: 1, received_through: at(3) })));
    assert_eq!(store.inbox().head().await.map(|head| head.seq), Ok(2));
    let read = inbox.read_after(0, 1_000).await.expect("a read");
    assert_eq!(read.iter().map(|batch| batch.payload.as_slice()).collect::<Vec<_>>(), [b"provenance"]);
    assert_eq!(inbox.stats().await.map(|stats| (stats.batches, stats.bytes)), Ok((1, 10)));
    assert_eq!(inbox.delete_through(9).await, Ok(1));
    assert_eq!(store.inbox().stats().await.map(|stats| stats.batches), Ok(2));
}

pub(crate) async fn chains_move_with_their_batch_or_not_at_all(database: Database) {
    let store = database.store().await;
    let (inbox, acme, other) = (store.inbox_of(Log::Provenance), tenant_id("acme"), tenant_id("other"));
    let heads = store.provenance().heads([&acme]).await.expect("heads");
    assert_eq!(heads[&acme], ChainHead::start(acme.clone()));
    let chains = [chain("acme", 3), chain("other", 1)];
    let committed = inbox.append_chained(&Head::default(), batch(b"1", 1, 4), &chains).await;
    let head = Head { seq: 1, received_through: at(4) };
    assert_eq!(committed, Ok(Append::Committed(head)));
    let stale = inbox.append_chained(&Head::default(), batch(b"2", 1, 4), &[chain("acme", 9)]).await;
    assert_eq!(stale, Ok(Append::Moved(head)));
    let next = inbox.append_chained(&head, batch(b"2", 5, 6), &[chain("acme", 5)]).await;
    assert!(matches!(next, Ok(Append::Committed(_))), "{next:?}");
    let heads = store.provenance().heads([&acme, &other]).await.expect("heads");
    assert_eq!((heads[&acme].clone(), heads[&other].clone()), (chain("acme", 5), chain("other", 1)));
}

pub(crate) async fn a_chain_is_dropped_further_and_never_less_far(database: Database) {
    let store = database.store().await;
    let (inbox, acme, other) = (store.inbox_of(Log::Provenance), tenant_id("acme"), tenant_id("other"));
    assert_eq!(store.provenance().dropped(&acme).await, Ok(Some(0)));
    let chains = [chain("acme", 3), chain("other", 1)];
    inbox.append_chained(&Head::default(), batch(b"1", 1, 4), &chains).await.expect("an append");
    for (position, expected) in [(2, 2), (1, 2), (3, 3)] {
        store.provenance().drop_to(&acme, position).await.expect("it is noted");
        assert_eq!(store.provenance().dropped(&acme).await, Ok(Some(expected)));
    }
    let head = Head { seq: 1, received_through: at(4) };
    inbox.append_chained(&head, batch(b"2", 5, 6), &[chain("acme", 5)]).await.expect("an append");
    assert_eq!(store.provenance().dropped(&acme).await, Ok(Some(3)), "the chain goes on");
    assert_eq!(store.provenance().dropped(&other).await, Ok(Some(0)));
    let raw = database.raw().await;
    raw.execute_unprepared("UPDATE provenance_chain SET dropped = NULL").await.expect("as it was before the count");
    assert_eq!(store.provenance().dropped(&other).await, Ok(None));
    store.provenance().drop_to(&other, 1).await.expect("it is noted");
    assert_eq!(store.provenance().dropped(&other).await, Ok(Some(1)));
}

pub(crate) async fn thousands_of_chains_move_together(database: Database) {
    let store = database.store().await;
    let chains: Vec<ChainHead> = (0..2_500).map(|n| chain(&format!("t{n}"), n + 1)).collect();
    let appended = store.inbox_of(Log::Provenance).append_chained(&Head::default(), batch(b"1", 1, 4), &chains).await;
    assert!(matches!(appended, Ok(Append::Committed(_))), "{appended:?}");
    let heads = store.provenance().heads(chains.iter().map(|chain| &chain.tenant)).await.expect("heads");
    assert!(chains.iter().all(|chain| heads[&chain.tenant] == *chain));
}

/// What the first migration made and a server filled, the second one keeps.
pub(crate) async fn batches_that_wait_survive_the_second_log(database: Database) {
    let store = database.store().await;
    let raw = database.raw().await;
    for sql in [
        "DELETE FROM seaql_migrations WHERE version IN ('m0002_provenance', 'm0006_retention')",
        "DROP TABLE provenance_chain",
        "DROP TABLE inbox",
        "DROP TABLE inbox_head",
        "CREATE TABLE inbox (seq BIGINT NOT NULL PRIMARY KEY, entries BIGINT, bytes BIGINT, first_received BIGINT,
            last_received BIGINT, payload {bytes})",
        "CREATE TABLE inbox_head (id SMALLINT NOT NULL PRIMARY KEY, seq BIGINT, received_through BIGINT)",
        "INSERT INTO inbox VALUES (7, 3, 1, 10, 12, {one})",
        "INSERT INTO inbox_head VALUES (1, 7, 12)",
    ] {
        let is_postgres = database.config.url.is_some();
        let (bytes, one) = if is_postgres { ("BYTEA", "'\\x01'") } else { ("BLOB", "x'01'") };
        raw.execute_unprepared(&sql.replace("{bytes}", bytes).replace("{one}", one)).await.expect(sql);
    }
    drop(store);
    let store = database.store().await;
    assert_eq!(store.inbox().head().await, Ok(Head { seq: 7, received_through: at(12) }));
    let batches = store.inbox().read_after(0, 1_000).await.expect("a read");
    assert_eq!(batches.iter().map(|batch| (batch.seq, batch.payload.clone())).collect::<Vec<_>>(), [(7, vec![1])]);
    assert_eq!(store.inbox_of(Log::Provenance).head().await, Ok(Head::default()));
}
