use std::sync::Arc;

use purser_domain::calibration::Calibration;
use purser_domain::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::price_book::PriceBook;
use crate::skill;

fn ask(plan: &Value) -> Vec<(&'static str, Result<Answer, ModelError>)> {
    let plan = Plan::parse(plan, "plan").expect("a plan of this test");
    let catalogue = skill::parse(skill::SHIPPED).expect("it ships");
    let book = PriceBook::for_tenant(Arc::new(PriceBook::default()), vec![], vec![]);
    let (limits, stamp, unknown) = (Limits::default(), Stamp::default(), UnknownPolicy::Pessimistic);
    let (calibration, priors) = (Calibration::none(), v3::priors(&catalogue));
    let at = Timestamp::from_micros(1_790_000_000_000_000);
    let sources = v3::Sources { book: &book, at, calibration: &calibration, priors: &priors };
    let options = Options { draws: 500, ..Options::default() };
    let models: [&dyn Model; 3] = [
        &V1 { catalogue: &catalogue, unknown: &unknown, limits: &limits },
        &V2 { catalogue: &catalogue, unknown: &unknown, limits: &limits, stamp: &stamp },
        &V3 { sources, options: &options, threads: 1 },
    ];
    models.iter().map(|model| (model.name(), model.simulate(&plan))).collect()
}

#[test]
fn every_model_answers_a_flat_plan() {
    let answers = ask(&json!([{"skill": "llm_invoke", "iterations": 10}]));
    let cents = |index: usize| answers[index].1.as_ref().map(|answer| answer.cost_usd().cents_half_even());
    assert_eq!((cents(0), cents(1)), (Ok(50), Ok(35)), "10 · 5 and 10 · 3.5 cents");
    let third = answers[2].1.as_ref().expect("it runs");
    assert!(third.feasible() && third.cost_usd() > Money::from_cents(20), "{third:?}");
}

#[test]
fn a_graph_is_refused_by_the_flat_models_by_name() {
    let answers = ask(&json!([{"skill": "kv_get"}, {"id": "fan", "parallel": [{"skill": "kv_get"}]}]));
    for (name, answer) in &answers[..2] {
        let message = answer.as_ref().expect_err("it is no list").to_string();
        assert_eq!(message, "fan is a parallel, and this model reads flat lists of steps only", "{name}");
    }
    assert!(answers[2].1.is_ok());
}
