//! Scenarios.

use purser_domain::scenario::Scenario;
use purser_domain::step::Step;
use purser_store::Error;

use crate::database::{Database, at, with_tenant};

pub(crate) fn scenario(id: &str) -> Scenario {
    Scenario {
        id: id.to_owned(),
        name: "Nightly".to_owned(),
        description: None,
        budget_cents: 100,
        steps: vec![Step::new("api_call").times(3), Step::new("llm_call").with("model", "m")],
        is_template: false,
    }
}

pub(crate) async fn a_scenario_round_trips_and_is_deleted(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let scenarios = store.scenario(&acme);
    let described = Scenario { description: Some("d".to_owned()), ..scenario("sc_1") };
    scenarios.create(&scenario("sc_2"), at(1)).await.expect("a new scenario");
    scenarios.create(&described, at(2)).await.expect("another");
    assert_eq!(scenarios.list().await, Ok(vec![scenario("sc_2"), described.clone()]));
    assert_eq!(scenarios.get("sc_1").await, Ok(Some(described)));
    assert!(matches!(scenarios.create(&scenario("sc_1"), at(3)).await, Err(Error::Conflict(_))));
    scenarios.delete("sc_1").await.expect("a known scenario");
    assert_eq!(scenarios.get("sc_1").await, Ok(None));
    assert!(matches!(scenarios.delete("sc_1").await, Err(Error::NotFound(_))));
}
