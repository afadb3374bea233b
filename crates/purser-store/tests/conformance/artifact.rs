//! What computed datasets were made from.

use purser_domain::artifact::{Artifact, Made};
use purser_store::Error;

use crate::database::{Database, at, tenant_id, with_tenant};

pub(crate) fn artifact(id: &str, dataset: &str, version: &str, micros: i64) -> Artifact {
    Artifact {
        id: id.to_owned(),
        made: Made {
            dataset_id: dataset.to_owned(),
            dataset_version: version.to_owned(),
            input_window_hash: "ab12".to_owned(),
            as_of: at(0),
            compute_code_version: "1.0.0".to_owned(),
        },
        recorded_at: at(micros),
    }
}

pub(crate) async fn a_version_is_saved_over_and_keeps_its_id(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let artifacts = store.artifact(&acme);
    let first = artifact("art_1", "daily", "1", 10);
    assert_eq!(artifacts.save(first.clone()).await, Ok(first));
    let mut again = artifact("art_2", "daily", "1", 20);
    again.made.input_window_hash = "cd34".to_owned();
    again.made.as_of = at(5);
    again.made.compute_code_version = "1.1.0".to_owned();
    let stored = Artifact { id: "art_1".to_owned(), ..again.clone() };
    assert_eq!(artifacts.save(again).await, Ok(stored.clone()));
    assert_eq!(artifacts.list(10, None).await, Ok(vec![stored]));
    let taken = artifacts.save(artifact("art_1", "daily", "2", 30)).await;
    assert!(matches!(taken, Err(Error::Conflict(_))), "{taken:?}");
    let nobody = tenant_id("nobody");
    let orphan = store.artifact(&nobody).save(artifact("art_3", "daily", "1", 1)).await;
    assert!(matches!(orphan, Err(Error::Conflict(_))), "{orphan:?}");
}

pub(crate) async fn artifacts_are_found_newest_first(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let artifacts = store.artifact(&acme);
    let saved = [
        artifact("art_a", "daily", "1", 30),
        artifact("art_b", "daily", "2", 20),
        artifact("art_c", "weekly", "1", 20),
        artifact("art_d", "weekly", "2", 10),
    ];
    for one in &saved {
        artifacts.save(one.clone()).await.expect("a new artifact");
    }
    let [a, b, c, d] = saved;
    assert_eq!(artifacts.get("daily", None).await, Ok(Some(a.clone())), "version 1 was saved last");
    assert_eq!(artifacts.get("daily", Some("2")).await, Ok(Some(b.clone())));
    assert_eq!(artifacts.get("daily", Some("3")).await, Ok(None));
    assert_eq!(artifacts.get("monthly", None).await, Ok(None));
    assert_eq!(artifacts.list(2, None).await, Ok(vec![a, c.clone()]));
    assert_eq!(artifacts.list(2, Some((at(20), "art_c"))).await, Ok(vec![b, d]));
    assert_eq!(artifacts.list(0, None).await, Ok(Vec::new()));
}
