//! Which lake the state belongs to.

use purser_store::lake::Lake;

use crate::database::Database;

pub(crate) async fn the_first_lake_stays_the_one(database: Database) {
    let (one, two) = (database.store().await, database.store().await);
    let lake = |id: &str, location: &str| Lake { id: id.to_owned(), location: location.to_owned() };
    let (first, other) = (lake("a", "/one"), lake("b", "/two"));
    assert_eq!(one.lake().claim("usage_events", &first).await, Ok(first.clone()));
    assert_eq!(two.lake().claim("usage_events", &other).await, Ok(first.clone()));
    assert_eq!(two.lake().claim("another", &other).await, Ok(other), "another table");
    let moved = lake("a", "/three");
    assert_eq!(two.lake().claim("usage_events", &moved).await, Ok(moved.clone()), "the same in another place");
    assert_eq!(one.lake().claim("usage_events", &lake("c", "/one")).await, Ok(moved));
}
