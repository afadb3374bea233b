//! Versions of the price book.

use purser_store::price_import::PriceImport;

use crate::database::{Database, at};

pub(crate) async fn versions_are_added_and_keep_their_lines(database: Database) {
    let store = database.store().await;
    assert_eq!(store.price_import().list().await, Ok(Vec::new()));
    let lines: Vec<String> = (0..2_345).map(|n| format!("{{\"model\":\"m-{n}\", \"é\": 1e-7}}")).collect();
    let first = store.price_import().add("litellm 1.109.1", &lines, at(7)).await.expect("a version");
    let expected =
        PriceImport { version: 1, catalogue: "litellm 1.109.1".to_owned(), imported_at: at(7), prices: 2_345 };
    assert_eq!(first, expected);
    let second = store.price_import().add("genai-prices 0.2.3", &[], at(8)).await.expect("an empty version");
    assert_eq!(second.version, 2);
    assert_eq!(store.price_import().list().await, Ok(vec![first, second]));
    assert_eq!(store.price_import().lines(1).await, Ok(lines));
    assert_eq!(store.price_import().lines(2).await, Ok(Vec::new()));
    assert_eq!(store.price_import().lines(3).await, Ok(Vec::new()));
}
