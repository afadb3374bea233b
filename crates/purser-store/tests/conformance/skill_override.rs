//! Rows of the skill catalogue.

use purser_domain::skill::{RuntimeCost, Skill, SkillId};
use purser_store::Error;

use crate::database::{Database, at, tenant_id, with_tenant};

pub(crate) fn skill(cost_cents: i64) -> Skill {
    Skill { runtime: Some(RuntimeCost { cost_cents, latency_ms: 7 }), ..Skill::default() }
}

pub(crate) async fn a_row_is_set_replaced_and_deleted(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let rows = store.skill_override(&acme);
    let (search, llm) = (SkillId::new("search"), SkillId::new("llm_invoke"));
    rows.set(&search, &skill(1), at(1)).await.expect("a new row");
    rows.set(&llm, &skill(2), at(2)).await.expect("another");
    rows.set(&search, &skill(3), at(3)).await.expect("the first again");
    let listed = rows.list().await.expect("the list");
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), [(llm, skill(2)), (search, skill(3))]);
    rows.delete("llm_invoke").await.expect("a known row");
    assert!(matches!(rows.delete("llm_invoke").await, Err(Error::NotFound(_))));
    assert_eq!(rows.list().await.map(|rows| rows.len()), Ok(1));
}

pub(crate) async fn a_row_needs_a_tenant(database: Database) {
    let (store, _) = with_tenant(&database, "acme").await;
    let nobody = tenant_id("nobody");
    let refused = store.skill_override(&nobody).set(&SkillId::new("search"), &skill(1), at(1)).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}
