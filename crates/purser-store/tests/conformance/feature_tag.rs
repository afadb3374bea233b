//! Feature tags.

use purser_domain::feature_tag::FeatureTag;
use purser_domain::money::Money;
use purser_store::Error;

use crate::database::{Database, with_tenant};

pub(crate) fn tag(id: &str, tag: &str) -> FeatureTag {
    FeatureTag {
        id: id.to_owned(),
        tag: tag.to_owned(),
        display_name: tag.to_uppercase(),
        description: None,
        budget_usd: None,
        is_active: true,
    }
}

pub(crate) async fn a_tag_is_created_changed_and_listed(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let tags = store.feature_tag(&acme);
    tags.create(&tag("ft_2", "support.reply")).await.expect("a new tag");
    tags.create(&tag("ft_1", "search.rank")).await.expect("a new tag");
    let changed = FeatureTag {
        description: Some("Antwort — an Kunden".to_owned()),
        budget_usd: Some(Money::from_pico(123_456_789_012_345_678_901)),
        is_active: false,
        ..tag("ft_2", "support.answer")
    };
    tags.update(&changed).await.expect("a known tag");
    assert_eq!(tags.get("ft_2").await, Ok(Some(changed.clone())));
    assert_eq!(tags.list().await, Ok(vec![tag("ft_1", "search.rank"), changed]));
    let missing = tags.update(&tag("ft_3", "a.b")).await;
    assert_eq!(missing, Err(Error::NotFound("feature tag \"ft_3\"".to_owned())));
}

pub(crate) async fn a_tag_is_unique_in_its_tenant(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let tags = store.feature_tag(&acme);
    tags.create(&tag("ft_1", "search.rank")).await.expect("a new tag");
    tags.create(&tag("ft_2", "support.reply")).await.expect("a new tag");
    for twice in [tag("ft_1", "a.b"), tag("ft_3", "search.rank")] {
        assert!(matches!(tags.create(&twice).await, Err(Error::Conflict(_))), "{twice:?}");
    }
    assert!(matches!(tags.update(&tag("ft_2", "search.rank")).await, Err(Error::Conflict(_))));
}
