//! Calibrations.

use purser_domain::calibration::{Calibration, Fit, Fitted, Refused};
use purser_domain::driver::Driver;
use purser_domain::time::Window;
use purser_store::Error;

use crate::database::{Database, at, tenant_id, with_tenant};

/// What was learned at `micros`, under a name.
pub(crate) fn calibration(version: &str, micros: i64) -> Calibration {
    let fit = Fit {
        skill: "chat".to_owned(),
        model: "gpt-4o".to_owned(),
        runs: 5,
        cost_usd: Some(Driver::LogNormal { p50: 0.1, p90: 0.30000000000000004 }),
        output_tokens: Some(Driver::Quantiles(vec![(0.0, 0.0), (1.0, 7.5)])),
        failure: Some(1.0 / 3.0),
        ..Fit::default()
    };
    let refused = Refused { skill: "search".to_owned(), model: String::new(), runs: 4, required: 5 };
    Calibration { version: version.to_owned(), fitted_at: at(micros), fits: vec![fit], refused: vec![refused] }
}

pub(crate) fn window() -> Window {
    Window::new(at(1), at(2)).expect("a window")
}

pub(crate) async fn calibrations_are_numbered_and_the_newest_is_in_force(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let kept = store.calibration(&acme);
    assert_eq!(kept.newest().await, Ok(None));
    let fitted = |number, version, micros| Fitted {
        number,
        window: window(),
        runs: 9,
        calibration: calibration(version, micros),
    };
    let (first, second) = (fitted(1, "a", 10), fitted(2, "b", 20));
    assert_eq!(kept.add(&first.calibration, window(), 9).await, Ok((first.clone(), true)));
    assert_eq!(kept.add(&second.calibration, window(), 9).await, Ok((second.clone(), true)));
    assert_eq!(kept.newest().await, Ok(Some(second.clone())));
    assert_eq!(kept.list(10).await, Ok(vec![second.clone(), first.clone()]));
    assert_eq!(kept.list(1).await, Ok(vec![second.clone()]));
    assert_eq!(kept.get(1).await, Ok(Some(first.clone())));
    assert_eq!(kept.get(3).await, Ok(None));
    for (micros, expected) in [(9, None), (10, Some(&first)), (19, Some(&first)), (20, Some(&second))] {
        assert_eq!(kept.as_of(at(micros)).await, Ok(expected.cloned()), "{micros}");
    }
}

pub(crate) async fn the_same_again_is_not_kept_twice(database: Database) {
    let (store, acme) = with_tenant(&database, "acme").await;
    let kept = store.calibration(&acme);
    let (first, _) = kept.add(&calibration("a", 10), window(), 9).await.expect("a first one");
    assert_eq!(kept.add(&calibration("a", 20), window(), 9).await, Ok((first, false)), "it says the same");
    kept.add(&calibration("b", 30), window(), 9).await.expect("another");
    let again = kept.add(&calibration("a", 40), window(), 9).await.expect("the first again");
    assert_eq!((again.0.number, again.1), (3, true), "the newest says something else");
}

pub(crate) async fn a_calibration_needs_a_tenant(database: Database) {
    let (store, _) = with_tenant(&database, "acme").await;
    let nobody = tenant_id("nobody");
    let refused = store.calibration(&nobody).add(&calibration("a", 10), window(), 9).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
}
