//! Imports.

use purser_store::Error;
use purser_store::import::{Counts, Import, Status};

use crate::database::{Database, at, with_tenant};

pub(crate) fn import(id: &str, started_at: i64) -> Import {
    Import {
        id: id.to_owned(),
        format: "csv".to_owned(),
        source: "csv".to_owned(),
        name: "november.csv".to_owned(),
        status: Status::Running,
        started_at: at(started_at),
        finished_at: None,
        counts: Counts::default(),
        voided_at: None,
        void_reason: None,
    }
}

pub(crate) async fn an_import_runs_and_finishes(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let imports = store.import(&acme);
    imports.create(&import("imp_1", 5)).await.expect("a new import");
    assert!(matches!(imports.create(&import("imp_1", 6)).await, Err(Error::Conflict(_))));
    let counts = Counts { accepted: 10, duplicate: 3, conflict: 2, refused: 1 };
    imports.progress("imp_1", Status::Running, counts, at(6)).await.expect("a running import");
    assert_eq!(imports.get("imp_1").await, Ok(Some(Import { counts, ..import("imp_1", 5) })));
    imports.progress("imp_1", Status::Finished, counts, at(7)).await.expect("a running import");
    let finished = Import { status: Status::Finished, finished_at: Some(at(7)), counts, ..import("imp_1", 5) };
    assert_eq!(imports.get("imp_1").await, Ok(Some(finished)));
    assert_eq!(imports.get("imp_2").await, Ok(None));
}

pub(crate) async fn a_voided_import_stays_voided(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let imports = store.import(&acme);
    imports.create(&import("imp_1", 5)).await.expect("a new import");
    imports.void("imp_1", "wrong month", at(9)).await.expect("a known import");
    let voided = imports.get("imp_1").await.expect("a lookup").expect("it stays");
    assert_eq!((voided.status, voided.voided_at), (Status::Voided, Some(at(9))));
    assert_eq!(voided.void_reason.as_deref(), Some("wrong month"));
    let twice = imports.void("imp_1", "again", at(10)).await;
    assert_eq!(twice, Err(Error::Conflict("import \"imp_1\" is voided already".to_owned())));
    let late = imports.progress("imp_1", Status::Finished, Counts::default(), at(10)).await;
    assert!(matches!(late, Err(Error::Conflict(_))));
    assert_eq!(imports.void("imp_2", "", at(9)).await, Err(Error::NotFound("import \"imp_2\"".to_owned())));
}

pub(crate) async fn imports_are_paged_newest_first(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let imports = store.import(&acme);
    for (id, started_at) in [("a", 1), ("b", 2), ("c", 2), ("d", 3)] {
        imports.create(&import(id, started_at)).await.expect("a new import");
    }
    let ids = |page: Vec<Import>| page.into_iter().map(|import| import.id).collect::<Vec<_>>();
    assert_eq!(imports.list(2, None).await.map(ids), Ok(vec!["d".to_owned(), "c".to_owned()]));
    assert_eq!(imports.list(2, Some((at(2), "c"))).await.map(ids), Ok(vec!["b".to_owned(), "a".to_owned()]));
    assert_eq!(imports.list(2, Some((at(1), "a"))).await.map(ids), Ok(Vec::new()));
}
