//! What belongs to a tenant is reached through that tenant's handle only.

use std::collections::BTreeSet;

use purser_domain::api_key::Role;
use purser_domain::skill::SkillId;
use purser_domain::tenant::Tenant;
use purser_store::Error;

use crate::api_key::key;
use crate::artifact::artifact;
use crate::calibration::{calibration, window};
use crate::conflict::conflict;
use crate::database::{Database, at, tenant_id, with_tenant};
use crate::discount::discount;
use crate::feature_tag::tag;
use crate::import::import;
use crate::passed_over::counts;
use crate::price_override::{own, price};
use crate::scenario::scenario;
use crate::skill_override::skill;

pub(crate) async fn tenants_never_see_each_others_rows(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let other = tenant_id("other");
    store.tenant().create(&Tenant::new(other.clone())).await.expect("a new tenant");
    store.api_key().insert(&key(&acme, "k", Role::Admin), "h").await.expect("a new key");
    store.feature_tag(&acme).create(&tag("ft_1", "a.b")).await.expect("a new tag");
    store.price_override(&acme).set(&own("po_1", price("m", None)), at(1)).await.expect("a new price");
    store.discount(&acme).set(&discount("d_1", 1), at(1)).await.expect("a new discount");
    store.conflict(&acme).record(&[conflict("e", "{}", 1)]).await.expect("a new conflict");
    store.import(&acme).create(&import("imp_1", 1)).await.expect("a new import");
    store.skill_override(&acme).set(&SkillId::new("s"), &skill(1), at(1)).await.expect("a new row");
    store.scenario(&acme).create(&scenario("sc_1"), at(1)).await.expect("a new scenario");
    store.calibration(&acme).add(&calibration("a", 1), window(), 9).await.expect("a new calibration");
    store.artifact(&acme).save(artifact("art_1", "d", "1", 1)).await.expect("a new artifact");
    store.passed_over().add(&counts(&acme, "decide", 1, 1)).await.expect("a new kind");

    assert_eq!(store.api_key().list(&other).await, Ok(Vec::new()));
    assert_eq!(store.feature_tag(&other).list().await, Ok(Vec::new()));
    assert_eq!(store.feature_tag(&other).get("ft_1").await, Ok(None));
    assert_eq!(store.price_override(&other).history().await, Ok(Vec::new()));
    assert_eq!(store.discount(&other).history().await, Ok(Vec::new()));
    assert_eq!(store.conflict(&other).list(10, None).await, Ok(Vec::new()));
    assert_eq!(store.conflict(&other).count().await, Ok(0));
    assert_eq!(store.passed_over().list(&other, None, 10).await, Ok(Vec::new()));
    assert_eq!(store.import(&other).list(10, None).await, Ok(Vec::new()));
    assert_eq!(store.import(&other).get("imp_1").await, Ok(None));
    assert!(store.skill_override(&other).list().await.expect("the list").is_empty());
    assert_eq!(store.scenario(&other).list().await, Ok(Vec::new()));
    assert_eq!(store.scenario(&other).get("sc_1").await, Ok(None));
    assert_eq!(store.calibration(&other).list(10).await, Ok(Vec::new()));
    assert_eq!(store.calibration(&other).newest().await, Ok(None));
    assert_eq!(store.calibration(&other).get(1).await, Ok(None));
    assert_eq!(store.artifact(&other).list(10, None).await, Ok(Vec::new()));
    assert_eq!(store.artifact(&other).get("d", Some("1")).await, Ok(None));

    let refused = [
        store.api_key().revoke(&other, "k", at(2)).await,
        store.feature_tag(&other).update(&tag("ft_1", "a.b")).await,
        store.price_override(&other).end("po_1", at(2), at(2)).await.map(drop),
        store.discount(&other).end("d_1", at(2), at(2)).await.map(drop),
        store.import(&other).void("imp_1", "", at(2)).await,
        store.skill_override(&other).delete("s").await,
        store.scenario(&other).delete("sc_1").await,
    ];
    assert!(refused.iter().all(|answer| matches!(answer, Err(Error::NotFound(_)))), "{refused:?}");

    // The same ids, tags and periods are free for another tenant, and leave the first one's rows alone.
    store.feature_tag(&other).create(&tag("ft_1", "a.b")).await.expect("its own tag");
    store.price_override(&other).set(&own("po_1", price("m", None)), at(2)).await.expect("its own price");
    store.discount(&other).set(&discount("d_1", 2), at(2)).await.expect("its own discount");
    store.conflict(&other).record(&[conflict("e", "{}", 2)]).await.expect("its own conflict");
    store.import(&other).create(&import("imp_1", 2)).await.expect("its own import");
    store.skill_override(&other).set(&SkillId::new("s"), &skill(2), at(2)).await.expect("its own row");
    store.scenario(&other).create(&scenario("sc_1"), at(2)).await.expect("its own scenario");
    let (its_own, is_kept) = store.calibration(&other).add(&calibration("a", 1), window(), 9).await.expect("its own");
    assert_eq!((its_own.number, is_kept), (1, true));
    store.artifact(&other).save(artifact("art_1", "d", "1", 2)).await.expect("its own artifact");
    assert_eq!(store.artifact(&acme).get("d", None).await, Ok(Some(artifact("art_1", "d", "1", 1))));
    assert_eq!(store.skill_override(&acme).list().await.map(|all| all[&SkillId::new("s")].clone()), Ok(skill(1)));
    assert_eq!(store.price_override(&acme).list().await.map(|all| all.len()), Ok(1));
    assert_eq!(store.discount(&acme).list().await.map(|all| all[0].percent_milli), Ok(1));
    let times: BTreeSet<u64> =
        store.conflict(&acme).list(10, None).await.expect("the list").into_iter().map(|c| c.times).collect();
    assert_eq!(times, BTreeSet::from([1]));
}
