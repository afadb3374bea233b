//! Tenants.

use purser_domain::tenant::Tenant;
use purser_store::Error;

use crate::database::{Database, tenant_id, with_tenant};

pub(crate) async fn a_tenant_is_created_changed_and_listed(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let zeta = Tenant::new(tenant_id("zeta"));
    store.tenant().create(&zeta).await.expect("a new tenant");
    let berlin =
        Tenant { id: acme.clone(), zone: "Europe/Berlin".to_owned(), week_start: "sunday".to_owned(), anchor_day: 28 };
    store.tenant().update(&berlin).await.expect("a known tenant");
    assert_eq!(store.tenant().get(&acme).await, Ok(Some(berlin.clone())));
    assert_eq!(store.tenant().list().await, Ok(vec![berlin, zeta]));
}

pub(crate) async fn a_second_tenant_with_the_same_id_is_a_conflict(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let refused = store.tenant().create(&Tenant::new(acme)).await;
    assert_eq!(refused, Err(Error::Conflict("tenant \"acme\": it exists already".to_owned())));
}

pub(crate) async fn an_unknown_tenant_is_not_found(database: Database) {
    let store = database.store().await;
    let nobody = Tenant::new(tenant_id("nobody"));
    assert_eq!(store.tenant().get(&nobody.id).await, Ok(None));
    let refused = store.tenant().update(&nobody).await.expect_err("nothing to update");
    assert_eq!(refused.to_string(), "tenant \"nobody\" does not exist");
}

pub(crate) async fn a_calendar_out_of_range_is_refused(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    for wrong in [
        Tenant { anchor_day: 0, ..Tenant::new(acme.clone()) },
        Tenant { anchor_day: 29, ..Tenant::new(acme.clone()) },
        Tenant { week_start: "Monday".to_owned(), ..Tenant::new(acme.clone()) },
    ] {
        assert!(matches!(store.tenant().update(&wrong).await, Err(Error::Conflict(_))), "{wrong:?}");
    }
    assert_eq!(store.tenant().get(&acme).await, Ok(Some(Tenant::new(acme))));
}
