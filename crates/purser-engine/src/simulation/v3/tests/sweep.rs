//! Settings tried at other values.

use purser_domain::estimate::Sweep;

use super::*;

fn swept(steps: &Value, settings: &[&str]) -> Result<Estimate, SimulateError> {
    let sweep: Vec<Sweep> = settings.iter().map(|text| text.parse().expect("a literal of this test")).collect();
    World::new().try_run(steps, &Options { sweep, ..quick() })
}

/// 1,000 tokens read and 100 answered: $0.003 and $0.0015 of the large model.
fn call() -> Value {
    json!({"id": "ask", "llm": {"provider": "acme", "model": "large", "input_tokens": 1_000, "output_tokens": 100, "failure": 0}})
}

#[test]
fn each_setting_is_worked_out_by_hand() {
    let steps = json!([
        call(),
        {"id": "m", "map": {"items": 4, "concurrency": 4, "body": [fixed("work", 0.001, 100.0)]}}
    ]);
    let settings =
        ["prompt=0.5", "prompt=2", "model=acme/small", "counts=2", "counts=0.25", "concurrency=1", "concurrency=2"];
    let said = swept(&steps, &settings).expect("it runs");
    assert_eq!(said.cost_usd.mean, usd("0.0085"));
    let costs: Vec<(String, Money)> =
        said.sweep.iter().map(|point| (point.setting.to_string(), point.cost_usd.mean)).collect();
    // The small model: 1,000 · 0.5 + 100 · 2 dollars per million.
    let expected = ["0.007", "0.0115", "0.0047", "0.0125", "0.0055", "0.0085", "0.0085"];
    let expected: Vec<(String, Money)> =
        settings.iter().zip(expected).map(|(setting, cost)| ((*setting).to_owned(), usd(cost))).collect();
    assert_eq!(costs, expected);
    let work = |index: usize| said.sweep[index].latency_ms.p50 as i64 - said.latency_ms.p50 as i64;
    // Four items of 100 ms: one worker takes 400, two take 200, four 100.
    assert_eq!((work(5), work(6)), (300, 100));
    let alone = swept(&steps, &[]).expect("it runs");
    let basis = alone.basis.clone();
    assert_eq!(Estimate { sweep: Vec::new(), basis, ..said }, alone, "the answer itself does not change");
}

#[test]
fn prompts_that_are_counted_grow_and_their_system_does_not() {
    let ask = |system: &str| {
        let llm = json!({"provider": "acme", "model": "large", "system": system, "prompt": "a b c d e f g h", "output_tokens": 0, "failure": 0});
        let said = swept(&json!([{"llm": llm}]), &["prompt=3"]).expect("it runs");
        Money::from_pico(said.sweep[0].cost_usd.mean.pico() - said.cost_usd.mean.pico())
    };
    assert!(ask("") > Money::ZERO);
    let (short, long) = (ask("x").pico(), ask(&"y ".repeat(50)).pico());
    assert!((short - long).abs() * 1_000 < short, "{short} {long}");
}

#[test]
fn settings_find_model_calls_in_steps_and_feasibility_is_told() {
    let steps = json!([{"skill": "llm_invoke", "params": {"provider": "acme", "model": "large", "prompt": "x", "max_tokens": 100}}]);
    let budget = swept(&steps, &[]).expect("it runs").cost_usd.p50;
    let sweep = vec!["model=acme/tiny".parse().expect("a setting"), "counts=10".parse().expect("a setting")];
    let options = Options { sweep, budget_usd: Some(budget), ..quick() };
    let said = World::new().run(&steps, &options);
    let told: Vec<(bool, bool)> =
        said.sweep.iter().map(|point| (point.feasible, point.within_budget > said.within_budget)).collect();
    assert_eq!((said.feasible, told), (false, vec![(true, true), (false, false)]));
}

#[test]
fn counts_are_multiplied_without_noise_and_within_the_bounds_of_a_plan() {
    let looped =
        |count: Value| json!([{"id": "l", "loop": {"count": count, "max": 10, "body": [fixed("work", 1.0, 1.0)]}}]);
    let cost = |count: Value, setting: &str| swept(&looped(count), &[setting]).map(|said| said.sweep[0].cost_usd.mean);
    // 10 · 1.1 is 11.000000000000002 in binary.
    assert_eq!(cost(json!(10), "counts=1.1"), Ok(usd("11")));
    assert_eq!(cost(json!({"bernoulli": {"p": 1}}), "counts=1"), Ok(usd("1")));
    for count in [json!({"bernoulli": {"p": 0.5}}), json!({"poisson": {"mean": 9}})] {
        let failed = cost(count, "counts=90").expect_err("no such distribution");
        let SimulateError::Sweep { index: 0, reason } = failed else { panic!("{failed:?}") };
        assert_eq!(*reason, SimulateError::FixedCount { node: "l".to_owned(), factor: 90.0 });
    }
    // 10,000 is the most a plan may say.
    let map = json!([{"id": "m", "map": {"items": 1000, "body": fixed("work", 0.001, 1.0)}}]);
    assert_eq!(swept(&map, &["counts=10"]).map(|said| said.sweep[0].cost_usd.mean), Ok(usd("10")));
    let failed = swept(&map, &["counts=11"]).expect_err("it is more than a plan may say");
    let SimulateError::Sweep { index: 0, reason } = failed else { panic!("{failed:?}") };
    assert_eq!(*reason, SimulateError::FixedCount { node: "m".to_owned(), factor: 11.0 });
    let nested =
        json!([{"loop": {"count": 100, "body": [{"loop": {"count": 100, "body": [fixed("work", 0.0, 1.0)]}}]}}]);
    let failed = swept(&nested, &["counts=100"]).expect_err("it is too long");
    let SimulateError::Sweep { reason, .. } = failed else { panic!("{failed:?}") };
    assert!(matches!(*reason, SimulateError::TooLong { work: 100_000_000, .. }), "{reason:?}");
}

#[test]
fn the_prices_of_other_settings_are_in_the_basis() {
    let versions = |settings: &[&str]| swept(&json!([call()]), settings).expect("it runs").basis.price_versions.len();
    assert_eq!((versions(&[]), versions(&["model=acme/small"]), versions(&["prompt=2"])), (1, 2, 1));
}

#[test]
fn work_is_bounded_although_attempts_fail_together() {
    // Three nested guards of ten attempts: half of all runs take 10³ of them.
    let guarded = |body: Value| json!([{"sequence": body, "retry": {"attempts": 10}, "on_error": "continue"}]);
    let call = json!([{"skill": "kv_get", "usage": {"cost_usd": 0, "latency_ms": 0, "failure": 0.5}, "retry": {"attempts": 10}}]);
    let steps = json!([{"loop": {"count": 1_000, "body": guarded(call)}}]);
    let run = |failure_correlation| {
        World::new().try_run(&steps, &Options { failure_correlation, draws: 100_000, ..quick() }).map(drop)
    };
    assert!(matches!(run(1.0), Err(SimulateError::TooMuchWork { .. })));
}

#[test]
fn an_alternative_without_a_price_is_refused_not_dropped() {
    let tried = |names: &[&str]| {
        let alternatives = names.iter().map(|name| (*name).to_owned()).collect();
        World::new().try_run(&json!([call()]), &Options { alternatives, advice: true, ..quick() })
    };
    assert_eq!(tried(&["acme/small", "acme/tiny"]).map(|said| said.advice.len() >= 2), Ok(true));
    let refused = tried(&["acme/small", "acme/none"]).expect_err("there is no such model");
    assert!(matches!(refused, SimulateError::Alternative { index: 1, .. }), "{refused:?}");
}

#[test]
fn a_setting_that_cannot_be_simulated_is_named() {
    let failed = swept(&json!([call()]), &["prompt=2", "model=acme/none"]).expect_err("there is no such model");
    let SimulateError::Sweep { index, reason } = failed else { panic!("{failed:?}") };
    assert_eq!(index, 1);
    assert!(matches!(*reason, SimulateError::Unpriced { ref model, .. } if model == "none"), "{reason:?}");
    let many = Options { sweep: vec![Sweep::Prompt(1.0); 21], ..quick() };
    let mut errors = Vec::new();
    many.check(&mut errors);
    assert_eq!(errors.len(), 1, "{errors:?}");
}
